package pgbus_test

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/pgbus"
	"github.com/signedin/signedin/store/sqlstore"
)

// Several instances share a PostgreSQL: what one revokes, the others cut within a
// millisecond or so.
func Example() {
	run := func(ctx context.Context) error {
		pool, err := pgxpool.New(ctx, "postgres:///photos")
		if err != nil {
			return err
		}
		defer pool.Close()
		store, err := sqlstore.Open(ctx, sqlx.NewDb(stdlib.OpenDBFromPool(pool), "pgx"), sqlstore.Config{})
		if err != nil {
			return err
		}
		bus, err := pgbus.New(pool, pgbus.Config{})
		if err != nil {
			return err
		}
		manager, err := session.New(store, session.Config{Observers: []session.Observer{bus}})
		if err != nil {
			return err
		}
		go bus.Run(ctx, manager.Hub().Receive) // what others have revoked is cut here
		manager.Run(ctx)                       // your server in front of it
		return nil
	}
	_ = run
}
