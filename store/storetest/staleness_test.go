package storetest_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
)

// TestStaleness proves that a cache passes that keeps to its bound.
func TestStaleness(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: it waits for the bound before each look")
	}
	const bound = time.Millisecond
	storetest.Run(t, func(*testing.T) session.Store { return newMutant(memstore.New(), boundedCache(bound/2)) }, bound)
}

// boundedCache answers a Get from memory for so long after it was read. A
// conflict makes it forget: else whoever reads again to try again would get
// what it had.
func boundedCache(bound time.Duration) func(m *mutant) {
	type entry struct {
		s    *session.Session
		g    session.Generations
		read time.Time
	}
	return func(m *mutant) {
		var cache sync.Map // of entry, by ID
		m.get = func(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
			if e, ok := cache.Load(id); ok && ctx.Err() == nil && time.Since(e.(entry).read) < bound {
				return e.(entry).s, e.(entry).g, nil
			}
			read := time.Now()
			s, g, err := m.Store.Get(ctx, id)
			if err == nil {
				cache.Store(id, entry{s, g, read})
			}
			return s, g, err
		}
		update, revoke := m.update, m.revoke
		m.update = func(ctx context.Context, s *session.Session) error {
			err := update(ctx, s)
			if err != nil {
				cache.Delete(s.ID)
			}
			return err
		}
		m.revoke = func(ctx context.Context, r session.Revocation) (session.Revoked, error) {
			ids, err := revoke(ctx, r)
			if err != nil && r.Keep != nil {
				cache.Delete(r.Keep.ID)
			}
			return ids, err
		}
	}
}
