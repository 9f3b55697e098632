// Package sqlstore keeps sessions in a SQL database, over jmoiron/sqlx. The
// caller brings the driver; this package imports none.
//
//	db, err := sqlx.Open("sqlite", sqlstore.SQLiteDSN("sessions.db"))
//	...
//	err = sqlstore.Migrate(ctx, db, sqlstore.Config{})
//	...
//	store, err := sqlstore.New(ctx, db, sqlstore.Config{})
//
// A request costs one read by primary key. Nothing is cached: a revocation
// that has returned holds for every process that uses the database. No
// statement replaces a session; a write is a single UPDATE with the condition
// that the session is live, or one transaction.
//
// [Store.Durability] tells whether the database, as it is configured, keeps
// what it acknowledged when the machine loses power.
//
// The tables are for you to query: their columns are described in the schema
// files, which Migrate applies and which can also be run by hand.
package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/session"
)

// Config holds what a [Store] can be told. The zero Config works.
type Config struct {
	// Dialect is the kind of database. Defaults to what the name of the driver
	// says.
	Dialect Dialect
	// Prefix starts the name of every table and index: letters, digits and
	// underscores, at most 32. Defaults to "signedin_".
	Prefix string
	// ReadTimeout bounds the one read that a request makes, also when the
	// database does not answer at all. Defaults to 250 milliseconds.
	ReadTimeout time.Duration
}

const defaultPrefix = "signedin_"

var validPrefix = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,31}$`)

// withDefaults returns c with the defaults filled in, and its dialect.
func (c Config) withDefaults(db *sqlx.DB) (Config, *dialect, error) {
	if c.Prefix == "" {
		c.Prefix = defaultPrefix
	}
	if !validPrefix.MatchString(c.Prefix) {
		return c, nil, fmt.Errorf("sqlstore: Config.Prefix: %q is not lower-case letters, digits and underscores, at most 32", c.Prefix)
	}
	if c.ReadTimeout < 0 {
		return c, nil, fmt.Errorf("sqlstore: Config.ReadTimeout: %v is negative", c.ReadTimeout)
	}
	if c.ReadTimeout == 0 {
		c.ReadTimeout = 250 * time.Millisecond
	}
	d, err := dialectOf(c.Dialect, db.DriverName())
	return c, d, err
}

// named returns a statement with the tables by their configured names.
func (c Config) named(statement string) string {
	return strings.ReplaceAll(statement, defaultPrefix, c.Prefix)
}

// A Store is a [session.Store] in a SQL database. Make one with [New].
type Store struct {
	db      *sqlx.DB
	cfg     Config
	dialect *dialect
	stmts   statements
	// writer is the turn to write, where a database has one writer at a time:
	// to wait here is fair, to wait there is to poll.
	writer chan struct{}
}

var _ session.Store = (*Store)(nil)

// New returns a Store in db, whose tables are there already ([Migrate]). It
// returns a [*SchemaError] if they are not, or not as they should be. The
// caller closes db, after the last use of the Store; [Store.Close] comes first.
func New(ctx context.Context, db *sqlx.DB, cfg Config) (*Store, error) {
	cfg, d, err := cfg.withDefaults(db)
	if err != nil {
		return nil, err
	}
	if err := d.check(ctx, db); err != nil {
		return nil, err
	}
	if err := checkSchema(ctx, db, cfg, d); err != nil {
		return nil, err
	}
	st := &Store{db: db, cfg: cfg, dialect: d, writer: make(chan struct{}, 1)}
	if err := st.prepare(ctx); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return st, nil
}

// Close gives back the prepared statements. It does not close the database.
func (st *Store) Close() error {
	var errs []error
	for _, s := range st.stmts.all() {
		if *s.stmt != nil {
			errs = append(errs, (*s.stmt).Close())
		}
	}
	return errors.Join(errs...)
}

// fail says what went wrong where, and what to do about it if that is known.
func (st *Store) fail(what string, err error) error {
	switch err {
	case nil, session.ErrUnknown, session.ErrEnded, session.ErrConflict, session.ErrExists, session.ErrOutdated:
		return err // an answer
	}
	return trouble(st.dialect.advice, what, err)
}

func trouble(adviceOn func(error) string, what string, err error) error {
	if advice := adviceOn(err); advice != "" {
		return fmt.Errorf("sqlstore: %s: %w (%s)", what, err, advice)
	}
	return fmt.Errorf("sqlstore: %s: %w", what, err)
}

// exclusive waits for the turn to write.
func (st *Store) exclusive(ctx context.Context) (done func(), err error) {
	if err := ctx.Err(); err != nil || !st.dialect.oneWriter {
		return func() {}, err
	}
	select {
	case st.writer <- struct{}{}:
		return func() { <-st.writer }, nil
	case <-ctx.Done():
		return func() {}, ctx.Err()
	}
}

// exec runs a statement that is a transaction by itself, and returns how many
// rows it changed.
func (st *Store) exec(ctx context.Context, stmt *sqlx.Stmt, args ...any) (int, error) {
	done, err := st.exclusive(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	return rowsAffected(stmt.ExecContext(ctx, args...))
}

// transaction runs f in a transaction. Where there is one writer the first
// statement is a write, of nothing: so the lock for writing is taken at the
// start, as by BEGIN IMMEDIATE, and a transaction that has read never has to
// give up because another one wrote.
func (st *Store) transaction(ctx context.Context, f func(tx *tx) error) error {
	done, err := st.exclusive(ctx)
	if err != nil {
		return err
	}
	defer done()
	t, err := st.db.BeginTxx(ctx, &sql.TxOptions{Isolation: st.dialect.isolation})
	if err != nil {
		return err
	}
	defer t.Rollback() //nolint:errcheck // does nothing after the commit, and changes nothing before it
	inside := &tx{t, ctx}
	if st.dialect.oneWriter {
		if _, err := inside.exec(st.stmts.begin); err != nil {
			return err
		}
	}
	if err := f(inside); err != nil {
		return err
	}
	return t.Commit()
}

// tx is a transaction in which prepared statements run.
type tx struct {
	*sqlx.Tx
	ctx context.Context
}

func (t *tx) exec(stmt *sqlx.Stmt, args ...any) (int, error) {
	return rowsAffected(t.StmtxContext(t.ctx, stmt).ExecContext(t.ctx, args...))
}

func (t *tx) get(to any, stmt *sqlx.Stmt, args ...any) error {
	return t.StmtxContext(t.ctx, stmt).GetContext(t.ctx, to, args...)
}

func (t *tx) sel(to any, stmt *sqlx.Stmt, args ...any) error {
	return t.StmtxContext(t.ctx, stmt).SelectContext(t.ctx, to, args...)
}

func rowsAffected(r interface{ RowsAffected() (int64, error) }, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	n, err := r.RowsAffected()
	return int(n), err
}
