package session_test

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

// slow is a store that answers in 5 ms and counts how often it is asked.
type slow struct {
	session.Store
	takes time.Duration

	mu    sync.Mutex
	gets  int // sessions that were read one by one
	manys int // reads of many
}

func (s *slow) Get(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
	s.mu.Lock()
	s.gets++
	s.mu.Unlock()
	time.Sleep(s.takes)
	return s.Store.Get(ctx, id)
}

func (s *slow) GetMany(ctx context.Context, ids []session.ID) ([]session.Found, error) {
	s.mu.Lock()
	s.manys++
	s.mu.Unlock()
	time.Sleep(s.takes)
	return s.Store.GetMany(ctx, ids)
}

func (s *slow) reads() (gets, manys int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gets, s.manys
}

// office is a process with n connections open, over a store that others use too.
func office(t *testing.T, store *slow, n int, cfg session.Config) (*session.Manager, []*session.Conn) {
	t.Helper()
	m, err := session.New(store, cfg)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{Manager: m, store: store}
	store.takes = 0
	conns := make([]*session.Conn, n)
	for i := range conns {
		user := "alice"
		if i >= 50 { // or a sign-in looks at all of hers
			user = fmt.Sprint("user ", i)
		}
		_, token := b.start(t, user, session.StartOptions{})
		conns[i] = new(session.Conn)
		if _, err := m.Open(t.Context(), token.Credential(), home, conns[i], new(cutCounter).Cut); err != nil {
			t.Fatal(err)
		}
	}
	store.takes = 5 * time.Millisecond
	return m, conns
}

const many = 5_000 // of 100,000 the same was seen

// With this many open, and a store that takes 5 ms, what another process ended
// is cut within five seconds, whatever flushes and purges do meanwhile.
func TestCutWithinFiveSeconds(t *testing.T) {
	for name, bus := range map[string]bool{"no bus": false, "a bus that dies": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &slow{Store: memstore.New()}
				m, conns := office(t, store, many, session.Config{MaxPerUser: -1, TouchInterval: time.Hour})
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() { defer close(done); m.Run(ctx) }()
				if bus {
					m.Hub().Receive(session.Message{Missed: true})
					for range 30 {
						time.Sleep(time.Second)
						m.Hub().Receive(session.Message{})
					}
				}
				time.Sleep(100 * time.Millisecond)
				for _, c := range conns[many/2:] { // by another process
					if _, err := store.Store.Revoke(ctx, session.Revocation{UserID: c.Session().UserID, Only: []session.ID{c.Session().ID}}); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(5 * time.Second)
				for i, c := range conns {
					if over := c.Err() != nil; over != (i >= many/2) {
						t.Fatalf("after 5 s number %d: over %v", i, over)
					}
				}
				cancel()
				<-done
			})
		})
	}
}

// While a bus is alive nothing is polled.
func TestNothingIsPolledWithABus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slow{Store: memstore.New()}
		m, _ := office(t, store, 100, session.Config{MaxPerUser: -1, TouchInterval: time.Hour})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); m.Run(ctx) }()
		m.Hub().Receive(session.Message{Missed: true})
		for range 3 {
			time.Sleep(time.Second)
			m.Hub().Receive(session.Message{})
		}
		_, before := store.reads()
		for range 50 {
			time.Sleep(time.Second)
			m.Hub().Receive(session.Message{})
		}
		if gets, manys := store.reads(); gets-100 > 0 || manys != before {
			t.Errorf("read %d and %d times in 50 s", gets-100, manys-before)
		}
		cancel()
		<-done
	})
}

// A message is a hint: what it says is looked up, and a forged one ends nothing,
// cuts nothing, and costs a bounded number of reads.
func TestForgedMessages(t *testing.T) {
	for name, forge := range map[string]func(s *session.Session) session.Message{
		"ended":   func(s *session.Session) session.Message { return session.Message{Ended: []session.ID{s.ID}} },
		"changed": func(s *session.Session) session.Message { return session.Message{Changed: []session.ID{s.ID}} },
		"user": func(s *session.Session) session.Message {
			return session.Message{UserID: s.UserID, Generations: session.Generations{User: 1 << 40}}
		},
		"everyone": func(s *session.Session) session.Message { return session.Message{Everyone: true} },
		"below": func(s *session.Session) session.Message {
			return session.Message{Everyone: true, Generations: session.Generations{Global: 1 << 40}}
		},
		"missed": func(s *session.Session) session.Message { return session.Message{Missed: true} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &slow{Store: memstore.New()}
				m, conns := office(t, store, 10, session.Config{MaxPerUser: -1, TouchInterval: time.Hour})
				store.takes = 0
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() { defer close(done); m.Run(ctx) }()
				gets, manys := store.reads()
				for range 10 { // seconds
					for range 1000 {
						m.Hub().Receive(forge(conns[3].Session()))
					}
					time.Sleep(time.Second)
				}
				_, after := store.reads()
				if n := after - manys; n > 40 {
					t.Errorf("10,000 messages in 10 s had the store read %d times", n)
				}
				for i, c := range conns {
					if c.Err() != nil {
						t.Fatalf("number %d was cut: %v", i, context.Cause(c))
					}
				}
				_ = gets
				cancel()
				<-done
			})
		})
	}
}

// A true message cuts before Receive returns.
func TestTrueMessages(t *testing.T) {
	for name, n := range map[string]func(s *session.Session) session.Message{
		"ended": func(s *session.Session) session.Message { return session.Message{Ended: []session.ID{s.ID}} },
		"user": func(s *session.Session) session.Message {
			return session.Message{UserID: s.UserID, Generations: session.Generations{User: 1}}
		},
		"everyone": func(s *session.Session) session.Message { return session.Message{Everyone: true} },
		"missed":   func(s *session.Session) session.Message { return session.Message{Missed: true} },
	} {
		store := &slow{Store: memstore.New()}
		m, conns := office(t, store, 3, session.Config{})
		if _, err := store.Store.Revoke(t.Context(), session.Revocation{UserID: "alice", All: true}); err != nil {
			t.Fatal(err)
		}
		m.Hub().Receive(n(conns[0].Session()))
		if context.Cause(conns[0]) != session.ErrRevoked {
			t.Errorf("%s: got %v", name, context.Cause(conns[0]))
		}
	}
}

// Disabled means out, at once, and enabling brings nothing back.
func TestDisable(t *testing.T) {
	b := newBench(t, session.Config{})
	_, token := b.start(t, "alice", session.StartOptions{})
	conn := b.open(t, t.Context(), token, nil)
	ticket, err := b.BeginSignIn(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Disable(t.Context(), "alice"); err != nil {
		t.Fatal(err)
	}
	if context.Cause(conn) != session.ErrRevoked {
		t.Errorf("what was open: %v", context.Cause(conn))
	}
	if err := b.resume(t, token); err != session.ErrRevoked {
		t.Errorf("a session: %v", err)
	}
	if _, _, err := b.Start(t.Context(), ticket, home, session.StartOptions{}); !errorIs(err, session.ErrOutdated) {
		t.Errorf("a sign-in under way: %v", err)
	}
	ended, err := b.History(t.Context(), "alice", 0)
	if err != nil || len(ended) != 1 || ended[0].Ended.Reason != session.ReasonDisabled {
		t.Errorf("got %+v, %v", ended, err)
	}
	b.start(t, "alice", session.StartOptions{}) // later ones are the host's to refuse
}

// The first no of UserStatus does what Disable does: to requests, to sign-ins,
// and to what is open and asks nothing.
func TestUserStatusDisables(t *testing.T) {
	for name, notice := range map[string]func(b *bench, token session.Token) error{
		"a request": func(b *bench, token session.Token) error {
			if err := b.resume(t, token); err != session.ErrDisabled {
				t.Errorf("got %v", err)
			}
			return nil
		},
		"a purge": func(b *bench, _ session.Token) error { _, err := b.Purge(t.Context()); return err },
		"a sign-in": func(b *bench, _ session.Token) error {
			ticket, err := b.BeginSignIn(t.Context(), "alice")
			if err == nil {
				if _, _, err := b.Start(t.Context(), ticket, home, session.StartOptions{}); !errorIs(err, session.ErrDisabled) {
					t.Errorf("got %v", err)
				}
			}
			return err
		},
	} {
		var disabled atomic.Bool
		b := newBench(t, session.Config{UserStatus: func(_ context.Context, userID string) error {
			if disabled.Load() && userID == "alice" {
				return session.ErrDisabled
			}
			return nil
		}})
		_, token := b.start(t, "alice", session.StartOptions{})
		_, bobs := b.start(t, "bob", session.StartOptions{})
		conn, other := b.open(t, t.Context(), token, nil), b.open(t, t.Context(), bobs, nil)
		disabled.Store(true)
		if err := notice(b, token); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if conn.Err() == nil || other.Err() != nil {
			t.Errorf("%s: open %v, another's %v", name, conn.Err(), other.Err())
		}
		disabled.Store(false)
		if err := b.resume(t, token); err != session.ErrRevoked {
			t.Errorf("%s: once enabled again: %v", name, err)
		}
	}
}

// What is open is asked about once a user and interval.
func TestUserStatusOfWhatIsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		var disabled atomic.Bool
		store := &slow{Store: memstore.New()}
		m, conns := office(t, store, 50, session.Config{UserStatus: func(context.Context, string) error {
			asked.Add(1)
			if disabled.Load() {
				return session.ErrDisabled
			}
			return nil
		}})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); m.Run(ctx) }()
		asked.Store(0)
		time.Sleep(51 * time.Second)
		if n := asked.Load(); n != 10 {
			t.Errorf("asked %d times in 51 s about one user, want 10", n)
		}
		disabled.Store(true)
		time.Sleep(6 * time.Second)
		for _, c := range conns {
			if c.Err() == nil {
				t.Fatal("goes on")
			}
		}
		cancel()
		<-done
	})
}

// A session that is seen from two networks in turn moves once in a while.
func TestMovesAreBounded(t *testing.T) {
	var assessed int
	store := &profiled{Store: memstore.New()}
	b := newBenchOver(t, store, session.Config{ProfileKeys: session.NewKeys(profileKey), Assessor: session.AssessorFunc(
		func(context.Context, session.Case) (session.Verdict, error) {
			assessed++
			return session.Verdict{Profile: []byte("x")}, nil
		})})
	_, token := b.start(t, "alice", session.StartOptions{})
	six := session.Origin{IP: netip.MustParseAddr("2001:db8:1::1"), Hints: home.Hints}
	assessed, store.calls = 0, 0
	b.kinds()
	for i := range 200 {
		from := home
		if i%2 == 1 {
			from = six
		}
		b.clock.advance(100 * time.Millisecond)
		if _, err := b.Resume(t.Context(), token.Credential(), from); err != nil {
			t.Fatal(err)
		}
	}
	if moved := len(b.kinds()); assessed > 2 || moved > 2 || store.calls > 8 {
		t.Errorf("200 requests in 20 s: assessed %d times, %d events, %d calls for the profile", assessed, moved, store.calls)
	}
}

// profiled counts the calls for profiles.
type profiled struct {
	*memstore.Store
	calls int
}

func (p *profiled) Profile(ctx context.Context, userID string) ([]byte, int64, error) {
	p.calls++
	return p.Store.Profile(ctx, userID)
}

func (p *profiled) SaveProfile(ctx context.Context, userID string, blob []byte, version int64) error {
	p.calls++
	return p.Store.SaveProfile(ctx, userID, blob, version)
}
