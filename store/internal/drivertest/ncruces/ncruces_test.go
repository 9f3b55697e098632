// Package ncruces_test runs the store on SQLite by github.com/ncruces/go-sqlite3,
// whose driver has the same name as that of mattn, so that one program cannot
// have both.
package ncruces_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	_ "github.com/ncruces/go-sqlite3/driver"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/internal/kit"
	"github.com/signedin/signedin/store/sqlstore"
	"github.com/signedin/signedin/store/storetest/need"
)

func newStore(t *testing.T) session.Store {
	t.Helper()
	db, err := sqlx.Open("sqlite3", sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "a ?b#%c.db")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := sqlstore.Migrate(t.Context(), db, sqlstore.Config{}); err != nil {
		t.Fatal(err)
	}
	// With patience: a machine that runs tests may be slow.
	store, err := sqlstore.New(t.Context(), db, sqlstore.Config{ReadTimeout: 10 * time.Second})
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

func TestSQLite(t *testing.T) {
	need.Heavy(t)
	kit.Run(t, "sqlite(ncruces)", newStore, 0)
}

func TestSQLiteRace(t *testing.T) {
	need.Heavy(t)
	kit.Race(t, "sqlite(ncruces)", newStore, 0, 100)
}

// The settings of SQLiteDSN are those that a crash asks for.
func TestDurability(t *testing.T) {
	need.Heavy(t)
	d, err := newStore(t).(*sqlstore.Store).Durability(t.Context())
	if err != nil || !d.Process || !d.Power || d.Advice != "" {
		t.Errorf("got %+v, %v", d, err)
	}
}
