package memstore_test

import (
	"github.com/signedin/signedin/store/storetest/need"
	"testing"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/internal/kit"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
)

func newStore(*testing.T) session.Store { return memstore.New() }

func TestStore(t *testing.T) { kit.Run(t, "memory", newStore, 0) }

func TestRace(t *testing.T) { kit.Race(t, "memory", newStore, 0, 200_000) }

func BenchmarkStore(b *testing.B) {
	storetest.Bench(b, func(*testing.B) session.Store { return memstore.New() })
}

// A session is made when it is read, and not again while its handle holds.
func TestHoldsAllocatesNothing(t *testing.T) {
	store := memstore.New()
	s := &session.Session{ID: session.ID{1}, UserID: "ada"}
	if err := store.Create(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if n := need.Allocations(func() { _, _, _ = store.Get(ctx, s.ID) }); n > 1 {
		t.Errorf("Get: %v allocations, want 1", n)
	}
	_, _, h, err := store.Hold(ctx, s.ID)
	if err != nil {
		t.Fatal(err)
	}
	if n := need.Allocations(func() {
		if ok, err := h.Holds(ctx); !ok || err != nil {
			t.Fatalf("got %v, %v", ok, err)
		}
	}); n > 0 {
		t.Errorf("Holds: %v allocations, want 0", n)
	}
}
