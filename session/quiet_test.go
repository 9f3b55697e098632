package session_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

// complaints keeps what a Manager warns of.
type complaints struct {
	mu   sync.Mutex
	said []string
}

func (c *complaints) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }
func (c *complaints) WithAttrs([]slog.Attr) slog.Handler           { return c }
func (c *complaints) WithGroup(string) slog.Handler                { return c }

func (c *complaints) Handle(_ context.Context, r slog.Record) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = append(c.said, r.Message)
	return nil
}

func (c *complaints) want(t *testing.T, what string, want ...string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.said) != len(want) {
		t.Errorf("%s: got %q in the log, want %q", what, c.said, want)
	} else {
		for i := range want {
			if !contains(c.said[i], want[i]) {
				t.Errorf("%s: got %q in the log, want %q", what, c.said[i], want[i])
			}
		}
	}
	c.said = nil
}

// learning is an Assessor that finds everything unusual, and learns what it is told.
type learning struct{ session.Assessor }

func (learning) Learn(context.Context, session.Case, session.Answer) ([]byte, error) {
	return []byte("learnt"), nil
}

// An operator who looks into the log when something is wrong finds nothing there of
// days on which nothing was: each way in which sessions end, and Run, are quiet.
func TestNothingIsLoggedOfWhatWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := new(complaints)
		var disabled atomic.Bool
		b := &bench{store: memstore.New()}
		m, err := session.New(b.store, session.Config{
			Logger: slog.New(log), ProfileKeys: session.NewKeys(profileKey), Assessor: learning{unusual},
			MaxPerUser: 3, RevokeReused: true, WatchMode: -1, Limits: session.Limits{Rotation: 10 * time.Minute},
			Observers: []session.Observer{session.ObserverFunc(func(context.Context, session.Event) {})},
			UserStatus: func(_ context.Context, userID string) error {
				if disabled.Load() && userID == "carol" {
					return session.ErrDisabled
				}
				return nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		b.Manager = m
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); m.Run(ctx) }()

		id := session.NewDeviceID()
		first, token := b.start(t, "alice", session.StartOptions{DeviceID: id})
		conn := b.open(t, t.Context(), token, nil)
		for range 4 { // more than she may have
			time.Sleep(time.Second)
			b.start(t, "alice", session.StartOptions{DeviceID: session.NewDeviceID()})
		}
		log.want(t, "sign-ins beyond the bound")
		old, _ := b.start(t, "alice", session.StartOptions{DeviceID: id})
		again, _ := b.start(t, "alice", session.StartOptions{DeviceID: id, Replaces: old}) // and its browser's former one
		log.want(t, "a session that replaces another")
		_, err = m.Adopt(ctx, session.ForeignCredential("one"), home, session.Adoption{UserID: "bob", Replaces: again})
		if err != nil {
			t.Fatal(err)
		}
		log.want(t, "an adopted session that replaces another user's")
		if _, err := m.Confirm(ctx, "alice", again.ID, first.ID); err != nil && !errors.Is(err, session.ErrNotFound) && !errors.Is(err, session.ErrNotOlder) {
			t.Error(err)
		}
		doubted, _ := b.start(t, "dave", session.StartOptions{DeviceID: session.NewDeviceID()})
		if err := m.Deny(ctx, "dave", doubted.ID, session.ID{}); err != nil {
			t.Error(err)
		}
		log.want(t, "answers")

		keep, _ := b.start(t, "eve", session.StartOptions{DeviceID: session.NewDeviceID()})
		b.start(t, "eve", session.StartOptions{DeviceID: session.NewDeviceID()})
		if r, err := m.Reauthenticated(ctx, "eve", keep.ID, session.Proof{RevokeOthers: session.ReasonPasswordChanged}); err != nil || r.Revoked != 1 {
			t.Errorf("got %+v, %v", r, err)
		}
		log.want(t, "a change of the password")

		_, token = b.start(t, "frank", session.StartOptions{DeviceID: session.NewDeviceID()})
		var former session.Token
		for range 2 {
			former = token
			time.Sleep(11 * time.Minute)
			next, err := m.RotatePeriodic(ctx, token)
			if err != nil || next.IsZero() {
				t.Fatal(err)
			}
			token = next
			b.use(t, token, home)
			time.Sleep(2 * session.RotationGrace)
			b.use(t, token, home)
		}
		if err := b.resume(t, former); err != session.ErrReused {
			t.Errorf("got %v, want ErrReused", err)
		}
		if err := b.resume(t, token); err != session.ErrRevoked {
			t.Errorf("after the reuse: got %v, want ErrRevoked", err)
		}
		log.want(t, "a reuse")

		_, token = b.start(t, "carol", session.StartOptions{})
		carols := b.open(t, t.Context(), token, nil)
		disabled.Store(true)
		time.Sleep(10 * time.Second)
		if carols.Err() == nil {
			t.Error("what is open of a disabled user was not cut")
		}
		if err := m.RevokeEveryone(ctx, session.ReasonEveryone); err != nil {
			t.Error(err)
		}
		time.Sleep(11 * time.Minute)
		if conn.Err() == nil || b.Stats().StoreErrors != 0 {
			t.Errorf("got %+v", b.Stats())
		}
		if _, err := m.Purge(ctx); err != nil {
			t.Error(err)
		}
		log.want(t, "a while of Run")
		stop()
		<-done
		log.want(t, "the end of Run")
	})
}

// And what fails is there.
func TestWhatFailsIsLogged(t *testing.T) {
	log := new(complaints)
	broken := errors.New("broken")
	var status error
	b := newBench(t, session.Config{
		Logger: slog.New(log),
		Observers: []session.Observer{session.ObserverFunc(func(_ context.Context, e session.Event) {
			if e.Kind == session.EventRenamed {
				panic("an observer")
			}
		})},
		UserStatus: func(context.Context, string) error { return status },
	})
	s, token := b.start(t, "alice", session.StartOptions{})
	conn := b.open(t, t.Context(), token, nil)
	defer conn.Close()
	if _, err := b.Rename(t.Context(), "alice", s.ID, "mine"); err != nil {
		t.Error(err)
	}
	log.want(t, "an observer that panics", "observer panicked")
	status = broken
	b.purge(t)
	log.want(t, "nobody knows whether she may be signed in", "UserStatus")
	status = nil
	b.purge(t)
	log.want(t, "it is known again")
}
