package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// An AccessError says that the database, or this process's user of it, may not
// be written, or not everywhere where a Store writes. New and Migrate return
// it: a Store that cannot revoke must not start.
type AccessError struct {
	Err    error
	Advice string // what to do
}

// Error says what is wrong and what to do.
func (e *AccessError) Error() string { return fmt.Sprintf("%v (%s)", e.Err, e.Advice) }

// Unwrap returns Err.
func (e *AccessError) Unwrap() error { return e.Err }

// checkAccess returns an [*AccessError] if the Store could not write. That
// another process holds the lock for a while is no trouble.
func (st *Store) checkAccess(ctx context.Context) error {
	err := st.tryToWrite(ctx)
	if err == nil && st.dialect.rights != "" {
		var missing sql.NullString
		if err := st.db.GetContext(ctx, &missing, st.cfg.named(st.dialect.rights)); err != nil {
			return st.fail(ctx, "read the rights", err)
		}
		if missing.Valid {
			err = errors.New("the database user lacks rights")
			return fmt.Errorf("sqlstore: %w", &AccessError{Err: err, Advice: "grant it " + missing.String})
		}
	}
	if err != nil && st.dialect.denied(err) {
		return fmt.Errorf("sqlstore: %w", &AccessError{Err: err, Advice: st.dialect.advice(err)})
	}
	if err != nil && st.dialect.locked(err) {
		return ctx.Err()
	}
	return st.fail(ctx, "try to write", err)
}

// tryToWrite writes nothing to the row of everyone, and does not commit it.
func (st *Store) tryToWrite(ctx context.Context) error {
	tx, err := st.db.BeginTxx(ctx, &sql.TxOptions{Isolation: st.dialect.isolation})
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	_, err = tx.StmtxContext(ctx, st.stmts.begin).ExecContext(ctx)
	return err
}
