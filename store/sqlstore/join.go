package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/internal/within"
)

// InTx runs f in a transaction and commits it. The methods of this Store, and
// so those of a Manager over it, take part in it when they are given the
// context that f gets; f's own statements go through tx. What was ended in it
// is cut, and observers hear of it, once it is committed.
//
// If f returns an error or panics, or a method of the Store had trouble in it,
// nothing has happened: it is rolled back, nobody is cut and nobody told.
// If the commit itself fails it is not known whether it happened; then what is
// still open on a session that has ended is cut by the next Manager.Purge.
//
// It begins and commits no longer than ctx, whatever the driver. Inside of f
// that is the driver's: lib/pq waits for a server that has fallen silent for as
// long as the system does, pgx and go-sql-driver do not.
//
// On SQLite other writers wait until f returns. Inside of f use the context
// that it gets: what it writes by another one waits for f to return, and so for
// ever.
func (st *Store) InTx(ctx context.Context, f func(ctx context.Context, tx *sqlx.Tx) error) error {
	if st.joined(ctx) != nil {
		return errors.New("sqlstore: transaction: the context belongs to one already")
	}
	pending, err := st.inTx(ctx, f)
	if err != nil {
		return err
	}
	pending.Committed() // not before the turn to write is given back: observers may write
	return nil
}

func (st *Store) inTx(ctx context.Context, f func(ctx context.Context, tx *sqlx.Tx) error) (*session.Pending, error) {
	done, err := st.exclusive(ctx)
	if err != nil {
		return nil, st.fail(ctx, "transaction", err)
	}
	defer done()
	t, err := within.Do(ctx, func() (*sqlx.Tx, error) { return st.begin(ctx) })
	if err != nil {
		return nil, st.fail(ctx, "transaction", err) // one that begins after all is rolled back, as ctx is over
	}
	// Does nothing after the commit, and changes nothing before it.
	defer within.Do(ctx, func() (struct{}, error) { return struct{}{}, t.Rollback() }) //nolint:errcheck // nor does its answer
	j := &joined{tx: t, entered: true}
	inside, pending := st.join(ctx, j)
	if err := f(inside, t); err != nil {
		return nil, err
	}
	if err := j.trouble(); err != nil {
		return nil, fmt.Errorf("sqlstore: transaction rolled back: %w", err)
	}
	if _, err := within.Do(ctx, func() (struct{}, error) { return struct{}{}, t.Commit() }); err != nil {
		pending.Unknown()
		return nil, st.fail(ctx, "commit", err)
	}
	return pending, nil
}

// Join is for a host that commits by itself. It returns a context with which
// the methods of this Store take part in tx, which is on the same database.
// Call Committed once tx is committed, or Unknown if the commit fails, and forget
// the Pending and the context if it is rolled back. It must be rolled back after
// a method had trouble.
//
// On PostgreSQL and MySQL tx must have been begun with sql.LevelReadCommitted.
// On SQLite begin with a write: a transaction that has read fails to write if
// another one wrote in between.
//
// [Store.InTx] does all that.
func (st *Store) Join(ctx context.Context, tx *sqlx.Tx) (context.Context, *session.Pending) {
	return st.join(ctx, &joined{tx: tx})
}

func (st *Store) join(ctx context.Context, j *joined) (context.Context, *session.Pending) {
	held, pending := session.Hold(ctx)
	j.held = held
	return context.WithValue(held, joinedKey{st}, j), pending
}

type joinedKey struct{ st *Store }

// joined is a transaction of the host's.
type joined struct {
	tx   *sqlx.Tx
	held context.Context //nolint:containedctx // tells whether it is committed

	mu      sync.Mutex
	entered bool
	spoiled error // the first trouble in it
}

// joined returns the transaction of the host's that ctx belongs to, or nil. By
// the context of one that is committed, methods work as by any other.
func (st *Store) joined(ctx context.Context) *joined {
	j, ok := ctx.Value(joinedKey{st}).(*joined)
	if !ok || !session.Held(j.held) {
		return nil
	}
	return j
}

// enter does what comes before the first statement in a transaction that the
// host began.
func (j *joined) enter(ctx context.Context, st *Store) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.entered {
		return nil
	}
	if st.dialect.oneWriter {
		if _, err := j.tx.StmtxContext(ctx, st.stmts.begin).ExecContext(ctx); err != nil {
			return err
		}
	}
	if q := st.dialect.level; q != "" {
		var level string
		if err := j.tx.GetContext(ctx, &level, q); err != nil {
			return err
		}
		if level != "read committed" {
			return fmt.Errorf("the transaction is %s: begin it with sql.LevelReadCommitted, or use InTx", level)
		}
	}
	j.entered = true
	return nil
}

// spoil remembers trouble, after which nobody knows what the transaction did.
func (j *joined) spoil(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.spoiled == nil {
		j.spoiled = err
	}
}

func (j *joined) trouble() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.spoiled
}
