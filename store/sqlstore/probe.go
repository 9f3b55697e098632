package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/store/internal/within"
)

// probeTimeout bounds each of the questions of probe: one that has to wait is
// left without an answer.
const probeTimeout = 2 * time.Second

// checkNames fails if columns do not come under the names by which they are
// asked for.
func (st *Store) checkNames(ctx context.Context) error {
	rows, err := st.stmts.firstBump.QueryxContext(ctx, "", int64(math.MaxInt64))
	if err != nil {
		return st.fail(ctx, "read the names of columns", err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err == nil && names[0] != "user_id" {
		return fmt.Errorf("sqlstore: the column user_id comes as %q: take columnsWithAlias (MySQL) out of the data source name, or set the pragma short_column_names (SQLite)", names[0])
	}
	return st.fail(ctx, "read the names of columns", cmp.Or(err, rows.Close()))
}

// probe tries what has to hold and no version tells: that prepared statements
// stay, which a pooler may prevent, and that a lock of a row keeps others out,
// which servers that speak another one's language may only seem to take. Both
// take two connections.
func (st *Store) probe(ctx context.Context) error {
	if st.dialect.oneWriter || st.db.Stats().MaxOpenConnections == 1 {
		return nil
	}
	for _, try := range []func(context.Context, *sqlx.Conn, *sqlx.Conn) error{st.probePooler, st.probeLock} {
		ctx, cancel := context.WithTimeout(ctx, probeTimeout)
		_, err := within.Do(ctx, func() (struct{}, error) {
			a, err := st.db.Connx(ctx)
			if err != nil {
				return struct{}{}, nil // no second one is free: nothing is known
			}
			defer a.Close()
			b, err := st.db.Connx(ctx)
			if err != nil {
				return struct{}{}, nil
			}
			defer b.Close()
			return struct{}{}, try(ctx, a, b)
		})
		late := ctx.Err() != nil
		cancel()
		if err != nil && !late {
			return err
		}
	}
	return nil
}

// probePooler has b hold the connection to the server on which a has prepared a
// statement, if a pooler gives it to both.
func (st *Store) probePooler(ctx context.Context, a, b *sqlx.Conn) error {
	stmt, err := a.PreparexContext(ctx, `SELECT 1`)
	if err != nil {
		return st.pooled(ctx, err)
	}
	defer stmt.Close()
	tx, err := b.BeginTxx(ctx, nil)
	if err != nil {
		return st.pooled(ctx, err)
	}
	defer tx.Rollback() //nolint:errcheck // it only reads
	var one int
	if err := tx.GetContext(ctx, &one, `SELECT 1`); err != nil {
		return st.pooled(ctx, err)
	}
	return st.pooled(ctx, stmt.GetContext(ctx, &one))
}

// pooled returns err if it is one of a pooler that forgets statements.
func (st *Store) pooled(ctx context.Context, err error) error {
	if err != nil && slices.Contains(poolerStates, postgresState(err)) {
		return st.fail(ctx, "prepared statements get lost", err)
	}
	return nil
}

// probeLock has a lock the row of everyone for sharing, and b try to lock it for
// itself without waiting, which has to fail.
func (st *Store) probeLock(ctx context.Context, a, b *sqlx.Conn) error {
	var n int
	holds, err := a.BeginTxx(ctx, nil)
	if err != nil {
		return st.fail(ctx, "probe", err)
	}
	defer holds.Rollback() //nolint:errcheck // it only reads
	if err := holds.GetContext(ctx, &n, st.cfg.named(`SELECT id FROM signedin_everyone WHERE id = 1 `+st.dialect.share)); err != nil {
		return st.lockless(err)
	}
	tries, err := b.BeginTxx(ctx, nil)
	if err != nil {
		return st.fail(ctx, "probe", err)
	}
	defer tries.Rollback() //nolint:errcheck // it only reads
	err = tries.GetContext(ctx, &n, st.cfg.named(`SELECT id FROM signedin_everyone WHERE id = 1 FOR UPDATE NOWAIT`))
	if err == nil {
		return errLockless
	}
	return st.lockless(err)
}

// lockless returns why locks cannot be trusted, nil if err only says that the
// row is locked.
func (st *Store) lockless(err error) error {
	if st.dialect.locked(err) || errors.Is(err, sql.ErrNoRows) { // no row: it is told of elsewhere
		return nil
	}
	return fmt.Errorf("%w: %w", errLockless, err)
}

var errLockless = errors.New("sqlstore: the server speaks the language of another one but does not lock rows as that does, " +
	"so that a sign-in could survive a revocation: use PostgreSQL, MySQL or MariaDB itself")
