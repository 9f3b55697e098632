package sqlstore

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/session"
)

// current are the counters that are in force.
type current struct {
	User   int64         `db:"now_user"`
	Global sql.NullInt64 `db:"now_global"`
}

func (c current) generations() (session.Generations, error) {
	if !c.Global.Valid {
		// Without the counter no session is live. That must be trouble, not a
		// reason to sign everybody out.
		return session.Generations{}, errNoCounter
	}
	return session.Generations{User: c.User, Global: c.Global.Int64}, nil
}

// errNoCounter says that somebody has deleted the global counter. To make it
// again from 0 could bring back what was revoked.
var errNoCounter = errors.New("the row is missing")

var errReadTimeout = fmt.Errorf("no answer within Config.ReadTimeout: %w", context.DeadlineExceeded)

// Get returns a session and the current generations of its user. It takes at
// most Config.ReadTimeout.
func (st *Store) Get(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
	type found struct {
		s *session.Session
		g session.Generations
	}
	f, err := bounded(ctx, st, func(ctx context.Context) (f found, err error) {
		f.s, f.g, err = st.get(ctx, id)
		return f, err
	})
	return f.s, f.g, st.fail(ctx, "get", err)
}

// get reads a session, again if what ended it was marked between two reads.
func (st *Store) get(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
	for n := 1; ; n++ {
		s, g, err := st.getOnce(ctx, id)
		if err != nil && n < attempts && st.dialect.gaveUp != nil && st.dialect.gaveUp(err) && st.joined(ctx) == nil {
			if over := pause(ctx, n); over != nil {
				return nil, g, errors.Join(over, err)
			}
			continue
		}
		if err != nil {
			return nil, g, err
		}
		s, again, err := st.seen(ctx, s, g)
		if err != nil {
			return nil, g, err
		}
		if !again || n >= 3 {
			return s, g, nil
		}
	}
}

func (st *Store) getOnce(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
	rows, err := st.query(ctx, st.stmts.get, id[:])
	if err != nil {
		return nil, session.Generations{}, err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return nil, session.Generations{}, err
		}
		return nil, session.Generations{}, session.ErrUnknown
	}
	s, gens, err := readRow(ctx, rows)
	if err != nil {
		return nil, session.Generations{}, err
	}
	return s, gens, rows.Close()
}

// readRow reads a session with the current generations of its user.
func readRow(ctx context.Context, rows *sqlx.Rows) (*session.Session, session.Generations, error) {
	var r row
	var now current
	if err := scan(ctx, rows, append(r.pointers(), &now.User, &now.Global)); err != nil {
		return nil, session.Generations{}, err
	}
	gens, err := now.generations()
	if err != nil {
		return nil, session.Generations{}, err
	}
	s, err := r.decode()
	if err != nil {
		return nil, session.Generations{}, fmt.Errorf("%w: session %x: %w", session.ErrCorrupt, r.ID, err)
	}
	return s, gens, nil
}

// GetMany returns those of the sessions that there are.
func (st *Store) GetMany(ctx context.Context, ids []session.ID) ([]session.Found, error) {
	ids = slices.Clone(ids)
	all, err := again(ctx, st, func() (all []session.Found, err error) {
		slices.SortFunc(ids, func(a, b session.ID) int { return bytes.Compare(a[:], b[:]) })
		var corrupt error
		for chunk := range slices.Chunk(slices.Compact(ids), manyChunk) {
			if err := st.getMany(ctx, chunk, &all); errors.Is(err, session.ErrCorrupt) {
				corrupt = errors.Join(corrupt, err)
			} else if err != nil {
				return nil, err
			}
		}
		return all, cmp.Or(corrupt, ctx.Err())
	})
	return all, st.fail(ctx, "get many", err)
}

// manyChunk is how many sessions one statement reads.
const manyChunk = 500

func (st *Store) getMany(ctx context.Context, ids []session.ID, all *[]session.Found) error {
	arg, err := encodeIDs(ids)
	if err != nil {
		return err
	}
	rows, err := st.query(ctx, st.stmts.getMany, arg)
	if err != nil {
		return err
	}
	defer rows.Close()
	var corrupt error
	var dead []session.ID
	for rows.Next() {
		s, g, err := readRow(ctx, rows)
		switch {
		case errors.Is(err, session.ErrCorrupt):
			corrupt = errors.Join(corrupt, err)
		case err != nil:
			return err
		case s.Ended == nil && s.Generations != g:
			dead = append(dead, s.ID)
		default:
			*all = append(*all, session.Found{Session: s, Generations: g})
		}
	}
	if err := cmp.Or(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, id := range dead { // by its bump, one by one: there are some only for a while
		s, g, err := st.get(ctx, id)
		switch {
		case errors.Is(err, session.ErrCorrupt):
			corrupt = errors.Join(corrupt, err)
		case err != nil && err != session.ErrUnknown:
			return err
		case err == nil:
			*all = append(*all, session.Found{Session: s, Generations: g})
		}
	}
	return corrupt
}

// CountLive returns how many live sessions the user has, up to session.CountLimit.
func (st *Store) CountLive(ctx context.Context, userID string) (int, error) {
	n, err := again(ctx, st, func() (n int, err error) {
		err = st.getRow(ctx, &n, st.stmts.countLive, userID, userID, session.CountLimit)
		return n, err
	})
	return n, st.fail(ctx, "count", err)
}

// scan reads a row. What does not fit its columns is corrupt, unless it could
// not be read to the end.
func scan(ctx context.Context, rows *sqlx.Rows, to []any) error {
	err := rows.Scan(to...)
	if err == nil {
		return nil
	}
	if trouble := errors.Join(ctx.Err(), rows.Err()); trouble != nil {
		return trouble
	}
	return fmt.Errorf("%w: %w", session.ErrCorrupt, err)
}

// List returns the sessions that q asks for.
func (st *Store) List(ctx context.Context, q session.Query) ([]*session.Session, error) {
	all, err := again(ctx, st, func() ([]*session.Session, error) {
		if q.State == session.StateEnded {
			return st.listEnded(ctx, q)
		}
		stmt, args := st.listing(q)
		all, corrupt, err := st.rowsOf(ctx, stmt, args...)
		if stmt == st.stmts.listLive {
			slices.SortFunc(all, func(a, b *session.Session) int {
				return cmp.Or(b.First.At.Compare(a.First.At), bytes.Compare(b.ID[:], a.ID[:]))
			})
		}
		return all, cmp.Or(err, corrupt)
	})
	return all, st.fail(ctx, "list", err)
}

// listing returns the statement that q takes, and its parameters.
func (st *Store) listing(q session.Query) (*sqlx.Stmt, []any) {
	after, id, limit := int64(math.MaxInt64), session.ID{}, math.MaxInt64
	if q.Oldest {
		after = math.MinInt64
	}
	if q.After != nil {
		after, id = q.After.First.At.UnixMilli(), q.After.ID
	}
	if q.Limit > 0 {
		limit = q.Limit
	}
	if q.State == session.StateEnded {
		if q.After != nil && q.After.Ended != nil {
			after = q.After.Ended.At.UnixMilli()
		}
		stmt := st.stmts.listEnded
		if q.Oldest {
			stmt = st.stmts.oldestEnded
		}
		return stmt, []any{q.UserID, after, id[:], limit}
	}
	switch {
	case q.Oldest:
		return st.stmts.pageOldest, []any{q.UserID, q.UserID, after, id[:], limit}
	case q.After == nil && q.Limit == 0:
		return st.stmts.listLive, []any{q.UserID, q.UserID}
	}
	return st.stmts.pageLive, []any{q.UserID, q.UserID, after, id[:], limit}
}

// decodeAll returns the sessions of all rows but those that are corrupt.
func decodeAll(ctx context.Context, rows *sqlx.Rows) (all []*session.Session, corrupt error) {
	for rows.Next() {
		var r row
		err := scan(ctx, rows, r.pointers())
		if err != nil && !errors.Is(err, session.ErrCorrupt) {
			return nil, err
		}
		var s *session.Session
		if err == nil {
			if s, err = r.decode(); err != nil {
				err = fmt.Errorf("%w: session %x: %w", session.ErrCorrupt, r.ID, err)
			}
		}
		if err != nil {
			corrupt = errors.Join(corrupt, err)
			continue
		}
		all = append(all, s)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return all, corrupt
}

// Generation returns the current generations for a user. It takes at most
// Config.ReadTimeout: whoever signs in asks for it, and need not be anybody.
func (st *Store) Generation(ctx context.Context, userID string) (session.Generations, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, st.cfg.ReadTimeout, errReadTimeout)
	defer cancel()
	return st.generationOf(ctx, userID)
}

func (st *Store) generationOf(ctx context.Context, userID string) (session.Generations, error) {
	g, err := again(ctx, st, func() (session.Generations, error) {
		var c current
		if err := st.getRow(ctx, &c, st.stmts.generation, userID); err != nil {
			return session.Generations{}, err
		}
		return c.generations()
	})
	return g, st.fail(ctx, "generation", err)
}
