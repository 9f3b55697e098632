package session_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
)

func renew(m *session.Manager, old, renewed string) (*session.Session, error) {
	return m.Renewed(context.Background(), session.ForeignCredential(old), session.ForeignCredential(renewed))
}

// tell collects what the observers hear of.
func tell(kinds *[]session.EventKind) session.Config {
	return session.Config{Observers: []session.Observer{session.ObserverFunc(func(_ context.Context, e session.Event) {
		*kinds = append(*kinds, e.Kind)
	})}}
}

// A renewed token is one more name of the session: the same device, and what is
// open stays open.
func TestRenewed(t *testing.T) {
	t.Parallel()
	m, pass := clocked(t, memstore.New(), session.Config{})
	first := adopt(t, m, "old", adas)
	conn := new(session.Conn)
	if _, err := m.Open(t.Context(), session.ForeignCredential("old"), session.Origin{}, conn, nil); err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	pass(time.Hour)
	for range 2 { // the second time nothing is left to do
		if s, err := renew(m, "old", "new"); err != nil || s.ID != first.ID {
			t.Fatalf("got %v, %v", s, err)
		}
	}
	for _, token := range []string{"new", "old"} { // requests with the old one are under way
		if err := resume(t, m, token); err != nil {
			t.Errorf("%s: %v", token, err)
		}
	}
	if s := adopt(t, m, "new", adas); s.ID != first.ID || !s.First.At.Equal(first.First.At) {
		t.Errorf("adopted again: got %v, want %v", s.ID, first.ID)
	}
	if live, err := m.List(t.Context(), "ada"); err != nil || len(live) != 1 {
		t.Errorf("got %d devices, %v, want 1", len(live), err)
	}
	if conn.Err() != nil {
		t.Error("what was open was cut")
	}
	second := new(session.Conn)
	if s, err := m.Open(t.Context(), session.ForeignCredential("new"), session.Origin{}, second, nil); err != nil || s.ID != first.ID {
		t.Fatalf("got %v, %v", s, err)
	}
	defer second.Close()
	if err := m.Revoke(t.Context(), "ada", first.ID, session.ReasonSignedOutRemote); err != nil {
		t.Fatal(err)
	}
	if conn.Err() == nil || second.Err() == nil {
		t.Error("what was open was not cut")
	}
	for _, token := range []string{"old", "new"} {
		if err := resume(t, m, token); !errors.Is(err, session.ErrRevoked) {
			t.Errorf("%s: got %v", token, err)
		}
	}
	if standing, s, err := m.Standing(t.Context(), session.ForeignCredential("new")); standing != session.StandingOver || s.ID != first.ID || err != nil {
		t.Errorf("got %v, %v, %v", standing, s, err)
	}
}

// A token that was renewed long ago is what a replaced secret is: somebody has a
// copy of it.
func TestRenewedAndStolen(t *testing.T) {
	t.Parallel()
	var kinds []session.EventKind
	m, pass := clocked(t, memstore.New(), tell(&kinds))
	adopt(t, m, "old", adas)
	if _, err := renew(m, "old", "new"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := resume(t, m, "new"); err != nil {
			t.Fatal(err)
		}
		pass(session.RotationGrace)
	}
	if _, err := m.Adopt(t.Context(), session.ForeignCredential("old"), session.Origin{}, adas); !errors.Is(err, session.ErrReused) {
		t.Errorf("adopted: got %v", err)
	}
	if slices.Contains(kinds, session.EventReused) {
		t.Fatal("told before it was shown")
	}
	if err := resume(t, m, "old"); !errors.Is(err, session.ErrReused) {
		t.Errorf("got %v", err)
	}
	if !slices.Contains(kinds, session.EventReused) || !slices.Contains(kinds, session.EventSuspended) {
		t.Errorf("told: %v", kinds)
	}
	if err := resume(t, m, "new"); !errors.Is(err, session.ErrSuspended) {
		t.Errorf("the other holder: got %v", err)
	}
	// Whoever shows it cannot have it renewed.
	if _, err := renew(m, "old", "thief's"); !errors.Is(err, session.ErrReused) {
		t.Errorf("got %v", err)
	}
	if err := resume(t, m, "thief's"); !errors.Is(err, session.ErrRefused) || errors.Is(err, session.ErrUnknown) {
		t.Errorf("got %v", err)
	}
}

// Renewals that come one after the other, before the client has used the token
// between, alarm nobody.
func TestRenewedTwiceAtOnce(t *testing.T) {
	t.Parallel()
	var kinds []session.EventKind
	m, _ := clocked(t, memstore.New(), tell(&kinds))
	adopt(t, m, "old", adas)
	for _, next := range []string{"one", "two"} { // of two requests with the same token
		if _, err := renew(m, "old", next); err != nil {
			t.Fatal(err)
		}
	}
	for _, token := range []string{"one", "two", "one"} { // whichever the browser keeps
		if err := resume(t, m, token); err != nil {
			t.Errorf("%s: %v", token, err)
		}
	}
	if err := resume(t, m, "old"); !errors.Is(err, session.ErrForged) || slices.Contains(kinds, session.EventReused) {
		t.Errorf("got %v, told %v", err, kinds)
	}
}

// By whichever of its tokens a host names a session, it is that one.
func TestRenewedIsNamedByEach(t *testing.T) {
	t.Parallel()
	m, _ := clocked(t, memstore.New(), session.Config{})
	first := adopt(t, m, "old", adas)
	if _, err := renew(m, "old", "new"); err != nil {
		t.Fatal(err)
	}
	named := session.ForeignCredential("new").ID
	adopt(t, m, "another", adas)
	if n, err := m.RevokeAllExcept(t.Context(), "ada", named, session.ReasonPasswordChanged); n != 1 || err != nil {
		t.Errorf("all but it: got %d, %v", n, err)
	}
	if s, err := m.Rename(t.Context(), "ada", named, "Desk"); err != nil || s.ID != first.ID {
		t.Errorf("got %v, %v", s, err)
	}
	if err := m.Revoke(t.Context(), "bob", named, session.ReasonAdmin); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("another user: got %v", err)
	}
	if err := m.Revoke(t.Context(), "ada", named, session.ReasonAdmin); err != nil {
		t.Error(err)
	}
	if err := resume(t, m, "old"); !errors.Is(err, session.ErrRevoked) {
		t.Errorf("got %v", err)
	}
}

// What was revoked is not revived by a new token, whichever comes first, nor after
// the user was erased, nor after years.
func TestRenewedAfterAnEnd(t *testing.T) {
	t.Parallel()
	m, pass := clocked(t, memstore.New(), session.Config{})
	s := adopt(t, m, "old", adas)
	if err := m.Revoke(t.Context(), "ada", s.ID, session.ReasonSignedOutRemote); err != nil {
		t.Fatal(err)
	}
	if _, err := renew(m, "old", "new"); !errors.Is(err, session.ErrRevoked) {
		t.Errorf("got %v", err)
	}
	refused := func(when string) {
		t.Helper()
		if _, err := m.Adopt(t.Context(), session.ForeignCredential("new"), session.Origin{}, adas); !errors.Is(err, session.ErrRevoked) {
			t.Errorf("%s: adopted: got %v", when, err)
		}
		if err := resume(t, m, "new"); !errors.Is(err, session.ErrRevoked) {
			t.Errorf("%s: got %v", when, err)
		}
	}
	refused("at once")
	pass(400 * 24 * time.Hour)
	if _, err := m.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	refused("a year later")
	if err := m.Erase(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	refused("erased")
	if err := m.Disown(t.Context(), session.ForeignCredential("new")); err != nil {
		t.Fatal(err)
	}
	if err := resume(t, m, "new"); !errors.Is(err, session.ErrUnknown) {
		t.Errorf("forgotten: got %v", err)
	}
	if _, err := renew(m, "never seen", "x"); !errors.Is(err, session.ErrUnknown) {
		t.Errorf("got %v", err)
	}
}

// A revocation that comes between the steps of a renewal wins.
func TestRenewedBesideARevocation(t *testing.T) {
	t.Parallel()
	for _, before := range []string{"Create", "Update"} {
		store := &storetest.Hooked{Store: memstore.New()}
		m, _ := clocked(t, store, session.Config{})
		s := adopt(t, m, "old", adas)
		var once sync.Once
		store.Before = func(method string) error {
			if method == before {
				once.Do(func() {
					if err := m.Revoke(context.Background(), "ada", s.ID, session.ReasonAdmin); err != nil {
						t.Error(err)
					}
				})
			}
			return nil
		}
		if _, err := renew(m, "old", "new"); !errors.Is(err, session.ErrRevoked) {
			t.Errorf("%s: got %v", before, err)
		}
		if err := resume(t, m, "new"); !errors.Is(err, session.ErrRefused) || errors.Is(err, session.ErrUnknown) {
			t.Errorf("%s: got %v", before, err)
		}
	}
}

// After trouble the same call finishes what was begun.
func TestRenewedAfterTrouble(t *testing.T) {
	t.Parallel()
	for _, failing := range []string{"Generation", "Create", "Update"} {
		store := &storetest.Hooked{Store: memstore.New()}
		m, _ := clocked(t, store, session.Config{})
		adopt(t, m, "old", adas)
		store.Before = func(method string) error {
			if method == failing {
				return errors.New("down")
			}
			return nil
		}
		if _, err := renew(m, "old", "new"); err == nil || errors.Is(err, session.ErrRefused) {
			t.Errorf("%s: got %v", failing, err)
		}
		store.Before = nil
		if _, err := renew(m, "old", "new"); err != nil {
			t.Errorf("%s: %v", failing, err)
		}
		if err := resume(t, m, "new"); err != nil {
			t.Errorf("%s: %v", failing, err)
		}
	}
}

// A new token that was adopted before Renewed was called has a session already:
// the old one ends, so that the device is there once.
func TestRenewedTooLate(t *testing.T) {
	t.Parallel()
	m, _ := clocked(t, memstore.New(), session.Config{})
	adopt(t, m, "old", adas)
	known := adopt(t, m, "new", adas)
	if s, err := renew(m, "old", "new"); err != nil || s.ID != known.ID {
		t.Errorf("got %v, %v", s, err)
	}
	if live, err := m.List(t.Context(), "ada"); err != nil || len(live) != 1 || live[0].ID != known.ID {
		t.Errorf("got %v, %v", ids(live), err)
	}
	adopt(t, m, "bob's", session.Adoption{UserID: "bob"})
	if _, err := renew(m, "new", "bob's"); err == nil {
		t.Error("got another user's session")
	}
}
