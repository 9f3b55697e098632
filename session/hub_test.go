package session_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
)

// open opens a connection of token, closed at the end of the test.
func (b *bench) open(t *testing.T, parent context.Context, token session.Token, cut func(error)) *session.Conn {
	t.Helper()
	conn := new(session.Conn)
	if _, err := b.Open(parent, token.Credential(), home, conn, cut); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}

// key is a context key of somebody else.
type key int

type cutCounter struct {
	n     atomic.Int32
	cause error
}

func (c *cutCounter) Cut(cause error) {
	c.cause = cause
	c.n.Add(1)
}

func TestConnEndsWithItsSession(t *testing.T) {
	b := newBench(t, session.Config{})
	s, token := b.start(t, "alice", session.StartOptions{})
	_, other := b.start(t, "alice", session.StartOptions{})

	watched := b.open(t, t.Context(), token, nil)
	done := watched.Done() // asked before
	child, cancel := context.WithCancel(watched)
	defer cancel()
	blocked := new(cutCounter)
	b.open(t, t.Context(), token, blocked.Cut)
	asleep := b.open(t, t.Context(), token, nil) // asks only afterwards
	bystander := b.open(t, t.Context(), other, nil)

	if err := b.Revoke(t.Context(), "alice", s.ID, session.ReasonSignedOut); err != nil {
		t.Fatal(err)
	}
	for name, ch := range map[string]<-chan struct{}{"watched": done, "child": child.Done(), "asleep": asleep.Done()} {
		select {
		case <-ch:
		default:
			t.Errorf("%s is not done when Revoke has returned", name)
		}
	}
	for name, ctx := range map[string]context.Context{"watched": watched, "child": child, "asleep": asleep} {
		if ctx.Err() != context.Canceled || context.Cause(ctx) != session.ErrRevoked {
			t.Errorf("%s: got %v because of %v", name, ctx.Err(), context.Cause(ctx))
		}
	}
	if blocked.n.Load() != 1 || blocked.cause != session.ErrRevoked {
		t.Errorf("cut %d times because of %v", blocked.n.Load(), blocked.cause)
	}
	if bystander.Err() != nil || context.Cause(bystander) != nil {
		t.Errorf("another session's: %v", bystander.Err())
	}
	if _, err := b.Open(t.Context(), token.Credential(), home, new(session.Conn), nil); err != session.ErrRevoked {
		t.Errorf("open again: got %v, want ErrRevoked", err)
	}
}

// Cause, Err and Done each see a revocation that came before they were first
// asked.
func TestFirstQuestionAfterTheRevocation(t *testing.T) {
	for name, ended := range map[string]func(context.Context) bool{
		"Cause": func(ctx context.Context) bool { return context.Cause(ctx) == session.ErrRevoked },
		"Err":   func(ctx context.Context) bool { return ctx.Err() != nil },
		"Done": func(ctx context.Context) bool {
			select {
			case <-ctx.Done():
				return true
			default:
				return false
			}
		},
		"child": func(ctx context.Context) bool {
			child, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			return context.Cause(child) == session.ErrRevoked
		},
		"value child": func(ctx context.Context) bool {
			return context.Cause(context.WithValue(ctx, key(1), 1)) == session.ErrRevoked
		},
	} {
		b := newBench(t, session.Config{})
		s, token := b.start(t, "alice", session.StartOptions{})
		conn := b.open(t, t.Context(), token, nil)
		if err := b.Revoke(t.Context(), "alice", s.ID, session.ReasonSignedOut); err != nil {
			t.Fatal(err)
		}
		if !ended(conn) {
			t.Errorf("%s did not see it", name)
		}
	}
}

func TestConnFollowsItsParent(t *testing.T) {
	b := newBench(t, session.Config{})
	s, token := b.start(t, "alice", session.StartOptions{})
	cause := errors.New("the client went away")
	parent, cancel := context.WithCancelCause(context.WithValue(t.Context(), key(1), "kept"))
	conn := b.open(t, parent, token, nil)
	if got, ok := session.FromContext(conn); !ok || got.ID != s.ID {
		t.Errorf("got %v", got)
	}
	if got, ok := session.FromContext(context.WithValue(conn, key(2), 1)); !ok || got.ID != s.ID {
		t.Errorf("through a child: got %v", got)
	}
	if conn.Value(key(1)) != "kept" {
		t.Error("the parent's values are lost")
	}
	done := conn.Done()
	cancel(cause)
	<-done
	if conn.Err() != context.Canceled || context.Cause(conn) != cause {
		t.Errorf("got %v because of %v", conn.Err(), context.Cause(conn))
	}
}

// The request that ends its own session still has to answer.
func TestRevokingOneselfSparesTheRequest(t *testing.T) {
	b := newBench(t, session.Config{})
	s, token := b.start(t, "alice", session.StartOptions{})
	mine, others := new(cutCounter), new(cutCounter)
	conn := b.open(t, t.Context(), token, mine.Cut)
	b.open(t, t.Context(), token, others.Cut)
	if err := b.Revoke(conn, "alice", s.ID, session.ReasonSignedOut); err != nil {
		t.Fatal(err)
	}
	if mine.n.Load() != 0 || conn.Err() != nil {
		t.Errorf("cut %d times, %v", mine.n.Load(), conn.Err())
	}
	if others.n.Load() != 1 {
		t.Error("the other connection of the session was not cut")
	}
	ended, _ := b.History(t.Context(), "alice", 0)
	if len(ended) != 1 || ended[0].Ended.By != s.ID.String() {
		t.Errorf("got %+v", ended)
	}
}

func TestClosedConnIsNotCut(t *testing.T) {
	b := newBench(t, session.Config{})
	s, token := b.start(t, "alice", session.StartOptions{})
	cut := new(cutCounter)
	conn := new(session.Conn)
	if _, err := b.Open(t.Context(), token.Credential(), home, conn, cut.Cut); err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if err := b.Revoke(t.Context(), "alice", s.ID, session.ReasonSignedOut); err != nil {
		t.Fatal(err)
	}
	if cut.n.Load() != 0 || b.Hub().Open() != 0 {
		t.Errorf("cut %d times after it was closed, %d are open", cut.n.Load(), b.Hub().Open())
	}
}

func TestLingeringConnIsCut(t *testing.T) {
	b := newBench(t, session.Config{})
	s, token := b.start(t, "alice", session.StartOptions{})
	var cuts [200]cutCounter
	for i := range cuts {
		conn := new(session.Conn)
		if _, err := b.Open(t.Context(), token.Credential(), home, conn, cuts[i].Cut); err != nil {
			t.Fatal(err)
		}
		conn.Linger()
	}
	if last, first := cuts[135].n.Load(), cuts[136].n.Load(); last != 1 || first != 0 {
		t.Errorf("of 200, number 136 was cut %d times and number 137 %d times; want the oldest 136 cut", last, first)
	}
	if err := b.Revoke(t.Context(), "alice", s.ID, session.ReasonSignedOut); err != nil {
		t.Fatal(err)
	}
	for i := range cuts {
		if n := cuts[i].n.Load(); n != 1 {
			t.Fatalf("number %d was cut %d times", i+1, n)
		}
	}
}

func TestEveryWayOfEndingCuts(t *testing.T) {
	week := 7 * 24 * time.Hour
	for name, c := range map[string]struct {
		end   func(b *bench, s *session.Session) error
		cause error
	}{
		"RevokeAll": {func(b *bench, s *session.Session) error {
			_, err := b.RevokeAll(t.Context(), "alice", session.ReasonAdmin)
			return err
		}, session.ErrRevoked},
		"RevokeAllExcept": {func(b *bench, s *session.Session) error {
			keep, _ := b.start(t, "alice", session.StartOptions{})
			_, err := b.RevokeAllExcept(t.Context(), "alice", keep.ID, session.ReasonSignedOutOthers)
			return err
		}, session.ErrRevoked},
		"RevokeEveryone": {func(b *bench, s *session.Session) error {
			return b.RevokeEveryone(t.Context(), session.ReasonEveryone)
		}, session.ErrRevoked},
		"eviction": {func(b *bench, s *session.Session) error {
			b.clock.advance(time.Second)
			b.start(t, "alice", session.StartOptions{})
			b.start(t, "alice", session.StartOptions{})
			return nil
		}, session.ErrRevoked},
		"replacement": {func(b *bench, s *session.Session) error {
			b.start(t, "bob", session.StartOptions{Replaces: s})
			return nil
		}, session.ErrRevoked},
		"expiry": {func(b *bench, s *session.Session) error {
			b.clock.advance(week)
			_, err := b.Purge(t.Context())
			return err
		}, session.ErrExpired},
		"another process": {func(b *bench, s *session.Session) error {
			_, err := b.store.Revoke(t.Context(), session.Revocation{UserID: "alice", Only: []session.ID{s.ID}})
			if err == nil {
				_, err = b.Purge(t.Context())
			}
			return err
		}, session.ErrRevoked},
		"a message": {func(b *bench, s *session.Session) error {
			b.Hub().Cut(session.ErrRevoked, s.ID)
			return nil
		}, session.ErrRevoked},
		"Erase": {func(b *bench, s *session.Session) error { return b.Erase(t.Context(), "alice") }, session.ErrRevoked},
	} {
		b := newBench(t, session.Config{MaxPerUser: 2})
		s, token := b.start(t, "alice", session.StartOptions{})
		conn := b.open(t, t.Context(), token, nil)
		if err := c.end(b, s); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := context.Cause(conn); got != c.cause {
			t.Errorf("%s: got cause %v, want %v", name, got, c.cause)
		}
	}
}

// A session that started after the revocation of everybody outlives a message
// that comes late.
func TestLateMessageOfEveryone(t *testing.T) {
	b := newBench(t, session.Config{})
	if err := b.RevokeEveryone(t.Context(), session.ReasonEveryone); err != nil {
		t.Fatal(err)
	}
	_, token := b.start(t, "alice", session.StartOptions{})
	b.open(t, t.Context(), token, nil)
	b.Hub().Receive(session.Message{Everyone: true})
	if _, err := b.Open(t.Context(), token.Credential(), home, new(session.Conn), nil); err != nil {
		t.Errorf("its next request: %v", err)
	}
}

func TestRotationCutsNothing(t *testing.T) {
	b := newBench(t, session.Config{})
	s, token := b.start(t, "alice", session.StartOptions{})
	conn := b.open(t, t.Context(), token, nil)
	if _, _, err := b.Rotate(t.Context(), "alice", s.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Reauthenticated(t.Context(), "alice", s.ID, session.Proof{RevokeOthers: session.ReasonPasswordChanged}); err != nil {
		t.Fatal(err)
	}
	if conn.Err() != nil {
		t.Errorf("got %v", context.Cause(conn))
	}
}

// pausing stops in a Get that has read the session already, until it is let on.
type pausing struct {
	session.Store
	read, on chan struct{}
}

func (p *pausing) Get(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
	s, g, err := p.Store.Get(ctx, id)
	if p.read != nil {
		p.read <- struct{}{}
		<-p.on
	}
	return s, g, err
}

// A request has read the session; it is revoked; only then is the request
// registered. It must not slip through with a context that never ends.
func TestRevocationBetweenReadAndRegistration(t *testing.T) {
	store := &pausing{Store: memstore.New()}
	b := newBenchOver(t, store, session.Config{})
	s, token := b.start(t, "alice", session.StartOptions{})
	store.read, store.on = make(chan struct{}), make(chan struct{})
	result := make(chan error)
	go func() {
		conn := new(session.Conn)
		_, err := b.Open(t.Context(), token.Credential(), home, conn, nil)
		result <- err
	}()
	<-store.read
	if err := b.Revoke(t.Context(), "alice", s.ID, session.ReasonSignedOut); err != nil {
		t.Fatal(err)
	}
	close(store.on)
	if err := <-result; err != session.ErrRevoked {
		t.Errorf("got %v, want ErrRevoked", err)
	}
}

func TestRunExpiresAndFlushes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		m, err := session.New(store, session.Config{Preset: session.PresetHighValue}) // 5 min idle
		if err != nil {
			t.Fatal(err)
		}
		b := &bench{Manager: m, store: store}
		s, token := b.start(t, "alice", session.StartOptions{})
		conn := b.open(t, t.Context(), token, nil)
		ctx, cancel := context.WithCancel(t.Context())
		go m.Run(ctx)

		time.Sleep(time.Minute)
		if err := b.resume(t, token); err != nil {
			t.Fatal(err)
		}
		time.Sleep(6 * time.Second) // one flush
		stored, _, err := store.Get(t.Context(), s.ID)
		if err != nil || time.Since(stored.Last.At) != 6*time.Second {
			t.Errorf("last activity stored: %v, %v", stored.Last.At, err)
		}
		<-conn.Done()
		if idle := time.Since(stored.Last.At); idle < 5*time.Minute || idle > 6*time.Minute {
			t.Errorf("cut after %v idle", idle)
		}
		if context.Cause(conn) != session.ErrExpired {
			t.Errorf("got cause %v", context.Cause(conn))
		}

		_, token = b.start(t, "alice", session.StartOptions{})
		time.Sleep(time.Minute)
		if err := b.resume(t, token); err != nil {
			t.Fatal(err)
		}
		at := m.Now()
		cancel()
		synctest.Wait()
		if stored, _, err = store.Get(t.Context(), token.ID()); err != nil || !stored.Last.At.Equal(at) {
			t.Errorf("what was pending at the end: stored %v, want %v (%v)", stored.Last.At, at, err)
		}
	})
}

// While the store is in trouble, it is asked of one open session and not of all.
func TestTroubleIsFoundOnce(t *testing.T) {
	store := &storetest.Hooked{Store: memstore.New()}
	b := newBenchOver(t, store, session.Config{})
	var conns []*session.Conn
	for range 5 {
		_, token := b.start(t, "alice", session.StartOptions{})
		conns = append(conns, b.open(t, t.Context(), token, nil))
	}
	reads := 0
	store.Before = func(call string) error {
		if call != "GetMany" {
			return nil
		}
		reads++
		return errors.New("down")
	}
	if _, err := b.Purge(t.Context()); err != nil || reads != 1 {
		t.Errorf("read %d times, %v, want once", reads, err)
	}
	store.Before = nil
	if _, err := store.Revoke(t.Context(), session.Revocation{UserID: "alice", All: true}); err != nil { // by another process
		t.Fatal(err)
	}
	if _, err := b.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range conns {
		if c.Err() == nil {
			t.Error("still open")
		}
	}
}
