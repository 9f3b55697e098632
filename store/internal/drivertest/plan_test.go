package drivertest_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jmoiron/sqlx"

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
	if len(rec.queries) < 20 {
		t.Fatalf("got %d statements, want all of the store", len(rec.queries))
	}
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
			if scansTable(detail) {
				t.Errorf("%s\n\t%s", q, detail)
			}
		}
		if err := rows.Err(); err != nil {
			t.Error(err)
		}
	}
}

// scansTable reports whether a step of a plan looks at every row. The table of
// everyone has one, and json_each has those of its argument.
func scansTable(detail string) bool {
	words := strings.Fields(detail)
	if words[0] != "SCAN" || strings.Contains(detail, "USING INDEX signedin_sessions_due") {
		return false
	}
	switch words[1] {
	case "g", "t", "signedin_everyone", "json_each", "CONSTANT":
		return false
	}
	return true
}

// recorder opens connections that note what is prepared.
type recorder struct {
	inner driver.Driver
	dsn   string

	mu      sync.Mutex
	queries []string
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
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, opts)
}
