package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jmoiron/sqlx"
)

// exclusive waits for the turn to write. A transaction of the host's has it
// already, or came by the lock for writing without it.
func (st *Store) exclusive(ctx context.Context) (done func(), err error) {
	if err := ctx.Err(); err != nil || !st.dialect.oneWriter || st.joined(ctx) != nil {
		return func() {}, err
	}
	select {
	case st.writer <- struct{}{}:
		return func() { <-st.writer }, nil
	case <-ctx.Done():
		return func() {}, ctx.Err()
	}
}

// in returns the statement for the transaction that ctx belongs to, or as it is
// if there is none.
func (st *Store) in(ctx context.Context, stmt *sqlx.Stmt) (*sqlx.Stmt, error) {
	j := st.joined(ctx)
	if j == nil {
		return stmt, nil
	}
	if err := j.enter(ctx, st); err != nil {
		return nil, err
	}
	return j.tx.StmtxContext(ctx, stmt), nil
}

// getRow runs a statement that returns one row.
func (st *Store) getRow(ctx context.Context, to any, stmt *sqlx.Stmt, args ...any) error {
	stmt, err := st.in(ctx, stmt)
	if err != nil {
		return err
	}
	return stmt.GetContext(ctx, to, args...)
}

// query runs a statement that returns rows.
func (st *Store) query(ctx context.Context, stmt *sqlx.Stmt, args ...any) (*sqlx.Rows, error) {
	stmt, err := st.in(ctx, stmt)
	if err != nil {
		return nil, err
	}
	return stmt.QueryxContext(ctx, args...)
}

// exec runs a statement that is a transaction by itself, or part of the host's,
// and returns how many rows it changed.
func (st *Store) exec(ctx context.Context, stmt *sqlx.Stmt, args ...any) (n int, err error) {
	done, err := st.exclusive(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	if stmt, err = st.in(ctx, stmt); err != nil {
		return 0, err
	}
	err = st.persist(ctx, func() error {
		return st.alone(ctx, stmt, func(stmt *sqlx.Stmt) error {
			n, err = rowsAffected(stmt.ExecContext(ctx, args...))
			return err
		})
	})
	return n, err
}

// alone runs a statement that writes and is a transaction by itself: where the
// server isolates those more than is needed, by a transaction around it.
func (st *Store) alone(ctx context.Context, stmt *sqlx.Stmt, f func(*sqlx.Stmt) error) error {
	if !st.dialect.single || st.joined(ctx) != nil {
		return f(stmt)
	}
	return st.whole(ctx, func(tx *tx) error { return f(tx.StmtxContext(ctx, stmt)) })
}

// add runs an insert, or another statement for one row, and reports whether it
// was done: an insert is not if the key is taken.
func (st *Store) add(ctx context.Context, stmt *sqlx.Stmt, args ...any) (done bool, err error) {
	n, err := st.exec(ctx, stmt, args...)
	if err != nil && st.dialect.taken != nil && st.dialect.taken(err) {
		return false, nil
	}
	return n > 0, err
}

// attempts bounds how often a transaction is tried that the database gives up
// for the sake of another one: a hundred clients of one user may have each of them
// lose many times. It takes about a second.
const attempts = 50

// persist calls f, which is a whole transaction, again if the database gave it
// up. A transaction of the host's is gone with all that the host did in it.
func (st *Store) persist(ctx context.Context, f func() error) error {
	for n := 1; ; n++ {
		err := f()
		if err == nil || n == attempts || st.dialect.gaveUp == nil || !st.dialect.gaveUp(err) || st.joined(ctx) != nil {
			return err
		}
		if over := pause(ctx, n); over != nil {
			return errors.Join(over, err)
		}
	}
}

// pause waits a little before the next attempt.
func pause(ctx context.Context, n int) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(rand.N(time.Duration(min(n, 10)) * 5 * time.Millisecond)):
		return nil
	}
}

// transaction runs f in a transaction, or in a part of the host's.
func (st *Store) transaction(ctx context.Context, f func(tx *tx) error) error {
	if j := st.joined(ctx); j != nil {
		return st.part(ctx, j, f)
	}
	done, err := st.exclusive(ctx)
	if err != nil {
		return err
	}
	defer done()
	return st.persist(ctx, func() error { return st.whole(ctx, f) })
}

func (st *Store) whole(ctx context.Context, f func(tx *tx) error) error {
	t, err := st.begin(ctx)
	if err != nil {
		return err
	}
	defer t.Rollback() //nolint:errcheck // does nothing after the commit, and changes nothing before it
	if err := f(&tx{t, ctx}); err != nil {
		return err
	}
	return t.Commit()
}

// begin begins a transaction. Where there is one writer the first statement is
// a write, of nothing: so the lock for writing is taken at the start, as by
// BEGIN IMMEDIATE, and a transaction that has read never has to give up because
// another one wrote.
func (st *Store) begin(ctx context.Context) (*sqlx.Tx, error) {
	t, err := st.db.BeginTxx(ctx, &sql.TxOptions{Isolation: st.dialect.isolation})
	if err != nil || !st.dialect.oneWriter {
		return t, err
	}
	if _, err := t.StmtxContext(ctx, st.stmts.begin).ExecContext(ctx); err != nil {
		_ = t.Rollback() // nothing was written
		return nil, err
	}
	return t, nil
}

// part runs f in a part of the host's transaction: what f did is undone if it
// fails, and what was before it stays.
func (st *Store) part(ctx context.Context, j *joined, f func(tx *tx) error) error {
	if err := j.enter(ctx, st); err != nil {
		return err
	}
	if _, err := j.tx.ExecContext(ctx, `SAVEPOINT signedin`); err != nil {
		return err
	}
	err := f(&tx{j.tx, ctx})
	if err != nil {
		if _, undo := j.tx.ExecContext(ctx, `ROLLBACK TO SAVEPOINT signedin`); undo != nil {
			j.spoil(undo)
			return err
		}
	}
	if _, release := j.tx.ExecContext(ctx, `RELEASE SAVEPOINT signedin`); err == nil {
		err = release
	}
	return err
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
