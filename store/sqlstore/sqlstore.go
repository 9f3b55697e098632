// Package sqlstore keeps sessions in a SQL database, SQLite, PostgreSQL, MySQL
// or MariaDB, over jmoiron/sqlx. The caller brings the driver; this package
// imports none.
//
//	db, err := sqlx.Open("sqlite", sqlstore.SQLiteDSN("sessions.db"))
//	...
//	store, err := sqlstore.Open(ctx, db, sqlstore.Config{}) // or New, after Migrate by other hands
//
// A request costs one read by primary key. Nothing is cached: a revocation
// that has returned holds for every process that uses the database. No
// statement replaces a session; a write is a single UPDATE with the condition
// that the session is live, or one transaction.
//
// What has to happen together with a change of the host's own, such as a new
// password, goes into one transaction with it: [Store.InTx].
//
// [Store.Durability] tells whether the database, as it is configured, keeps
// what it acknowledged when the machine loses power; New warns if it does not,
// or refuses it ([Config].MustSurvive).
//
// Every process has to use the same primary. A replica, or another node of a
// cluster that replicates later than it acknowledges, does not know yet what
// was revoked. Statements are prepared once: PgBouncer in transaction mode has
// to know of that (max_prepared_statements, from 1.21 on).
//
// Of the drivers for PostgreSQL take pgx. With lib/pq, database/sql repeats a
// statement whose answer was lost with the connection: nothing is live that was
// revoked, but Revoke may then not return what it has ended. And in a
// transaction of the host's it does not hear of the end of a context while the
// server is silent.
//
// The tables are for you to query: their columns are described in the schema
// files, which Migrate applies and which can also be run by hand.
package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store"
	"github.com/signedin/signedin/store/internal/within"
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
	// database does not answer at all, and the one before a sign-in. Defaults to
	// 250 milliseconds, for SQLite 2 seconds.
	ReadTimeout time.Duration
	// OneNode says that every process connects to the same node, and so accepts a
	// node of a Galera cluster, which New refuses otherwise: over several nodes a
	// revocation that has returned is not in force on the others yet, and a sign-in
	// there can survive it.
	OneNode bool
	// MustSurvive has New refuse a database that could undo a revocation by
	// such a crash, as it is configured. Defaults to store.CrashNone: New only warns.
	MustSurvive store.Crash
	// Logger gets one warning from New if a crash can undo a revocation.
	// Defaults to discarding.
	Logger *slog.Logger
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
		c.ReadTimeout = -1 // by the dialect, below
	}
	if c.MustSurvive > store.CrashFailover {
		return c, nil, fmt.Errorf("sqlstore: Config.MustSurvive: %d is not known", c.MustSurvive)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	d, err := dialectOf(c.Dialect, db.DriverName())
	if c.ReadTimeout < 0 && err == nil {
		c.ReadTimeout = 250 * time.Millisecond
		if d.oneWriter { // a file, whose disk other work may keep busy
			c.ReadTimeout = 2 * time.Second
		}
	}
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
	// punctual says that the driver keeps to the end of a context.
	punctual bool
	workers  within.Workers // for reads by any other
	// writer is the turn to write, where a database has one writer at a time:
	// to wait here is fair, to wait there is to poll.
	writer chan struct{}
}

var _ session.Store = (*Store)(nil)

// New returns a Store in db, whose tables are there already ([Migrate]). It
// returns a [*SchemaError] if they are not, or not as they should be, an
// [*AccessError] if they cannot be written, and a [*store.DurabilityError] if the
// database forgets more than it may. The caller
// closes db, after the last use of the Store; [Store.Close] comes first.
func New(ctx context.Context, db *sqlx.DB, cfg Config) (*Store, error) {
	cfg, d, err := cfg.withDefaults(db)
	if err != nil {
		return nil, err
	}
	st := &Store{db: db, cfg: cfg, dialect: d, writer: make(chan struct{}, 1), punctual: isPunctual(db)}
	return inTime(ctx, d, func() (*Store, error) {
		err := st.start(ctx)
		if err == nil {
			err = ctx.Err() // nobody waits for it any more
		}
		if err != nil {
			return nil, errors.Join(err, st.Close())
		}
		return st, nil
	})
}

// start sees to it that the database can be used, and prepares the statements.
func (st *Store) start(ctx context.Context) error {
	if err := st.dialect.usable(ctx, st.db); err != nil {
		return err
	}
	if nodes := st.dialect.nodes; nodes != nil && !st.cfg.OneNode {
		if err := nodes(ctx, st.db); err != nil {
			return err
		}
	}
	if variant := st.dialect.variant; variant != nil {
		d, err := variant(ctx, st.db, *st.dialect)
		if err != nil {
			return err
		}
		st.dialect = d
	}
	if err := checkSchema(ctx, st.db, st.cfg, st.dialect); err != nil {
		return err
	}
	if err := checkTables(ctx, st.db, st.cfg, st.dialect); err != nil {
		return err
	}
	if err := st.checkDurability(ctx); err != nil {
		return err
	}
	if err := st.prepare(ctx); err != nil {
		return err
	}
	if err := st.checkNames(ctx); err != nil {
		return err
	}
	if err := st.checkAccess(ctx); err != nil {
		return err
	}
	if err := st.probe(ctx); err != nil {
		return err
	}
	_, err := st.generationOf(ctx, "")
	return err
}

// Close gives back the prepared statements. It does not close the database.
func (st *Store) Close() error {
	var errs []error
	for _, s := range st.stmts.all(st.dialect) {
		if *s.stmt != nil {
			errs = append(errs, (*s.stmt).Close())
		}
	}
	return errors.Join(errs...)
}

// fail says what went wrong where, and what to do about it if that is known.
func (st *Store) fail(ctx context.Context, what string, err error) error {
	switch err {
	case nil, session.ErrUnknown, session.ErrEnded, session.ErrConflict, session.ErrExists, session.ErrOutdated:
		return err // an answer
	}
	if err == errNoCounter || st.dialect.misfit(err) {
		err = &SchemaError{Prefix: st.cfg.Prefix, Have: latest, Want: latest, Err: err}
	}
	err = trouble(st.dialect.advice, what, err)
	if j := st.joined(ctx); j != nil && !errors.Is(err, session.ErrCorrupt) {
		j.spoil(err)
	}
	return err
}

// notOurs says why the first question to a database got no answer.
func notOurs(adviceOn func(error) string, kind string, err error) error {
	if adviceOn(err) != "" {
		return trouble(adviceOn, "open", err)
	}
	return trouble(adviceOn, "does the driver speak to a "+kind+" database?", err)
}

func trouble(adviceOn func(error) string, what string, err error) error {
	if advice := adviceOn(err); advice != "" {
		return fmt.Errorf("sqlstore: %s: %w (%s)", what, err, advice)
	}
	return fmt.Errorf("sqlstore: %s: %w", what, err)
}
