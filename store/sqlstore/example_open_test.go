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
func ExampleNew_sqlDB() {
	ctx := context.Background()
	var db *sql.DB // yours, opened with lib/pq
	store, err := sqlstore.New(ctx, sqlx.NewDb(db, "postgres"), sqlstore.Config{})
	_, _ = store, err
}

// A host that has a pool of pgx.
func ExampleNew_pgxpool() {
	ctx := context.Background()
	var pool *pgxpool.Pool // yours
	store, err := sqlstore.New(ctx, sqlx.NewDb(stdlib.OpenDBFromPool(pool), "pgx"), sqlstore.Config{})
	_, _ = store, err
}

// Inside a transaction that gorm, ent, bun or sqlc began, on the same database:
// each of them gives its *sql.Tx.
func ExampleStore_Join_sqlTx() {
	ctx := context.Background()
	var (
		tx      *sql.Tx // of gorm: db.Statement.ConnPool.(*sql.Tx)
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
