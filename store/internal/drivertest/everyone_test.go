package drivertest_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/cachestore"
	"github.com/signedin/signedin/store/internal/kit"
	"github.com/signedin/signedin/store/pollbus"
	"github.com/signedin/signedin/store/sqlstore"
)

// TestEveryoneSize revokes everyone of as many sessions as the environment
// variable SIGNEDIN_EVERYONE says, and reports how long the call took, and until
// another instance, which has a copy and a bus, refused and had cut what was open. It takes minutes, and a
// kilobyte of disk per session.
func TestEveryoneSize(t *testing.T) {
	size, err := strconv.Atoi(os.Getenv("SIGNEDIN_EVERYONE"))
	if err != nil {
		t.Skip("SKIPPED: a long run; set SIGNEDIN_EVERYONE to a number of sessions")
	}
	t.Run("sqlite", func(t *testing.T) {
		dsn := sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "db"))
		one, two := open(t, "sqlite3", dsn), open(t, "sqlite3", dsn)
		a, b := migrated(t, one, sqlstore.Config{}), migrated(t, two, sqlstore.Config{})
		if err := a.Create(t.Context(), typical()); err != nil {
			t.Fatal(err)
		}
		sqliteFiller(one).fill(t, 0, size, 0, size/perUser)
		bus, err := pollbus.New(b, pollbus.Config{})
		if err != nil {
			t.Fatal(err)
		}
		revokeEveryoneOf(t, "sqlite", size, a, b, nil, bus)
	})
	t.Run("postgres", func(t *testing.T) {
		one, two := openPostgres(t, "pgx"), openPostgres(t, "pgx")
		cfg := sqlstore.Config{Prefix: newPrefix(t, one)}
		a, b := migrated(t, one, cfg), migrated(t, two, cfg)
		if err := a.Create(t.Context(), typical()); err != nil {
			t.Fatal(err)
		}
		postgresFiller(one, cfg.Prefix).fill(t, 0, size, 0, size/perUser)
		channel := busConfig()
		revokeEveryoneOf(t, "postgres", size, a, b, newBus(t, nil, channel), newBus(t, nil, channel))
	})
}

// revokeEveryoneOf revokes by one store what another one has a copy of. tells is
// nil where the store itself does.
func revokeEveryoneOf(t *testing.T, name string, size int, here, there session.Store, tells session.Observer, hears session.Bus) {
	t.Helper()
	cache, err := cachestore.New(there, cachestore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var observers []session.Observer
	if tells != nil {
		observers = append(observers, tells)
	}
	m := newManager(t, here, session.Config{Observers: observers})
	other := newManager(t, cache, session.Config{})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = cache.Run(ctx, hears, other.Hub()) }) // it ends with ctx
	running.Go(func() { other.Run(ctx) })
	defer running.Wait()
	defer cancel()

	_, token, err := startedBy(t, m, "somebody")
	if err != nil {
		t.Fatal(err)
	}
	resume := func() error {
		_, err := other.Resume(t.Context(), token.Credential(), session.Origin{})
		return err
	}
	for cache.Stats().Hits < 10 {
		if err := resume(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	cut, once := make(chan struct{}), new(sync.Once)
	if _, err := other.Open(t.Context(), token.Credential(), session.Origin{}, new(session.Conn), func(error) { once.Do(func() { close(cut) }) }); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	err = m.RevokeEveryone(t.Context(), session.ReasonEveryone)
	took := time.Since(began)
	if err != nil {
		t.Fatal(err)
	}
	for !errors.Is(resume(), session.ErrRefused) && time.Since(began) < time.Minute {
		time.Sleep(time.Millisecond)
	}
	refused := time.Since(began) - took
	select {
	case <-cut:
	case <-time.After(time.Minute):
		t.Error("what was open at another instance was not cut in a minute")
	}
	cutAfter := time.Since(began) - took
	if err := m.RevokeEveryone(t.Context(), session.ReasonEveryone); err != nil {
		t.Errorf("again: %v", err)
	}
	_, later, err := startedBy(t, m, "somebody")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := here.Mark(t.Context(), "", 500); err != nil { // as Run does from then on
		t.Fatal(err)
	}
	if _, err := other.Resume(t.Context(), later.Credential(), session.Origin{}); err != nil {
		t.Errorf("who signed in after it: %v", err)
	}
	kit.Report(t, name, "everyone", size, "returned", took.Round(time.Millisecond), "others-refuse", refused.Round(time.Millisecond), "others-cut", cutAfter.Round(time.Millisecond))
	if refused > time.Minute {
		t.Error("another instance let somebody in for a minute")
	}
}
