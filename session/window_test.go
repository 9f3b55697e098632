package session_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

// A request has read its session and is not open yet, since the host is slow to say
// whether the user may come in, when another process ends the session. The bus is
// alive, so nothing is polled: what the message told of must not be lost.
func TestMessageBeforeARequestIsOpen(t *testing.T) {
	for name, message := range map[string]func(id session.ID) session.Message{
		"ended":   func(id session.ID) session.Message { return session.Message{Ended: []session.ID{id}} },
		"changed": func(id session.ID) session.Message { return session.Message{Changed: []session.ID{id}} },
		"missed":  func(session.ID) session.Message { return session.Message{Missed: true} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var slow atomic.Bool
				store := memstore.New()
				m, err := session.New(store, session.Config{UserStatus: func(context.Context, string) error {
					if slow.Swap(false) {
						time.Sleep(4 * time.Second)
					}
					return nil
				}})
				if err != nil {
					t.Fatal(err)
				}
				s, token := (&bench{Manager: m, store: store}).start(t, "alice", session.StartOptions{})
				ctx, cancel := context.WithCancel(t.Context())
				var running sync.WaitGroup
				running.Go(func() { m.Run(ctx) })
				m.Hub().Receive(session.Message{Missed: true})
				running.Go(func() {
					for ctx.Err() == nil {
						m.Hub().Receive(session.Message{})
						time.Sleep(time.Second)
					}
				})
				time.Sleep(10*time.Second + 100*time.Millisecond)
				slow.Store(true)
				conn := new(session.Conn)
				opened := make(chan error)
				go func() {
					_, err := m.Open(ctx, token.Credential(), home, conn, nil)
					opened <- err
				}()
				time.Sleep(time.Second)
				if _, err := store.Revoke(ctx, session.Revocation{UserID: "alice", Only: []session.ID{s.ID}}); err != nil { // by another process
					t.Fatal(err)
				}
				m.Hub().Receive(message(s.ID))
				if err := <-opened; err != nil {
					t.Fatal(err)
				}
				time.Sleep(2 * time.Second)
				if conn.Err() == nil {
					t.Error("it goes on")
				}
				cancel()
				running.Wait()
			})
		})
	}
}

// Whoever can send messages cannot keep requests out: they come more quickly here
// than the store can be asked.
func TestFloodOfMessagesLetsRequestsIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slow{Store: memstore.New()}
		m, err := session.New(store, session.Config{})
		if err != nil {
			t.Fatal(err)
		}
		_, token := (&bench{Manager: m, store: store}).start(t, "alice", session.StartOptions{})
		store.takes = 5 * time.Millisecond
		ctx, cancel := context.WithCancel(t.Context())
		flood := make(chan struct{})
		go func() {
			defer close(flood)
			for ctx.Err() == nil {
				m.Hub().Receive(session.Message{Everyone: true, Generations: session.Generations{Global: 1 << 40}})
				time.Sleep(time.Millisecond)
			}
		}()
		time.Sleep(time.Second)
		within, stop := context.WithTimeout(ctx, time.Second)
		defer stop()
		before, _ := store.reads()
		conn := new(session.Conn)
		opened := make(chan error, 1)
		go func() {
			_, err := m.Open(within, token.Credential(), home, conn, nil)
			opened <- err
		}()
		select {
		case err := <-opened:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(time.Second):
			t.Error("not let in within a second")
		}
		if gets, _ := store.reads(); gets-before > 2 {
			t.Errorf("the session was read %d times", gets-before)
		}
		cancel()
		<-flood
	})
}

// A UserStatus that panics where no request waits ends nothing: not the process, and
// not the questions about others.
func TestUserStatusPanics(t *testing.T) {
	var sick atomic.Bool
	b := newBench(t, session.Config{UserStatus: func(_ context.Context, userID string) error {
		if !sick.Load() {
			return nil
		}
		if userID == "alice" {
			panic("of the host")
		}
		return session.ErrDisabled
	}})
	_, hers := b.start(t, "alice", session.StartOptions{})
	_, his := b.start(t, "bob", session.StartOptions{})
	alice, bob := b.open(t, t.Context(), hers, nil), b.open(t, t.Context(), his, nil)
	sick.Store(true)
	if _, err := b.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if alice.Err() != nil || bob.Err() == nil {
		t.Errorf("alice's is %v, bob's %v", alice.Err(), bob.Err())
	}
}
