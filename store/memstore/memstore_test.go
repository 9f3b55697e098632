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

func TestGetAllocatesNothing(t *testing.T) {
	store := memstore.New()
	s := &session.Session{ID: session.ID{1}, UserID: "ada"}
	if err := store.Create(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if n := need.Allocations(func() { _, _, _ = store.Get(ctx, s.ID) }); n > 0 {
		t.Errorf("Get: %v allocations, want 0", n)
	}
}
