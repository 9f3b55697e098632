package drivertest_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/sqlstore"
)

// TestPlans reads the query plan of every statement that the store prepares:
// none may look at every session.
func TestPlans(t *testing.T) {
	dsn := sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "db"))
	plain := open(t, "sqlite", dsn)
	rec := &recorder{inner: plain.Driver(), dsn: dsn}
	recorded := sqlx.NewDb(sql.OpenDB(rec), "sqlite")
	t.Cleanup(func() { _ = recorded.Close() })
	migrated(t, recorded, sqlstore.Config{})
	rec.wantAll(t)
	for _, q := range rec.queries {
		rows, err := plain.Query(`EXPLAIN QUERY PLAN `+q, make([]any, strings.Count(q, "?"))...)
		if err != nil {
			t.Errorf("%s: %v", q, err)
			continue
		}
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			if scansTable(detail) || isPage(q) && strings.Contains(detail, "FOR ORDER BY") {
				t.Errorf("%s\n\t%s", q, detail)
			}
		}
		if err := rows.Err(); err != nil {
			t.Error(err)
		}
	}
}

// TestForeignKeepIsAnswered has somebody else's session be kept: that is an answer,
// for which nobody looks twice.
func TestForeignKeepIsAnswered(t *testing.T) {
	dsn := sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "db"))
	rec := &recorder{inner: open(t, "sqlite", dsn).Driver(), dsn: dsn}
	db := sqlx.NewDb(sql.OpenDB(rec), "sqlite")
	t.Cleanup(func() { _ = db.Close() })
	store := migrated(t, db, sqlstore.Config{})
	s := sample(1)
	if err := store.Create(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	rec.begun.Store(0)
	if _, err := store.Revoke(t.Context(), session.Revocation{UserID: "eve", All: true, Keep: s}); !errors.Is(err, session.ErrUnknown) {
		t.Errorf("got %v, want ErrUnknown", err)
	}
	if n := rec.begun.Load(); n != 1 {
		t.Errorf("got %d transactions, want 1", n)
	}
}

// scansTable reports whether a step of a plan looks at every row. The table of
// everyone has one, json_each has those of its argument, and c is counted, from an
// index.
func scansTable(detail string) bool {
	words := strings.Fields(detail)
	if words[0] != "SCAN" || strings.Contains(detail, "USING INDEX signedin_sessions_due") {
		return false
	}
	switch words[1] {
	case "g", "t", "c", "signedin_everyone", "json_each", "CONSTANT":
		return false
	}
	return true
}

// isPage reports whether a statement reads a page of a user's ended sessions, of
// whom there may be 100,000: nobody sorts those for 20.
func isPage(q string) bool {
	return strings.Contains(q, "ORDER BY s.ended_at") ||
		strings.Contains(q, "s.user_generation = ") && strings.Contains(q, "ORDER BY s.id DESC")
}

// TestPostgresPlans is the same on PostgreSQL, with tables so large, and plans
// so general, that it does not read all because that is less work.
func TestPostgresPlans(t *testing.T) {
	dsn := service(t, "SIGNEDIN_TEST_POSTGRES")
	plain := openPostgres(t, "pgx")
	plain.SetMaxOpenConns(1) // of which the setting is
	rec := &recorder{inner: plain.Driver(), dsn: dsn}
	recorded := sqlx.NewDb(sql.OpenDB(rec), "pgx")
	t.Cleanup(func() { _ = recorded.Close() })
	prefix := newPrefix(t, plain)
	store := migrated(t, recorded, sqlstore.Config{Prefix: prefix})
	if err := store.Create(t.Context(), typical()); err != nil {
		t.Fatal(err)
	}
	postgresFiller(plain, prefix).fill(t, 0, 20_000, 0, 1000)
	mustExec(t, plain, `INSERT INTO `+prefix+`users SELECT 'user ' || n, 1, n FROM generate_series(0, 99999) n`)
	mustExec(t, plain, `INSERT INTO `+prefix+`profiles SELECT 'user ' || n, 'x', 1 FROM generate_series(0, 99999) n`)
	mustExec(t, plain, `INSERT INTO `+prefix+`issued SELECT decode(md5(n::text), 'hex'), decode(md5('s' || n), 'hex'), n FROM generate_series(0, 99999) n`)
	mustExec(t, plain, `INSERT INTO `+prefix+`issuers SELECT decode(md5(n::text), 'hex'), 1, n FROM generate_series(0, 99999) n`)
	mustExec(t, plain, `INSERT INTO `+prefix+`bumps SELECT 'user ' || n, 1, 0, n, 'r', 'b', NULL FROM generate_series(0, 99999) n`)
	mustExec(t, plain, `UPDATE `+prefix+`sessions SET ended_at = last_at, due_at = NULL WHERE id < '\x0000000000001000'`)
	mustExec(t, plain, `VACUUM ANALYZE`)
	mustExec(t, plain, `SET plan_cache_mode = force_generic_plan`)
	rec.wantAll(t)
	for i, q := range rec.queries {
		mustExec(t, plain, fmt.Sprintf(`PREPARE p%d AS %s`, i, q))
		execute := fmt.Sprintf(`EXPLAIN EXECUTE p%d`, i)
		if n := parameters(q); n > 0 {
			execute += `(NULL` + strings.Repeat(`, NULL`, n-1) + `)`
		}
		var plan []string
		if err := plain.Select(&plan, execute); err != nil {
			t.Errorf("%s: %v", q, err)
		}
		for _, step := range plan {
			if strings.Contains(step, "Seq Scan on "+prefix) && !strings.Contains(step, prefix+"everyone") || isPage(q) && strings.Contains(step, "Sort") {
				t.Errorf("%s\n\t%s", q, strings.Join(plan, "\n\t"))
			}
		}
	}
}

// parameters returns how many parameters a statement of PostgreSQL has.
func parameters(q string) (n int) {
	for ; strings.Contains(q, fmt.Sprintf("$%d", n+1)); n++ {
	}
	return n
}

// recorder opens connections that note what is prepared.
type recorder struct {
	inner driver.Driver
	dsn   string

	mu      sync.Mutex
	queries []string
	begun   atomic.Int64 // transactions
}

// wantAll fails the test unless all statements of a store were noted: that of
// each table at least.
func (r *recorder) wantAll(t *testing.T) {
	t.Helper()
	all := strings.Join(r.queries, ";")
	if len(r.queries) < 20 || !strings.Contains(all, "profiles") || !strings.Contains(all, "users") {
		t.Fatalf("got %d statements, want all of the store", len(r.queries))
	}
}

func (r *recorder) Driver() driver.Driver { return r.inner }

func (r *recorder) Connect(context.Context) (driver.Conn, error) {
	c, err := r.inner.Open(r.dsn)
	return &recordingConn{c, r}, err
}

type recordingConn struct {
	driver.Conn
	r *recorder
}

func (c *recordingConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	c.r.queries = append(c.r.queries, query)
	return c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
}

func (c *recordingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

func (c *recordingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

func (c *recordingConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	c.r.begun.Add(1)
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, opts)
}
