package sqlstore_test

import (
	"path/filepath"
	"testing"

	"github.com/jmoiron/sqlx"
	_ "modernc.org/sqlite"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/internal/kit"
	"github.com/signedin/signedin/store/sqlstore"
)

// TestSQLite runs the contract where no other module is needed. All other
// databases and drivers are in store/internal/drivertest.
func TestSQLite(t *testing.T) {
	kit.Run(t, "sqlite", func(t *testing.T) session.Store {
		db, err := sqlx.Open("sqlite", sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "db")))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if err := sqlstore.Migrate(t.Context(), db, sqlstore.Config{}); err != nil {
			t.Fatal(err)
		}
		store, err := sqlstore.New(t.Context(), db, sqlstore.Config{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		return store
	}, 0)
}
