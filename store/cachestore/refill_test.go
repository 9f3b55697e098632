package cachestore_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/cachestore"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
)

var ending = session.Ending{At: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Reason: session.ReasonAdmin, By: "admin"}

// create stores a live session of alice.
func create(t testing.TB, store session.Store) *session.Session {
	t.Helper()
	gens, err := store.Generation(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	v := session.Visit{At: ending.At.Add(-time.Hour)}
	s := &session.Session{ID: newID(), UserID: "alice", Carrier: session.CarrierCookie, Generations: gens, Version: 1,
		First: v, Last: v, ExpiresAt: ending.At.Add(time.Hour), IdleTimeout: 2 * time.Hour}
	if err := store.Create(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	return s
}

// isLive reports whether store says that a session can be used.
func isLive(t testing.TB, store session.Store, id session.ID) bool {
	t.Helper()
	s, gens, err := store.Get(context.Background(), id)
	if err != nil && !errors.Is(err, session.ErrUnknown) {
		t.Fatal(err)
	}
	return err == nil && s.Ended == nil && s.Generations == gens
}

// stage is two instances on one store, and a session.
type stage struct {
	t         *testing.T
	inner     session.Store
	here, far *instance
	s         *session.Session
}

// ways are all the ways in which a session that was live a moment ago is so no
// more, or is another, as here has to learn it.
var ways = map[string]func(g stage) error{
	"Revoke":          func(g stage) error { return g.revokeBy(g.here.cache, session.Revocation{Only: []session.ID{g.s.ID}}) },
	"Revoke all":      func(g stage) error { return g.revokeBy(g.here.cache, session.Revocation{All: true}) },
	"Revoke everyone": func(g stage) error { return g.revokeBy(g.here.cache, session.Revocation{Everyone: true}) },
	"erase": func(g stage) error {
		_, err := g.here.cache.Purge(g.t.Context(), session.Purge{UserID: "alice", Now: ending.At})
		return err
	},
	"expire": func(g stage) error {
		_, err := g.here.cache.Purge(g.t.Context(), session.Purge{Now: ending.At.Add(2 * time.Hour), Limit: 1})
		return err
	},
	"notice of revocation": func(g stage) error {
		return g.told(session.Revocation{Only: []session.ID{g.s.ID}}, session.Message{Ended: []session.ID{g.s.ID}})
	},
	"notice of a change": func(g stage) error {
		return g.told(session.Revocation{All: true}, session.Message{Changed: []session.ID{g.s.ID}})
	},
	"notice of everyone": func(g stage) error {
		return g.told(session.Revocation{Everyone: true}, session.Message{Everyone: true})
	},
	"missed": func(g stage) error {
		return g.told(session.Revocation{All: true}, session.Message{Missed: true})
	},
	"another instance's Manager": func(g stage) error {
		defer synctest.Wait()
		return g.far.Revoke(g.t.Context(), "alice", g.s.ID, session.ReasonAdmin)
	},
}

func (g stage) revokeBy(store session.Store, r session.Revocation) error {
	r.Ending = ending
	if !r.Everyone {
		r.UserID = "alice"
	}
	_, err := store.Revoke(g.t.Context(), r)
	return err
}

// told has another process revoke, and give notice by n.
func (g stage) told(r session.Revocation, n session.Message) error {
	err := g.revokeBy(g.inner, r)
	g.here.bus.wire.publish(n)
	synctest.Wait()
	return err
}

// set sets the scene.
func set(t *testing.T, inner session.Store) stage {
	w := new(wire)
	g := stage{t: t, inner: inner, s: create(t, inner)}
	g.here = w.start(t, inner, cachestore.Config{}, time.Second)
	g.far = w.start(t, inner, cachestore.Config{}, time.Second)
	return g
}

// What was read while it was valid, and is copied after it was revoked, does
// not stick: not if the read is the first, and not if it renews a copy.
func TestRefillRace(t *testing.T) {
	for name, do := range ways {
		for _, copied := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var between func()
					store := &storetest.Hooked{Store: memstore.New()}
					g := set(t, store)
					store.After = func(method string) error {
						if f := between; method == "Get" && f != nil {
							between = nil
							f()
						}
						return nil
					}
					if copied {
						isLive(t, g.here.cache, g.s.ID)
					}
					between = func() {
						if err := do(g); err != nil {
							t.Error(err)
						}
					}
					read, _, err := g.here.cache.Get(g.here.cache.Fresh(t.Context()), g.s.ID)
					if err != nil || read.Ended != nil || between != nil {
						t.Fatalf("the slow read: got %v, %v; want the session as it was", read, err)
					}
					if isLive(t, g.here.cache, g.s.ID) {
						t.Error("the next read finds the session live")
					}
				})
			})
		}
	}
}

// Of two reads that overlap, the one that began later is kept.
func TestSlowReadDoesNotReplaceALaterOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &storetest.Hooked{Store: memstore.New()}
		g := set(t, store)
		slow := true
		store.After = func(method string) error {
			if method == "Get" && slow {
				slow = false
				time.Sleep(time.Millisecond)
				next := g.s.Clone()
				next.Name = "renamed elsewhere"
				if err := store.Update(t.Context(), next); err != nil {
					t.Error(err)
				}
				_, _, _ = g.here.cache.Get(g.here.cache.Fresh(t.Context()), g.s.ID)
			}
			return nil
		}
		_, _, _ = g.here.cache.Get(t.Context(), g.s.ID)
		if got, _, err := g.here.cache.Get(t.Context(), g.s.ID); err != nil || got.Name == "" {
			t.Errorf("got the copy of the earlier read (error %v)", err)
		}
	})
}

// What another process did, and has not told of, holds here once the same was
// asked for here, although the store then has nothing more to do.
func TestDoneElsewhereBefore(t *testing.T) {
	for name, r := range map[string]session.Revocation{"only": {}, "all": {All: true}} {
		synctest.Test(t, func(t *testing.T) {
			g := set(t, memstore.New())
			if !r.All {
				r.Only = []session.ID{g.s.ID}
			}
			isLive(t, g.here.cache, g.s.ID)
			for _, store := range []session.Store{g.inner, g.here.cache} {
				if err := g.revokeBy(store, r); err != nil {
					t.Fatal(err)
				}
			}
			if isLive(t, g.here.cache, g.s.ID) {
				t.Errorf("%s: session is live", name)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		g := set(t, memstore.New())
		isLive(t, g.here.cache, g.s.ID)
		if _, err := g.inner.Purge(t.Context(), session.Purge{UserID: "alice", Now: ending.At}); err != nil {
			t.Fatal(err)
		}
		again := g.s.Clone() // a foreign token has the same ID each time
		again.UserID = "bob"
		if err := g.here.cache.Create(t.Context(), again); err != nil {
			t.Fatal(err)
		}
		if got, _, err := g.here.cache.Get(t.Context(), again.ID); err != nil || got.UserID != "bob" {
			t.Errorf("created anew: got the copy of what was erased (error %v)", err)
		}
	})
}
