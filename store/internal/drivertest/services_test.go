package drivertest_test

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/sqlstore"
	"github.com/signedin/signedin/store/storetest/need"
)

// service returns how to reach a server that was started for the tests.
func service(t testing.TB, env string) string {
	t.Helper()
	need.Heavy(t)
	if onEngine != nil {
		return onEngine.at(t, env)
	}
	return need.Server(t, env)
}

var prefixes atomic.Int64

// newPrefix returns the prefix of tables that nobody else uses, which are
// dropped at the end.
func newPrefix(t testing.TB, db *sqlx.DB) string {
	t.Helper()
	prefix := fmt.Sprintf("t%d_%d_", os.Getpid(), prefixes.Add(1))
	t.Cleanup(func() { dropTables(t, db, prefix) })
	return prefix
}

// tables are all that a schema has but those that have a row from the beginning.
var tables = []string{"sessions", "users", "profiles", "bumps", "log", "issued", "issuers"}

// reused returns a function that gives each rule a Store without content. Some
// servers take a second to make tables, so they are made once and emptied.
func reused(t testing.TB, db *sqlx.DB, prefix string) func(*testing.T) session.Store {
	t.Helper()
	cfg := sqlstore.Config{Prefix: prefix}
	migrated(t, db, cfg)
	return func(t *testing.T) session.Store {
		t.Helper()
		for _, table := range tables {
			if _, err := db.Exec("DELETE FROM " + prefix + table); err != nil && table != "log" { // not every server has one
				t.Fatal(err)
			}
		}
		if _, err := db.Exec("UPDATE " + prefix + "everyone SET generation = 0, ended_at = 0, reason = '', ended_by = ''"); err != nil {
			t.Fatal(err)
		}
		return migrated(t, db, cfg)
	}
}

func dropTables(t testing.TB, db *sqlx.DB, prefix string) {
	for _, table := range append([]string{"everyone", "schema"}, tables...) {
		if _, err := db.Exec("DROP TABLE IF EXISTS " + prefix + table); err != nil {
			t.Error(err)
		}
	}
}
