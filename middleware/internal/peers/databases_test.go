package peers_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/scs/goredisstore"
	"github.com/alexedwards/scs/mysqlstore"
	"github.com/alexedwards/scs/postgresstore"
	"github.com/alexedwards/scs/sqlite3store"
	"github.com/alexedwards/scs/v2"
	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
	"github.com/redis/go-redis/v9"
	"modernc.org/sqlite"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/cachestore"
	"github.com/signedin/signedin/store/pollbus"
	"github.com/signedin/signedin/store/redisstore"
	"github.com/signedin/signedin/store/sqlstore"
)

// trips counts the statements that went to SQLite, and how often somebody
// waited for a server.
var trips atomic.Int64

// BenchmarkDatabase has 64 clients at once with a database behind, the same for
// both libraries. The servers are those of .ci/services, by the environment.
// What a request needs of the database is reported as trips/op: the statements
// that went to SQLite, the round trips to a server.
func BenchmarkDatabase(b *testing.B) {
	for _, d := range []struct {
		name string
		open func(b *testing.B) (session.Store, session.Bus, scs.Store)
	}{
		{"sqlite", openSQLite}, {"postgres", openPostgres}, {"mysql", openMySQL}, {"redis", openRedis},
	} {
		b.Run(d.name, func(b *testing.B) {
			store, bus, other := d.open(b)
			b.Run("signedin-strict", func(b *testing.B) { together(b, oursIn(b, store)) })
			b.Run("signedin-cached", func(b *testing.B) { together(b, oursIn(b, cached(b, store, bus))) })
			b.Run("scs-touch-off", func(b *testing.B) { together(b, theirsIn(other, 0)) })
			b.Run("scs-touch-on", func(b *testing.B) { together(b, theirsIn(other, 20*time.Minute)) })
		})
	}
}

// together has 64 clients use 1,000 sessions.
func together(b *testing.B, s host) {
	cookies := make([][]string, 1000)
	for i := range cookies {
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, httptest.NewRequest("POST", fmt.Sprintf("/?user=user%d", i), nil))
		c := w.Result().Cookies()
		if len(c) != 1 {
			b.Fatalf("sign-in: %d, %d cookies", w.Code, len(c))
		}
		cookies[i] = []string{c[0].Name + "=" + c[0].Value}
	}
	get := func(w discard, r *http.Request, n int64) {
		clear(w.h)
		r.Header["Cookie"] = cookies[n*7919%int64(len(cookies))]
		s.handler.ServeHTTP(w, r)
	}
	newRequest := func() *http.Request {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36")
		return r
	}
	for i := range 2 * len(cookies) { // the first request of a session is another thing
		get(discard{make(http.Header)}, newRequest(), int64(i))
	}
	s.served.Store(0)
	trips.Store(0)
	var n atomic.Int64
	b.ReportAllocs()
	b.SetParallelism(32)
	b.ResetTimer()
	begin := time.Now()
	b.RunParallel(func(p *testing.PB) {
		w, r := discard{make(http.Header)}, newRequest()
		for p.Next() {
			get(w, r, n.Add(1))
		}
	})
	b.StopTimer()
	requests := float64(n.Load())
	b.ReportMetric(requests/time.Since(begin).Seconds(), "req/s")
	b.ReportMetric(float64(trips.Load())/requests, "trips/op")
	if s.served.Load() != n.Load() {
		b.Fatalf("%d of %d requests were signed in", s.served.Load(), n.Load())
	}
}

// cached puts a cache in front of store, and waits until it has proof that it
// would hear of revocations.
func cached(b *testing.B, store session.Store, bus session.Bus) session.Store {
	c, err := cachestore.New(store, cachestore.Config{})
	if err != nil {
		b.Fatal(err)
	}
	m, err := session.New(c, session.Config{})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = c.Run(ctx, bus, m.Hub()) }()
	b.Cleanup(func() { cancel(); <-done })
	time.Sleep(2500 * time.Millisecond)
	return c
}

func openSQLite(b *testing.B) (session.Store, session.Bus, scs.Store) {
	db := sql.OpenDB(connector{&sqlite.Driver{}, sqlstore.SQLiteDSN(filepath.Join(b.TempDir(), "db"))})
	exec(b, db, `CREATE TABLE sessions (token TEXT PRIMARY KEY, data BLOB NOT NULL, expiry REAL NOT NULL)`,
		`CREATE INDEX sessions_expiry_idx ON sessions (expiry)`)
	store := ourTables(b, sqlx.NewDb(db, "sqlite"))
	return store, poller(b, store), sqlite3store.NewWithCleanupInterval(db, 0)
}

func openPostgres(b *testing.B) (session.Store, session.Bus, scs.Store) {
	cfg, err := pgx.ParseConfig(server(b, "SIGNEDIN_TEST_POSTGRES"))
	if err != nil {
		b.Fatal(err)
	}
	cfg.DialFunc = dial
	db := stdlib.OpenDB(*cfg)
	exec(b, db, `DROP TABLE IF EXISTS sessions`, `CREATE TABLE sessions (token TEXT PRIMARY KEY, data BYTEA NOT NULL, expiry TIMESTAMPTZ NOT NULL)`,
		`CREATE INDEX sessions_expiry_idx ON sessions (expiry)`)
	store := ourTables(b, sqlx.NewDb(db, "pgx"))
	b.Cleanup(func() { exec(b, db, `DROP TABLE sessions`) })
	return store, silent{}, postgresstore.NewWithCleanupInterval(db, 0)
}

func openMySQL(b *testing.B) (session.Store, session.Bus, scs.Store) {
	cfg, err := mysql.ParseDSN(server(b, "SIGNEDIN_TEST_MYSQL") + "?parseTime=true")
	if err != nil {
		b.Fatal(err)
	}
	cfg.Net = "counted"
	mysql.RegisterDialContext(cfg.Net, func(ctx context.Context, address string) (net.Conn, error) { return dial(ctx, "tcp", address) })
	c, err := mysql.NewConnector(cfg)
	if err != nil {
		b.Fatal(err)
	}
	db := sql.OpenDB(c)
	exec(b, db, `DROP TABLE IF EXISTS sessions`, `CREATE TABLE sessions (token CHAR(43) PRIMARY KEY, data BLOB NOT NULL, expiry TIMESTAMP(6) NOT NULL)`,
		`CREATE INDEX sessions_expiry_idx ON sessions (expiry)`)
	store := ourTables(b, sqlx.NewDb(db, "mysql"))
	b.Cleanup(func() { exec(b, db, `DROP TABLE sessions`) })
	return store, poller(b, store), mysqlstore.NewWithCleanupInterval(db, 0)
}

func openRedis(b *testing.B) (session.Store, session.Bus, scs.Store) {
	client := redis.NewClient(&redis.Options{Addr: server(b, "SIGNEDIN_TEST_REDIS"), Dialer: dial, PoolSize: 16, ContextTimeoutEnabled: true})
	b.Cleanup(func() { _ = client.Close() })
	cfg := redisstore.Config{Prefix: fmt.Sprintf("peers-%d:", time.Now().UnixNano()), ReadTimeout: 10 * time.Second}
	store, err := redisstore.New(b.Context(), client, cfg)
	if err != nil {
		b.Fatal(err)
	}
	return store, redisstore.NewBus(client, cfg), goredisstore.NewWithPrefix(client, cfg.Prefix+"scs:")
}

// ourTables makes a store in db, and closes both in the end.
func ourTables(b *testing.B, db *sqlx.DB) *sqlstore.Store {
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	cfg := sqlstore.Config{Prefix: fmt.Sprintf("peers%d_", time.Now().UnixNano()), ReadTimeout: 10 * time.Second}
	if err := sqlstore.Migrate(b.Context(), db, cfg); err != nil {
		b.Fatal(err)
	}
	store, err := sqlstore.New(b.Context(), db, cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		for _, t := range []string{"sessions", "users", "profiles", "everyone", "schema", "log"} {
			exec(b, db.DB, `DROP TABLE IF EXISTS `+cfg.Prefix+t)
		}
		_ = store.Close()
		_ = db.Close()
	})
	return store
}

func poller(b *testing.B, log pollbus.Log) session.Bus {
	bus, err := pollbus.New(log, pollbus.Config{})
	if err != nil {
		b.Fatal(err)
	}
	return bus
}

// silent is a bus on which nothing happens.
type silent struct{ session.Bus }

func (silent) Run(ctx context.Context, receive func(session.Message)) error {
	receive(session.Message{Missed: true})
	for tick := time.NewTicker(time.Second); ; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			receive(session.Message{})
		}
	}
}

func serverOf(env string) string { return os.Getenv(env) }

func server(b *testing.B, env string) string {
	where := serverOf(env)
	if where == "" {
		b.Skipf("SKIPPED: needs a server; set %s", env)
	}
	return where
}

func exec(b *testing.B, db *sql.DB, statements ...string) {
	b.Helper()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			b.Fatal(err)
		}
	}
}

// dial connects to a server and counts the round trips.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	return &counted{Conn: c}, err
}

// counted is a connection. A round trip is a write after what was read.
type counted struct {
	net.Conn
	asked atomic.Bool
}

func (c *counted) Write(b []byte) (int, error) {
	if c.asked.CompareAndSwap(false, true) {
		trips.Add(1)
	}
	return c.Conn.Write(b)
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.asked.Store(false)
	return n, err
}

// connector opens connections of SQLite that count statements.
type connector struct {
	driver driver.Driver
	dsn    string
}

func (c connector) Driver() driver.Driver { return c.driver }

func (c connector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.driver.Open(c.dsn)
	return &countedSQL{conn}, err
}

type countedSQL struct{ driver.Conn }

func (c *countedSQL) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	s, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
	return &countedStmt{s}, err
}

func (c *countedSQL) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, opts)
}

func (c *countedSQL) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	trips.Add(1)
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

func (c *countedSQL) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	trips.Add(1)
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

type countedStmt struct{ driver.Stmt }

func (s *countedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	trips.Add(1)
	return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
}

func (s *countedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	trips.Add(1)
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}
