package storetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
)

// Bench measures what a store is asked for most. Compare stores, and one store
// with itself of before, on the same machine and at the same time; the figures
// mean nothing by themselves.
func Bench(b *testing.B, newStore func(b *testing.B) session.Store) {
	for _, m := range []struct {
		name string
		run  func(b *testing.B, store session.Store)
	}{
		{"Get", benchGet},
		{"Get parallel", benchGetParallel},
		{"List 20", benchList},
		{"Create and revoke", benchRevoke},
		{"Revoke all but one of 20", benchRevokeAll},
		{"Update", benchUpdate},
		{"Touch 500", benchTouch},
	} {
		b.Run(m.name, func(b *testing.B) {
			store := newStore(b)
			b.ReportAllocs()
			m.run(b, store)
		})
	}
}

var sample = sync.OnceValue(func() *session.Session { return filled(1) })

// stored creates n sessions of a user.
func stored(b *testing.B, store session.Store, user string, n int) (all []*session.Session) {
	b.Helper()
	gens, err := store.Generation(b.Context(), user)
	if err != nil {
		b.Fatal(err)
	}
	for range n {
		s := sample().Clone()
		s.ID, s.UserID, s.Generations, s.Ended, s.Version = newID(), user, gens, nil, 1
		s.ExpiresAt, s.IdleTimeout = at(1_000_000), 1000*time.Hour
		if err := store.Create(b.Context(), s); err != nil {
			b.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

func benchGet(b *testing.B, store session.Store) {
	all := stored(b, store, "ada", 1000)
	for i := 0; b.Loop(); i++ {
		if _, _, err := store.Get(b.Context(), all[i%len(all)].ID); err != nil {
			b.Fatal(err)
		}
	}
}

func benchGetParallel(b *testing.B, store session.Store) {
	all := stored(b, store, "ada", 1000)
	b.ResetTimer()
	b.RunParallel(func(p *testing.PB) {
		for i := 0; p.Next(); i++ {
			if _, _, err := store.Get(context.Background(), all[i%len(all)].ID); err != nil {
				b.Error(err)
			}
		}
	})
}

func benchList(b *testing.B, store session.Store) {
	stored(b, store, "bob", 1000)
	stored(b, store, "ada", 20)
	for b.Loop() {
		if all, err := store.List(b.Context(), session.Query{UserID: "ada"}); err != nil || len(all) != 20 {
			b.Fatal(len(all), err)
		}
	}
}

func benchRevoke(b *testing.B, store session.Store) {
	for b.Loop() {
		s := stored(b, store, "ada", 1)[0]
		if _, err := store.Revoke(b.Context(), session.Revocation{UserID: "ada", Only: []session.ID{s.ID}, Ending: ending(1)}); err != nil {
			b.Fatal(err)
		}
	}
}

func benchRevokeAll(b *testing.B, store session.Store) {
	for b.Loop() {
		b.StopTimer()
		all := stored(b, store, "ada", 20)
		b.StartTimer()
		if _, err := store.Revoke(b.Context(), session.Revocation{UserID: "ada", All: true, Keep: all[0], Ending: ending(1)}); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if _, err := store.Purge(b.Context(), session.Purge{UserID: "ada", Now: at(1)}); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

func benchUpdate(b *testing.B, store session.Store) {
	s := stored(b, store, "ada", 1)[0].Clone()
	for b.Loop() {
		if err := store.Update(b.Context(), s); err != nil {
			b.Fatal(err)
		}
		s.Version++
	}
}

func benchTouch(b *testing.B, store session.Store) {
	var touches []session.Touch
	for _, s := range stored(b, store, "ada", 500) {
		touches = append(touches, session.Touch{ID: s.ID, Visit: s.Last})
	}
	for b.Loop() {
		for i := range touches {
			touches[i].Visit.At = touches[i].Visit.At.Add(time.Second)
		}
		if err := store.Touch(b.Context(), touches); err != nil {
			b.Fatal(err)
		}
	}
}
