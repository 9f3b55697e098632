package storetest

import (
	"errors"
	"slices"
	"time"

	"github.com/signedin/signedin/session"
)

// issuerRules hold for a store that has session.Issuers.
var issuerRules = []rule{
	{"issuer links", "Linked returns the sessions that were linked to a key and have no Ending, by ID, a page at a time, each once.", ofIssuers(issuerLinks)},
	{"issuer links go", "A link goes with its session, and when its time is before Purge.Now.", ofIssuers(issuerLinksGo)},
	{"issuer counters", "Count adds one to each key; a counter is 0 at first, and stays until the latest of its times is before Purge.Now.", ofIssuers(issuerCounters)},
	{"issuer signs out", "A sign-out by SID ends that sign-in alone, and what is known by its Subject only; one by Subject ends all of them, and no other issuer's.", ofIssuers(issuerSignsOut)},
	{"issuer message", "A message that is delivered again ends nothing more.", ofIssuers(issuerMessage)},
	{"issuer overtakes", "A sign-in whose ticket was taken before the sign-out is ErrOutdated, one taken after it is not.", ofIssuers(issuerOvertakes)},
	{"issuer race", "A sign-in whose ticket was taken before a sign-out is not live after it, whichever finishes first.", ofIssuers(issuerRace)},
}

func ofIssuers(check func(k *kit, i session.Issuers)) func(k *kit) {
	return func(k *kit) {
		i, ok := k.store.(session.Issuers)
		if o, asks := i.(interface{ KeepsIssued() bool }); ok && (!asks || o.KeepsIssued()) {
			check(k, i)
		}
	}
}

func issuerKeyOf(n byte) session.IssuerKey { return session.IssuerKey{0x80, n, 0, 0xff, '\'', 0x27} }

func (k *kit) linked(i session.Issuers, key session.IssuerKey, limit int) (ids []session.ID) {
	k.Helper()
	for {
		var after session.ID
		if len(ids) > 0 {
			after = ids[len(ids)-1]
		}
		page, err := i.Linked(k.Context(), key, after, limit)
		k.must("Linked", err)
		for _, l := range page {
			if l.UserID != "ada" && l.UserID != "bob" {
				k.Errorf("Linked: user %q", l.UserID)
			}
			ids = append(ids, l.ID)
		}
		if len(page) < limit {
			return ids
		}
	}
}

func (k *kit) wantLinked(i session.Issuers, key session.IssuerKey, want ...*session.Session) {
	k.Helper()
	for _, limit := range []int{1, 2, 100} {
		if got := k.linked(i, key, limit); !slices.Equal(got, sorted(idsOf(want))) {
			k.Errorf("Linked, %d a page:\n got %v\nwant %v", limit, got, sorted(idsOf(want)))
		}
	}
}

func issuerLinks(k *kit, i session.Issuers) {
	a, b, c := issuerKeyOf(1), issuerKeyOf(2), issuerKeyOf(3)
	var all []*session.Session
	for n := range 5 {
		s := k.created([]string{"ada", "bob"}[n%2], n)
		k.must("Link", i.Link(k.Context(), s.ID, []session.IssuerKey{a, b}, at(600)))
		k.must("Link again", i.Link(k.Context(), s.ID, []session.IssuerKey{a, b}, at(600)))
		all = append(all, s)
	}
	k.must("Link what is not stored", i.Link(k.Context(), newID(), []session.IssuerKey{a, c}, at(600)))
	k.wantLinked(i, a, all...)
	k.wantLinked(i, b, all...)
	k.wantLinked(i, c)
	k.wantLinked(i, issuerKeyOf(4))
	k.revoke(session.Revocation{UserID: all[1].UserID, Only: []session.ID{all[1].ID}, Ending: ending(10)})
	k.wantLinked(i, a, all[0], all[2], all[3], all[4])
	_, err := i.Linked(cancelled(k.Context()), a, session.ID{}, 1)
	k.wantErr("Linked", err, cancelled(k.Context()).Err())
	k.wantErr("Link", i.Link(cancelled(k.Context()), newID(), []session.IssuerKey{a}, at(1)), cancelled(k.Context()).Err())
}

func issuerLinksGo(k *kit, i session.Issuers) {
	a := issuerKeyOf(1)
	ended, erased, brief, stays := k.ended("ada", 1), k.created("bob", 1), k.created("ada", 1), k.created("ada", 2)
	for _, s := range []*session.Session{ended, erased, stays} {
		k.must("Link", i.Link(k.Context(), s.ID, []session.IssuerKey{a}, at(600)))
	}
	k.must("Link", i.Link(k.Context(), brief.ID, []session.IssuerKey{a}, at(10)))
	k.wantLinked(i, a, erased, brief, stays)
	k.purge(session.Purge{UserID: "bob", Now: at(5)})
	k.purgeAll(session.Purge{Now: at(10), EndedBefore: at(9), Limit: 1})
	k.wantLinked(i, a, brief, stays)
	k.purgeAll(session.Purge{Now: at(11), EndedBefore: at(9), Limit: 1})
	k.wantLinked(i, a, stays)

	// The ID of a foreign session may come to be used again.
	again := k.session("ada", 20)
	again.ID = ended.ID
	k.must("Create", k.store.Create(k.Context(), again.Clone()))
	k.wantLinked(i, a, stays)
}

func (k *kit) wantCounters(i session.Issuers, keys []session.IssuerKey, want ...int64) {
	k.Helper()
	got, err := i.Counters(k.Context(), keys)
	if err != nil || !slices.Equal(got, want) {
		k.Errorf("Counters: got %v (%v), want %v", got, err, want)
	}
}

func issuerCounters(k *kit, i session.Issuers) {
	a, b := issuerKeyOf(1), issuerKeyOf(2)
	both := []session.IssuerKey{b, a}
	k.wantCounters(i, both, 0, 0)
	k.wantCounters(i, nil)
	k.must("Count", i.Count(k.Context(), both, at(10)))
	k.must("Count", i.Count(k.Context(), []session.IssuerKey{a}, at(20)))
	k.must("Count", i.Count(k.Context(), []session.IssuerKey{a}, at(5)))
	k.wantCounters(i, both, 1, 3)
	k.purgeAll(session.Purge{Now: at(10), EndedBefore: at(0), Limit: 1})
	k.wantCounters(i, both, 1, 3)
	k.purgeAll(session.Purge{Now: at(15), EndedBefore: at(0), Limit: 1})
	k.wantCounters(i, both, 0, 3)
	k.purgeAll(session.Purge{Now: at(21), EndedBefore: at(0), Limit: 1})
	k.wantCounters(i, both, 0, 0)
	k.wantErr("Count", i.Count(cancelled(k.Context()), both, at(10)), cancelled(k.Context()).Err())
	_, err := i.Counters(cancelled(k.Context()), both)
	k.wantErr("Counters", err, cancelled(k.Context()).Err())
}

// issued signs a user in who comes from an identity provider.
func (k *kit) issued(m *session.Manager, user string, i session.Issued) *session.Session {
	k.Helper()
	t, err := m.BeginIssued(k.Context(), user, i)
	k.must("BeginIssued", err)
	s, _, err := m.Start(k.Context(), t, session.Origin{}, session.StartOptions{})
	k.must("Start", err)
	return s
}

func (k *kit) signOut(m *session.Manager, o session.IssuerSignOut, want int) {
	k.Helper()
	n, err := m.RevokeIssued(k.Context(), o)
	if err != nil || n != want {
		k.Errorf("RevokeIssued %+v: got %d (%v), want %d", o, n, err, want)
	}
}

func issuerSignsOut(k *kit, _ session.Issuers) {
	m := k.manager(k.store, session.Config{})
	ada := func(sid string) session.Issued {
		return session.Issued{Issuer: "https://a.example", Subject: "1", SID: sid}
	}
	one, two, loose := k.issued(m, "ada", ada("x")), k.issued(m, "ada", ada("y")), k.issued(m, "ada", ada(""))
	other := k.issued(m, "bob", session.Issued{Issuer: "https://b.example", Subject: "1", SID: "x"})
	none, _ := k.signIn(m, "ada")
	_, err := m.RevokeIssued(k.Context(), session.IssuerSignOut{Issued: session.Issued{Issuer: "https://a.example", Subject: "2", SID: "x"}})
	k.wantErr("RevokeIssued", err, session.ErrIssuedMismatch)
	k.signOut(m, session.IssuerSignOut{Issued: ada("unknown")}, 1) // the one that may be of any sign-in
	k.wantLive(loose, false)
	k.wantLive(one, true)
	k.signOut(m, session.IssuerSignOut{Issued: session.Issued{Issuer: "https://a.example", SID: "x"}}, 1)
	k.wantLive(one, false)
	k.wantLive(two, true)
	k.signOut(m, session.IssuerSignOut{Issued: ada("")}, 1)
	k.wantLive(two, false)
	k.signOut(m, session.IssuerSignOut{Issued: ada("")}, 0)
	k.wantLive(other, true)
	k.wantLive(none, true)
	if s, _ := k.get(two.ID); s.Ended == nil || s.Ended.Reason != session.ReasonIssuer {
		k.Errorf("Ending: got %+v, want %s", s.Ended, session.ReasonIssuer)
	}
}

func issuerMessage(k *kit, _ session.Issuers) {
	now := epoch
	m := k.manager(k.store, session.Config{Now: func() time.Time { return now }})
	i := session.Issued{Issuer: "https://a.example", Subject: "1"}
	o := session.IssuerSignOut{Issued: i, Message: "m1", Until: at(5)}
	k.issued(m, "ada", i)
	k.signOut(m, o, 1)
	s := k.issued(m, "ada", i)
	k.signOut(m, o, 0)
	k.wantLive(s, true)
	o.Message = "m2"
	k.signOut(m, o, 1)
}

func issuerOvertakes(k *kit, _ session.Issuers) {
	m := k.manager(k.store, session.Config{})
	i := session.Issued{Issuer: "https://a.example", Subject: "1", SID: "x"}
	for name, o := range map[string]session.Issued{
		"by SID":     {Issuer: i.Issuer, SID: i.SID},
		"by both":    i,
		"by Subject": {Issuer: i.Issuer, Subject: i.Subject},
	} {
		t, err := m.BeginIssued(k.Context(), "ada", i)
		k.must("BeginIssued", err)
		k.signOut(m, session.IssuerSignOut{Issued: o}, 0)
		if _, _, err := m.Start(k.Context(), t, session.Origin{}, session.StartOptions{}); !errors.Is(err, session.ErrOutdated) {
			k.Errorf("Start, signed out %s meanwhile: got %v, want %v", name, err, session.ErrOutdated)
		}
		s := k.issued(m, "ada", i)
		k.wantLive(s, true)
		k.signOut(m, session.IssuerSignOut{Issued: o}, 1)
	}
}

func issuerRace(k *kit, _ session.Issuers) {
	m := k.manager(k.store, session.Config{})
	for n := range 20 {
		i := session.Issued{Issuer: "https://a.example", Subject: "1", SID: []string{"x", ""}[n%2]}
		t, err := m.BeginIssued(k.Context(), "ada", i)
		k.must("BeginIssued", err)
		var s *session.Session
		together(func() {
			var err error
			if s, _, err = m.Start(k.Context(), t, session.Origin{}, session.StartOptions{}); err != nil && !errors.Is(err, session.ErrOutdated) {
				k.Errorf("Start: %v", err)
			}
		}, func() {
			if _, err := m.RevokeIssued(k.Context(), session.IssuerSignOut{Issued: i}); err != nil {
				k.Errorf("RevokeIssued: %v", err)
			}
		})
		if s != nil {
			k.wantLive(s, false)
		}
	}
}
