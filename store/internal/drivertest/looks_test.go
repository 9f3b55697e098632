package drivertest_test

import (
	"bufio"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/jmoiron/sqlx"
	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/store"
	"github.com/signedin/signedin/store/internal/kit"
	"github.com/signedin/signedin/store/redisstore"
	"github.com/signedin/signedin/store/sqlstore"
	"github.com/signedin/signedin/store/storetest/need"
)

// pgbouncer starts PgBouncer in transaction mode before the PostgreSQL of the
// tests, and returns the data source name of what is behind it.
func pgbouncer(t *testing.T, prepared int) string {
	t.Helper()
	need.Heavy(t)
	behind := service(t, "SIGNEDIN_TEST_POSTGRES")
	where, err := url.Parse(behind)
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(os.Getenv("SIGNEDIN_ENGINES"), "pgbouncer-1", "usr/sbin/pgbouncer")
	if !isProgram(program) {
		need.Missing(t, "needs PgBouncer; .ci/engines pgbouncer-1 installs it")
	}
	s := newOwnServer(t, "postgres")
	ini := s.path("pgbouncer.ini")
	s.command = []string{program, ini}
	dsn := func(port string) string { return "postgres://signedin@127.0.0.1:" + port + "/postgres?sslmode=disable" }
	port := s.onPort(func(port string) error { return ping("pgx", dsn(port)) }, func(port string) []string {
		config := fmt.Sprintf(`[databases]
postgres = host=%s port=%s user=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = any
pool_mode = transaction
max_prepared_statements = %d
default_pool_size = 10
ignore_startup_parameters = extra_float_digits
`, where.Hostname(), where.Port(), where.User.Username(), port, prepared)
		if err := os.WriteFile(ini, []byte(config), 0o644); err != nil { //nolint:gosec // another user reads it
			t.Fatal(err)
		}
		return nil
	})
	return dsn(port)
}

// TestPostgresLooksPooler has a pooler in transaction mode: all rules hold if it
// knows of prepared statements, and New refuses it if not.
func TestPostgresLooksPooler(t *testing.T) {
	for _, driver := range []string{"pgx", "postgres"} {
		t.Run(driver, func(t *testing.T) {
			db := open(t, driver, pgbouncer(t, 0))
			cfg := sqlstore.Config{Prefix: newPrefix(t, openPostgres(t, "pgx"))}
			migrated(t, openPostgres(t, "pgx"), cfg)
			for range 3 { // whatever was prepared on which connection
				wantTrouble(t, newError(t, db, cfg), "pooler", "max_prepared_statements")
			}
		})
	}
	db := open(t, "pgx", pgbouncer(t, 200))
	db.SetMaxOpenConns(16)
	kit.Run(t, "postgres(pgbouncer)", reused(t, db, newPrefix(t, db)), 0)
}

// TestPostgresLooksFailover has a primary that waits for a replica, or not.
func TestPostgresLooksFailover(t *testing.T) {
	s := ownPostgres(t)
	db := open(t, "pgx", "host="+s.dir+" user=signedin database=postgres")
	s.start(func() error { return db.PingContext(t.Context()) })
	migrated(t, db, sqlstore.Config{})
	wantSQLDurability(t, db, sqlstore.Config{}, store.CrashPower, "")
	s.kill()
	s.start(func() error { return db.PingContext(t.Context()) }, "-c", "synchronous_standby_names=*")
	wantSQLDurability(t, db, sqlstore.Config{}, store.CrashFailover, "")
	s.kill()
	s.start(func() error { return db.PingContext(t.Context()) }, "-c", "synchronous_standby_names=*", "-c", "synchronous_commit=local")
	wantSQLDurability(t, db, sqlstore.Config{}, store.CrashPower, "")
}

// TestLooksLockless has servers that take a lock for sharing, and keep nobody
// out by it, as some do that speak the language of PostgreSQL or MySQL.
func TestPostgresLooksLockless(t *testing.T) { looksLockless(t, openPostgres(t, "pgx")) }
func TestMySQLLooksLockless(t *testing.T)    { looksLockless(t, openMySQL(t, "")) }

func looksLockless(t *testing.T, db *sqlx.DB) {
	cfg := sqlstore.Config{Prefix: newPrefix(t, db)}
	migrated(t, db, cfg)
	env := map[string]string{"pgx": "SIGNEDIN_TEST_POSTGRES", "mysql": "SIGNEDIN_TEST_MYSQL"}[db.DriverName()]
	lockless := sqlx.NewDb(sql.OpenDB(&locklessConnector{db.Driver(), service(t, env)}), db.DriverName())
	t.Cleanup(func() { _ = lockless.Close() })
	wantTrouble(t, newError(t, lockless, cfg), "does not lock rows", "use PostgreSQL, MySQL or MariaDB itself")
}

// locklessConnector leaves out of each statement that it shares a lock.
type locklessConnector struct {
	inner driver.Driver
	dsn   string
}

func (c *locklessConnector) Driver() driver.Driver { return c.inner }

func (c *locklessConnector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.inner.Open(c.dsn)
	return locklessConn{conn}, err
}

type locklessConn struct{ driver.Conn }

func (c locklessConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, opts)
}

func (c locklessConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	query = strings.NewReplacer("FOR SHARE", "", "LOCK IN SHARE MODE", "").Replace(query)
	return c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
}

// TestMySQLModes has modes of MySQL and MariaDB that hosts set: the store works,
// or says what to change.
func TestMySQLModes(t *testing.T) {
	for _, mode := range []string{"ANSI", "PAD_CHAR_TO_FULL_LENGTH", "NO_BACKSLASH_ESCAPES", "TRADITIONAL", "ORACLE", "EMPTY_STRING_IS_NULL", "SIMULTANEOUS_ASSIGNMENT"} {
		t.Run(mode, func(t *testing.T) {
			db := openMySQL(t, "sql_mode="+url.QueryEscape("'"+mode+",STRICT_ALL_TABLES'"))
			if err := db.Ping(); err != nil {
				t.Skipf("SKIPPED: this server has no such mode: %v", err)
			}
			cfg := sqlstore.Config{Prefix: newPrefix(t, db)}
			if strings.HasPrefix(mode, "EMPTY") {
				wantTrouble(t, sqlstore.Migrate(t.Context(), db, cfg), "take EMPTY_STRING_IS_NULL out")
				return
			}
			st := migrated(t, db, cfg)
			other := sqlstore.Config{Prefix: newPrefix(t, db)}
			keepApart(t, st, migrated(t, db, other))
		})
	}
}

// TestMySQLLooksGalera has a node of a Galera cluster, which is the only one in it.
func TestMySQLLooksGalera(t *testing.T) {
	need.Heavy(t)
	found, _ := filepath.Glob("/usr/lib/galera*/libgalera_smm.so")
	if len(found) == 0 {
		t.Skip("SKIPPED: needs the library of Galera, which comes with MariaDB")
	}
	s := ownMySQL(t)
	if onEngine != nil && onEngine.root != "" {
		t.Skip("SKIPPED: the library is of the system's MariaDB")
	}
	root := "root@unix(" + s.path("socket") + ")/"
	admin := open(t, "mysql", root)
	s.onPort(func(string) error { // which answers before it is part of the cluster
		_, err := admin.Exec(`CREATE DATABASE IF NOT EXISTS signedin`)
		return err
	}, func(port string) []string {
		return []string{
			"--wsrep-on=ON", "--wsrep-provider=" + found[0], "--wsrep-cluster-address=gcomm://", "--wsrep-node-address=127.0.0.1:" + port,
			"--wsrep-provider-options=base_port=" + port + ";gmcast.listen_addr=tcp://127.0.0.1:" + port, "--binlog-format=ROW",
		}
	})
	db := open(t, "mysql", root+"signedin")
	cfg := sqlstore.Config{OneNode: true}
	migrated(t, db, cfg)
	wantTrouble(t, newError(t, db, sqlstore.Config{}), "Galera", "Config.OneNode")
	if err := newError(t, db, cfg); err != nil {
		t.Error(err)
	}
}

// TestRedisLooksDouble has the usual double of Redis in tests of Go.
func TestRedisLooksDouble(t *testing.T) {
	client := closing(t, redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()}))
	_, err := redisstore.New(t.Context(), client, redisstore.Config{})
	wantRedisTrouble(t, "New", err, "double of it such as miniredis")
}

// TestRedisLooks has servers that are not quite Redis. They are played, by what
// they say to HELLO: they cannot be had here.
func TestRedisLooks(t *testing.T) {
	need.Heavy(t)
	for name, c := range map[string]struct{ hello, says string }{
		"several primaries (KeyDB)": {"*6\r\n$7\r\nversion\r\n$5\r\n6.3.4\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$14\r\nactive-replica\r\n", "use a single primary"},
	} {
		t.Run(name, func(t *testing.T) {
			client := closing(t, redis.NewClient(&redis.Options{Addr: saysHello(t, c.hello), Protocol: 2, MaxRetries: -1}))
			_, err := redisstore.New(t.Context(), client, redisstore.Config{})
			wantRedisTrouble(t, "New", err, c.says)
		})
	}
}

// saysHello is a server that answers HELLO by that, and is fine with the rest.
func saysHello(t *testing.T, hello string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if err := replies(bufio.NewReader(c), c, hello); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, net.ErrClosed) {
					t.Log(err)
				}
			}()
		}
	}()
	return listener.Addr().String()
}

func replies(from *bufio.Reader, to io.Writer, hello string) error {
	for {
		var words, length int
		if _, err := fmt.Fscanf(from, "*%d\r\n", &words); err != nil {
			return err
		}
		var command string
		for i := range words {
			if _, err := fmt.Fscanf(from, "$%d\r\n", &length); err != nil {
				return err
			}
			word := make([]byte, length+2)
			if _, err := io.ReadFull(from, word); err != nil {
				return err
			}
			if i == 0 {
				command = strings.ToLower(string(word[:length]))
			}
		}
		reply := "+OK\r\n"
		switch {
		case command == "hello" && words == 1:
			reply = hello
		case command == "hello": // as a connection begins; a client can do without
			reply = "-ERR unknown command 'hello'\r\n"
		}
		if _, err := io.WriteString(to, reply); err != nil {
			return err
		}
	}
}
