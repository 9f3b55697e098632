package drivertest_test

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/internal/kit"
	"github.com/signedin/signedin/store/sqlstore"
	"github.com/signedin/signedin/store/storetest/need"
)

// TestSQLiteProcesses, TestPostgresProcesses and TestMySQLProcesses spread the calls over stores
// that share nothing but the database, as processes do.
func TestSQLiteProcesses(t *testing.T) {
	need.Heavy(t)
	// Never two drivers on one file: each has a SQLite of its own, and the locks
	// of a file do not tell one from the other in the same process.
	eachSQLite(t, func(t *testing.T, driver string) {
		onProcesses(t, "sqlite(spread)", func(t *testing.T) []session.Store {
			dsn := sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "db"))
			cfg := sqlstore.Config{ReadTimeout: 10 * time.Second}
			return []session.Store{migrated(t, open(t, driver, dsn), cfg), migrated(t, open(t, driver, dsn), cfg)}
		})
	})
}

func TestPostgresProcesses(t *testing.T) {
	a, b := openPostgres(t, "pgx"), openPostgres(t, "postgres")
	cfg := sqlstore.Config{Prefix: newPrefix(t, a)}
	fresh := reused(t, a, cfg.Prefix)
	onProcesses(t, "postgres(spread)", func(t *testing.T) []session.Store {
		return []session.Store{fresh(t), migrated(t, b, cfg)}
	})
}

func TestMySQLProcesses(t *testing.T) {
	a, b := openMySQL(t, ""), openMySQL(t, "clientFoundRows=true")
	cfg := sqlstore.Config{Prefix: newPrefix(t, a)}
	fresh := reused(t, a, cfg.Prefix)
	onProcesses(t, "mysql(spread)", func(t *testing.T) []session.Store {
		return []session.Store{fresh(t), migrated(t, b, cfg)}
	})
}

func onProcesses(t *testing.T, name string, stores func(t *testing.T) []session.Store) {
	newStore := func(t *testing.T) session.Store { return &spread{stores: stores(t)} }
	kit.Run(t, name, newStore, 0)
	kit.Race(t, name, newStore, 0, raceRounds/5)
}

// spread is a store of which each call goes to another one in turn.
type spread struct {
	stores []session.Store
	calls  atomic.Uint64
}

func (s *spread) next() session.Store { return s.stores[s.calls.Add(1)%uint64(len(s.stores))] }

func (s *spread) Create(ctx context.Context, v *session.Session) error {
	return s.next().Create(ctx, v)
}

func (s *spread) Get(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
	return s.next().Get(ctx, id)
}

func (s *spread) List(ctx context.Context, q session.Query) ([]*session.Session, error) {
	return s.next().List(ctx, q)
}

func (s *spread) Update(ctx context.Context, v *session.Session) error {
	return s.next().Update(ctx, v)
}

func (s *spread) Touch(ctx context.Context, touches []session.Touch) error {
	return s.next().Touch(ctx, touches)
}

func (s *spread) Revoke(ctx context.Context, r session.Revocation) (session.Revoked, error) {
	return s.next().Revoke(ctx, r)
}

func (s *spread) Generation(ctx context.Context, userID string) (session.Generations, error) {
	return s.next().Generation(ctx, userID)
}

func (s *spread) Purge(ctx context.Context, p session.Purge) (session.Purged, error) {
	return s.next().Purge(ctx, p)
}

func (s *spread) GetMany(ctx context.Context, ids []session.ID) ([]session.Found, error) {
	return s.next().GetMany(ctx, ids)
}

func (s *spread) CountLive(ctx context.Context, userID string) (int, error) {
	return s.next().CountLive(ctx, userID)
}

func (s *spread) Mark(ctx context.Context, userID string, limit int) (bool, error) {
	return s.next().Mark(ctx, userID, limit)
}
