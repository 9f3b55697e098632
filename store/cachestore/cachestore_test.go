package cachestore_test

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/cachestore"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
	"github.com/signedin/signedin/store/storetest/need"
)

func newID() (id session.ID) {
	_, _ = rand.Read(id[:])
	return id
}

// counted is a store that counts how often sessions are read.
func counted() (store *storetest.Hooked, gets *atomic.Int64) {
	gets = new(atomic.Int64)
	return &storetest.Hooked{Store: memstore.New(), Before: func(method string) error {
		if method == "Get" {
			gets.Add(1)
		}
		return nil
	}}, gets
}

func TestConfigIsChecked(t *testing.T) {
	for field, cfg := range map[string]cachestore.Config{
		"Config.MaxSessions": {MaxSessions: -1},
		"Config.Lease":       {Lease: time.Minute + 1},
		"Config.MaxAge":      {MaxAge: -1},
	} {
		if _, err := cachestore.New(memstore.New(), cfg); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%+v: got %v, want an error that names %s", cfg, err, field)
		}
	}
}

// A session that is in use is read once, and served without allocating.
func TestHit(t *testing.T) {
	inner, gets := counted()
	i := new(wire).start(t, inner, cachestore.Config{}, time.Millisecond)
	s := create(t, i.cache)
	ctx := t.Context()
	got := need.Allocations(func() { _, _, _ = i.cache.Get(ctx, s.ID) })
	if got != 0 || gets.Load() != 1 {
		t.Errorf("got %v allocations a hit and %d reads, want 0 and 1", got, gets.Load())
	}
	if got := i.cache.Stats(); got.Hits != 100 || got.Misses != 1 || got.Size != 1 {
		t.Errorf("got %+v, want 100 hits, 1 miss, 1 session", got)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, _, err := i.cache.Get(cancelled, s.ID); !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context: got %v", err)
	}
}

// What is not known, over or in trouble is asked again each time.
func TestOnlyLiveSessionsAreCopied(t *testing.T) {
	inner, gets := counted()
	i := new(wire).start(t, inner, cachestore.Config{}, time.Millisecond)
	s := create(t, inner)
	if _, err := inner.Revoke(t.Context(), session.Revocation{UserID: "alice", All: true, Ending: ending}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		isLive(t, i.cache, s.ID)
		isLive(t, i.cache, newID())
	}
	if got := i.cache.Stats(); gets.Load() != 6 || got.Size != 0 {
		t.Errorf("got %d reads and %+v, want 6 and no copy", gets.Load(), got)
	}
}

// Copies are neither made nor believed unless Run listens.
func TestWithoutRunReadsGoThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner, gets := counted()
		cache, err := cachestore.New(inner, cachestore.Config{})
		if err != nil {
			t.Fatal(err)
		}
		s := create(t, cache)
		reads := func(want int64) {
			t.Helper()
			gets.Store(0)
			for range 3 {
				isLive(t, cache, s.ID)
			}
			if got := gets.Load(); got != want {
				t.Errorf("got %d reads, want %d", got, want)
			}
		}
		reads(3)
		for range 2 {
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error)
			bus := new(wire).end(time.Second)
			go func() { done <- cache.Run(ctx, bus, new(session.Hub)) }()
			time.Sleep(1500 * time.Millisecond)
			reads(1)
			if err := cache.Run(ctx, bus, new(session.Hub)); err == nil {
				t.Error("a second Run: got no error")
			}
			reads(0)
			cancel()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("Run: got %v", err)
			}
			reads(3)
		}
	})
}

// Fresh reads the original, and what it finds takes the place of the copy.
func TestFresh(t *testing.T) {
	inner := memstore.New()
	i := new(wire).start(t, inner, cachestore.Config{}, time.Millisecond)
	s := create(t, i.cache)
	isLive(t, i.cache, s.ID)
	next := s.Clone()
	next.Name = "renamed elsewhere"
	if err := inner.Update(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	name := func(ctx context.Context) string {
		s, _, err := i.cache.Get(ctx, s.ID)
		if err != nil {
			t.Fatal(err)
		}
		return s.Name
	}
	if got := []string{name(t.Context()), name(i.cache.Fresh(t.Context())), name(t.Context())}; !slices.Equal(got, []string{"", next.Name, next.Name}) {
		t.Errorf("copy, original, copy: got %q", got)
	}
	if _, err := inner.Revoke(t.Context(), session.Revocation{UserID: "alice", All: true, Ending: ending}); err != nil {
		t.Fatal(err)
	}
	_, _, _ = i.cache.Get(i.cache.Fresh(t.Context()), s.ID)
	if isLive(t, i.cache, s.ID) {
		t.Error("the original was over, and the copy is still believed")
	}
}

// unready is a store whose reads come to no end in time, if so is said.
type unready struct {
	session.Store
	is atomic.Bool
}

func (s *unready) Get(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
	if s.is.Load() {
		return nil, session.Generations{}, context.DeadlineExceeded
	}
	return s.Store.Get(ctx, id)
}

// On a machine that is only slow reads run out of time, and nobody who has a copy
// is turned away: not by his own read, and not after one that asked for the
// original.
func TestSlowStoreKeepsCopies(t *testing.T) {
	inner := &unready{Store: memstore.New()}
	i := new(wire).start(t, inner, cachestore.Config{}, time.Millisecond)
	s := create(t, i.cache)
	isLive(t, i.cache, s.ID)
	inner.is.Store(true)
	for range 2 {
		if !isLive(t, i.cache, s.ID) {
			t.Error("the copy does not answer")
		}
		if _, _, err := i.cache.Get(i.cache.Fresh(t.Context()), s.ID); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the original: got %v", err)
		}
	}
}

// A revocation counts here although its answer was lost, and while it is on
// its way.
func TestRevocationWithoutAnAnswer(t *testing.T) {
	lost := errors.New("connection lost")
	for name, r := range map[string]session.Revocation{"all": {UserID: "alice", All: true}, "everyone": {Everyone: true}} {
		inner := &storetest.Hooked{Store: memstore.New()}
		i := new(wire).start(t, inner, cachestore.Config{}, time.Millisecond)
		s := create(t, i.cache)
		isLive(t, i.cache, s.ID)
		inner.After = func(method string) error {
			if method != "Revoke" {
				return nil
			}
			if isLive(t, i.cache, s.ID) {
				t.Errorf("%s: the store has done it and not answered yet: session is live", name)
			}
			return lost
		}
		r.Ending = ending
		if _, err := i.cache.Revoke(t.Context(), r); !errors.Is(err, lost) {
			t.Fatal(err)
		}
		if isLive(t, i.cache, s.ID) {
			t.Errorf("%s: the answer was lost: session is live", name)
		}
	}
}

// A purge whose answer was lost may have ended anything.
func TestPurgeWithoutAnAnswer(t *testing.T) {
	inner := &storetest.Hooked{Store: memstore.New()}
	i := new(wire).start(t, inner, cachestore.Config{}, time.Millisecond)
	s := create(t, i.cache)
	isLive(t, i.cache, s.ID)
	inner.After = func(string) error { return errors.New("connection lost") }
	_, _ = i.cache.Purge(t.Context(), session.Purge{Now: ending.At.Add(2 * time.Hour), Limit: 1})
	inner.After = nil
	if isLive(t, i.cache, s.ID) {
		t.Error("session is live")
	}
}

// inTransaction is a store as a host's transaction sees it: what is revoked in
// it is so for its own context, and for others from the commit on.
type inTransaction struct {
	session.Store
	revoked *session.Revocation
}

func (x *inTransaction) Revoke(ctx context.Context, r session.Revocation) (session.Revoked, error) {
	if session.Held(ctx) {
		x.revoked = &r
		return session.Revoked{IDs: r.Only, Count: len(r.Only)}, nil
	}
	return x.Store.Revoke(ctx, r)
}

func (x *inTransaction) Get(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
	s, gens, err := x.Store.Get(ctx, id)
	if session.Held(ctx) && err == nil {
		s = s.Clone()
		s.Name = "as the transaction sees it"
		if x.revoked != nil {
			s.Ended = &x.revoked.Ending
		}
	}
	return s, gens, err
}

// A transaction of the host's sees its own writes, and nobody else does until
// the commit. From then on they hold here at once, also if the host did not
// hear that it was committed.
func TestTransaction(t *testing.T) {
	t.Run("committed", func(t *testing.T) { inHostsTransaction(t, (*session.Pending).Committed) })
	t.Run("unknown", func(t *testing.T) { inHostsTransaction(t, (*session.Pending).Unknown) })
}

func inHostsTransaction(t *testing.T, over func(*session.Pending)) {
	inner := &inTransaction{Store: memstore.New()}
	i := new(wire).start(t, inner, cachestore.Config{}, time.Millisecond)
	s := create(t, i.cache)
	tx, pending := session.Hold(t.Context())
	for range 2 { // without a copy, and with one
		if got, _, err := i.cache.Get(tx, s.ID); err != nil || got.Name == "" {
			t.Fatalf("inside: got a copy (%v)", err)
		}
		if got, _, err := i.cache.Get(t.Context(), s.ID); err != nil || got.Name != "" {
			t.Fatalf("outside: got a copy of what is inside (%v)", err)
		}
	}
	only := session.Revocation{UserID: "alice", Only: []session.ID{s.ID}, Ending: ending}
	if _, err := i.cache.Revoke(tx, only); err != nil {
		t.Fatal(err)
	}
	if got, _, _ := i.cache.Get(tx, s.ID); got.Ended == nil {
		t.Error("inside, after the revocation: session is live")
	}
	if !isLive(t, i.cache, s.ID) { // copied again
		t.Error("outside, before the commit: session is over")
	}
	if _, err := inner.Store.Revoke(t.Context(), *inner.revoked); err != nil {
		t.Fatal(err)
	}
	over(pending)
	if isLive(t, i.cache, s.ID) {
		t.Error("outside, after the commit: session is live")
	}
}

// There are never more copies than allowed, and what is in use stays.
func TestBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, bound := range []int{1, 10, 1000} {
			inner, gets := counted()
			i := new(wire).start(t, inner, cachestore.Config{MaxSessions: bound}, time.Second)
			inUse := create(t, i.cache)
			pushedOut := false
			for n := range 3 * bound {
				if n%(bound/10+1) == 0 {
					time.Sleep(1100 * time.Millisecond)
				}
				isLive(t, i.cache, create(t, i.cache).ID)
				gets.Store(0)
				isLive(t, i.cache, inUse.ID)
				pushedOut = pushedOut || n > 0 && gets.Load() > 0
			}
			if got := i.cache.Stats().Size; got > bound || got < bound/2 {
				t.Errorf("got %d copies, want at most %d", got, bound)
			}
			if bound > 1 && pushedOut {
				t.Errorf("of %d: the one in use was pushed out", bound)
			}
		}
	})
}

// What nobody uses any more does not stay in memory.
func TestSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := new(wire).start(t, memstore.New(), cachestore.Config{}, time.Second)
		for range 1000 {
			isLive(t, i.cache, create(t, i.cache).ID)
		}
		time.Sleep(59 * time.Second)
		if got := i.cache.Stats().Size; got != 1000 {
			t.Errorf("got %d copies while they are believed", got)
		}
		time.Sleep(6 * time.Minute)
		if got := i.cache.Stats().Size; got != 0 {
			t.Errorf("got %d copies minutes later", got)
		}
	})
}
