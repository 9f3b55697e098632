package drivertest_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/sqlstore"
)

// TestMySQLReadsBehind has a read miss what a write has just met. In MariaDB that
// can be: a transaction lets others have its rows a moment before all see them.
func TestMySQLReadsBehind(t *testing.T) {
	db := openMySQL(t, "")
	past := &pastDB{recorder: recorder{inner: db.Driver(), dsn: service(t, "SIGNEDIN_TEST_MYSQL")}}
	behind := sqlx.NewDb(sql.OpenDB(past), "mysql")
	t.Cleanup(func() { _ = behind.Close() })
	cfg := sqlstore.Config{Prefix: newPrefix(t, db)}
	here, there := migrated(t, db, cfg), migrated(t, behind, cfg)

	ending := session.Ending{At: someTime, Reason: session.ReasonAdmin, By: "admin"}
	create := func(st session.Store, s *session.Session) error { return st.Create(t.Context(), s) }
	update := func(st session.Store, s *session.Session) error { return st.Update(t.Context(), s) }
	keep := func(st session.Store, s *session.Session) error {
		_, err := st.Revoke(t.Context(), session.Revocation{UserID: "ada", All: true, Keep: s, Ending: ending})
		return err
	}
	revoke := func(st session.Store, s *session.Session) error {
		_, err := st.Revoke(t.Context(), session.Revocation{UserID: "ada", Only: []session.ID{s.ID}, Ending: ending})
		return err
	}
	for n, c := range []struct {
		what      string
		meanwhile func(session.Store, *session.Session) error // in the database now
		call      func(session.Store, *session.Session) error // of which the first read is of the time before
		want      error
	}{
		{"created twice", create, create, session.ErrExists},
		{"written when it has ended", revoke, update, session.ErrEnded},
		{"kept when it has ended", revoke, keep, session.ErrEnded},
	} {
		s := sample(byte(n))
		if c.want != session.ErrExists {
			if err := create(here, s); err != nil {
				t.Fatal(err)
			}
		}
		past.remember(t)
		if err := c.meanwhile(here, s.Clone()); err != nil {
			t.Fatal(err)
		}
		past.answers.Store(1)
		if err := c.call(there, s.Clone()); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.what, err, c.want)
		}
	}
}

// pastDB opens connections that answer some reads as of a moment ago.
type pastDB struct {
	recorder
	then    driver.Conn  // in a transaction that sees what was then
	answers atomic.Int64 // of how many reads to come
}

// remember has the next answers be as of now.
func (p *pastDB) remember(t *testing.T) {
	t.Helper()
	c, err := p.inner.Open(p.dsn)
	if err == nil {
		t.Cleanup(func() { _ = c.Close() })
		_, err = c.(driver.ExecerContext).ExecContext(t.Context(), "START TRANSACTION WITH CONSISTENT SNAPSHOT", nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	p.then = c
}

func (p *pastDB) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := p.inner.Open(p.dsn)
	return &pastConn{recordingConn{c, &p.recorder}, p}, err
}

type pastConn struct {
	recordingConn
	p *pastDB
}

func (c *pastConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	stmt, err := c.recordingConn.PrepareContext(ctx, query)
	if err == nil && (strings.HasPrefix(query, "SELECT count(*)") || strings.Contains(query, " AS live ")) {
		stmt = &pastStmt{stmt, c.p, query}
	}
	return stmt, err
}

// pastStmt reads why something was not written.
type pastStmt struct {
	driver.Stmt
	p     *pastDB
	query string
}

func (s *pastStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	stmt := s.Stmt
	if s.p.answers.Add(-1) >= 0 {
		var err error
		if stmt, err = s.p.then.Prepare(s.query); err != nil {
			return nil, err
		}
	}
	return stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
}
