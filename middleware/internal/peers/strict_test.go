package peers_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/securecookie"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
	"github.com/redis/go-redis/v9"
	"modernc.org/sqlite"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/redisstore"
	"github.com/signedin/signedin/store/sqlstore"
)

// narrow reads, without our code, what tells whether a session still is as it was:
// the least that a request in strict mode can do.
type narrow func(ctx context.Context, id session.ID) bool

// strictSessions are fewer than elsewhere: each sign-in is a commit.
const strictSessions = 500

// database is a store and what is compared with it.
type database struct {
	name   string
	store  session.Store
	narrow narrow
}

func databases(t *testing.T) (all []database) {
	if d, err := sqlx.Open("sqlite", sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "db"))); err == nil {
		all = append(all, sqlDatabase(t, "SQLite (modernc)", d, `?`))
	}
	_ = sqlite.Driver{}
	if dsn := serverOf("SIGNEDIN_TEST_POSTGRES"); dsn != "" {
		cfg, err := pgx.ParseConfig(dsn)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, sqlDatabase(t, "PostgreSQL", sqlx.NewDb(stdlib.OpenDB(*cfg), "pgx"), `$1`))
	}
	if dsn := serverOf("SIGNEDIN_TEST_MYSQL"); dsn != "" {
		d, err := sqlx.Open("mysql", dsn+"?parseTime=true")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, sqlDatabase(t, "MariaDB", d, `?`))
	}
	if address := serverOf("SIGNEDIN_TEST_REDIS"); address != "" {
		all = append(all, redisDatabase(t, address))
	}
	return all
}

func sqlDatabase(t testing.TB, name string, db *sqlx.DB, parameter string) database {
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	cfg := sqlstore.Config{Prefix: fmt.Sprintf("strict%d_", time.Now().UnixNano()), ReadTimeout: 10 * time.Second}
	if err := sqlstore.Migrate(t.Context(), db, cfg); err != nil {
		t.Fatal(err)
	}
	store, err := sqlstore.New(t.Context(), db, cfg)
	if err != nil {
		t.Fatal(err)
	}
	stmt, err := db.Prepare(strings.ReplaceAll(`SELECT s.version, s.last_at, s.user_generation, s.global_generation,
		coalesce((SELECT u.generation FROM p_users u WHERE u.user_id = s.user_id), 0), (SELECT g.generation FROM p_everyone g)
		FROM p_sessions s WHERE s.id = `+parameter+` AND s.ended_at IS NULL`, "p_", cfg.Prefix))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stmt.Close()
		_ = store.Close()
		for _, table := range []string{"sessions", "users", "profiles", "everyone", "schema", "log", "bumps", "links", "counters"} {
			_, _ = db.Exec(`DROP TABLE IF EXISTS ` + cfg.Prefix + table)
		}
		_ = db.Close()
	})
	return database{name, store, func(ctx context.Context, id session.ID) bool {
		var version, lastAt, user, global int64
		var nowUser, nowGlobal sql.NullInt64
		err := stmt.QueryRowContext(ctx, id[:]).Scan(&version, &lastAt, &user, &global, &nowUser, &nowGlobal)
		return err == nil && user == nowUser.Int64 && global == nowGlobal.Int64
	}}
}

func redisDatabase(t *testing.T, address string) database {
	client := redis.NewClient(&redis.Options{Addr: address, PoolSize: 16, ContextTimeoutEnabled: true})
	cfg := redisstore.Config{Prefix: fmt.Sprintf("strict-%d:", time.Now().UnixNano()), ReadTimeout: 10 * time.Second}
	store, err := redisstore.New(t.Context(), client, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	var keys []string // of sessions, found once
	where := make(map[session.ID]string)
	return database{"Redis", store, func(ctx context.Context, id session.ID) bool {
		if len(keys) == 0 {
			keys, _ = client.Keys(context.Background(), cfg.Prefix+"*session:*").Result()
			for _, k := range keys {
				hex := k[strings.LastIndexByte(k, ':')+1:]
				for i := range len(id) {
					n, _ := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
					id[i] = byte(n)
				}
				where[id] = k
			}
			return true
		}
		var values *redis.SliceCmd
		_, err := client.Pipelined(ctx, func(p redis.Pipeliner) error {
			values = p.HMGet(ctx, where[id], "version", "last_at", "user_generation", "global_generation", "ended_at", "data")
			p.HGet(ctx, cfg.Prefix+"nobody", "generation")
			p.HGet(ctx, cfg.Prefix+"everyone", "generation")
			return nil
		})
		return (err == nil || err == redis.Nil) && values.Val()[0] != nil
	}}
}

// TestTableOfStrict measures requests each of which asks the store whether its
// session is as it was, beside the same question without our code, and the first
// request of a cookie that this process has not seen.
func TestTableOfStrict(t *testing.T) {
	measured(t)
	for _, d := range databases(t) {
		t.Run(d.name, func(t *testing.T) { strict(t, d) })
	}
}

func strict(t *testing.T, d database) {
	us, manager := wholeSite(t, d.store, nil)
	lines := us.signedIn(t, strictSessions)
	var ids []session.ID
	for i := range lines {
		mine, err := manager.List(t.Context(), fmt.Sprint("user", i+1))
		if err != nil || len(mine) != 1 {
			t.Fatal(len(mine), err)
		}
		ids = append(ids, mine[0].ID)
	}
	ctx, cancel := context.WithCancel(context.Background()) // as that of a request
	defer cancel()
	d.narrow(ctx, ids[0])
	raw := func(workers int) *contestant {
		return &contestant{name: fmt.Sprintf("without our code, %d", workers), workers: workers, keepLatencies: true,
			ask: func(w, i int) bool { return d.narrow(ctx, ids[(w*104729+i*7919)%len(ids)]) }}
	}
	ours := func(workers int) *contestant {
		c := us.visiting(fmt.Sprintf("signedin, strict, %d", workers), workers, lines, ctx)
		c.keepLatencies = true
		return c
	}
	one, oneRaw, many, manyRaw := ours(1), raw(1), ours(64), raw(64)

	// Of a cookie that was never seen here: another Middleware and Manager each time.
	codec := securecookie.New(cookieKey, nil).SetSerializer(securecookie.NopEncoder{}).MaxAge(0)
	cold := &contestant{name: "signedin, cold cookie", ask: func(_, i int) bool {
		c := newClient()
		*c.request = *c.request.WithContext(ctx)
		c.ask(coldSite(t, d.store, i), lines[i*7919%len(lines)])
		return c.w.status == http.StatusNoContent
	}}
	value := lines[0][strings.Index(lines[0], "session=")+len("session="):]
	value, _, _ = strings.Cut(value, ";")
	name := lines[0][:strings.Index(lines[0], "=")]
	coldRaw := &contestant{name: "decode + raw read", ask: func(_, i int) bool {
		var b []byte
		return codec.Decode(name, value, &b) == nil && d.narrow(ctx, ids[i*7919%len(ids)])
	}}
	contest(t, one, oneRaw, many, manyRaw, cold, coldRaw)
	tab := newTable(d.name)
	defer tab.end()
	for _, c := range []*contestant{one, oneRaw, many, manyRaw, cold, coldRaw} {
		tab.row(c)
	}
	tab.goal("p50 / without our code, 1 client", ratio(one.p50, oneRaw.p50), "x", "1.3")
	tab.goal("wall / without our code, 64 clients", ratio(many.wall, manyRaw.wall), "x", "1.3")
	tab.goal("cold cookie / decode + raw read, cpu", ratio(cold.cpu, coldRaw.cpu), "x", "2")
}

var coldOf struct {
	store session.Store
	at    int
	h     http.Handler
}

// coldSite is one that has seen no cookie, made anew once all have been seen.
func coldSite(t testing.TB, store session.Store, i int) http.Handler {
	if at := i / strictSessions; coldOf.h == nil || coldOf.at != at || coldOf.store != store {
		manager, err := session.New(store, session.Config{TouchInterval: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		mw, err := middleware.New(manager, middleware.Config{CookieKeys: session.NewKeys(cookieKey)})
		if err != nil {
			t.Fatal(err)
		}
		coldOf.store, coldOf.at = store, at
		coldOf.h = mw.Load(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, ok := session.FromContext(r.Context()); ok {
				w.WriteHeader(http.StatusNoContent)
			}
		}))
	}
	return coldOf.h
}

// BenchmarkStrict is a request of strict mode on SQLite, for a profile.
func BenchmarkStrict(b *testing.B) {
	d, err := sqlx.Open("sqlite", sqlstore.SQLiteDSN(filepath.Join(b.TempDir(), "db")))
	if err != nil {
		b.Fatal(err)
	}
	db := sqlDatabase(b, "SQLite (modernc)", d, `?`)
	us, _ := wholeSite(b, db.store, nil)
	lines := us.signedIn(b, strictSessions)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	b.Run("hit", func(b *testing.B) { profiled(b, us.visiting("", 1, lines, ctx), nil) })
	b.Run("cold", func(b *testing.B) {
		profiled(b, &contestant{ask: func(_, i int) bool {
			c := newClient()
			*c.request = *c.request.WithContext(ctx)
			c.ask(coldSite(b, db.store, i), lines[i*7919%len(lines)])
			return c.w.status == http.StatusNoContent
		}}, nil)
	})
}
