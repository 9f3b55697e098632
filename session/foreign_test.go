package session_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
)

var adas = session.Adoption{UserID: "ada"}

// clocked returns a Manager over store whose clock the caller moves.
func clocked(t *testing.T, store session.Store, cfg session.Config) (*session.Manager, func(time.Duration)) {
	t.Helper()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	cfg.Now = func() time.Time { return now }
	m, err := session.New(store, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m, func(d time.Duration) { now = now.Add(d) }
}

func adopt(t *testing.T, m *session.Manager, token string, f session.Adoption) *session.Session {
	t.Helper()
	s, err := m.Adopt(t.Context(), session.ForeignCredential(token), session.Origin{}, f)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func resume(t *testing.T, m *session.Manager, token string) error {
	t.Helper()
	_, err := m.Resume(t.Context(), session.ForeignCredential(token), session.Origin{})
	return err
}

func TestAdoptAtOnce(t *testing.T) {
	t.Parallel()
	const n = 8
	var all sync.WaitGroup
	all.Add(n)
	store := &storetest.Hooked{Store: memstore.New(), Before: func(method string) error {
		if method == "Create" { // all have seen that there is none
			all.Done()
			all.Wait()
		}
		return nil
	}}
	var started sync.Map
	var done sync.WaitGroup
	for range n {
		m, _ := clocked(t, store, session.Config{Observers: []session.Observer{session.ObserverFunc(func(_ context.Context, e session.Event) {
			if _, again := started.LoadOrStore(e.Kind, true); again || e.Kind != session.EventAdopted {
				t.Errorf("got a second event, or another: %s", e.Kind)
			}
		})}})
		done.Go(func() {
			if s := adopt(t, m, "tok", adas); s.UserID != "ada" || s.Carrier != session.CarrierForeign {
				t.Errorf("got %+v", s)
			}
		})
	}
	done.Wait()
	m, _ := clocked(t, store, session.Config{})
	if live, err := m.List(t.Context(), "ada"); len(live) != 1 || err != nil {
		t.Errorf("got %d sessions, %v, want 1", len(live), err)
	}
}

func TestAdoptDoesNotRevive(t *testing.T) {
	t.Parallel()
	m, pass := clocked(t, memstore.New(), session.Config{})
	c := session.ForeignCredential("tok")
	s := adopt(t, m, "tok", adas)
	if err := m.Revoke(t.Context(), "ada", s.ID, session.ReasonSignedOutRemote); err != nil {
		t.Fatal(err)
	}
	check := func(when string) {
		t.Helper()
		if err := resume(t, m, "tok"); !errors.Is(err, session.ErrRevoked) {
			t.Errorf("%s: resume: got %v", when, err)
		}
		for _, user := range []string{"ada", "bob"} {
			if _, err := m.Adopt(t.Context(), c, session.Origin{}, session.Adoption{UserID: user}); !errors.Is(err, session.ErrRevoked) {
				t.Errorf("%s: adopt for %s: got %v", when, user, err)
			}
		}
	}
	check("at once")
	if err := m.Disown(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	check("forgotten within the retention")
	pass(29 * 24 * time.Hour)
	if n, err := m.Purge(t.Context()); n != 1 || err != nil {
		t.Fatalf("purge: %d, %v", n, err)
	}
	if old, err := m.History(t.Context(), "ada", 0); len(old) > 0 || err != nil {
		t.Errorf("history after the retention: %d, %v", len(old), err)
	}
	check("after the retention")
	pass(10 * 365 * 24 * time.Hour)
	if _, err := m.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	check("years later")
	if err := m.Disown(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if err := resume(t, m, "tok"); !errors.Is(err, session.ErrUnknown) {
		t.Errorf("once the issuer has refused it: got %v", err)
	}
}

func TestForeignHasTheIssuersLimits(t *testing.T) {
	t.Parallel()
	m, pass := clocked(t, memstore.New(), session.Config{Preset: session.PresetHighValue, MaxPerUser: 2})
	for _, token := range []string{"a", "b", "c"} {
		adopt(t, m, token, adas)
	}
	ticket, err := m.BeginSignIn(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := m.Start(t.Context(), ticket, session.Origin{}, session.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	pass(5 * 365 * 24 * time.Hour)
	for _, token := range []string{"a", "b", "c"} {
		if err := resume(t, m, token); err != nil {
			t.Errorf("%s, after five years: %v", token, err)
		}
	}
	expiring := adas
	expiring.ExpiresAt = m.Now().Add(time.Hour)
	adopt(t, m, "d", expiring)
	idle := adas
	idle.IdleTimeout = 2 * time.Hour
	adopt(t, m, "e", idle)
	pass(time.Hour)
	if err := resume(t, m, "d"); !errors.Is(err, session.ErrExpired) {
		t.Errorf("expired: got %v", err)
	}
	if err := resume(t, m, "e"); err != nil {
		t.Errorf("not idle yet: got %v", err)
	}
	pass(3 * time.Hour)
	if err := resume(t, m, "e"); !errors.Is(err, session.ErrExpired) {
		t.Errorf("idle: got %v", err)
	}
}

func TestChildEndsWithItsParent(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(m *session.Manager, parent *session.Session) error{
		"revoke": func(m *session.Manager, p *session.Session) error {
			return m.Revoke(t.Context(), "ada", p.ID, session.ReasonSignedOut)
		},
		"all": func(m *session.Manager, _ *session.Session) error {
			_, err := m.RevokeAll(t.Context(), "ada", session.ReasonAdmin)
			return err
		},
	} {
		store := &storetest.Hooked{Store: memstore.New()}
		m, _ := clocked(t, store, session.Config{})
		parent, other := adopt(t, m, "parent", adas), adopt(t, m, "other", adas)
		child := adopt(t, m, "child", session.Adoption{UserID: "ada", Parent: parent.ID})
		if id, ok := child.Parent(); !ok || id != parent.ID {
			t.Errorf("%s: got parent %v, %v", name, id, ok)
		}
		if _, ok := other.Parent(); ok {
			t.Errorf("%s: the other has a parent", name)
		}
		var conn session.Conn
		if _, err := m.Open(t.Context(), session.ForeignCredential("child"), session.Origin{}, &conn, nil); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := end(m, parent); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := context.Cause(&conn); got != session.ErrRevoked {
			t.Errorf("%s: what was open on the child: got %v", name, got)
		}
		conn.Close()
		if err := resume(t, m, "child"); !errors.Is(err, session.ErrRevoked) {
			t.Errorf("%s: got %v", name, err)
		}
		if err := resume(t, m, "other"); name == "revoke" && err != nil {
			t.Errorf("%s: the other: got %v", name, err)
		}
	}
}

// A child is over with its parent even if ending it fails.
func TestChildIsJudgedByItsParent(t *testing.T) {
	t.Parallel()
	store := &storetest.Hooked{Store: memstore.New()}
	m, _ := clocked(t, store, session.Config{})
	parent := adopt(t, m, "parent", adas)
	adopt(t, m, "child", session.Adoption{UserID: "ada", Parent: parent.ID})
	if err := resume(t, m, "child"); err != nil {
		t.Fatal(err)
	}
	store.Before = func(method string) error {
		if method == "List" {
			return errors.New("down")
		}
		return nil
	}
	if err := m.Revoke(t.Context(), "ada", parent.ID, session.ReasonSignedOut); err != nil {
		t.Fatal(err)
	}
	if err := resume(t, m, "child"); !errors.Is(err, session.ErrRevoked) {
		t.Errorf("got %v", err)
	}
	if got := m.Stats().Refused; got != 1 {
		t.Errorf("got %d refused, want 1", got)
	}
}

// What is open on a child ends with a parent that ends by time.
func TestChildEndsWithAParentThatExpired(t *testing.T) {
	t.Parallel()
	m, pass := clocked(t, memstore.New(), session.Config{})
	parent := adopt(t, m, "parent", session.Adoption{UserID: "ada", IdleTimeout: time.Hour})
	adopt(t, m, "child", session.Adoption{UserID: "ada", Parent: parent.ID})
	var conn session.Conn
	if _, err := m.Open(t.Context(), session.ForeignCredential("child"), session.Origin{}, &conn, nil); err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, want := range []error{nil, session.ErrExpired} {
		if _, err := m.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := context.Cause(&conn); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
		pass(2 * time.Hour)
	}
}

func TestAdoptRefuses(t *testing.T) {
	t.Parallel()
	m, _ := clocked(t, memstore.New(), session.Config{})
	own := session.Credential{ID: session.ID{1}, Hash: session.SecretHash{1}}
	if _, err := m.Adopt(t.Context(), own, session.Origin{}, adas); err == nil {
		t.Error("a credential of another kind was adopted")
	}
	for _, f := range []session.Adoption{{}, {UserID: strings.Repeat("x", 256)}, {UserID: "ada", Name: "a\x00b"}, {UserID: "ada", IdleTimeout: -1}} {
		if _, err := m.Adopt(t.Context(), session.ForeignCredential("t"), session.Origin{}, f); err == nil {
			t.Errorf("%+v: no error", f)
		}
	}
	if _, err := m.SetAttrs(t.Context(), "ada", session.ID{1}, nil); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("SetAttrs of nothing: got %v", err)
	}
	s := adopt(t, m, "t", session.Adoption{UserID: "ada", Attrs: map[string]string{"a": "1", "b": "2"}})
	s, err := m.SetAttrs(t.Context(), "ada", s.ID, map[string]string{"a": "", "c": "3"})
	if err != nil || len(s.Attrs) != 2 || s.Attrs["b"] != "2" || s.Attrs["c"] != "3" {
		t.Errorf("SetAttrs: got %v, %v", s, err)
	}
	if _, _, err := m.Rotate(t.Context(), "ada", s.ID); !errors.Is(err, session.ErrForeign) {
		t.Errorf("Rotate: got %v", err)
	}
}
