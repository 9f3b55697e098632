package drivertest_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/jmoiron/sqlx"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	gormsqlite "gorm.io/driver/sqlite"
	"gorm.io/gorm"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/sqlstore"
)

// ormTx is a transaction of somebody's library, with what it says of itself.
type ormTx struct {
	tx               *sql.Tx
	commit, rollback func() error
}

// TestJoinOthers ends sessions inside of a transaction that another library began:
// they end when that commits, and do not when it is rolled back.
func TestJoinOthers(t *testing.T) {
	for name, begin := range map[string]func(t *testing.T, db *sql.DB) ormTx{
		"gorm": func(t *testing.T, db *sql.DB) ormTx {
			g, err := gorm.Open(gormsqlite.Dialector{Conn: db, DriverName: "sqlite"}, &gorm.Config{DisableAutomaticPing: true})
			if err != nil {
				t.Fatal(err)
			}
			tx := g.Begin()
			return ormTx{tx.Statement.ConnPool.(*sql.Tx), func() error { return tx.Commit().Error }, func() error { return tx.Rollback().Error }}
		},
		"bun": func(t *testing.T, db *sql.DB) ormTx {
			tx, err := bun.NewDB(db, sqlitedialect.New()).Begin()
			if err != nil {
				t.Fatal(err)
			}
			return ormTx{tx.Tx, tx.Commit, tx.Rollback}
		},
		"ent": func(t *testing.T, db *sql.DB) ormTx { // of a client of ent: tx.Driver, in a hook
			tx, err := entsql.OpenDB(dialect.SQLite, db).Tx(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return ormTx{tx.(*entsql.Tx).ExecQuerier.(*sql.Tx), tx.Commit, tx.Rollback}
		},
		"sqlc": func(t *testing.T, db *sql.DB) ormTx { // its queries take the host's own: WithTx(tx)
			tx, err := db.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			return ormTx{tx, tx.Commit, tx.Rollback}
		},
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t, "sqlite", sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "orm.db")))
			store := migrated(t, db, sqlstore.Config{})
			manager, err := session.New(store, session.Config{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec(`CREATE TABLE passwords (user_id TEXT, hash TEXT)`); err != nil {
				t.Fatal(err)
			}
			ticket, err := manager.BeginSignIn(t.Context(), "ada")
			if err != nil {
				t.Fatal(err)
			}
			_, token, err := manager.Start(t.Context(), ticket, session.Origin{}, session.StartOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for _, committed := range []bool{false, true} {
				tx := begin(t, db.DB)
				inside, pending := store.Join(context.Background(), &sqlx.Tx{Tx: tx.tx})
				if _, err := tx.tx.Exec(`INSERT INTO passwords VALUES ('ada', 'new')`); err != nil {
					t.Fatal(err)
				}
				if n, err := manager.RevokeAll(inside, "ada", session.ReasonPasswordChanged); n != 1 || err != nil {
					t.Fatalf("got %d, %v", n, err)
				}
				if committed {
					err = tx.commit()
					pending.Committed()
				} else {
					err = tx.rollback()
				}
				if err != nil {
					t.Fatal(err)
				}
				_, err := manager.Resume(t.Context(), token.Credential(), session.Origin{})
				if got := errors.Is(err, session.ErrRevoked); got != committed || err != nil && !got {
					t.Errorf("committed %v: got %v", committed, err)
				}
				var n int
				if err := db.Get(&n, `SELECT COUNT(*) FROM passwords`); err != nil || n == 1 != committed {
					t.Errorf("committed %v: %d passwords, %v", committed, n, err)
				}
			}
		})
	}
}
