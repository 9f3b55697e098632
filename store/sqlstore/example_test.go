package sqlstore_test

import (
	"context"
	"errors"
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
func Example() {
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

// A new password and the end of all other sessions, in one transaction: both
// happen, or neither. What is open on them is cut once it is committed.
func ExampleStore_InTx() {
	ctx := context.Background()
	db, store, manager := newHost()
	defer db.Close()
	defer store.Close()
	first, _ := signIn(manager)
	_, token := signIn(manager)
	cut := connect(manager, token)

	changePassword := func(broken error) error {
		return store.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			if _, err := tx.ExecContext(ctx, `UPDATE users SET password_hash = 'new' WHERE id = 'ada'`); err != nil {
				return err
			}
			_, err := manager.RevokeAllExcept(ctx, "ada", first.ID, session.ReasonPasswordChanged)
			return errors.Join(err, broken)
		})
	}
	show := func(err error) {
		var hash string
		check(db.Get(&hash, `SELECT password_hash FROM users`))
		live, lerr := manager.List(ctx, "ada")
		check(lerr)
		fmt.Printf("error %v: password %s, %d live, cut %v\n", err, hash, len(live), cut())
	}
	show(changePassword(errors.New("mail server is down")))
	show(changePassword(nil))

	// Output:
	// error mail server is down: password old, 2 live, cut false
	// error <nil>: password new, 1 live, cut true
}

// A host that commits by itself tells when it has.
func ExampleStore_Join() {
	ctx := context.Background()
	db, store, manager := newHost()
	defer db.Close()
	defer store.Close()
	_, token := signIn(manager)
	cut := connect(manager, token)

	tx, err := db.BeginTxx(ctx, nil)
	check(err)
	defer tx.Rollback()
	_, err = tx.ExecContext(ctx, `UPDATE users SET password_hash = 'new' WHERE id = 'ada'`)
	check(err)
	inside, pending := store.Join(ctx, tx)
	_, err = manager.RevokeAll(inside, "ada", session.ReasonPasswordChanged)
	check(err)
	fmt.Println("before the commit: cut", cut())
	check(tx.Commit())
	pending.Committed()
	fmt.Println("after the commit: cut", cut())

	// Output:
	// before the commit: cut false
	// after the commit: cut true
}

// newHost has a user in the database in which the sessions are.
func newHost() (*sqlx.DB, *sqlstore.Store, *session.Manager) {
	ctx := context.Background()
	db, err := sqlx.Open("sqlite", "file::memory:")
	check(err)
	db.SetMaxOpenConns(1)
	db.MustExec(`CREATE TABLE users (id TEXT PRIMARY KEY, password_hash TEXT)`)
	db.MustExec(`INSERT INTO users VALUES ('ada', 'old')`)
	check(sqlstore.Migrate(ctx, db, sqlstore.Config{}))
	store, err := sqlstore.New(ctx, db, sqlstore.Config{})
	check(err)
	manager, err := session.New(store, session.Config{})
	check(err)
	return db, store, manager
}

func signIn(manager *session.Manager) (*session.Session, session.Token) {
	ticket, err := manager.BeginSignIn(context.Background(), "ada")
	check(err)
	s, token, err := manager.Start(context.Background(), ticket, session.Origin{}, session.StartOptions{})
	check(err)
	return s, token
}

// connect returns what tells whether a connection of the session was cut.
func connect(manager *session.Manager, token session.Token) (cut func() bool) {
	conn := new(session.Conn)
	_, err := manager.Open(context.Background(), token.Credential(), session.Origin{}, conn, nil)
	check(err)
	return func() bool { return conn.Err() != nil }
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
