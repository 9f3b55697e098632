package drivertest_test

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/internal/kit"
	"github.com/signedin/signedin/store/redisstore"
	"github.com/signedin/signedin/store/sqlstore"
	"github.com/signedin/signedin/store/storetest/need"
)

const (
	ofRequest = 250 * time.Millisecond // what a request gives a read: Config.ReadTimeout of the stores
	ofWrite   = 5 * time.Second        // what the Manager gives each other step
	// ofCaller is what the test gives a call of a Store, which has no bound of its
	// own but for what each request asks.
	ofCaller = time.Second
	// hangs is by how much a call may be late before that is no slow machine.
	hangs = 10 * time.Second
)

// TestBounds makes every call of a Store, and of a Manager, while the way to the
// server is in trouble, all at once: each ends within its bound, none takes
// trouble for an answer, and when the trouble is over the store is back.
func TestBounds(t *testing.T) {
	need.Heavy(t)
	var all sync.WaitGroup // they wait more than they work
	defer all.Wait()
	for _, f := range []boundedFamily{
		{"postgres", "pgx", ownPostgres, (*ownServer).servePostgres, openSQLBehind("pgx")},
		{"postgres", "postgres", ownPostgres, (*ownServer).servePostgres, openSQLBehind("postgres")},
		{"mysql", "mysql", ownMySQL, (*ownServer).serveMySQL, openSQLBehind("mysql")},
		{"redis", "go-redis", ownRedis, func(s *ownServer) string { return (&redisProcess{ownServer: s}).serve() }, openRedisBehind},
	} {
		all.Go(func() { t.Run(f.kind+"("+f.driver+")", f.test) })
	}
	for _, driver := range sqliteDrivers {
		all.Go(func() {
			t.Run("sqlite("+driver+")", func(t *testing.T) {
				needSQLite(t, driver)
				file := sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "db"))
				other := open(t, driver, file)
				st := migrated(t, open(t, driver, file), sqlstore.Config{ReadTimeout: 2 * time.Second})
				other.SetMaxOpenConns(1)
				inTrouble(t, "sqlite("+driver+",locked)", false, st,
					func() { mustExec(t, other, "BEGIN EXCLUSIVE") }, func() { mustExec(t, other, "COMMIT") })
			})
		})
	}
}

// boundedFamily is a kind of server, and how to reach it.
type boundedFamily struct {
	kind, driver string
	own          func(testing.TB) *ownServer
	serve        func(*ownServer) (dsn string)
	open         func(t *testing.T, behind, direct string) session.Store
}

func (f boundedFamily) test(t *testing.T) {
	server := f.own(t)
	dsn := f.serve(server)
	var all sync.WaitGroup
	for fault, state := range map[string]linkState{
		"silent": linkSilent, "half-open": linkHalfOpen, "refuses": linkRefused, "slow": linkSlow,
	} {
		all.Go(func() {
			t.Run(fault, func(t *testing.T) {
				link, behind := behindProxy(t, dsn)
				inTrouble(t, f.name(fault), state == linkSilent || state == linkRefused, f.open(t, behind, dsn),
					func() { link.set(state) }, func() { link.set(linkUp) })
			})
		})
	}
	all.Wait()
	t.Run("stopped", func(t *testing.T) {
		_, behind := behindProxy(t, dsn)
		inTrouble(t, f.name("stopped"), true, f.open(t, behind, dsn),
			func() { server.signalAll(syscall.SIGSTOP) }, func() { server.signalAll(syscall.SIGCONT) })
	})
}

func (f boundedFamily) name(fault string) string { return f.kind + "(" + f.driver + "," + fault + ")" }

// openSQLBehind opens a store behind a proxy, with few connections: who waits
// for one is waiting, too.
func openSQLBehind(driver string) func(t *testing.T, behind, direct string) session.Store {
	return func(t *testing.T, behind, direct string) session.Store {
		cfg := sqlstore.Config{Prefix: newPrefix(t, open(t, driver, direct))}
		migrated(t, open(t, driver, direct), cfg)
		db := openThrough(t, driver, behind)
		db.SetMaxOpenConns(10)
		return impatient(t, db, cfg)
	}
}

func openRedisBehind(t *testing.T, behind, direct string) session.Store {
	prefix := ownPrefix()
	client := closing(t, redis.NewClient(&redis.Options{Addr: behind})) // as go-redis comes
	st, err := redisstore.New(t.Context(), client, redisstore.Config{Prefix: prefix})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// signalAll sends a signal to the server and its processes.
func (s *ownServer) signalAll(sig syscall.Signal) {
	pid := s.running.Process.Pid
	for _, p := range append(childrenOf(pid), pid) {
		_ = syscall.Kill(p, sig) // or it has ended
	}
}

// inTrouble makes all calls between begin and end, and reports what the longest
// took, and how long after the end a request and a sign-in succeeded. If nothing
// can succeed meanwhile, nobody may be refused either: else one of the calls is
// RevokeEveryone.
func inTrouble(t *testing.T, name string, nothing bool, st session.Store, begin, end func()) {
	t.Helper()
	b := newBounds(t, st)
	cells := b.cells()
	begin()
	var calls sync.WaitGroup
	var mu sync.Mutex
	var longest, late time.Duration
	var which string
	failed := 0
	for what, c := range cells {
		calls.Go(func() {
			took, err := b.one(what, c)
			if nothing && (err == nil || errors.Is(err, session.ErrRefused) || errors.Is(err, session.ErrNotFound)) {
				t.Errorf("%s: got %v, want trouble", what, err)
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed++
			}
			if took > c.bound+ofRequest/5 {
				t.Logf("%s took %v, its bound is %v: %v", what, took.Round(time.Millisecond), c.bound, err)
			}
			if took-c.bound > late || which == "" {
				late, which = took-c.bound, strings.ReplaceAll(what, " ", "-")
			}
			longest = max(longest, took)
		})
	}
	calls.Wait()
	end()
	answer := b.until("an answer", func(ctx context.Context) error { _, _, err := st.Get(ctx, b.unknown); return err })
	signIn := b.until("a sign-in", func(ctx context.Context) error { _, err := b.signIn(ctx, "afterwards"); return err })
	kit.Report(t, name, "cells", len(cells), "in-trouble", failed, "longest", longest.Round(time.Millisecond),
		"over-bound", max(0, late).Round(time.Millisecond), "by", which,
		"answers-after", answer.Round(time.Millisecond), "signs-in-after", signIn.Round(time.Millisecond))
}

// one makes one call and returns what it took.
func (b *bounds) one(what string, c boundedCall) (time.Duration, error) {
	b.Helper()
	returned := make(chan error, 1)
	began := time.Now()
	go func() { returned <- c.do() }()
	select {
	case err := <-returned:
		return time.Since(began), err
	case <-time.After(c.bound + hangs):
		b.Errorf("%s hangs: its bound is %v", what, c.bound)
		return time.Since(began), context.DeadlineExceeded
	}
}

// until returns how long it takes until a call succeeds.
func (b *bounds) until(what string, call func(ctx context.Context) error) time.Duration {
	b.Helper()
	began := time.Now()
	for {
		err := call(b.Context())
		if err == nil || errors.Is(err, session.ErrUnknown) {
			return time.Since(began)
		}
		if time.Since(began) > time.Second+hangs {
			b.Errorf("%s after the trouble: %v", what, err)
			return time.Since(began)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// missing returns the methods of a type of which there is no cell.
func missing(of reflect.Type, cells map[string]boundedCall, prefix string) (methods []string) {
	named := make(map[string]bool)
	for what := range maps.Keys(cells) {
		word, _, _ := strings.Cut(what, " ")
		named[word] = true
	}
	for i := range of.NumMethod() {
		if m := prefix + of.Method(i).Name; !named[m] {
			methods = append(methods, m)
		}
	}
	return methods
}

// TestBoundsAreOfAll has no method of a Store, of what it may have besides, or of
// a Manager left out of TestBounds.
func TestBoundsAreOfAll(t *testing.T) {
	cells := new(bounds).cells()
	without := []string{
		"Manager.Hub", "Manager.KeepsIssued", "Manager.KeepsProfiles", "Manager.Limits", "Manager.Logger", "Manager.Now", "Manager.Stats",
		"Manager.RotationDue", "Manager.Settle", "Manager.OpenKnown", "Manager.ResumeKnown", "Manager.Tossed", "Manager.Subscribe",
		"Manager.BoundLifetime", "Manager.ProofAccepted", "Manager.ProofFailed", "Manager.WrongProof", "Manager.Cut", // ask no store
		"Manager.Run", // has no end; what it calls has
	}
	for prefix, of := range map[string]reflect.Type{
		"": reflect.TypeFor[session.Store](), "Profiles.": reflect.TypeFor[session.Profiles](), "Issuers.": reflect.TypeFor[session.Issuers](),
		"Clock.": reflect.TypeFor[session.Clock](), "Manager.": reflect.TypeFor[*session.Manager](),
	} {
		for _, m := range missing(of, cells, prefix) {
			if !slices.Contains(without, m) {
				t.Errorf("no cell of TestBounds is about %s", m)
			}
		}
	}
	for _, m := range without {
		if _, ok := reflect.TypeFor[*session.Manager]().MethodByName(strings.TrimPrefix(m, "Manager.")); !ok {
			t.Errorf("%s is no method any more", m)
		}
	}
}
