package storetest

import (
	"context"
	"errors"

	"github.com/signedin/signedin/session"
)

var handleRules = []rule{
	{"handles let go", "Where a Store has Handles: Holds is false, or trouble, once Get would return anything else but a later visit from the same place.", handlesLetGo},
	{"handles hold", "Where a Store has Handles: Hold returns what Get does, and a Handle of a live session holds while nothing changes.", handlesHold},
}

// hold returns a handle of a session that holds, nil if the store has none.
func (k *kit) hold(s *session.Session) session.Handle {
	k.Helper()
	st, ok := k.store.(session.Handles)
	if !ok {
		return nil
	}
	k.fresh()
	got, gens, h, err := st.Hold(k.Context(), s.ID)
	k.must("Hold", err)
	if gens != k.gens(s.UserID) {
		k.Errorf("Hold: got generations %v, want the current ones", gens)
	}
	for _, d := range differences(got, s) {
		k.Errorf("held session: %s", d)
	}
	return h
}

func (k *kit) wantHolds(what string, h session.Handle, want bool) {
	k.Helper()
	if h == nil { // it need not be given
		return
	}
	k.fresh()
	got, err := h.Holds(k.Context())
	if err != nil || got != want {
		k.Errorf("%s: Holds: got %v, %v, want %v", what, got, err, want)
	}
}

func handlesHold(k *kit) {
	s, other := k.created("ada", 1), k.created("ada", 2)
	if h := k.hold(s); h != nil && k.staleness == 0 {
		k.wantHolds("of a live session", h, true)
		k.touch(session.Touch{ID: other.ID, Visit: visit(3)})
		k.revoke(session.Revocation{UserID: "ada", Only: []session.ID{other.ID}, Ending: ending(3)})
		k.wantHolds("beside another", h, true)
		if ok, err := h.Holds(cancelled(k.Context())); ok && err != nil || !ok && err == nil {
			k.Errorf("with a cancelled context: got %v, %v, want an error or true", ok, err)
		}
	}
	if st, ok := k.store.(session.Handles); ok {
		_, _, _, err := st.Hold(k.Context(), newID())
		k.wantErr("Hold", err, session.ErrUnknown)
	}
}

func handlesLetGo(k *kit) {
	for what, change := range map[string]func(s *session.Session){
		"after an update": func(s *session.Session) {
			next := s.Clone()
			next.Name = "renamed"
			k.must("Update", k.update(next))
		},
		"after a visit from elsewhere": func(s *session.Session) {
			k.touch(session.Touch{ID: s.ID, Visit: session.Visit{At: at(7)}})
		},
		"after its revocation": func(s *session.Session) {
			k.revoke(session.Revocation{UserID: s.UserID, Only: []session.ID{s.ID}, Ending: ending(7)})
		},
		"after a revocation of all": func(s *session.Session) {
			k.revoke(session.Revocation{UserID: s.UserID, All: true, Ending: ending(7)})
		},
		"after a revocation of all others": func(s *session.Session) {
			k.revoke(session.Revocation{UserID: s.UserID, All: true, Keep: s.Clone(), Ending: ending(7)})
		},
		"after a revocation of everyone": func(*session.Session) {
			k.revoke(session.Revocation{Everyone: true, Ending: ending(7)})
		},
		"after it was erased": func(s *session.Session) { k.purge(session.Purge{UserID: s.UserID, Now: at(7)}) },
		"after it expired":    func(*session.Session) { k.purge(session.Purge{Now: at(1000), Limit: 100}) },
	} {
		s := k.created("ada", 1)
		h := k.hold(s)
		change(s)
		k.wantHolds(what, h, false)
	}
	ended := k.ended("bob", 1)
	k.wantHolds("of a session that is over", k.hold(ended), false)
}

// checkHeld is a check by a handle that was got before.
func (n *round) checkHeld(h session.Handle) {
	if h == nil {
		return
	}
	after := n.isDone() && !n.failed.Load()
	ok, err := h.Holds(yielding)
	switch {
	case err != nil && !errors.Is(err, session.ErrUnknown):
		n.breaks("Holds: %v", err)
	case after && ok:
		n.accepted.Add(1)
		n.breaks("a handle holds after the revocation of %v had returned", n.way)
	}
}

// holdVictim returns a handle, nil if the store has none, or does not give one.
func (n *round) holdVictim() session.Handle {
	st, ok := n.store.(session.Handles)
	if !ok {
		return nil
	}
	_, _, h, err := st.Hold(context.Background(), n.victim)
	if err != nil && !errors.Is(err, session.ErrUnknown) {
		n.breaks("Hold: %v", err)
	}
	return h
}
