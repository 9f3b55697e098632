package pollbus_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jmoiron/sqlx"
	_ "modernc.org/sqlite"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/pollbus"
	"github.com/signedin/signedin/store/sqlstore"
)

// Two instances share an SQLite file, as two shares a MySQL: what one revokes, the other
// cuts. Without the Bus it would do so within five seconds.
func Example() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)

	instance := func() *session.Manager {
		db, err := sqlx.Open("sqlite", sqlstore.SQLiteDSN(filepath.Join(dir, "sessions.db")))
		if err != nil {
			panic(err)
		}
		store, err := sqlstore.Open(ctx, db, sqlstore.Config{})
		if err != nil {
			panic(err)
		}
		bus, err := pollbus.New(store, pollbus.Config{Interval: 50 * time.Millisecond}) // a second, if not said
		if err != nil {
			panic(err)
		}
		manager, err := session.New(store, session.Config{Observers: []session.Observer{bus}})
		if err != nil {
			panic(err)
		}
		go manager.Run(ctx)
		go bus.Run(ctx, manager.Hub().Receive) // with a cache: go cache.Run(ctx, bus, manager.Hub())
		return manager
	}
	here, there := instance(), instance()

	ticket, err := here.BeginSignIn(ctx, "ada")
	if err != nil {
		panic(err)
	}
	s, token, err := here.Start(ctx, ticket, session.Origin{}, session.StartOptions{})
	if err != nil {
		panic(err)
	}
	request := new(session.Conn)
	if _, err := there.Open(ctx, token.Credential(), session.Origin{}, request, nil); err != nil {
		panic(err)
	}
	defer request.Close()

	if err := here.Revoke(ctx, "ada", s.ID, session.ReasonSignedOutRemote); err != nil {
		panic(err)
	}
	<-request.Done()
	fmt.Println(context.Cause(request))
	// Output: session: revoked
}
