package drivertest_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/internal/kit"
	"github.com/signedin/signedin/store/sqlstore"
	"github.com/signedin/signedin/store/storetest/need"
)

// nextSchema is a migration that a later version may bring. It only adds, as
// sqlstore.Migrate promises. At first it is not finished, as while MySQL is at
// it.
var nextSchema = []string{
	`INSERT INTO signedin_schema (version, needs, done) VALUES (5, 1, 0)`,
	`ALTER TABLE signedin_sessions ADD COLUMN next VARCHAR(20) NOT NULL DEFAULT 'next'`,
	`ALTER TABLE signedin_users ADD COLUMN next BIGINT`,
	`ALTER TABLE signedin_profiles ADD COLUMN next BIGINT NOT NULL DEFAULT 2`,
	`CREATE INDEX signedin_sessions_next ON signedin_sessions (next, last_at)`,
	`CREATE TABLE signedin_next (id BIGINT NOT NULL PRIMARY KEY)`,
}

const nextFinished = `UPDATE signedin_schema SET done = 1`

// eachDialect runs a test with a database of each dialect.
func eachDialect(t *testing.T, test func(t *testing.T, open func(t *testing.T) (*sqlx.DB, sqlstore.Config))) {
	t.Run("sqlite", func(t *testing.T) {
		test(t, func(t *testing.T) (*sqlx.DB, sqlstore.Config) {
			return open(t, "sqlite", sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "db"))), sqlstore.Config{Prefix: "signedin_"}
		})
	})
	for _, server := range []struct {
		name string
		db   func(t testing.TB) *sqlx.DB
	}{
		{"postgres", func(t testing.TB) *sqlx.DB { return openPostgres(t, "pgx") }},
		{"mysql", func(t testing.TB) *sqlx.DB { return openMySQL(t, "") }},
	} {
		t.Run(server.name, func(t *testing.T) {
			db := server.db(t)
			test(t, func(t *testing.T) (*sqlx.DB, sqlstore.Config) {
				prefix := newPrefix(t, db)
				t.Cleanup(func() { mustExec(t, db, `DROP TABLE IF EXISTS `+prefix+`next`) })
				return db, sqlstore.Config{Prefix: prefix}
			})
		})
	}
}

// TestNextSchemaRace has this version keep the contract on the tables of the
// next one.
func TestNextSchemaRace(t *testing.T) {
	need.Heavy(t)
	if need.RaceDetector {
		t.Skip("SKIPPED: run without the race detector, as the other rounds")
	}
	eachDialect(t, func(t *testing.T, open func(t *testing.T) (*sqlx.DB, sqlstore.Config)) {
		db, cfg := open(t)
		newStore := reused(t, db, cfg.Prefix)
		upgrade(t, db, cfg, nextSchema...)
		kit.Run(t, "next-schema-"+filepath.Base(t.Name()), newStore, 0)
	})
}

// TestRollingUpgrade has this version work while the next one brings its
// schema, and start beside it.
func TestRollingUpgrade(t *testing.T) {
	eachDialect(t, func(t *testing.T, open func(t *testing.T) (*sqlx.DB, sqlstore.Config)) {
		db, cfg := open(t)
		running := migrated(t, db, cfg)
		n := byte(0)
		works := func(when string) {
			t.Helper()
			if err := signInAndOut(t, running, n); err != nil {
				t.Errorf("%s: %v", when, err)
			}
			n++
			if err := sqlstore.Migrate(t.Context(), db, cfg); err != nil {
				t.Errorf("%s: Migrate: %v", when, err)
			}
			if err := newError(t, db, cfg); err != nil {
				t.Errorf("%s: New: %v", when, err)
			}
		}
		for _, statement := range append([]string{`SELECT 1`}, nextSchema...) {
			upgrade(t, db, cfg, statement)
			works("after " + statement)
		}
		upgrade(t, db, cfg, nextFinished)
		works("at the end")

		upgrade(t, db, cfg, `INSERT INTO signedin_schema (version, needs, done) VALUES (6, 6, 1)`)
		for what, err := range map[string]error{"Migrate": sqlstore.Migrate(t.Context(), db, cfg), "New": newError(t, db, cfg)} {
			var schema *sqlstore.SchemaError
			if !errors.As(err, &schema) || schema.Have != 6 || schema.Needs != 6 {
				t.Errorf("%s on a schema that needs a newer program: got %v, want a SchemaError", what, err)
			}
			wantTrouble(t, err, "update the program")
		}
	})
}

func upgrade(t *testing.T, db *sqlx.DB, cfg sqlstore.Config, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if db.DriverName() == "sqlite" { // whose tables are STRICT
			s = strings.NewReplacer("BIGINT", "INTEGER", "VARCHAR(20)", "TEXT").Replace(s)
		}
		mustExec(t, db, strings.ReplaceAll(s, "signedin_", cfg.Prefix))
	}
}

// signInAndOut makes a session, uses it, and ends all of the user's.
func signInAndOut(t *testing.T, store session.Store, n byte) error {
	t.Helper()
	s := sample(n)
	var err error
	if s.Generations, err = store.Generation(t.Context(), s.UserID); err != nil {
		return err
	}
	if err := store.Create(t.Context(), s); err != nil {
		return err
	}
	s, _, err = store.Get(t.Context(), s.ID)
	if err != nil {
		return err
	}
	v := s.Last
	v.At = v.At.Add(1e9)
	_, err = store.Revoke(t.Context(), session.Revocation{UserID: s.UserID, All: true, Keep: s})
	touched := store.Touch(t.Context(), []session.Touch{{ID: s.ID, Visit: v}})
	_, erased := store.Purge(t.Context(), session.Purge{UserID: s.UserID, Now: s.Last.At})
	return errors.Join(err, touched, erased)
}
