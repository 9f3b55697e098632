package drivertest_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/redisstore"
	"github.com/signedin/signedin/store/sqlstore"
)

const (
	loadWorkers = 8
	loadBatch   = 480 // sessions to revoke in the time of one kill
	killAfter   = 240 // of these have been revoked
)

// kills returns how often each server is killed. The environment variable
// SIGNEDIN_KILLS replaces that, for a long run.
func kills() int {
	if n, err := strconv.Atoi(os.Getenv("SIGNEDIN_KILLS")); err == nil {
		return n
	}
	return 3
}

// victim is a server with some settings, and a store in it.
type victim struct {
	name    string
	server  *ownServer
	ready   func() error
	setting []string
	open    func(t *testing.T) session.Store
	// keep has the server write down what there is so far, also with settings
	// by which it would do so later.
	keep func(t *testing.T)
	// survives reports what the start-up report says: whether what is
	// acknowledged is still there when the process was killed.
	survives func(t *testing.T) bool
}

// killed kills the server in the middle of a load, several times, and holds
// what is there afterwards against what the start-up report has said. Settings
// by which a crash of the process may undo a revocation have to show it, or the
// test could not find it either. (What a loss of power would undo, with fsync
// off above all, cannot be seen here: what the process wrote the kernel has.)
func killed(t *testing.T, v victim) {
	t.Helper()
	v.server.start(v.ready, v.setting...)
	defer v.server.kill()
	store := v.open(t)
	survives := v.survives(t)
	var total loss
	for range kills() {
		l := &load{T: t, manager: managerOf(t, store)}
		l.prepare()
		v.keep(t)
		l.run(v.server.kill)
		v.server.start(v.ready, v.setting...)
		recovered := l.await()
		total.add(l.count())
		total.recovery = max(total.recovery, recovered)
	}
	report(t, v.name, "kills", kills(), "revocations", total.revoked, "alive-again", total.alive,
		"sign-ins", total.started, "sign-ins-lost", total.gone, "recovery", total.recovery.Round(time.Millisecond), "promised", survives)
	if survives && total.alive+total.gone > 0 {
		t.Errorf("%d revocations and %d sign-ins were lost, and the report said that they survive", total.alive, total.gone)
	}
	if !survives && total.alive == 0 {
		t.Error("no revocation was lost, and the report said that they may be: the test would not find a lost one")
	}
}

func managerOf(t *testing.T, store session.Store) *session.Manager {
	t.Helper()
	m, err := session.New(store, session.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// loss is what was acknowledged, and how much of it was gone.
type loss struct {
	revoked, alive int // revocations, and those that were undone
	started, gone  int
	recovery       time.Duration
}

func (l *loss) add(o loss) {
	l.revoked, l.alive = l.revoked+o.revoked, l.alive+o.alive
	l.started, l.gone = l.started+o.started, l.gone+o.gone
}

// load is people who sign in, are seen and sign out.
type load struct {
	*testing.T
	manager *session.Manager
	stay    session.Token // of a session that nobody ends

	mu       sync.Mutex
	waiting  [][]signedIn // to be ended, several at once
	revoked  []signedIn   // acknowledged
	started  []signedIn
	sessions atomic.Int64
}

type signedIn struct {
	user  string
	token session.Token
}

// prepare signs people in.
func (l *load) prepare() {
	l.Helper()
	var wg sync.WaitGroup
	for w := range loadWorkers {
		wg.Go(func() {
			for n := range loadBatch / loadWorkers / 4 {
				var group []signedIn
				for range 4 {
					s, err := l.signIn(fmt.Sprint("user ", w, " ", n))
					if err != nil {
						l.Error(err)
						return
					}
					group = append(group, s)
				}
				l.mu.Lock()
				l.waiting = append(l.waiting, group)
				l.mu.Unlock()
			}
		})
	}
	wg.Wait()
	s, err := l.signIn("somebody who stays")
	if err != nil {
		l.Fatal(err)
	}
	l.stay, l.started = s.token, nil
}

func (l *load) signIn(user string) (signedIn, error) {
	ctx := context.WithoutCancel(l.Context())
	ticket, err := l.manager.BeginSignIn(ctx, user)
	if err != nil {
		return signedIn{}, err
	}
	_, token, err := l.manager.Start(ctx, ticket, session.Origin{}, session.StartOptions{})
	return signedIn{user, token}, err
}

// run lets everybody do something until the server is gone, which is killed
// once it has acknowledged so many revocations.
func (l *load) run(kill func()) {
	l.Helper()
	enough, dead := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var wg sync.WaitGroup
	for range loadWorkers {
		wg.Go(func() {
			for n := 0; ; n++ {
				if err := l.step(n); err != nil {
					l.judge(err, dead)
					return
				}
				if l.sessions.Load() >= killAfter {
					once.Do(func() { close(enough) })
				}
			}
		})
	}
	<-enough
	close(dead) // from now on it may be
	kill()
	wg.Wait()
}

// judge fails the test if err comes from a server that is there, or if it is
// an answer.
func (l *load) judge(err error, dead <-chan struct{}) {
	l.Helper()
	select {
	case <-dead:
	default:
		l.Errorf("before the kill: %v", err)
	}
	if errors.Is(err, session.ErrRefused) || errors.Is(err, session.ErrNotFound) {
		l.Errorf("the server is gone, and that is taken for an answer: %v", err)
	}
}

func (l *load) step(n int) error {
	ctx := context.WithoutCancel(l.Context())
	switch n % 3 {
	case 0:
		s, err := l.signIn("somebody new")
		if err == nil {
			l.mu.Lock()
			l.started = append(l.started, s)
			l.mu.Unlock()
		}
		return err
	case 1:
		_, err := l.manager.Resume(ctx, l.stay.Credential(), session.Origin{})
		return errors.Join(err, l.manager.Flush(ctx))
	}
	group := l.next()
	if group == nil {
		return nil
	}
	if n%2 == 0 {
		_, err := l.manager.RevokeAll(ctx, group[0].user, session.ReasonPasswordChanged)
		return l.acknowledged(err, group...)
	}
	for _, s := range group {
		err := l.manager.Revoke(ctx, s.user, s.token.ID(), session.ReasonSignedOut)
		if err := l.acknowledged(err, s); err != nil {
			return err
		}
	}
	return nil
}

func (l *load) next() []signedIn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		return nil
	}
	group := l.waiting[0]
	l.waiting = l.waiting[1:]
	return group
}

func (l *load) acknowledged(err error, all ...signedIn) error {
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.revoked = append(l.revoked, all...)
	l.sessions.Add(int64(len(all)))
	return nil
}

// await returns how long it took, once the server was back, until a request
// was let in again, over the connections of before.
func (l *load) await() time.Duration {
	l.Helper()
	begin := time.Now()
	var err error
	for time.Since(begin) < 30*time.Second {
		if _, err = l.manager.Resume(l.Context(), l.stay.Credential(), session.Origin{}); err == nil {
			return time.Since(begin)
		}
		if errors.Is(err, session.ErrRefused) {
			break
		}
	}
	l.Fatalf("after the kill: %v", err)
	return 0
}

// count looks what has become of what was acknowledged.
func (l *load) count() loss {
	l.Helper()
	return loss{
		revoked: len(l.revoked), alive: l.live(l.revoked),
		started: len(l.started), gone: len(l.started) - l.live(l.started),
	}
}

func (l *load) live(all []signedIn) (n int) {
	l.Helper()
	for _, s := range all {
		_, err := l.manager.Resume(l.Context(), s.token.Credential(), session.Origin{})
		if err == nil {
			n++
		} else if !errors.Is(err, session.ErrRefused) {
			l.Fatal(err)
		}
	}
	return n
}

func TestPostgresKilled(t *testing.T) {
	s := ownPostgres(t)
	dsn := "host=" + s.dir + " user=signedin database=postgres"
	for _, v := range []string{"on", "off"} {
		killedSQL(t, s, "pgx", dsn, dsn, "postgres(synchronous_commit="+v+")", []string{"-c", "synchronous_commit=" + v}, "CHECKPOINT")
	}
}

func TestMariaDBKilled(t *testing.T) {
	s := ownMariaDB(t)
	root := "root@unix(" + s.path("socket") + ")/"
	const name = "innodb_flush_log_at_trx_commit"
	for n := range 3 {
		killedSQL(t, s, "mysql", root, root+"signedin", fmt.Sprintf("mariadb(%s=%d)", name, n), []string{fmt.Sprintf("--%s=%d", name, n)},
			"SET GLOBAL "+name+" = 1", "CREATE OR REPLACE TABLE signedin.kept (n int)", "INSERT INTO signedin.kept VALUES (1)",
			fmt.Sprintf("SET GLOBAL %s = %d", name, n))
	}
}

// killedSQL kills a database server that has some setting. keep are the
// statements by which it writes down everything so far.
func killedSQL(t *testing.T, server *ownServer, driver, admin, dsn, name string, setting []string, keep ...string) {
	connect := func(t *testing.T, dsn string) *sqlx.DB {
		if driver == "mysql" {
			return openQuietly(t, dsn)
		}
		return open(t, driver, dsn)
	}
	t.Run(name, func(t *testing.T) {
		var db *sqlx.DB
		var store *sqlstore.Store
		control := connect(t, admin)
		killed(t, victim{
			name: name, server: server, setting: setting,
			ready: func() error { return control.PingContext(t.Context()) },
			open: func(t *testing.T) session.Store {
				if driver == "mysql" {
					mustExec(t, control, "CREATE DATABASE IF NOT EXISTS signedin")
				}
				db = connect(t, dsn)
				db.SetMaxIdleConns(loadWorkers)
				store = migrated(t, db, sqlstore.Config{})
				return store
			},
			keep: func(t *testing.T) {
				for _, statement := range keep {
					mustExec(t, control, statement)
				}
			},
			survives: func(t *testing.T) bool { return sqlSurvives(t, store, db) },
		})
	})
}

// sqlSurvives is what the report says, and sees that New refuses accordingly.
func sqlSurvives(t *testing.T, store *sqlstore.Store, db *sqlx.DB) bool {
	t.Helper()
	d, err := store.Durability(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	again, err := sqlstore.New(t.Context(), db, sqlstore.Config{MustSurvive: sqlstore.CrashProcess})
	var refused *sqlstore.DurabilityError
	if errors.As(err, &refused) == d.Process {
		t.Errorf("survives a crash: %v; New that insists on it: %v", d.Process, err)
	}
	if err == nil {
		err = again.Close()
	}
	if err != nil && refused == nil {
		t.Error(err)
	}
	return d.Process
}

func TestRedisKilled(t *testing.T) {
	for name, setting := range map[string][]string{
		"redis(appendfsync=always)":   {"--appendonly", "yes", "--appendfsync", "always", "--save", ""},
		"redis(appendfsync=everysec)": {"--appendonly", "yes", "--appendfsync", "everysec", "--save", ""},
		"redis(appendonly=no)":        {"--appendonly", "no", "--save", ""},
	} {
		t.Run(name, func(t *testing.T) {
			server := ownRedis(t)
			client := closing(t, redis.NewClient(&redis.Options{Network: "unix", Addr: server.path("socket"), ContextTimeoutEnabled: true}))
			var store *redisstore.Store
			killed(t, victim{
				name: name, server: server, setting: setting,
				ready: func() error {
					c, err := net.Dial("unix", server.path("socket"))
					if err != nil {
						return err
					}
					return c.Close()
				},
				open: func(t *testing.T) session.Store {
					store = redisStore(t, client, redisstore.Config{Prefix: "killed:"})
					return store
				},
				keep: func(t *testing.T) {
					// The snapshot that the server would make by "save".
					if err := client.Save(t.Context()).Err(); err != nil {
						t.Fatal(err)
					}
				},
				survives: func(t *testing.T) bool {
					d, err := store.Durability(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					return d.Process
				},
			})
		})
	}
}
