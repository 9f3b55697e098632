package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/signedin/signedin/session"
)

var raceRules = []rule{
	{"race create create", "Of several that create one ID, one does; the others get ErrExists.", raceCreate},
	{"race update update", "Of several that update one Version, one does; the others get ErrConflict.", raceUpdate},
	{"race update revoke", "An Update beside a Revoke comes before it or gets ErrEnded; the session is over in the end.", raceUpdateRevoke},
	{"race touch revoke", "A Touch beside a Revoke brings back neither the session nor an address.", raceTouchRevoke},
	{"race revoke revoke", "Of several that end a session by its ID, no more than one is told that it did.", raceRevoke},
	{"race create revoke-all", "What is created beside a revocation of all is ended by it or ErrOutdated: nothing of the old generation is live afterwards.", raceCreateRevokeAll},
	{"race create everyone", "What is created beside a revocation of everyone is ended by it or ErrOutdated.", raceCreateEveryone},
	{"race create erase", "What is created beside an erasure is deleted by it or ErrOutdated.", raceCreateErase},
	{"race keep keep", "Of two revocations of all that keep different sessions, one keeps; the other gets ErrEnded and does nothing.", raceKeep},
	{"race keep only", "What names several sessions of which one is kept by a revocation of all beside it comes before that, or ends that one alone.", raceKeepOnly},
	{"race keep get", "Session and generations are of one moment: the one that is kept is never seen dead.", raceKeepGet},
	{"race keep touch", "A visit beside a revocation that keeps its session is not lost.", raceKeepTouch},
	{"race purge touch", "A session is ended as expired, or its visit came first: never both, and it is reported iff it ended.", racePurgeTouch},
	{"race purge revoke", "A session ends once: either Purge or Revoke tells of it.", racePurgeRevoke},
}

// times that each race is run. Short races are no proof; [Race] is for that.
const clashes = 40

func (k *kit) clash(race func(user string)) {
	for i := range clashes {
		if race(fmt.Sprintf("user %d", i)); k.Failed() {
			k.Logf("in round %d", i)
			return
		}
	}
}

// outcomes counts how often each of the errors came; others fail the test.
func (k *kit) outcomes(what string, errs []error, want map[error]int) {
	k.Helper()
	got := make(map[error]int)
	for _, err := range errs {
		found := err
		for target := range want {
			if errors.Is(err, target) {
				found = target
			}
		}
		got[found]++
	}
	for target, n := range want {
		if got[target] != n {
			k.Errorf("%s: got %v, want %v", what, got, want)
			return
		}
	}
}

func raceCreate(k *kit) {
	k.clash(func(user string) {
		id := newID()
		all, errs := make([]*session.Session, 6), make([]error, 6)
		var ops []func()
		for i := range all {
			all[i] = k.session(user, i)
			all[i].ID = id
			ops = append(ops, func() { errs[i] = k.store.Create(k.Context(), all[i].Clone()) })
		}
		together(ops...)
		k.outcomes("Create", errs, map[error]int{nil: 1, session.ErrExists: 5})
		if won := slices.Index(errs, nil); won >= 0 {
			k.wantStored(all[won])
		}
	})
}

func raceUpdate(k *kit) {
	k.clash(func(user string) {
		s := k.created(user, 1)
		all, errs := make([]*session.Session, 6), make([]error, 6)
		var ops []func()
		for i := range all {
			all[i] = s.Clone()
			all[i].Name = fmt.Sprint("name ", i)
			ops = append(ops, func() { errs[i] = k.update(all[i].Clone()) })
		}
		together(ops...)
		k.outcomes("Update", errs, map[error]int{nil: 1, session.ErrConflict: 5})
		if won := slices.Index(errs, nil); won >= 0 {
			all[won].Version++
			k.wantStored(all[won])
		}
	})
}

func raceUpdateRevoke(k *kit) {
	k.clash(func(user string) {
		s := k.created(user, 1)
		next := s.Clone()
		next.Name = "renamed"
		e := ending(2)
		var err error
		together(
			func() { err = k.update(next.Clone()) },
			func() { k.revoke(session.Revocation{UserID: user, Only: []session.ID{s.ID}, Ending: e}) },
		)
		if err == nil {
			s = next
			s.Version++
		} else {
			k.wantErr("Update", err, session.ErrEnded)
		}
		k.wantStored(over(s, e))
	})
}

func raceTouchRevoke(k *kit) {
	k.clash(func(user string) {
		a, b := k.created(user, 1), k.created(user, 1)
		v, e := visit(2), ending(3)
		touch := func() { k.touch(session.Touch{ID: a.ID, Visit: v}, session.Touch{ID: b.ID, Visit: v}) }
		revoke := func() { k.revoke(session.Revocation{UserID: user, All: true, Ending: e}) }
		together(touch, revoke, touch)
		for _, s := range []*session.Session{a, b} {
			if got, _ := k.get(s.ID); got.Last.At.Equal(v.At) {
				s.Last = v
			}
			k.wantStored(over(s, e))
		}
	})
}

func raceRevoke(k *kit) {
	k.clash(func(user string) {
		s := k.created(user, 1)
		r := session.Revocation{UserID: user, Only: []session.ID{s.ID}, Ending: ending(2)}
		var told, counted atomic.Int32
		only := func() { told.Add(int32(len(k.revoke(r).IDs))) }
		all := func() {
			counted.Add(int32(k.revoke(session.Revocation{UserID: user, All: true, Ending: ending(3)}).Count))
		}
		together(only, all, only, all)
		if one, all := told.Load(), counted.Load(); one > 1 || one+all < 1 {
			k.Errorf("Revoke: %d were told that they ended the one session, and %d that they ended one of all", one, all)
		}
	})
}

// raceCreating runs end beside several Creates under the generations of
// before, and returns those that were stored.
func (k *kit) raceCreating(user string, end func()) (stored []*session.Session) {
	var mu sync.Mutex
	ops := []func(){end}
	for i := range 6 {
		s := k.session(user, i)
		ops = append(ops, func() {
			err := k.store.Create(k.Context(), s.Clone())
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				stored = append(stored, s)
			} else {
				k.wantErr("Create", err, session.ErrOutdated)
			}
		})
	}
	slices.Reverse(ops[:3])
	together(ops...)
	return stored
}

func raceCreateRevokeAll(k *kit) {
	k.clash(func(user string) {
		keep := k.created(user, 0)
		e := ending(9)
		stored := k.raceCreating(user, func() {
			k.revoke(session.Revocation{UserID: user, All: true, Keep: keep.Clone(), Ending: e})
		})
		for _, s := range stored {
			k.wantStored(over(s, e))
		}
		k.wantList(session.Query{UserID: user}, keep)
	})
}

func raceCreateEveryone(k *kit) {
	k.clash(func(user string) {
		e := ending(9)
		stored := k.raceCreating(user, func() { k.revoke(session.Revocation{Everyone: true, Ending: e}) })
		for _, s := range stored {
			k.wantStored(over(s, e))
		}
		k.wantList(session.Query{UserID: user})
	})
}

func raceCreateErase(k *kit) {
	k.clash(func(user string) {
		var done session.Purged
		stored := k.raceCreating(user, func() { done = k.purge(session.Purge{UserID: user, Now: at(9)}) })
		if done.Deleted != len(stored) {
			k.Errorf("Purge: got %d deleted, want %d", done.Deleted, len(stored))
		}
		for _, s := range stored {
			k.wantUnknown(s.ID)
		}
		k.wantList(session.Query{UserID: user})
	})
}

func raceKeep(k *kit) {
	k.clash(func(user string) {
		kept := []*session.Session{k.created(user, 1), k.created(user, 2)}
		errs := make([]error, 2)
		revoke := func(i int) func() {
			return func() {
				_, errs[i] = k.store.Revoke(k.Context(), session.Revocation{UserID: user, All: true, Keep: kept[i].Clone(), Ending: ending(3)})
			}
		}
		together(revoke(0), revoke(1))
		k.outcomes("Revoke", errs, map[error]int{nil: 1, session.ErrEnded: 1})
		if won := slices.Index(errs, nil); won >= 0 {
			k.wantList(session.Query{UserID: user}, kept[won])
		}
		if g := k.gens(user); g.User != 1 {
			k.Errorf("generation: got %d, want 1", g.User)
		}
	})
}

func raceKeepOnly(k *kit) {
	k.clash(func(user string) {
		var all []*session.Session
		named := session.Revocation{UserID: user, Ending: ending(5)}
		for n := range 5 {
			all = append(all, k.created(user, n))
			named.Only = append(named.Only, all[n].ID)
		}
		kept := all[2]
		rest := session.Revocation{UserID: user, All: true, Keep: kept.Clone(), Ending: ending(6)}
		var one session.Revoked
		var err error
		together(func() { one = k.revoke(named) }, func() { _, err = k.store.Revoke(k.Context(), rest) })
		switch {
		case err == nil && len(one.IDs) == 1 && one.IDs[0] == kept.ID: // kept, and then ended
			k.wantStored(over(all[0], rest.Ending))
		case errors.Is(err, session.ErrEnded) && len(one.IDs) == len(all):
			k.wantStored(over(all[0], named.Ending))
		default:
			k.Errorf("%d of %d named ended, and all but one: %v", len(one.IDs), len(all), err)
		}
	})
}

func raceKeepGet(k *kit) {
	s := k.created("ada", 1)
	var stop atomic.Bool
	look := func() {
		for !stop.Load() {
			read, g, err := k.store.Get(k.Context(), s.ID)
			if err != nil || !live(read, g) {
				k.Errorf("Get: the kept session is seen dead (error %v)", err)
				return
			}
		}
	}
	together(look, look, func() {
		defer stop.Store(true)
		for range clashes {
			k.revoke(session.Revocation{UserID: "ada", All: true, Keep: s.Clone(), Ending: ending(2)})
			s.Version++
			time.Sleep(50 * time.Microsecond)
		}
	})
}

func raceKeepTouch(k *kit) {
	s := k.created("ada", 1)
	n := 1
	k.clash(func(string) {
		n++
		v := visit(n)
		together(
			func() {
				k.revoke(session.Revocation{UserID: "ada", All: true, Keep: s.Clone(), Ending: ending(2)})
			},
			func() { k.touch(session.Touch{ID: s.ID, Visit: v}) },
		)
		s.Version++
		s.Generations.User++
		s.Last = v
		k.wantStored(s)
	})
}

func racePurgeTouch(k *kit) {
	k.clash(func(user string) {
		s := k.created(user, 1)
		v := visit(50)
		var done session.Purged
		together(
			func() { k.touch(session.Touch{ID: s.ID, Visit: v}) },
			func() { done = k.purgeAll(session.Purge{Now: at(61), EndedBefore: farPast, Limit: 10}) },
		)
		if len(done.Expired) > 0 {
			k.wantExpired(done, s)
			k.wantStored(over(s, expiry(at(61))))
		} else {
			s.Last = v
			k.wantStored(s)
		}
		k.purge(session.Purge{UserID: user, Now: at(99)})
	})
}

func racePurgeRevoke(k *kit) {
	k.clash(func(user string) {
		s := k.created(user, 1)
		var told atomic.Int32
		purge := func() {
			told.Add(int32(len(k.purgeAll(session.Purge{Now: at(61), EndedBefore: farPast, Limit: 10}).Expired)))
		}
		together(purge, purge, func() {
			told.Add(int32(k.revoke(session.Revocation{UserID: user, Only: []session.ID{s.ID}, Ending: ending(2)}).Count))
		})
		if n := told.Load(); n != 1 {
			k.Errorf("%d were told that they ended the session, want 1", n)
		}
	})
}
