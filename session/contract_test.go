package session_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/cachestore"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
)

// A revocation has ended a session, and its answer is lost, so that nobody was told.
// Who calls again, as the error says, is told that it is done: then it is so on an
// instance with a copy, too, and what is open here is cut. Of somebody else's nothing
// is said.
func TestRevokeAgainTellsOthers(t *testing.T) {
	var s, bobs *session.Session
	for how, revoke := range map[string]func(m *session.Manager) error{
		"Revoke": func(m *session.Manager) error {
			return m.Revoke(t.Context(), "alice", s.ID, session.ReasonSignedOut)
		},
		"RevokeEach": func(m *session.Manager) error {
			_, err := m.RevokeEach(t.Context(), "alice", []session.ID{s.ID, bobs.ID}, session.ReasonSignedOut)
			return err
		},
	} {
		t.Run(how, func(t *testing.T) {
			store := newFault(true)
			told := make(chan session.Message, 10)
			publish := session.ObserverFunc(func(_ context.Context, e session.Event) {
				if n, ok := e.Message(); ok {
					told <- n
				}
			})
			one := newBenchOver(t, store, session.Config{Observers: []session.Observer{publish}})
			var token, bob session.Token
			s, token = one.start(t, "alice", session.StartOptions{})
			bobs, bob = one.start(t, "bob", session.StartOptions{})
			conn, other := one.open(t, t.Context(), token, nil), one.open(t, t.Context(), bob, nil)

			copies, err := cachestore.New(store.mem, cachestore.Config{})
			if err != nil {
				t.Fatal(err)
			}
			two := newBenchOver(t, copies, session.Config{})
			ctx, cancel := context.WithCancel(t.Context())
			heard := make(chan struct{})
			var running sync.WaitGroup
			running.Go(func() { _ = copies.Run(ctx, relay{told, heard}, two.Hub()) })
			defer running.Wait()
			defer cancel()
			<-heard
			for range 2 { // the second time by the copy
				if err := two.resume(t, token); err != nil {
					t.Fatal(err)
				}
			}

			store.arm(1)
			if err := revoke(one.Manager); !errors.Is(err, errDown) {
				t.Fatalf("got %v, want that the answer is lost", err)
			}
			if err := revoke(one.Manager); err != nil {
				t.Fatal(err)
			}
			if conn.Err() == nil || other.Err() != nil {
				t.Errorf("alice's is cut: %v, bob's: %v", conn.Err(), other.Err())
			}
			one.mu.Lock()
			for _, e := range one.events {
				if e.Kind == session.EventRepeated && (e.UserID != "alice" || len(e.IDs) != 1 || e.IDs[0] != s.ID) {
					t.Errorf("told of %q %v", e.UserID, e.IDs)
				}
			}
			one.mu.Unlock()
			close(told)
			<-heard
			if err := two.resume(t, token); !errors.Is(err, session.ErrRevoked) {
				t.Errorf("another instance: got %v, want ErrRevoked", err)
			}
		})
	}
}

// relay is a Bus that works; heard gets a value once it does, and when all was heard.
type relay struct {
	told  <-chan session.Message
	heard chan<- struct{}
}

func (relay) Observe(context.Context, session.Event) {}

func (r relay) Run(ctx context.Context, receive func(session.Message)) error {
	receive(session.Message{Missed: true})
	receive(session.Message{})
	receive(session.Message{})
	r.heard <- struct{}{}
	for n := range r.told {
		receive(n)
	}
	r.heard <- struct{}{}
	<-ctx.Done()
	return ctx.Err()
}

// Sign-ins that come at once, all stored before any of them looks for what is beyond
// the bound: the latest stay, and not none.
func TestSignInsAtOnceKeepTheLatest(t *testing.T) {
	for _, most := range []int{1, 2} {
		const n = 4
		for _, last := range []int{0, n - 1} { // looks last, or first
			var stored sync.WaitGroup
			turns := make([]chan struct{}, n)
			for i := range turns {
				turns[i] = make(chan struct{})
			}
			b := newBenchOver(t, &storetest.Hooked{Store: memstore.New(), After: func(method string) error {
				if method == "Create" {
					stored.Done()
				}
				return nil
			}}, session.Config{})
			b.Manager = must(session.New(b.store, session.Config{Now: b.clock.now, MaxFor: func(ctx context.Context, _ string) int {
				stored.Wait()
				<-turns[ctx.Value(turnKey{}).(int)]
				return most
			}}))
			stored.Add(n)
			var signIns []*signIn
			for i := range n {
				b.clock.advance(time.Millisecond)
				s := b.signIn(t, i)
				signIns = append(signIns, s)
			}
			for i := range n {
				if last == 0 {
					i = n - 1 - i
				}
				close(turns[i])
				<-signIns[i].done
			}
			for i, s := range signIns {
				if s.err != nil {
					t.Fatal(s.err)
				}
				if err, ok := b.resume(t, s.token), i >= n-most; (err == nil) != ok {
					t.Errorf("a bound of %d, number %d of %d: got %v, want in %v", most, i, n, err, ok)
				}
			}
		}
	}
}

type turnKey struct{}

type signIn struct {
	token session.Token
	err   error
	done  chan struct{}
}

// signIn begins a sign-in that has read the clock when it returns.
func (b *bench) signIn(t *testing.T, turn int) *signIn {
	s := &signIn{done: make(chan struct{})}
	ticket, err := b.BeginSignIn(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	before := b.Stats().Started
	go func() {
		defer close(s.done)
		_, s.token, s.err = b.Start(context.WithValue(t.Context(), turnKey{}, turn), ticket, home, session.StartOptions{})
	}()
	for b.Stats().Started == before {
		time.Sleep(time.Millisecond)
	}
	return s
}

func must(m *session.Manager, err error) *session.Manager {
	if err != nil {
		panic(err)
	}
	return m
}

// A client that goes away during its sign-in does not keep more than the bound.
func TestSignInOfAClientThatGoesAway(t *testing.T) {
	leave := func() {}
	store := &storetest.Hooked{Store: memstore.New(), After: func(method string) error {
		if method == "Create" {
			leave()
		}
		return nil
	}}
	b := newBenchOver(t, store, session.Config{MaxPerUser: 2})
	for range 5 {
		b.clock.advance(time.Second)
		ticket, err := b.BeginSignIn(t.Context(), "alice")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		leave = cancel
		if _, _, err := b.Start(ctx, ticket, home, session.StartOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := store.CountLive(t.Context(), "alice"); err != nil || n != 2 {
		t.Errorf("%d are live, %v, want 2", n, err)
	}
}

// A MaxFor that panics ends no process by Run, and signs nobody out.
func TestMaxForPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Bool
		store := memstore.New()
		m := must(session.New(store, session.Config{
			MaxFor: func(context.Context, string) int {
				if broken.Load() {
					panic("no plan")
				}
				return -1
			},
		}))
		b := &bench{Manager: m, store: store}
		var token session.Token
		for range 3 {
			_, token = b.start(t, "alice", session.StartOptions{})
		}
		conn := b.open(t, t.Context(), token, nil)
		broken.Store(true)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { m.Run(ctx) })
		time.Sleep(15 * time.Minute) // all sessions are scanned
		if err := b.resume(t, token); err != nil || conn.Err() != nil {
			t.Errorf("signed out: %v, %v", err, conn.Err())
		}
		cancel()
		running.Wait()
	})
}

// torn is a store of which some sessions cannot be decoded.
type torn struct {
	session.Store
	ids map[session.ID]bool
}

func (s *torn) List(ctx context.Context, q session.Query) (whole []*session.Session, err error) {
	all, err := s.Store.List(ctx, q)
	for _, one := range all {
		if s.ids[one.ID] {
			err = session.ErrCorrupt
		} else {
			whole = append(whole, one)
		}
	}
	return whole, err
}

// Sessions that cannot be decoded hide no others.
func TestTornSessionsHideNoOthers(t *testing.T) {
	const n = 40
	store := &torn{memstore.New(), make(map[session.ID]bool)}
	b := newBenchOver(t, store, session.Config{MaxPerUser: -1})
	want := 0
	for i := range n {
		b.clock.advance(time.Second)
		s, _ := b.start(t, "alice", session.StartOptions{})
		if i%7 == 3 || i >= 10 && i < 25 { // pages of which nothing can be read
			store.ids[s.ID] = true
		} else {
			want++
		}
	}
	seen := make(map[session.ID]bool)
	var after *session.Cursor
	for {
		p, err := b.ListPage(t.Context(), "alice", after, 4)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range p.Sessions {
			seen[s.ID] = true
		}
		if after = p.Next; after == nil {
			break
		}
	}
	if len(seen) != want {
		t.Errorf("pages show %d sessions, want %d", len(seen), want)
	}
}

// What ends while everything of a user is read is there, and once.
func TestExportBesideAnEnd(t *testing.T) {
	for _, at := range []int{1, 2, 3, 4} {
		t.Run(fmt.Sprint("after read ", at), func(t *testing.T) {
			for how, end := range map[string]func(b *bench, s *session.Session) error{
				"revoked": func(b *bench, s *session.Session) error {
					_, err := b.store.(*storetest.Hooked).Store.Revoke(t.Context(), session.Revocation{UserID: "alice", Only: []session.ID{s.ID}, Ending: session.Ending{At: b.Now(), Reason: session.ReasonSignedOut}})
					return err
				},
				"expired": func(b *bench, s *session.Session) error {
					b.clock.advance(s.IdleTimeout)
					_, err := b.store.(*storetest.Hooked).Store.Purge(t.Context(), session.Purge{Now: b.Now(), Limit: 10})
					return err
				},
			} {
				lists := 0
				var b *bench
				var s *session.Session
				store := &storetest.Hooked{Store: memstore.New()}
				b = newBenchOver(t, store, session.Config{})
				s, _ = b.start(t, "alice", session.StartOptions{})
				store.After = func(method string) error {
					if method != "List" {
						return nil
					}
					if lists++; lists == at {
						return end(b, s)
					}
					return nil
				}
				e, err := b.Export(t.Context(), "alice")
				if err != nil {
					t.Fatal(err)
				}
				if len(e.Sessions) != 1 || e.Sessions[0].ID != s.ID {
					t.Errorf("%s: got %d sessions, want the one, once", how, len(e.Sessions))
				}
			}
		})
	}
}

// A ticket of a clock that was ahead and has been set back does not outlive what it
// is judged by.
func TestTicketOfAClockThatWasAhead(t *testing.T) {
	b := newBench(t, session.Config{Retention: time.Hour})
	b.clock.advance(10 * time.Hour)
	ticket, err := b.BeginSignIn(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	b.clock.advance(-10 * time.Hour)
	s, _ := b.start(t, "alice", session.StartOptions{})
	if _, err := b.RevokeAll(t.Context(), "alice", session.ReasonPasswordChanged); err != nil {
		t.Fatal(err)
	}
	b.clock.advance(3 * time.Hour)
	if _, err := b.Purge(t.Context()); err != nil { // forgets the counter
		t.Fatal(err)
	}
	if gens, err := b.store.Generation(t.Context(), "alice"); err != nil || gens.User != 0 {
		t.Fatalf("%v is kept, the test shows nothing: %v, %v", s.ID, gens, err)
	}
	if _, _, err := b.Start(t.Context(), ticket, home, session.StartOptions{}); !errors.Is(err, session.ErrOutdated) {
		t.Errorf("got %v, want ErrOutdated", err)
	}
}
