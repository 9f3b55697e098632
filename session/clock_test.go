package session_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/cachestore"
	"github.com/signedin/signedin/store/memstore"
)

// clockStore is a store on a server with a clock of its own.
type clockStore struct {
	*memstore.Store
	ahead time.Duration // of this machine's
	err   error
}

func (s clockStore) ServerTime(context.Context) (time.Time, error) {
	return time.Now().Add(s.ahead), s.err
}

// TestPurgeLooksAtTheClock has a machine whose clock is wrong purge: nobody who
// is active is signed out, and no counter forgotten that a sign-in under way was
// overtaken by.
func TestPurgeLooksAtTheClock(t *testing.T) {
	for name, c := range map[string]struct {
		server  time.Duration
		err     error
		now     func() time.Time
		refuses bool
	}{
		"8 days ahead of the server":   {server: -8 * 24 * time.Hour, refuses: true},
		"29 days ahead":                {server: -29 * 24 * time.Hour, refuses: true},
		"two minutes behind":           {server: 2 * time.Minute, refuses: true},
		"half a minute":                {server: 30 * time.Second},
		"the server does not tell":     {server: -time.Hour, err: errors.ErrUnsupported},
		"the host brings its clock":    {server: -time.Hour, now: time.Now},
		"the server cannot be reached": {err: errors.New("unreachable"), refuses: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := clockStore{memstore.New(), c.server, c.err}
				m, err := session.New(st, session.Config{Now: c.now})
				if err != nil {
					t.Fatal(err)
				}
				ticket, err := m.BeginSignIn(t.Context(), "ada")
				if err != nil {
					t.Fatal(err)
				}
				_, _, err = m.Start(t.Context(), ticket, session.Origin{}, session.StartOptions{})
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(8 * 24 * time.Hour) // idle for too long, if the clock is right
				_, err = m.Purge(t.Context())
				if (err != nil) != c.refuses {
					t.Errorf("Purge: got error %v, want one: %v", err, c.refuses)
				}
				if wrong := new(session.ClockError); c.refuses && c.err == nil && !errors.As(err, &wrong) {
					t.Errorf("Purge: got error %v, want a ClockError", err)
				}
				ended, err := st.List(t.Context(), session.Query{UserID: "ada", State: session.StateEnded})
				if err != nil || len(ended) == 0 != c.refuses {
					t.Errorf("List: got %d sessions that ended (error %v); Purge refused: %v", len(ended), err, c.refuses)
				}
			})
		})
	}
}

// A cache passes on what its store says.
var _ session.Clock = (*cachestore.Store)(nil)
