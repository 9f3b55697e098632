package drivertest_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/internal/kit"
	"github.com/signedin/signedin/store/redisstore"
	"github.com/signedin/signedin/store/sqlstore"
)

// linked is a store with the budgets of a real one, over a link that fails.
type linked struct {
	name, env string
	link      *proxy
	store     session.Store
	inUse     func() int // connections that calls hold
}

// eachLinked runs a test with each server behind a link.
func eachLinked(t *testing.T, test func(t *testing.T, l linked)) {
	eachLinkedSQL(t, func(t *testing.T, l linked, _ *sqlx.DB, _ sqlstore.Config) { test(t, l) })
	t.Run("redis", func(t *testing.T) {
		link, client := proxiedRedis(t, 0) // as go-redis comes
		prefix := ownPrefix()
		t.Cleanup(func() { deleteKeys(t, openRedis(t), prefix) })
		store, err := redisstore.New(t.Context(), client, redisstore.Config{Prefix: prefix})
		if err != nil {
			t.Fatal(err)
		}
		test(t, linked{"redis", redisServer, link, store, func() int {
			s := client.PoolStats()
			return int(s.TotalConns) - int(s.IdleConns)
		}})
	})
}

func eachLinkedSQL(t *testing.T, test func(t *testing.T, l linked, db *sqlx.DB, cfg sqlstore.Config)) {
	for _, c := range []struct{ name, driver, env string }{
		{"postgres(pgx)", "pgx", "SIGNEDIN_TEST_POSTGRES"},
		{"postgres(postgres)", "postgres", "SIGNEDIN_TEST_POSTGRES"},
		{"mysql", "mysql", "SIGNEDIN_TEST_MYSQL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			direct := open(t, c.driver, service(t, c.env))
			cfg := sqlstore.Config{Prefix: newPrefix(t, direct)}
			migrated(t, direct, cfg)
			link, db := proxiedSQL(t, c.driver, c.env)
			test(t, linked{c.name, c.env, link, impatient(t, db, cfg), func() int { return db.Stats().InUse }}, db, cfg)
		})
	}
}

// impatient opens a store with the default budget of a request.
func impatient(t *testing.T, db *sqlx.DB, cfg sqlstore.Config) *sqlstore.Store {
	t.Helper()
	store, err := sqlstore.New(t.Context(), db, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() }) // its connections may be cut
	return store
}

// TestLinkFails cuts a server off, and has it be silent, in the middle of
// everything: a request gets trouble, and no answer, within its budget, other
// calls within their context, and when the server is back all is as before.
func TestLinkFails(t *testing.T) {
	eachLinked(t, func(t *testing.T, l linked) {
		before := runtime.NumGoroutine()
		load := &load{T: t, manager: managerOf(t, l.store)}
		mine, err := load.signIn("ada")
		if err != nil {
			t.Fatal(err)
		}
		load.stay = mine.token
		for _, trouble := range []struct {
			state linkState
			name  string
		}{{linkDown, "down"}, {linkSilent, "silent"}} {
			l.link.set(trouble.state)
			l.wantTrouble(t, load, trouble.state == linkSilent)
			l.link.set(linkUp)
			kit.Report(t, l.name, "link", trouble.name, "recovery", load.await().Round(time.Millisecond))
		}
		if err := load.manager.Revoke(t.Context(), "ada", mine.token.ID(), session.ReasonSignedOut); err != nil {
			t.Errorf("Revoke: %v", err)
		}
		eventually(t, "a refusal", func() bool { // a slow machine may take longer than a request has
			_, err := load.manager.Resume(t.Context(), mine.token.Credential(), session.Origin{})
			if err == nil {
				t.Fatal("Resume: a session that was revoked is let in")
			}
			return errors.Is(err, session.ErrRefused)
		})
		l.wantNoLeak(t, before)
	})
}

// wantTrouble makes every kind of call while the server cannot be reached.
func (l linked) wantTrouble(t *testing.T, load *load, silent bool) {
	t.Helper()
	for range 3 {
		_, err := load.manager.Resume(t.Context(), load.stay.Credential(), session.Origin{})
		if err == nil || errors.Is(err, session.ErrRefused) {
			t.Errorf("Resume: got %v, want trouble", err)
		} else if silent && !strings.Contains(err.Error(), "Config.ReadTimeout") {
			t.Errorf("Resume: got %v, want it ended by the budget of a request", err)
		}
	}
	id := load.stay.ID()
	for what, call := range map[string]func(context.Context) error{
		"Generation": func(ctx context.Context) error { _, err := l.store.Generation(ctx, "ada"); return err },
		"Create":     func(ctx context.Context) error { return l.store.Create(ctx, sample(1)) },
		"List":       func(ctx context.Context) error { _, err := l.store.List(ctx, session.Query{UserID: "ada"}); return err },
		"Update":     func(ctx context.Context) error { return l.store.Update(ctx, &session.Session{ID: id, UserID: "ada"}) },
		"Touch":      func(ctx context.Context) error { return l.store.Touch(ctx, []session.Touch{{ID: id}}) },
		"Revoke": func(ctx context.Context) error {
			_, err := l.store.Revoke(ctx, session.Revocation{UserID: "nobody", Only: []session.ID{{1}}})
			return err
		},
		"Revoke all": func(ctx context.Context) error {
			_, err := l.store.Revoke(ctx, session.Revocation{UserID: "nobody", All: true})
			return err
		},
		"Purge": func(ctx context.Context) error {
			_, err := l.store.Purge(ctx, session.Purge{Now: someTime, Limit: 10})
			return err
		},
	} {
		l.wantInTime(t, what, call)
	}
}

// TestLinkSilentInTx has a server fall silent in a transaction of the host's:
// it takes no longer than its context.
func TestLinkSilentInTx(t *testing.T) {
	eachLinkedSQL(t, func(t *testing.T, l linked, db *sqlx.DB, _ sqlstore.Config) {
		store := l.store.(*sqlstore.Store)
		for _, where := range []string{"begin", "statement", "commit", "rollback"} {
			if where == "statement" && db.DriverName() == "postgres" {
				continue // lib/pq waits on
			}
			before := runtime.NumGoroutine()
			silentAt := func(here string) {
				if here == where {
					l.link.set(linkSilent)
				}
			}
			silentAt("begin")
			l.wantInTime(t, where, func(ctx context.Context) error {
				return store.InTx(ctx, func(ctx context.Context, _ *sqlx.Tx) error {
					silentAt("statement")
					_, err := store.Revoke(ctx, session.Revocation{UserID: "ada", All: true})
					silentAt("commit")
					silentAt("rollback")
					if where == "rollback" {
						return errors.New("the host has changed its mind")
					}
					return err
				})
			})
			l.link.set(linkDown)
			l.link.set(linkUp)
			l.wantNoLeak(t, before)
		}
	})
}

// TestLinkSilentAtStart has a server fall silent after some words of it: what is
// called at the start takes no longer than its context either.
func TestLinkSilentAtStart(t *testing.T) {
	eachLinkedSQL(t, func(t *testing.T, l linked, db *sqlx.DB, cfg sqlstore.Config) {
		store := l.store.(*sqlstore.Store)
		fresh := sqlstore.Config{Prefix: newPrefix(t, open(t, db.DriverName(), service(t, l.env)))}
		for what, c := range map[string]struct {
			after []int // packets to the server
			call  func(context.Context) error
		}{
			"New":        {[]int{1, 3, 5, 10, 40}, func(ctx context.Context) error { _, err := sqlstore.New(ctx, db, cfg); return err }},
			"Migrate":    {[]int{1, 3, 7}, func(ctx context.Context) error { return sqlstore.Migrate(ctx, db, fresh) }},
			"Durability": {[]int{1, 2}, func(ctx context.Context) error { _, err := store.Durability(ctx); return err }},
		} {
			for _, n := range c.after {
				before := runtime.NumGoroutine()
				var sent atomic.Int64
				l.link.cutBy(func(toServer bool) bool {
					if toServer && sent.Add(1) == int64(n) {
						l.link.set(linkSilent)
					}
					return false
				})
				l.wantInTime(t, fmt.Sprint(what, " after ", n), c.call)
				l.link.cutBy(nil)
				l.link.set(linkDown)
				l.link.set(linkUp)
				l.wantNoLeak(t, before)
			}
		}
	})
}

// wantInTime makes a call that cannot succeed, with 300 ms for it.
func (l linked) wantInTime(t *testing.T, what string, call func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	returned := make(chan error, 1)
	go func() { returned <- call(ctx) }()
	select {
	case err := <-returned:
		if err == nil || storeAnswer(err) != nil {
			t.Errorf("%s: got %v, want trouble", what, err)
		}
	case <-time.After(10 * time.Second):
		t.Errorf("%s hangs, though its context is over", what)
		l.link.set(linkDown)
		<-returned
	}
}

// wantNoLeak waits until nothing of what failed is left.
func (l linked) wantNoLeak(t *testing.T, goroutines int) {
	t.Helper()
	// Beside those of before: two of a driver and three of the link for each
	// connection that is kept.
	var held, more int
	for range 200 {
		held, more = l.inUse(), runtime.NumGoroutine()-goroutines-5*l.link.open()
		if held == 0 && more <= 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("%d connections are held, and there are %d goroutines more than before", held, more)
}
