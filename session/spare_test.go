package session_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

// Only the end of its own session spares a request, and not for ever.
func TestRevokingAnotherSparesNobody(t *testing.T) {
	b := newBench(t, session.Config{})
	s, token := b.start(t, "alice", session.StartOptions{})
	other, _ := b.start(t, "alice", session.StartOptions{})
	cut := new(cutCounter)
	conn := b.open(t, t.Context(), token, cut.Cut)
	if err := b.Revoke(conn, "alice", other.ID, session.ReasonSignedOutRemote); err != nil {
		t.Fatal(err)
	}
	if cut.n.Load() != 0 || conn.Err() != nil {
		t.Fatalf("cut by the end of another: %v", context.Cause(conn))
	}
	if err := b.Revoke(t.Context(), "alice", s.ID, session.ReasonAdmin); err != nil {
		t.Fatal(err)
	}
	if cut.n.Load() != 1 || context.Cause(conn) != session.ErrRevoked {
		t.Errorf("cut %d times by the end of its own, %v", cut.n.Load(), context.Cause(conn))
	}
}

// A request that has ended its own session, and does not come to an end.
func TestSparedRequestIsCutInTheEnd(t *testing.T) {
	for _, end := range []func(m *session.Manager, ctx context.Context, s *session.Session) error{
		func(m *session.Manager, ctx context.Context, s *session.Session) error {
			return m.Revoke(ctx, "alice", s.ID, session.ReasonSignedOut)
		},
		func(m *session.Manager, ctx context.Context, _ *session.Session) error {
			return m.RevokeEveryone(ctx, session.ReasonEveryone)
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			m, err := session.New(memstore.New(), session.Config{})
			if err != nil {
				t.Fatal(err)
			}
			b := &bench{Manager: m}
			s, token := b.start(t, "alice", session.StartOptions{})
			cut := new(cutCounter)
			conn := b.open(t, t.Context(), token, cut.Cut)
			if err := end(m, conn, s); err != nil {
				t.Fatal(err)
			}
			time.Sleep(9 * time.Second)
			if cut.n.Load() != 0 || conn.Err() != nil {
				t.Errorf("cut while it answers: %v", context.Cause(conn))
			}
			time.Sleep(2 * time.Second)
			if cut.n.Load() != 1 || context.Cause(conn) != session.ErrRevoked {
				t.Errorf("goes on: cut %d times, %v", cut.n.Load(), context.Cause(conn))
			}
		})
	}
}

// A connection that goes on when its handler has returned is not spared.
func TestSparedRequestThatLingersIsCut(t *testing.T) {
	b := newBench(t, session.Config{})
	s, token := b.start(t, "alice", session.StartOptions{})
	cut, conn := new(cutCounter), new(session.Conn)
	if _, err := b.Open(t.Context(), token.Credential(), home, conn, cut.Cut); err != nil {
		t.Fatal(err)
	}
	if err := b.Revoke(conn, "alice", s.ID, session.ReasonSignedOut); err != nil {
		t.Fatal(err)
	}
	if conn.Linger(); cut.n.Load() != 1 {
		t.Errorf("cut %d times", cut.n.Load())
	}
}

// Where the transport does not know whether a connection was taken over, it may be
// answering yet.
func TestSparedRequestThatMayLinger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, err := session.New(memstore.New(), session.Config{})
		if err != nil {
			t.Fatal(err)
		}
		s, token := (&bench{Manager: m}).start(t, "alice", session.StartOptions{})
		cut, conn := new(cutCounter), new(session.Conn)
		door := &session.Door{Cut: func(_ *session.Conn, cause error) { cut.Cut(cause) }, HasAnswered: func(*session.Conn) bool { return false }}
		if _, err := m.OpenDoor(t.Context(), token.Credential(), home, conn, door, nil); err != nil {
			t.Fatal(err)
		}
		if err := m.Revoke(conn, "alice", s.ID, session.ReasonSignedOut); err != nil {
			t.Fatal(err)
		}
		conn.Linger()
		for _, want := range []int32{0, 1} {
			if n := cut.n.Load(); n != want {
				t.Errorf("cut %d times, want %d", n, want)
			}
			time.Sleep(11 * time.Second)
		}
	})
}

// Requests come and go while others stay, and none is missed.
func TestNoConnIsMissed(t *testing.T) {
	b := newBench(t, session.Config{})
	s, token := b.start(t, "alice", session.StartOptions{})
	open := func() (*session.Conn, *cutCounter) {
		c, cut := new(session.Conn), new(cutCounter)
		if _, err := b.Open(t.Context(), token.Credential(), home, c, cut.Cut); err != nil {
			t.Error(err)
		}
		return c, cut
	}
	const workers, stay = 8, 20
	kept := make(chan *cutCounter, workers*stay)
	done := make(chan struct{})
	for range workers {
		go func() {
			defer func() { done <- struct{}{} }()
			for range stay {
				var passing []*session.Conn
				for range 5 {
					c, _ := open()
					passing = append(passing, c)
				}
				_, cut := open()
				kept <- cut
				for _, c := range passing {
					c.Close()
				}
			}
		}()
	}
	for range workers {
		<-done
	}
	if n := b.Hub().Open(); n != workers*stay {
		t.Errorf("%d are open, want %d", n, workers*stay)
	}
	if err := b.Revoke(t.Context(), "alice", s.ID, session.ReasonAdmin); err != nil {
		t.Fatal(err)
	}
	for range workers * stay {
		if n := (<-kept).n.Load(); n != 1 {
			t.Fatalf("one was cut %d times", n)
		}
	}
}
