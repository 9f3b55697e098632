package storetest

import (
	"strings"
	"time"

	"github.com/signedin/signedin/session"
)

var boundRules = []rule{
	{"bound is kept", "The key that a session is bound to is kept, whole, by every write that does not change it, and after the session has ended.", boundIsKept},
	{"bound is written", "Update and a Revocation that keeps a session write its key: one that it had not, another one, and none.", boundIsWritten},
	{"manager keeps the key", "A key that was proved once is replaced by nobody, exported with the session, and gone when the user is erased.", managerBinds},
}

var aKey = session.Binding{Key: "key \"1\"", Algorithm: "ES256", Since: at(1), SeenAt: at(2)}

func boundIsKept(k *kit) {
	s := k.session("ada", 1)
	s.Bound = aKey
	k.must("Create", k.store.Create(k.Context(), s.Clone()))
	k.wantStored(s)

	v := visit(3)
	k.touch(session.Touch{ID: s.ID, Visit: v})
	s.Last = v
	k.wantStored(s)
	next := v
	next.At = at(4)
	k.touch(session.Touch{ID: s.ID, Visit: next, Since: v.At})
	s.Last = next
	k.wantStored(s)

	s.Name, s.Secrets.Current[0] = "renamed", s.Secrets.Current[0]+1
	k.must("Update", k.update(s))
	s.Version++
	k.wantStored(s)

	k.revoke(session.Revocation{UserID: "ada", All: true, Keep: s.Clone(), Ending: ending(5)})
	s.Version++
	s.Generations.User++
	k.wantStored(s)
	k.wantList(session.Query{UserID: "ada"}, s)

	e := ending(6)
	k.revoke(session.Revocation{UserID: "ada", Only: []session.ID{s.ID}, Ending: e})
	k.wantStored(over(s, e))
}

func boundIsWritten(k *kit) {
	s := k.session("ada", 1)
	s.Bound = session.Binding{}
	k.must("Create", k.store.Create(k.Context(), s.Clone()))
	k.wantStored(s)
	another := session.Binding{Key: strings.Repeat("k", 1024), Algorithm: "RS256", Since: at(1).Add(time.Millisecond)}
	for _, b := range []session.Binding{aKey, another, {}, aKey} {
		s.Bound = b
		k.must("Update", k.update(s))
		s.Version++
		k.wantStored(s)
	}
	for _, b := range []session.Binding{another, {}, aKey} {
		s.Bound = b
		k.revoke(session.Revocation{UserID: "ada", All: true, Keep: s.Clone(), Ending: ending(5)})
		s.Version++
		s.Generations.User++
		k.wantStored(s)
	}
}

func managerBinds(k *kit) {
	ctx, m := k.Context(), k.manager(k.store, session.Config{})
	s, token := k.signIn(m, "ada")
	s, err := m.Bind(ctx, "ada", s.ID, "key", "ES256")
	k.must("Bind", err)
	k.fresh()
	proof := token.Credential()
	proof.Proof = session.KeyProof{Since: s.Bound.Since, At: s.Bound.Since}
	_, err = m.Resume(ctx, proof, session.Origin{})
	k.must("Resume with the first proof", err)
	k.fresh()

	other := k.manager(k.store, session.Config{})
	_, err = other.Bind(ctx, "ada", s.ID, "another", "ES256")
	k.wantErr("Bind to another key", err, session.ErrBound)
	_, err = other.Rename(ctx, "ada", s.ID, "renamed")
	k.must("Rename", err)
	_, token, err = other.Rotate(ctx, "ada", s.ID)
	k.must("Rotate", err)
	k.fresh()
	_, err = m.Resume(ctx, token.Credential(), session.Origin{})
	k.wantErr("Resume without a proof", err, session.ErrUnbound)
	proof = token.Credential()
	proof.Proof = session.KeyProof{Since: s.Bound.Since, At: time.Now()}
	_, err = m.Resume(ctx, proof, session.Origin{})
	k.must("Resume with a proof", err)

	export, err := m.Export(ctx, "ada")
	k.must("Export", err)
	if len(export.Sessions) != 1 || export.Sessions[0].Bound.Key != "key" {
		k.Errorf("Export: got %+v, want the session with its key", export.Sessions)
	}
	k.must("Erase", m.Erase(ctx, "ada"))
	k.fresh()
	k.wantUnknown(s.ID)
	k.wantList(session.Query{UserID: "ada"})
	k.wantList(session.Query{UserID: "ada", State: session.StateEnded})
}
