package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"reflect"
	"strings"

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
	now, err := bounded(ctx, st, h.read)
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
