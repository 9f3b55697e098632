package storetest_test

import (
	"errors"
	"testing"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
)

var errBroken = errors.New("broken")

// TestFailing proves the two kinds of failure: with no effect, and with an
// effect whose answer is lost.
func TestFailing(t *testing.T) {
	for name, c := range map[string]struct {
		failing func(session.Store, int, error) *storetest.Hooked
		stored  int
	}{"before the effect": {storetest.Failing, 1}, "after it": {storetest.FailingLate, 2}} {
		t.Run(name, func(t *testing.T) {
			store := memstore.New()
			failing := c.failing(store, 2, errBroken)
			for i, want := range []error{nil, errBroken} {
				s := &session.Session{ID: session.ID{byte(i + 1)}, UserID: "ada"}
				if err := failing.Create(t.Context(), s); err != want {
					t.Errorf("call %d: got %v, want %v", i+1, err, want)
				}
			}
			all, err := failing.List(t.Context(), session.Query{UserID: "ada"})
			if err != nil || len(all) != c.stored {
				t.Errorf("got %d stored (error %v), want %d", len(all), err, c.stored)
			}
			if failing.Calls() != 3 {
				t.Errorf("got %d calls, want 3", failing.Calls())
			}
		})
	}
}

// TestManagerOnFailingStore fails each call that signing in, being seen and
// signing out make: the error is never a definite no, and trying again helps.
func TestManagerOnFailingStore(t *testing.T) {
	for name, failing := range map[string]func(session.Store, int, error) *storetest.Hooked{
		"before the effect": storetest.Failing, "after it": storetest.FailingLate,
	} {
		t.Run(name, func(t *testing.T) {
			for n := 1; ; n++ {
				store := failing(memstore.New(), n, errBroken)
				m, err := session.New(store, session.Config{})
				if err != nil {
					t.Fatal(err)
				}
				inAndOut(t, m)
				if store.Calls() < n {
					return
				}
			}
		})
	}
}

// inAndOut does each step until it works.
func inAndOut(t *testing.T, m *session.Manager) {
	t.Helper()
	var ticket session.Ticket
	var s *session.Session
	var token session.Token
	for _, step := range []func() error{
		func() (err error) { ticket, err = m.BeginSignIn(t.Context(), "ada"); return err },
		func() (err error) {
			s, token, err = m.Start(t.Context(), ticket, session.Origin{}, session.StartOptions{})
			return err
		},
		func() error { _, err := m.Resume(t.Context(), token.Credential(), session.Origin{}); return err },
		func() error { _, err := m.Rename(t.Context(), "ada", s.ID, "name"); return err },
		func() error { return m.Revoke(t.Context(), "ada", s.ID, session.ReasonSignedOut) },
	} {
		err := step()
		if err != nil {
			if !errors.Is(err, errBroken) || errors.Is(err, session.ErrRefused) || errors.Is(err, session.ErrNotFound) {
				t.Fatalf("got %v, want trouble and no answer", err)
			}
			err = step()
		}
		if err != nil {
			t.Fatalf("tried again: %v", err)
		}
	}
	if _, err := m.Resume(t.Context(), token.Credential(), session.Origin{}); !errors.Is(err, session.ErrRefused) && !errors.Is(err, errBroken) {
		t.Errorf("after the revocation: got %v, want a refusal", err)
	}
}
