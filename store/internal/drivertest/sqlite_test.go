package drivertest_test

import (
	"cmp"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	_ "modernc.org/sqlite"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/internal/kit"
	"github.com/signedin/signedin/store/sqlstore"
	"github.com/signedin/signedin/store/storetest"
	"github.com/signedin/signedin/store/storetest/need"
)

var sqliteDrivers = []string{"sqlite", "sqlite3"}

// eachSQLite runs a test with each SQLite driver; with that in C where heavy
// tests run.
func eachSQLite(t *testing.T, test func(t *testing.T, driver string)) {
	for _, driver := range sqliteDrivers {
		t.Run(driver, func(t *testing.T) {
			needSQLite(t, driver)
			test(t, driver)
		})
	}
}

func needSQLite(t *testing.T, driver string) {
	if driver == "sqlite3" && !cgo {
		t.Skip("SKIPPED: mattn/go-sqlite3 needs cgo, which is off")
	}
	if driver == "sqlite3" {
		need.Heavy(t)
	}
}

// open opens a SQLite file.
func open(t testing.TB, driver, dsn string) *sqlx.DB {
	t.Helper()
	db, err := sqlx.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// migrated returns a store with fresh tables in db. It has patience, unless the
// test is about that: a machine that runs tests may be slow.
func migrated(t testing.TB, db *sqlx.DB, cfg sqlstore.Config) *sqlstore.Store {
	t.Helper()
	cfg.ReadTimeout = cmp.Or(cfg.ReadTimeout, 10*time.Second)
	if err := sqlstore.Migrate(t.Context(), db, cfg); err != nil {
		t.Fatal(err)
	}
	store, err := sqlstore.New(t.Context(), db, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func newSQLite(t testing.TB, driver string) *sqlstore.Store {
	t.Helper()
	return migrated(t, open(t, driver, sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "a ?b#%c.db"))), sqlstore.Config{})
}

func TestSQLite(t *testing.T) {
	eachSQLite(t, func(t *testing.T, driver string) {
		kit.Run(t, "sqlite("+driver+")", func(t *testing.T) session.Store { return newSQLite(t, driver) }, 0)
	})
}

func TestSQLiteRace(t *testing.T) {
	eachSQLite(t, func(t *testing.T, driver string) {
		kit.Race(t, "sqlite("+driver+")", func(t *testing.T) session.Store { return newSQLite(t, driver) }, 0, raceRounds)
	})
}

func BenchmarkSQLite(b *testing.B) {
	for _, driver := range []string{"sqlite", "sqlite3"} {
		b.Run(driver, func(b *testing.B) {
			storetest.Bench(b, func(b *testing.B) session.Store { return newSQLite(b, driver) })
		})
	}
}

// Several processes start at the same time, and the file is not there yet.
func TestSQLiteMigrateAtOnce(t *testing.T) {
	eachSQLite(t, func(t *testing.T, driver string) {
		for range 20 {
			file := sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "db"))
			start := make(chan struct{})
			var all sync.WaitGroup
			for range 4 {
				db := open(t, driver, file)
				all.Go(func() {
					<-start
					if err := sqlstore.Migrate(t.Context(), db, sqlstore.Config{}); err != nil {
						t.Error(err)
					}
				})
			}
			close(start)
			all.Wait()
		}
	})
}
