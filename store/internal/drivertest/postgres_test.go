package drivertest_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
	_ "github.com/lib/pq"

	"github.com/signedin/signedin/session"
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
		storetest.Run(t, func(t *testing.T) session.Store { return newPostgres(t, db) }, 0)
	})
}

func TestPostgresRace(t *testing.T) {
	eachPostgres(t, func(t *testing.T, db *sqlx.DB) {
		storetest.Race(t, func(t *testing.T) session.Store { return newPostgres(t, db) }, 0, raceRounds)
	})
}

func TestPostgresMigrateTogether(t *testing.T) {
	eachPostgres(t, func(t *testing.T, db *sqlx.DB) {
		for range 5 {
			migrateTogether(t, func() *sqlx.DB { return db }, sqlstore.Config{Prefix: newPrefix(t, db)})
		}
	})
}

// TestPostgresNoDeadlock has batches, revocations of all and purges want
// the same rows in opposite orders, which must not end in a deadlock.
func TestPostgresNoDeadlock(t *testing.T) {
	eachPostgres(t, func(t *testing.T, db *sqlx.DB) {
		store := newPostgres(t, db)
		var touches []session.Touch
		for n := range 60 {
			s := sample(byte(n))
			s.UserID = fmt.Sprint("user ", n%2)
			if err := store.Create(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			touches = append(touches, session.Touch{ID: s.ID, Visit: s.Last})
		}
		errs := make(chan error)
		for worker := range 6 {
			go func() {
				var err error
				for i := range 40 {
					later := slices.Clone(touches)
					rand.Shuffle(len(later), func(a, b int) { later[a], later[b] = later[b], later[a] })
					for n := range later {
						later[n].Visit.At = later[n].Visit.At.Add(time.Duration(i*6+worker) * time.Second)
					}
					err = errors.Join(err, store.Touch(t.Context(), later))
					_, end := store.Revoke(t.Context(), session.Revocation{UserID: fmt.Sprint("user ", i%2), All: i > 30})
					_, purge := store.Purge(t.Context(), session.Purge{Now: touches[0].Visit.At, Limit: 100})
					err = errors.Join(err, end, purge)
				}
				errs <- err
			}()
		}
		for range 6 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestPostgresTrouble(t *testing.T) {
	eachPostgres(t, func(t *testing.T, db *sqlx.DB) {
		prefix := newPrefix(t, db)
		cfg := sqlstore.Config{Prefix: prefix}
		wantTrouble(t, newError(t, db, cfg), "call sqlstore.Migrate")
		store := migrated(t, db, cfg)
		mustExec(t, db, `UPDATE `+prefix+`schema SET version = 9`)
		wantTrouble(t, newError(t, db, cfg), "update the program")
		mustExec(t, db, `DROP TABLE `+prefix+`users`)
		_, _, err := store.Get(t.Context(), session.ID{})
		wantTrouble(t, err, "Migrate")
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
