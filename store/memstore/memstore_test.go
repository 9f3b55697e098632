package memstore_test

import (
	"testing"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
)

func newStore(*testing.T) session.Store { return memstore.New() }

func TestStore(t *testing.T) { storetest.Run(t, newStore, 0) }

func TestRace(t *testing.T) { storetest.Race(t, newStore, 0, 200_000) }

func BenchmarkStore(b *testing.B) {
	storetest.Bench(b, func(*testing.B) session.Store { return memstore.New() })
}
