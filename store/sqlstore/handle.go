package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"reflect"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/session"
)

var _ session.Handles = (*Store)(nil)

// handle is of a session as it was read. It keeps nothing of it but what changes
// with everything else: a change counts Version on, a visit moves Last.At, an ending
// has its column, and a bump its counter.
type handle struct {
	st          *Store
	id          session.ID
	version     int64
	lastAt      int64
	generations session.Generations
}

// Hold is Get, with a handle of what it returned; none in a transaction of the
// host's, since what is rolled back leaves its Version to another change.
func (st *Store) Hold(ctx context.Context, id session.ID) (*session.Session, session.Generations, session.Handle, error) {
	s, gens, err := st.Get(ctx, id)
	if err != nil || s.Ended != nil || s.Generations != gens || st.joined(ctx) != nil {
		return s, gens, nil, err
	}
	return s, gens, &handle{st, id, s.Version, s.Last.At.UnixMilli(), gens}, nil
}

// Holds asks for what tells of a change, a few numbers. It takes at most
// Config.ReadTimeout.
func (h *handle) Holds(ctx context.Context) (bool, error) {
	st := h.st
	if st.joined(ctx) != nil {
		return false, nil // Get reads what the transaction has done
	}
	var now handle
	var err error
	if st.punctual {
		ctx, cancel := context.WithTimeoutCause(ctx, st.cfg.ReadTimeout, errReadTimeout)
		defer cancel()
		if now, err = h.read(ctx); err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
	} else {
		now, err = h.readApart(ctx)
	}
	switch {
	case errors.Is(err, sql.ErrNoRows), err != nil && st.dialect.gaveUp != nil && st.dialect.gaveUp(err):
		return false, nil // Get tries again
	case err != nil:
		return false, st.fail(ctx, "get", err)
	}
	return now == *h, nil
}

// read returns the handle that the session would have now.
func (h *handle) read(ctx context.Context) (handle, error) {
	now := handle{st: h.st, id: h.id}
	var user, global sql.NullInt64
	err := h.st.stmts.state.Stmt.QueryRowContext(ctx, h.id[:]).Scan(
		&now.version, &now.lastAt, &now.generations.User, &now.generations.Global, &user, &global)
	if err == nil && (!global.Valid || now.generations != session.Generations{User: user.Int64, Global: global.Int64}) {
		err = sql.ErrNoRows // it is not live, or Get has something to say
	}
	return now, err
}

// readApart is read in a goroutine, for a driver that may not hear of a context
// while it waits for a lock, or for a server that has fallen silent. What it
// started ends by the driver's own patience.
//
// SQLite is not told of the context: database/sql and the driver have each a
// goroutine more to watch one, and the read of one row ends when the lock is given
// up, or by busy_timeout.
func (h *handle) readApart(ctx context.Context) (handle, error) {
	if err := ctx.Err(); err != nil {
		return handle{}, context.Cause(ctx)
	}
	type answer struct {
		now handle
		err error
	}
	answers := make(chan answer, 1)
	within, cancel := context.WithoutCancel(ctx), func() {}
	if !h.st.dialect.oneWriter {
		within, cancel = context.WithCancel(within)
	}
	go func() {
		defer cancel()
		now, err := h.read(within)
		answers <- answer{now, err}
	}()
	timer := time.NewTimer(h.st.cfg.ReadTimeout)
	defer timer.Stop()
	select {
	case a := <-answers:
		return a.now, a.err
	case <-ctx.Done():
		cancel()
		return handle{}, context.Cause(ctx)
	case <-timer.C:
		cancel()
		return handle{}, errReadTimeout
	}
}

// isPunctual reports whether the driver is one that is known to keep to the end
// of a context, whatever it waits for.
func isPunctual(db *sqlx.DB) bool {
	t := reflect.TypeOf(db.Driver())
	if t == nil {
		return false
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return strings.HasPrefix(t.PkgPath(), "github.com/jackc/pgx/") || t.PkgPath() == "github.com/go-sql-driver/mysql"
}
