package drivertest_test

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"github.com/jmoiron/sqlx"

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

func dropTables(t testing.TB, db *sqlx.DB, prefix string) {
	for _, table := range []string{"sessions", "users", "profiles", "bumps", "everyone", "schema", "log", "issued", "issuers"} {
		if _, err := db.Exec("DROP TABLE IF EXISTS " + prefix + table); err != nil {
			t.Error(err)
		}
	}
}
