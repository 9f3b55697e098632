package sqlstore_test

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/sqlstore"
)

// A host that has a *sql.DB already: the name of its driver tells the dialect.
// Where the driver is wrapped, Config.Dialect says it.
func ExampleOpen_sqlDB() {
	ctx := context.Background()
	var db *sql.DB // yours, opened with lib/pq
	store, err := sqlstore.Open(ctx, sqlx.NewDb(db, "postgres"), sqlstore.Config{})
	_, _ = store, err
}

// A host that has a pool of pgx.
func ExampleOpen_pgxpool() {
	ctx := context.Background()
	var pool *pgxpool.Pool // yours
	store, err := sqlstore.Open(ctx, sqlx.NewDb(stdlib.OpenDBFromPool(pool), "pgx"), sqlstore.Config{})
	_, _ = store, err
}

// Inside a transaction that gorm, ent, bun or sqlc began, on the same database:
// each of them gives its *sql.Tx. Of gorm it is tx.Statement.ConnPool.(*sql.Tx), of
// bun tx.Tx, of ent's driver tx.(*entsql.Tx).ExecQuerier.(*sql.Tx), and sqlc takes
// yours.
func ExampleStore_Join_sqlTx() {
	ctx := context.Background()
	var (
		tx      *sql.Tx
		store   *sqlstore.Store
		manager *session.Manager
	)
	inside, pending := store.Join(ctx, &sqlx.Tx{Tx: tx})
	if _, err := manager.RevokeAll(inside, "ada", session.ReasonPasswordChanged); err != nil {
		_ = tx.Rollback()
		return
	}
	if err := tx.Commit(); err != nil {
		pending.Unknown()
		return
	}
	pending.Committed()
}
