package drivertest_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store"
	"github.com/signedin/signedin/store/internal/kit"
	"github.com/signedin/signedin/store/redisstore"
	"github.com/signedin/signedin/store/sqlstore"
	"github.com/signedin/signedin/store/storetest/need"
)

// kills returns how often each server is killed. The environment variable
// SIGNEDIN_KILLS replaces that, for a long run.
func kills() int {
	if n, err := strconv.Atoi(os.Getenv("SIGNEDIN_KILLS")); err == nil {
		return n
	}
	if need.RaceDetector { // they are killed without it
		return 1
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
	seldom   bool // it loses something only while the disk is slow
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
	n := 0
	for ; n < kills() || !survives && !v.seldom && kills() > 1 && total.alive == 0 && n < 10; n++ { // by luck it may lose nothing
		l := &load{T: t, manager: managerOf(t, store)}
		l.prepare()
		v.keep(t)
		l.run(v.server.kill)
		v.server.start(v.ready, v.setting...)
		recovered := l.await()
		total.add(l.count())
		total.recovery = max(total.recovery, recovered)
	}
	kit.Report(t, v.name, "kills", n, "revocations", total.revoked, "alive-again", total.alive,
		"sign-ins", total.started, "sign-ins-lost", total.gone, "recovery", total.recovery.Round(time.Millisecond), "promised", survives)
	if survives && total.alive+total.gone > 0 {
		t.Errorf("%d revocations and %d sign-ins were lost, and the report said that they survive", total.alive, total.gone)
	}
	if !survives && !v.seldom && total.alive == 0 && kills() > 1 {
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

func TestPostgresKilled(t *testing.T) {
	s := ownPostgres(t)
	dsn := "host=" + s.dir + " user=signedin database=postgres"
	for _, v := range []string{"on", "off"} {
		// With the longest interval at which the server would write by itself.
		killedSQL(t, s, "pgx", dsn, dsn, "postgres(synchronous_commit="+v+")",
			[]string{"-c", "synchronous_commit=" + v, "-c", "wal_writer_delay=10s", "-c", "wal_writer_flush_after=1GB"}, "CHECKPOINT")
	}
}

func TestMySQLKilled(t *testing.T) {
	s := ownMySQL(t)
	root := "root@unix(" + s.path("socket") + ")/"
	const name = "innodb_flush_log_at_trx_commit"
	for n := range 3 {
		killedSQL(t, s, "mysql", root, root+"signedin", fmt.Sprintf("mariadb(%s=%d)", name, n), []string{fmt.Sprintf("--%s=%d", name, n), "--innodb-flush-log-at-timeout=60"},
			"SET GLOBAL "+name+" = 1", "DROP TABLE IF EXISTS signedin.kept", "CREATE TABLE signedin.kept (n int)", "INSERT INTO signedin.kept VALUES (1)",
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
				store = migrated(t, db, sqlstore.Config{ReadTimeout: 10 * time.Second}) // the machine may be busy
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
func sqlSurvives(t *testing.T, st *sqlstore.Store, db *sqlx.DB) bool {
	t.Helper()
	d, err := st.Durability(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	again, err := sqlstore.New(t.Context(), db, sqlstore.Config{MustSurvive: store.CrashProcess})
	var refused *store.DurabilityError
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
		"redis(appendfsync=no)":       {"--appendonly", "yes", "--appendfsync", "no", "--save", ""},
		"redis(appendonly=no)":        {"--appendonly", "no", "--save", ""},
	} {
		t.Run(name, func(t *testing.T) {
			server := ownRedis(t)
			client := closing(t, redis.NewClient(&redis.Options{Network: "unix", Addr: server.path("socket"), ContextTimeoutEnabled: true,
				ReadTimeout: time.Minute})) // of a snapshot, on a machine that may be busy
			var store *redisstore.Store
			killed(t, victim{
				name: name, server: server, setting: setting, seldom: strings.Contains(name, "everysec"),
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
