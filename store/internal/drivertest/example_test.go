package drivertest_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/jmoiron/sqlx"
	_ "modernc.org/sqlite"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/sqlstore"
)

// Sessions in a SQLite file. For another database open that instead; nothing
// else changes.
func Example_sqlite() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "signedin")
	check(err)
	defer os.RemoveAll(dir)

	db, err := sqlx.Open("sqlite", sqlstore.SQLiteDSN(filepath.Join(dir, "sessions.db")))
	check(err)
	defer db.Close()
	check(sqlstore.Migrate(ctx, db, sqlstore.Config{}))
	store, err := sqlstore.New(ctx, db, sqlstore.Config{})
	check(err)
	defer store.Close()
	manager, err := session.New(store, session.Config{})
	check(err)

	for range 3 {
		ticket, err := manager.BeginSignIn(ctx, "ada")
		check(err)
		_, _, err = manager.Start(ctx, ticket, session.Origin{}, session.StartOptions{})
		check(err)
	}
	all, err := manager.List(ctx, "ada")
	check(err)
	n, err := manager.RevokeAllExcept(ctx, "ada", all[0].ID, session.ReasonPasswordChanged)
	check(err)
	fmt.Println(len(all), "devices were signed in,", n, "were signed out")

	d, err := store.Durability(ctx)
	check(err)
	fmt.Println("a loss of power undoes nothing:", d.Power)

	// Output:
	// 3 devices were signed in, 2 were signed out
	// a loss of power undoes nothing: true
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
