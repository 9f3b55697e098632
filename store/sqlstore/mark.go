package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"math"
	"slices"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/internal/record"
)

const bySystem = "system"

// bump is how a counter was bumped: of a user, or of all if UserID is empty.
type bump struct {
	UserID     string `db:"user_id"`
	Generation int64  `db:"generation"`        // the counter after it
	Global     int64  `db:"global_generation"` // of all users, at the time
	EndedAt    int64  `db:"ended_at"`
	Reason     string `db:"reason"`
	EndedBy    string `db:"ended_by"`
}

func (b *bump) ending() session.Ending {
	return session.Ending{At: record.Time(b.EndedAt), Reason: session.Reason(b.Reason), By: b.EndedBy}
}

// dead is a session that a bump has ended and that is not marked.
type dead struct {
	ID     session.ID `db:"id"`
	UserID string     `db:"user_id"`
	User   int64      `db:"user_generation"`
	Global int64      `db:"global_generation"`
	LastAt int64      `db:"last_at"`
	current
}

// getter runs a statement that returns one row, in a transaction or not.
type getter func(to any, stmt *sqlx.Stmt, args ...any) error

func (st *Store) getter(ctx context.Context) getter {
	return func(to any, stmt *sqlx.Stmt, args ...any) error { return st.getRow(ctx, to, stmt, args...) }
}

// row returns what stmt finds, nil if that is nothing.
func (get getter) bump(stmt *sqlx.Stmt, args ...any) (*bump, error) {
	var b bump
	err := get(&b, stmt, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &b, err
}

// endedBy returns the bump that came first of those that ended d, nil if it is
// not kept any more: then d is marked, or nobody kept it.
func (st *Store) endedBy(get getter, d dead) (*bump, error) {
	var own, all *bump
	var err error
	if d.User != d.current.User {
		if own, err = get.bump(st.stmts.firstBump, d.UserID, d.User); err != nil {
			return nil, err
		}
	}
	if d.Global != d.current.Global.Int64 {
		if all, err = get.bump(st.stmts.firstBump, "", d.Global); err == nil && all == nil {
			all, err = get.bump(st.stmts.lastEveryone) // of a program that keeps no others
		}
	}
	if own != nil && (all == nil || own.Global <= d.Global) {
		return own, err
	}
	return all, err
}

// seen returns s with the ending of the bump by which it is over, if one has
// ended it that has not marked it yet. It reports whether s has to be read
// again, since it was marked meanwhile.
func (st *Store) seen(ctx context.Context, s *session.Session, g session.Generations) (_ *session.Session, again bool, err error) {
	if s.Ended != nil || s.Generations == g {
		return s, false, nil
	}
	d := dead{UserID: s.UserID, User: s.Generations.User, Global: s.Generations.Global}
	d.current = current{User: g.User, Global: sql.NullInt64{Int64: g.Global, Valid: true}}
	b, err := st.endedBy(st.getter(ctx), d)
	if err != nil || b == nil {
		return s, true, err
	}
	return ended(s, b), false, nil
}

func ended(s *session.Session, b *bump) *session.Session {
	e := b.ending()
	s.Ended = &e
	s.DropAddresses()
	return s
}

// Mark gives sessions that a bump has ended its ending.
func (st *Store) Mark(ctx context.Context, userID string, limit int) (bool, error) {
	more, err := await(ctx, st, func() (bool, error) { return st.mark(ctx, userID, limit) })
	return more, st.fail(ctx, "mark", err)
}

// markedAlone is how many sessions are marked while nobody else can write.
const markedAlone = 20

// mark does a part, and reports whether it found something to do.
func (st *Store) mark(ctx context.Context, userID string, limit int) (bool, error) {
	if st.dialect.oneWriter {
		limit = min(limit, markedAlone)
	}
	get := st.getter(ctx)
	if userID != "" {
		b, err := get.bump(st.stmts.firstBump, userID, int64(math.MinInt64))
		if err != nil || b == nil {
			return false, err
		}
		return true, st.markUser(ctx, b, limit)
	}
	b, err := get.bump(st.stmts.anyBump)
	if err == nil && b != nil {
		return true, st.markUser(ctx, b, limit)
	}
	if err == nil {
		b, err = get.bump(st.stmts.firstBump, "", int64(math.MinInt64))
	}
	if err != nil || b == nil {
		return false, err
	}
	return true, st.markEveryone(ctx, b, limit)
}

// markUser marks sessions that b has ended: those that somebody is writing last,
// in the order in which everybody locks them. If there is none left, b is
// forgotten.
func (st *Store) markUser(ctx context.Context, b *bump, limit int) error {
	args := []any{b.UserID, b.Generation, b.Global}
	return st.markBump(ctx, b, limit, func(tx *tx, ids *[]session.ID, left int, wait bool) error {
		stmt := st.stmts.deadOf
		if wait {
			stmt = st.stmts.lockDeadOf
		}
		return tx.sel(ids, stmt, append(slices.Clone(args), left)...)
	})
}

func (st *Store) markEveryone(ctx context.Context, b *bump, limit int) error {
	return st.markBump(ctx, b, limit, func(tx *tx, ids *[]session.ID, left int, wait bool) error {
		stmt := st.stmts.outdated
		if wait {
			stmt = st.stmts.stragglers
		}
		return tx.sel(ids, stmt, b.Generation, left)
	})
}

func (st *Store) markBump(ctx context.Context, b *bump, limit int, pick func(tx *tx, ids *[]session.ID, left int, wait bool) error) error {
	return st.transaction(ctx, func(tx *tx) error {
		left := limit
		for _, wait := range []bool{false, true} {
			var ids []session.ID
			if err := pick(tx, &ids, left, wait); err != nil {
				return err
			}
			if err := st.end(tx, ids, b.ending()); err != nil {
				return err
			}
			if left -= len(ids); left <= 0 {
				return nil
			}
		}
		_, err := tx.exec(st.stmts.dropBump, b.UserID, b.Generation)
		return err
	})
}

// markDead marks those of locked sessions that are over and not marked.
func (st *Store) markDead(tx *tx, ids string) error {
	var all []dead
	if err := tx.sel(&all, st.stmts.unmarked, ids); err != nil {
		return err
	}
	for _, d := range all {
		b, err := st.endedBy(tx.get, d)
		if err != nil {
			return err
		}
		if b == nil { // an erasure that was cut short, by a program that kept no bump
			b = &bump{EndedAt: d.LastAt, Reason: string(session.ReasonErased), EndedBy: bySystem}
		}
		if err := st.end(tx, []session.ID{d.ID}, b.ending()); err != nil {
			return err
		}
	}
	return nil
}

// lastID is after every ID.
var lastID = bytes.Repeat([]byte{0xff}, len(session.ID{})+1)

// listEnded returns the ended sessions that q asks for: those that are marked,
// and those that bumps have ended. The latter are read first: what is marked
// meanwhile comes twice, and counts once.
func (st *Store) listEnded(ctx context.Context, q session.Query) ([]*session.Session, error) {
	unmarked, corrupt1, err := st.listUnmarked(ctx, q)
	if err != nil {
		return nil, err
	}
	stmt, args := st.listing(q)
	all, corrupt2, err := st.rowsOf(ctx, stmt, args...)
	if err != nil {
		return nil, err
	}
	if len(unmarked) > 0 {
		all = record.Merge(q, all, unmarked)
	}
	return all, errors.Join(corrupt1, corrupt2)
}

// listUnmarked returns sessions that bumps have ended and that are not marked,
// as many of each bump as q may need.
func (st *Store) listUnmarked(ctx context.Context, q session.Query) (all []*session.Session, corrupt, err error) {
	stmt, err := st.in(ctx, st.stmts.bumpsOf)
	if err != nil {
		return nil, nil, err
	}
	var bumps []bump
	if err := stmt.SelectContext(ctx, &bumps, q.UserID); err != nil {
		return nil, nil, err
	}
	for _, b := range bumps {
		below, limit := lastID, math.MaxInt64
		if q.Limit > 0 && !q.Oldest {
			limit = q.Limit
			if after := q.After; after != nil && after.Ended != nil && after.Ended.At.UnixMilli() == b.EndedAt {
				below = after.ID[:]
			}
		}
		stmt, args := st.stmts.endedByUser, []any{q.UserID, b.Generation - 1, b.Global, below, limit}
		if b.UserID == "" {
			stmt, args = st.stmts.endedByAll, []any{q.UserID, b.Generation - 1, below, limit}
		}
		some, bad, err := st.rowsOf(ctx, stmt, args...)
		if err != nil {
			return nil, nil, err
		}
		corrupt = errors.Join(corrupt, bad)
		for _, s := range some {
			if s.Ended == nil { // else it was marked meanwhile
				all = append(all, ended(s, &b))
			}
		}
	}
	return all, corrupt, nil
}

// rowsOf returns the sessions that a statement selects, but those that are
// corrupt.
func (st *Store) rowsOf(ctx context.Context, stmt *sqlx.Stmt, args ...any) (all []*session.Session, corrupt, err error) {
	rows, err := st.query(ctx, stmt, args...)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	all, err = decodeAll(ctx, rows)
	if errors.Is(err, session.ErrCorrupt) {
		return all, err, nil
	}
	return all, nil, err
}
