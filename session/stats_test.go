package session_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
)

// Every call of the store that fails is counted, an answer is not, and neither
// is a client that went away.
func TestStatsStoreErrors(t *testing.T) {
	store := &storetest.Hooked{Store: memstore.New()}
	b := newBenchOver(t, store, session.Config{})
	s, token := b.start(t, "alice", session.StartOptions{})
	ticket, err := b.BeginSignIn(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	b.clock.advance(time.Minute)
	if err := b.resume(t, token); err != nil { // a visit waits
		t.Fatal(err)
	}
	if got := b.Stats(); got.StoreErrors != 0 || got.Waiting != 1 {
		t.Errorf("got %+v, want no error and one visit that waits", got)
	}
	if err := b.Revoke(t.Context(), "bob", s.ID, session.ReasonAdmin); !errors.Is(err, session.ErrNotFound) {
		t.Error(err)
	}
	failed := 0
	store.Before = func(string) error { failed++; return errors.New("down") }
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, _ = b.Resume(gone, token.Credential(), home)
	failed = 0
	if got := b.Stats().StoreErrors; got != 0 {
		t.Errorf("got %d errors after an answer and a client that went away, want 0", got)
	}
	for i, call := range []func() error{
		func() error { return b.resume(t, token) },
		func() error { _, err := b.List(t.Context(), "alice"); return err },
		func() error { _, _, err := b.Start(t.Context(), ticket, home, session.StartOptions{}); return err },
		func() error { return b.Revoke(t.Context(), "alice", s.ID, session.ReasonAdmin) },
		func() error { _, err := b.BeginSignIn(t.Context(), "alice"); return err },
		func() error { return b.Flush(t.Context()) },
	} {
		if err := call(); err == nil {
			t.Errorf("call %d hides the outage", i)
		}
		if got := b.Stats().StoreErrors; got != int64(failed) || failed <= i {
			t.Errorf("after call %d: got %d errors, want %d", i, got, failed)
		}
	}
	if got := b.Stats(); got.Waiting != 1 || got.TouchErrors != 1 {
		t.Errorf("got %+v, want the visit to wait", got)
	}
}

func TestStatsRefused(t *testing.T) {
	disabled := false
	b := newBench(t, session.Config{UserStatus: func(context.Context, string) error {
		if disabled {
			return session.ErrDisabled
		}
		return nil
	}})
	s, revoked := b.start(t, "alice", session.StartOptions{})
	_, old := b.start(t, "alice", session.StartOptions{})
	conn := b.open(t, t.Context(), old, nil)
	if got := b.Stats().Open; got != 1 {
		t.Errorf("got %d open, want 1", got)
	}
	conn.Close()
	if err := b.Revoke(t.Context(), "alice", s.ID, session.ReasonAdmin); err != nil {
		t.Fatal(err)
	}
	_, expired := b.start(t, "bob", session.StartOptions{})
	disabled = true
	_ = b.resume(t, old)
	b.clock.advance(365 * 24 * time.Hour)
	_, _ = b.resume(t, revoked), b.resume(t, expired)
	got := b.Stats()
	if got.Refused != 2 || got.RefusedExpired != 1 || got.Disabled != 1 || got.Open != 0 || got.Started != 3 || got.Revoked != 2 {
		t.Errorf("got %+v", got)
	}
}
