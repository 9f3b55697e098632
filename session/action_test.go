package session_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
)

// A proof for one action is good once, for that action, in that session, for a while.
func TestProofForOneAction(t *testing.T) {
	b := newBench(t, session.Config{})
	s, _ := b.start(t, "alice", session.StartOptions{Attrs: map[string]string{"plan": "gold"}})
	other, _ := b.start(t, "alice", session.StartOptions{})
	prove := func(what string) {
		t.Helper()
		if _, err := b.Reauthenticated(t.Context(), "alice", s.ID, session.Proof{For: what}); err != nil {
			t.Fatal(err)
		}
	}
	use := func(id session.ID, what string) error { return b.UseProof(t.Context(), "alice", id, what) }
	if err := use(s.ID, "transfer 1"); err != session.ErrNotProved {
		t.Errorf("without a proof: got %v", err)
	}
	prove("")
	if err := use(s.ID, "transfer 1"); err != session.ErrNotProved {
		t.Errorf("after one for nothing: got %v", err)
	}
	prove("transfer 1")
	for what, id := range map[string]session.ID{"transfer 2": s.ID, "transfer": s.ID, "transfer 1 ": s.ID, "transfer 1": other.ID} {
		if err := use(id, what); err != session.ErrNotProved {
			t.Errorf("%q: got %v", what, err)
		}
	}
	var used atomic.Int32
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			switch err := use(s.ID, "transfer 1"); err {
			case nil:
				used.Add(1)
			case session.ErrNotProved:
			default:
				t.Error(err)
			}
		})
	}
	if all.Wait(); used.Load() != 1 {
		t.Errorf("used %d times", used.Load())
	}
	prove("transfer 1")
	b.clock.advance(b.Limits().StepUp + time.Millisecond)
	if err := use(s.ID, "transfer 1"); err != session.ErrNotProved {
		t.Errorf("too late: got %v", err)
	}
	if got := b.live(t, s.ID).Attrs["plan"]; got != "gold" {
		t.Errorf("the host's attribute: got %q", got)
	}
	for _, bad := range []string{"", "\xff", "a\x00", string(make([]byte, 300))} {
		if err := use(s.ID, bad); err == nil || errors.Is(err, session.ErrNotProved) {
			t.Errorf("%q: got %v", bad, err)
		}
	}
	if err := b.UseProof(t.Context(), "bob", s.ID, "transfer 1"); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("somebody else's: got %v", err)
	}
}

// If it is not known whether the proof was used, the action is not done.
func TestProofIsUsedOnceInTrouble(t *testing.T) {
	for _, late := range []bool{false, true} {
		store := &storetest.Hooked{Store: memstore.New()}
		b := newBenchOver(t, store, session.Config{})
		s, _ := b.start(t, "alice", session.StartOptions{})
		if _, err := b.Reauthenticated(t.Context(), "alice", s.ID, session.Proof{For: "x"}); err != nil {
			t.Fatal(err)
		}
		fail := func(method string) error {
			if method == "Update" {
				return errors.New("down")
			}
			return nil
		}
		if store.Before = fail; late {
			store.Before, store.After = nil, fail
		}
		if err := b.UseProof(t.Context(), "alice", s.ID, "x"); err == nil || errors.Is(err, session.ErrNotProved) {
			t.Errorf("late %v: got %v", late, err)
		}
		store.Before, store.After = nil, nil
		if err := b.UseProof(t.Context(), "alice", s.ID, "x"); (err == nil) == late {
			t.Errorf("late %v, once more: got %v", late, err)
		}
	}
}
