package cachestore_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/cachestore"
	"github.com/signedin/signedin/store/memstore"
)

const lease = 5 * time.Second

// acceptedFor returns how long store says that a session is live, to the
// millisecond and for two minutes at most, while somebody asks all the time.
func acceptedFor(t *testing.T, store session.Store, id session.ID) (d time.Duration) {
	for ; d < 2*time.Minute && isLive(t, store, id); d += time.Millisecond {
		time.Sleep(time.Millisecond)
	}
	return d
}

// With the bus cut, at whatever moment, another instance accepts what was
// revoked for a lease at the longest. With a bus it does not.
func TestBusCut(t *testing.T) {
	for at := time.Duration(0); at < 2*time.Second; at += 50 * time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			g := set(t, memstore.New())
			isLive(t, g.far.cache, g.s.ID)
			time.Sleep(at)
			g.far.bus.set(true)
			if got := g.far.cache.Stats().Lease; got > lease || got < lease-2*time.Second {
				t.Errorf("cut after %v: Stats says that copies are believed for %v", at, got)
			}
			if err := g.here.Revoke(t.Context(), "alice", g.s.ID, session.ReasonAdmin); err != nil {
				t.Fatal(err)
			}
			if got := acceptedFor(t, g.here.cache, g.s.ID); got != 0 {
				t.Errorf("cut after %v: accepted for %v where it was revoked", at, got)
			}
			if got := acceptedFor(t, g.far.cache, g.s.ID); got > lease || got < lease-2*time.Second {
				t.Errorf("cut after %v: accepted for %v, want the lease of %v at most, and copies in use until it ends", at, got, lease)
			}
			if got := g.far.cache.Stats(); got.Lease != 0 || got.Missed != 1 {
				t.Errorf("cut after %v: got %+v, want no lease, and the start alone as missed", at, got)
			}
		})
	}
}

func TestBusMended(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner, gets := counted()
		g := set(t, inner)
		g.here.bus.set(true)
		time.Sleep(lease)
		gets.Store(0)
		isLive(t, g.here.cache, g.s.ID)
		isLive(t, g.here.cache, g.s.ID)
		if got := gets.Load(); got != 2 {
			t.Errorf("cut: got %d reads, want 2", got)
		}
		g.here.bus.set(false)
		time.Sleep(2 * time.Second)
		gets.Store(0)
		isLive(t, g.here.cache, g.s.ID)
		isLive(t, g.here.cache, g.s.ID)
		if got := gets.Load(); got != 1 {
			t.Errorf("mended: got %d reads, want 1: what was copied before may be old", got)
		}
	})
}

// A bus that says that it missed something is not believed until its next
// sign of life.
func TestMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner, gets := counted()
		g := set(t, inner)
		time.Sleep(100 * time.Millisecond)
		isLive(t, g.here.cache, g.s.ID)
		g.here.bus.wire.publish(session.Message{Missed: true})
		synctest.Wait()
		gets.Store(0)
		isLive(t, g.here.cache, g.s.ID)
		isLive(t, g.here.cache, g.s.ID)
		if got := gets.Load(); got != 2 {
			t.Errorf("got %d reads, want 2", got)
		}
	})
}

// slow is a bus whose signs of life take long to arrive, as in a process that
// was stopped for a while.
type slow struct {
	session.Bus
	under time.Duration
	then  []session.ID // of which it gives notice each second, after the first sign, and no other sign
}

func (b slow) Run(ctx context.Context, receive func(session.Message)) error {
	receive(session.Message{Missed: true})
	for ctx.Err() == nil {
		time.Sleep(b.under) // what is published from here on, the sign knows nothing of
		receive(session.Message{})
		for b.then != nil && ctx.Err() == nil {
			time.Sleep(time.Second)
			receive(session.Message{Ended: b.then})
		}
	}
	return ctx.Err()
}

// A notice may be old. It is no sign that later ones would have arrived.
func TestNoticeIsNoSign(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := memstore.New()
		cache, err := cachestore.New(inner, cachestore.Config{})
		if err != nil {
			t.Fatal(err)
		}
		s := create(t, cache)
		ctx, cancel := context.WithCancel(t.Context())
		var run sync.WaitGroup
		run.Go(func() { _ = cache.Run(ctx, slow{under: time.Second, then: []session.ID{newID()}}, new(session.Hub)) })
		defer run.Wait()
		defer cancel()
		time.Sleep(1500 * time.Millisecond)
		isLive(t, cache, s.ID)
		if _, err := inner.Revoke(t.Context(), session.Revocation{UserID: "alice", All: true, Ending: ending}); err != nil {
			t.Fatal(err)
		}
		if got := acceptedFor(t, cache, s.ID); got > lease {
			t.Errorf("accepted for %v, want the lease at most", got)
		}
	})
}

// The lease does not count from when a sign arrived but from when it may have
// left.
func TestSlowSign(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := memstore.New()
		cache, err := cachestore.New(inner, cachestore.Config{})
		if err != nil {
			t.Fatal(err)
		}
		s := create(t, cache)
		ctx, cancel := context.WithCancel(t.Context())
		var run sync.WaitGroup
		run.Go(func() { _ = cache.Run(ctx, slow{under: 4 * time.Second}, new(session.Hub)) })
		defer run.Wait()
		defer cancel()
		time.Sleep(4*time.Second + time.Millisecond)
		isLive(t, cache, s.ID) // copied with a second of the lease left
		if _, err := inner.Revoke(t.Context(), session.Revocation{UserID: "alice", All: true, Ending: ending}); err != nil {
			t.Fatal(err)
		}
		if got := acceptedFor(t, cache, s.ID); got != time.Second-time.Millisecond {
			t.Errorf("accepted for %v, want %v", got, time.Second-time.Millisecond)
		}
	})
}

// What nobody told of is accepted for as long as a copy may be old, however
// often it is asked for.
func TestUntold(t *testing.T) {
	for _, maxAge := range []time.Duration{0, 10 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			inner := memstore.New()
			s := create(t, inner)
			here := new(wire).start(t, inner, cachestore.Config{MaxAge: maxAge}, time.Second)
			isLive(t, here.cache, s.ID)
			if _, err := inner.Revoke(t.Context(), session.Revocation{UserID: "alice", All: true, Ending: ending}); err != nil {
				t.Fatal(err)
			}
			want := maxAge
			if want == 0 {
				want = time.Minute
			}
			if got := acceptedFor(t, here.cache, s.ID); got != want {
				t.Errorf("accepted for %v, want %v", got, want)
			}
		})
	}
}

// "Sign out everywhere else" on one instance: the others refuse, and cut what
// is open, as soon as they are told; what was kept goes on.
func TestRevokeAllExceptElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, inner := new(wire), memstore.New()
		a, b := w.start(t, inner, cachestore.Config{}, time.Second), w.start(t, inner, cachestore.Config{}, time.Second)
		var kept, others []session.Token
		for range 4 {
			ticket, err := a.BeginSignIn(t.Context(), "alice")
			if err != nil {
				t.Fatal(err)
			}
			_, token, err := a.Start(t.Context(), ticket, session.Origin{}, session.StartOptions{})
			if err != nil {
				t.Fatal(err)
			}
			others = append(others, token)
		}
		kept, others = others[:1], others[1:]
		conns := open(t, b, others)
		keptConns := open(t, b, kept)
		back := make(chan error, 1)
		comes := new(session.Conn)
		if _, err := b.Open(t.Context(), others[0].Credential(), session.Origin{}, comes, func(error) {
			s, _, err := b.cache.Get(context.Background(), others[0].ID())
			if err == nil && s.Ended == nil {
				err = errors.New("session is live")
			}
			back <- err
		}); err != nil {
			t.Fatal(err)
		}
		defer comes.Close()
		if _, err := a.RevokeAllExcept(t.Context(), "alice", kept[0].ID(), session.ReasonSignedOutOthers); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // no time passes
		if err := <-back; err != nil {
			t.Errorf("a client that is cut and comes back at once: %v", err)
		}
		for i, token := range others {
			if context.Cause(conns[i]) != session.ErrRevoked {
				t.Errorf("open on B: got %v, want ErrRevoked", context.Cause(conns[i]))
			}
			if _, err := b.Resume(t.Context(), token.Credential(), session.Origin{}); err != session.ErrRevoked {
				t.Errorf("request to B: got %v, want ErrRevoked", err)
			}
		}
		if _, err := b.Resume(t.Context(), kept[0].Credential(), session.Origin{}); err != nil || keptConns[0].Err() != nil {
			t.Errorf("kept: request %v, open connection %v", err, keptConns[0].Err())
		}
	})
}

func open(t *testing.T, i *instance, tokens []session.Token) (conns []*session.Conn) {
	for _, token := range tokens {
		conn := new(session.Conn)
		if _, err := i.Open(t.Context(), token.Credential(), session.Origin{}, conn, nil); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(conn.Close)
		conns = append(conns, conn)
	}
	return conns
}
