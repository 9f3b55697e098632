package storetest

import (
	"slices"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/session"
)

var purgeRules = []rule{
	{"purge expires", "Purge ends live sessions whose idle or absolute end is not after Now, as expired, by the system, at the moment they expired.", purgeExpires},
	{"purge spares the touched", "A visit moves the idle end, and the session is still ended when that comes.", purgeTouched},
	{"purge follows update", "An Update that shortens or extends a session's times moves its end.", purgeUpdated},
	{"purge within limit", "Limit bounds what one call ends and deletes; More says that there may be more, and some call is the last.", purgeLimit},
	{"purge deletes", "Purge deletes sessions that ended before EndedBefore, and no others.", purgeDeletes},
	{"purge keeps the counter", "A user's counter stays while the user has a session, or was bumped at or after EndedBefore.", purgeCounter},
	{"purge does not revive", "Once a user's counter may have been forgotten, no ticket or session of before is good again.", purgeNoRevival},
	{"remnants", "Of a foreign session whose token has not expired Purge keeps the remnant, which takes its ID and is nobody's, until it is named in Remnants.", purgeRemnants},
	{"erase", "With UserID, Purge deletes every session of the user, at once and whatever its state, and nothing else.", erase},
	{"erase beats sign-ins", "Erasing bumps the user's counter at Now, so that no sign-in that began earlier can be finished.", eraseBumps},
}

// farPast is an EndedBefore by which nothing is deleted.
var farPast = at(-100_000)

func expiry(t time.Time) session.Ending {
	return session.Ending{At: t, Reason: session.ReasonExpired, By: "system"}
}

func (k *kit) wantExpired(done session.Purged, want ...*session.Session) {
	k.Helper()
	var ids []session.ID
	for _, e := range done.Expired {
		ids = append(ids, e.ID)
		if i := slices.IndexFunc(want, func(s *session.Session) bool { return s.ID == e.ID }); i >= 0 && want[i].UserID != e.UserID {
			k.Errorf("Purge: session %v expired of %q, want %q", e.ID, e.UserID, want[i].UserID)
		}
	}
	k.wantIDs("Purge: expired", ids, want...)
}

func purgeExpires(k *kit) {
	idle, ended, alive := k.created("ada", 1), k.ended("ada", 2), k.created("bob", 40)
	absolute := k.session("bob", 3)
	absolute.ExpiresAt = at(61)
	absolute.IdleTimeout = 100 * time.Hour
	k.must("Create", k.store.Create(k.Context(), absolute.Clone()))
	same := k.unchanged("ada", ended, alive)

	k.wantExpired(k.purgeAll(session.Purge{Now: at(61).Add(-time.Millisecond), EndedBefore: farPast, Limit: 10}))
	k.wantStored(idle)
	k.wantStored(absolute)
	k.wantExpired(k.purgeAll(session.Purge{Now: at(61), EndedBefore: farPast, Limit: 10}), idle, absolute)
	k.wantStored(over(idle, expiry(at(61))))
	k.wantStored(over(absolute, expiry(at(61))))
	same()
	k.wantExpired(k.purgeAll(session.Purge{Now: at(3000), EndedBefore: farPast, Limit: 10}), alive)
	k.wantStored(over(alive, expiry(at(100))))
}

func purgeTouched(k *kit) {
	s := k.created("ada", 1)
	for m := 30; m <= 540; m += 30 {
		s.Last = visit(m)
		k.touch(session.Touch{ID: s.ID, Visit: s.Last})
		k.wantExpired(k.purgeAll(session.Purge{Now: at(m + 29), EndedBefore: farPast, Limit: 1}))
		k.wantStored(s)
	}
	k.wantExpired(k.purgeAll(session.Purge{Now: at(599), EndedBefore: farPast, Limit: 1}))
	k.wantExpired(k.purgeAll(session.Purge{Now: at(600), EndedBefore: farPast, Limit: 1}), s)
	k.wantStored(over(s, expiry(at(600))))
}

func purgeUpdated(k *kit) {
	shorter, sooner, longer, kept := k.created("ada", 1), k.created("ada", 2), k.created("ada", 3), k.created("bob", 4)
	shorter.IdleTimeout = 10 * time.Minute
	sooner.ExpiresAt = at(20)
	longer.IdleTimeout, longer.ExpiresAt = 10*time.Hour, at(500)
	kept.IdleTimeout = 15 * time.Minute
	for _, s := range []*session.Session{shorter, sooner, longer} {
		k.must("Update", k.update(s.Clone()))
		s.Version++
	}
	k.revoke(session.Revocation{UserID: "bob", All: true, Keep: kept.Clone(), Ending: ending(5)})
	kept.Version++
	kept.Generations.User++
	k.wantExpired(k.purgeAll(session.Purge{Now: at(10), EndedBefore: farPast, Limit: 10}))
	k.wantExpired(k.purgeAll(session.Purge{Now: at(11), EndedBefore: farPast, Limit: 10}), shorter)
	k.wantExpired(k.purgeAll(session.Purge{Now: at(19), EndedBefore: farPast, Limit: 10}), kept)
	k.wantExpired(k.purgeAll(session.Purge{Now: at(490), EndedBefore: farPast, Limit: 10}), sooner)
	k.wantExpired(k.purgeAll(session.Purge{Now: at(500), EndedBefore: farPast, Limit: 10}), longer)
	k.wantStored(over(shorter, expiry(at(11))))
	k.wantStored(over(sooner, expiry(at(20))))
	k.wantStored(over(longer, expiry(at(500))))
	k.wantStored(over(kept, expiry(at(19))))
}

func purgeLimit(k *kit) {
	var all []*session.Session
	for i := range 7 {
		all = append(all, k.created("ada", i))
	}
	for _, s := range all[:3] { // due by when they began, but seen since
		k.touch(session.Touch{ID: s.ID, Visit: visit(90)})
	}
	p := session.Purge{Now: at(100), EndedBefore: farPast, Limit: 2}
	var expired session.Purged
	for calls := 0; ; calls++ {
		done := k.purge(p)
		if len(done.Expired) > p.Limit {
			k.Errorf("Purge: %d ended by a call with limit %d", len(done.Expired), p.Limit)
		}
		expired.Expired = append(expired.Expired, done.Expired...)
		if !done.More {
			break
		}
		if calls > 20 {
			k.Fatalf("Purge: More is still true after %d calls for 7 sessions", calls)
		}
	}
	k.wantExpired(expired, all[3:]...)
	p = session.Purge{Now: at(100), EndedBefore: at(1000), Limit: 3}
	done := k.purge(p)
	if done.Deleted != 3 || !done.More {
		k.Errorf("Purge: got %d deleted, more %v, want 3 and true", done.Deleted, done.More)
	}
	if rest := k.purgeAll(p); rest.Deleted != 1 {
		k.Errorf("Purge: got %d deleted in the end, want 1", rest.Deleted)
	}
}

func purgeDeletes(k *kit) {
	a, b, c, alive := k.ended("ada", 1), k.ended("ada", 2), k.ended("ada", 3), k.created("ada", 4)
	same := k.unchanged("ada", b, c, alive)
	done := k.purgeAll(session.Purge{Now: at(5), EndedBefore: b.Ended.At, Limit: 10})
	if done.Deleted != 1 || len(done.Expired) > 0 {
		k.Errorf("Purge: got %d deleted and %d expired, want 1 and 0", done.Deleted, len(done.Expired))
	}
	k.wantUnknown(a.ID)
	same()
	k.wantList(session.Query{UserID: "ada", State: session.StateEnded}, c, b)
	k.purgeAll(session.Purge{Now: at(5), EndedBefore: b.Ended.At.Add(time.Millisecond), Limit: 10})
	k.wantUnknown(b.ID)
	k.wantList(session.Query{UserID: "ada", State: session.StateEnded}, c)
	k.wantErr("Update of what is deleted", k.update(b), session.ErrUnknown)
	k.wantIDs("Revoke of what is deleted", k.revoke(session.Revocation{UserID: "ada", Only: []session.ID{b.ID}, Ending: ending(9)}).IDs)
}

func purgeCounter(k *kit) {
	k.ended("ada", 1)
	k.revoke(session.Revocation{UserID: "ada", All: true, Ending: ending(10)}) // has no session in the end
	k.revoke(session.Revocation{UserID: "bob", All: true, Ending: ending(1)})
	alive := k.created("bob", 4)
	k.ended("bob", 1)
	k.revoke(session.Revocation{UserID: "cy", All: true, Ending: ending(10)}) // never had one
	k.purgeAll(session.Purge{Now: at(11), EndedBefore: at(10), Limit: 10})
	for _, user := range []string{"ada", "bob", "cy"} {
		if got := k.gens(user).User; got != 1 {
			k.Errorf("generation of %s: got %d, want 1", user, got)
		}
	}
	k.wantLive(alive, true)
	k.purgeAll(session.Purge{Now: at(30), EndedBefore: at(29), Limit: 10})
	k.wantLive(alive, true)
}

func purgeNoRevival(k *kit) {
	before := k.session("ada", 1)
	s := k.created("ada", 1)
	k.revoke(session.Revocation{UserID: "ada", All: true, Ending: ending(2)})
	ticket := k.session("ada", 3)
	k.purgeAll(session.Purge{Now: at(40), EndedBefore: at(30), Limit: 10})
	k.wantUnknown(s.ID)
	if now := k.gens("ada").User; now != 0 && now != 1 {
		k.Errorf("generation: got %d, want 1, or 0 once forgotten", now)
	}
	for _, late := range []*session.Session{before, ticket} {
		err := k.store.Create(k.Context(), late)
		if current := late.Generations == k.gens("ada"); current != (err == nil) {
			k.Errorf("Create under %v: got %v while %v is current", late.Generations, err, k.gens("ada"))
		}
	}
}

func erase(k *kit) {
	a, b, ended, other := k.created("ada", 1), k.created("ada", 2), k.ended("ada", 3), k.created("bob", 1)
	otherEnded := k.ended("bob", 2)
	same := k.unchanged("bob", other, otherEnded)
	done := k.purge(session.Purge{UserID: "ada", Now: at(5000), EndedBefore: at(5000)})
	if done.Deleted != 3 || len(done.Expired) > 0 || done.More {
		k.Errorf("Purge of a user: got %+v, want 3 deleted and that is all", done)
	}
	for _, s := range []*session.Session{a, b, ended} {
		k.wantUnknown(s.ID)
	}
	k.wantList(session.Query{UserID: "ada"})
	k.wantList(session.Query{UserID: "ada", State: session.StateEnded})
	same()
}

func eraseBumps(k *kit) {
	k.created("ada", 1)
	for _, user := range []string{"ada", "never seen"} {
		late := k.session(user, 2)
		k.purge(session.Purge{UserID: user, Now: at(3)})
		k.purgeAll(session.Purge{Now: at(3), EndedBefore: at(3), Limit: 10})
		if got := k.gens(user).User; got != 1 {
			k.Errorf("generation of %s: got %d, want 1", user, got)
		}
		k.wantErr("Create", k.store.Create(k.Context(), late), session.ErrOutdated)
		k.wantLive(k.created(user, 4), true)
	}
}

func purgeRemnants(k *kit) {
	foreign := func(n int) *session.Session {
		s := k.session("ada", n)
		s.Carrier = session.CarrierForeign
		return s
	}
	revoked, expired, alive, own := foreign(1), foreign(2), foreign(3), k.ended("ada", 1)
	expired.ExpiresAt = at(20)
	for _, s := range []*session.Session{revoked, expired, alive} {
		k.must("Create", k.store.Create(k.Context(), s.Clone()))
	}
	k.revoke(session.Revocation{UserID: "ada", Only: []session.ID{revoked.ID, expired.ID}, Ending: ending(5)})
	same := k.unchanged("ada", alive)
	if done := k.purgeAll(session.Purge{Now: at(30), EndedBefore: at(6), Limit: 2}); done.Deleted != 3 {
		k.Errorf("Purge: got %d deleted, want 3", done.Deleted)
	}
	k.wantUnknown(own.ID)
	k.wantUnknown(expired.ID)
	k.wantRemnant(revoked)
	k.wantList(session.Query{UserID: "ada", State: session.StateEnded})
	same()
	if n := k.revoke(session.Revocation{UserID: "ada", Only: []session.ID{revoked.ID}, Ending: ending(9)}).Count; n > 0 {
		k.Errorf("Revoke: ended %d remnants", n)
	}
	for _, user := range []string{"ada", "bob"} {
		again := k.session(user, 40)
		again.ID, again.Carrier = revoked.ID, session.CarrierForeign
		k.wantErr("Create where a remnant is", k.store.Create(k.Context(), again), session.ErrExists)
	}
	k.wantErr("Update of a remnant", k.update(revoked), session.ErrEnded)
	k.touch(session.Touch{ID: revoked.ID, Visit: visit(50)})
	k.revoke(session.Revocation{Everyone: true, Ending: ending(51)})
	k.purge(session.Purge{UserID: "ada", Now: at(52)})
	k.purgeAll(session.Purge{Now: at(53), EndedBefore: at(53), Limit: 10})
	k.wantRemnant(revoked)

	bob := k.created("bob", 1)
	k.purge(session.Purge{Remnants: []session.ID{revoked.ID, bob.ID, newID()}})
	k.wantUnknown(revoked.ID)
	k.wantStored(bob)
	k.must("Create", k.store.Create(k.Context(), foreignAs(k.session("bob", 60), revoked.ID)))
}

func foreignAs(s *session.Session, id session.ID) *session.Session {
	s.ID, s.Carrier = id, session.CarrierForeign
	return s
}

// wantRemnant fails the test unless only the remnant of s is stored.
func (k *kit) wantRemnant(s *session.Session) {
	k.Helper()
	got, _ := k.get(s.ID)
	if got.ID != s.ID || got.Carrier != session.CarrierForeign || got.Ended == nil || !got.ExpiresAt.Equal(s.ExpiresAt) {
		k.Errorf("remnant: got %+v", got)
	}
	if got.UserID != "" || got.Name != "" || got.Attrs != nil || got.Signals != nil || got.First.Network.IsValid() || got.Last.Network.IsValid() ||
		got.First.Device != (device.Device{}) || got.Last.Device != (device.Device{}) || got.Subject != "" {
		k.Errorf("remnant: tells of who had it: %+v", got)
	}
}
