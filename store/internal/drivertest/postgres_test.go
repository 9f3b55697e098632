package drivertest_test

import (
	"net/url"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
	_ "github.com/lib/pq"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/internal/kit"
	"github.com/signedin/signedin/store/sqlstore"
	"github.com/signedin/signedin/store/storetest"
)

// eachPostgres runs a test with each PostgreSQL driver.
func eachPostgres(t *testing.T, test func(t *testing.T, db *sqlx.DB)) {
	for _, driver := range []string{"pgx", "postgres"} {
		t.Run(driver, func(t *testing.T) { test(t, openPostgres(t, driver)) })
	}
}

func openPostgres(t testing.TB, driver string) *sqlx.DB {
	db := open(t, driver, service(t, "SIGNEDIN_TEST_POSTGRES"))
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	return db
}

func newPostgres(t testing.TB, db *sqlx.DB) *sqlstore.Store {
	t.Helper()
	return migrated(t, db, sqlstore.Config{Prefix: newPrefix(t, db), ReadTimeout: 10 * time.Second})
}

func TestPostgres(t *testing.T) {
	eachPostgres(t, func(t *testing.T, db *sqlx.DB) {
		kit.Run(t, "postgres("+db.DriverName()+")", reused(t, db, newPrefix(t, db)), 0)
	})
}

func TestPostgresRace(t *testing.T) {
	eachPostgres(t, func(t *testing.T, db *sqlx.DB) {
		kit.Race(t, "postgres("+db.DriverName()+")", func(t *testing.T) session.Store { return newPostgres(t, db) }, 0, raceRounds)
	})
}

func TestPostgresMigrateTogether(t *testing.T) {
	eachPostgres(t, func(t *testing.T, db *sqlx.DB) {
		for range 5 {
			migrateTogether(t, func() *sqlx.DB { return db }, sqlstore.Config{Prefix: newPrefix(t, db)})
		}
	})
}

func TestPostgresNoDeadlock(t *testing.T) {
	eachPostgres(t, func(t *testing.T, db *sqlx.DB) { noDeadlock(t, newPostgres(t, db)) })
}

// A database may have been told to isolate every statement more than the Store
// needs. It then gives up where it would have waited.
func TestPostgresIsolation(t *testing.T) {
	for driver, level := range map[string]string{"pgx": "serializable", "postgres": "repeatable read"} {
		t.Run(driver+"/"+level, func(t *testing.T) {
			db := open(t, driver, service(t, "SIGNEDIN_TEST_POSTGRES")+"&default_transaction_isolation="+url.PathEscape(level))
			db.SetMaxOpenConns(16)
			db.SetMaxIdleConns(16)
			noDeadlock(t, newPostgres(t, db))
			contend(t, "postgres("+driver+","+level[:8]+")", newPostgres(t, db))
		})
	}
}

func TestPostgresTrouble(t *testing.T) {
	eachPostgres(t, func(t *testing.T, db *sqlx.DB) {
		prefix := newPrefix(t, db)
		cfg := sqlstore.Config{Prefix: prefix}
		wantTrouble(t, newError(t, db, cfg), "call sqlstore.Migrate")
		store := migrated(t, db, cfg)
		mustExec(t, db, `UPDATE `+prefix+`schema SET version = 9, needs = 9 WHERE version = 1`)
		wantTrouble(t, newError(t, db, cfg), "update the program")
		mustExec(t, db, `DROP TABLE `+prefix+`users`)
		_, _, err := store.Get(t.Context(), session.ID{})
		wantTrouble(t, err, "repair them")
		wantTrouble(t, newError(t, db, sqlstore.Config{Dialect: sqlstore.DialectSQLite}), "does the driver speak to a SQLite database?")
		if d, err := store.Durability(t.Context()); err != nil || !d.Power || d.Advice != "" {
			t.Errorf("Durability: got %+v, %v", d, err)
		}
	})
}

func BenchmarkPostgres(b *testing.B) {
	for _, driver := range []string{"pgx", "postgres"} {
		b.Run(driver, func(b *testing.B) {
			db := openPostgres(b, driver)
			storetest.Bench(b, func(b *testing.B) session.Store { return newPostgres(b, db) })
		})
	}
}
