package sqlstore

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/internal/record"
)

// touchChunk is how many visits one statement writes.
const touchChunk = 500

// Create inserts a session.
func (st *Store) Create(ctx context.Context, s *session.Session) error {
	r := encode(s)
	id, gens := s.ID, s.Generations
	r.ID = id[:]
	return st.fail(ctx, "create", again0(ctx, st, func() error { return st.create(ctx, id, &r, gens) }))
}

func (st *Store) create(ctx context.Context, id session.ID, r *row, gens session.Generations) error {
	args := append(r.values(), gens.User, r.UserID, gens.Global)
	n, err := st.exec(ctx, st.stmts.create, args...)
	if err == nil && n == 0 && gens.User == 0 && st.dialect.lock != "" {
		// It may be that the user has no counter yet, and so nothing to lock.
		if _, err = st.add(ctx, st.stmts.addUser, r.UserID, r.CreatedAt); err == nil {
			n, err = st.exec(ctx, st.stmts.create, args...)
		}
	}
	switch {
	case err == nil && n > 0:
		return nil
	case err == nil:
		return st.whyNotCreated(ctx, id)
	case st.dialect.taken != nil && st.dialect.taken(err):
		return session.ErrExists // which a read may not see yet: see explained
	}
	return err
}

func (st *Store) whyNotCreated(ctx context.Context, id session.ID) error {
	var exists int
	if err := st.getRow(ctx, &exists, st.stmts.exists, id[:]); err != nil {
		return err
	}
	if exists > 0 {
		return session.ErrExists
	}
	return session.ErrOutdated
}

// Update writes a session that was read before.
func (st *Store) Update(ctx context.Context, s *session.Session) error {
	id, version, args := s.ID, s.Version, updateArgs(s)
	return st.fail(ctx, "update", again0(ctx, st, func() error {
		return st.explained(ctx, func() (bool, error) {
			n, err := st.update(ctx, id, args)
			if err != nil || n > 0 {
				return true, err
			}
			stands, err := st.standing(ctx, id)
			return !stands.is("", version), cmp.Or(err, stands.why(""))
		})
	}))
}

// looks bounds how often a reason is looked for.
const looks = 10

// explained calls f, which writes and reads why nothing was written, again if the
// read finds no reason. In MariaDB that can be: a write sees what another
// transaction has just committed, and a read a moment later does not yet. In a
// transaction of the host's reads may be as of its beginning: there it is called
// twice at most.
func (st *Store) explained(ctx context.Context, f func() (bool, error)) error {
	for n := 1; ; n++ {
		found, err := f()
		if found || n == looks || n == 2 && st.joined(ctx) != nil {
			return err
		}
		if over := pause(ctx, n); over != nil {
			return over
		}
	}
}

func (st *Store) update(ctx context.Context, id session.ID, args []any) (n int, err error) {
	if !st.dialect.log {
		return st.exec(ctx, st.stmts.update, args...)
	}
	err = st.transaction(ctx, func(tx *tx) error {
		if n, err = tx.exec(st.stmts.update, args...); err != nil || n == 0 {
			return err
		}
		return st.tell(tx, notice{Changed: []session.ID{id}})
	})
	return n, err
}

// updateArgs are the parameters of what an update writes, and its condition.
func updateArgs(s *session.Session) []any {
	id, expires, idle := s.ID, s.ExpiresAt.UnixMilli(), s.IdleTimeout.Milliseconds()
	return []any{s.Name, expires, idle, record.Data.Text(s), encodeBound(s), expires, idle, id[:], s.Version}
}

// stands says how it stands with a session that could not be updated.
type stands struct {
	UserID  string `db:"user_id"`
	Live    bool   `db:"live"`
	Version int64  `db:"version"`
}

// is reports whether it is live, of that version and of that owner, if that
// matters, so that nothing is known that stood in the way.
func (s *stands) is(owner string, version int64) bool {
	return s != nil && s.Live && s.Version == version && (owner == "" || s.UserID == owner)
}

// why tells why it could not; owner is who should have owned it, if that
// matters.
func (s *stands) why(owner string) error {
	switch {
	case s == nil, owner != "" && s.UserID != owner:
		return session.ErrUnknown
	case !s.Live:
		return session.ErrEnded
	}
	return session.ErrConflict
}

// standing looks a session up; nil if there is none.
func (st *Store) standing(ctx context.Context, id session.ID) (*stands, error) {
	var s stands
	err := st.getRow(ctx, &s, st.stmts.standing, id[:])
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &s, err
}

// Touch writes the latest visits.
func (st *Store) Touch(ctx context.Context, touches []session.Touch) error {
	// Sorted, so that two processes lock rows in the same order, and of each
	// session the latest only: which of two matching rows an UPDATE takes is
	// not defined.
	touches = slices.Clone(touches)
	slices.SortFunc(touches, func(a, b session.Touch) int {
		if c := bytes.Compare(a.ID[:], b.ID[:]); c != 0 {
			return c
		}
		return b.Visit.At.Compare(a.Visit.At)
	})
	touches = slices.CompactFunc(touches, func(a, b session.Touch) bool { return a.ID == b.ID })
	return st.fail(ctx, "touch", await0(ctx, st, func() error { return st.touch(ctx, touches) }))
}

func (st *Store) touch(ctx context.Context, touches []session.Touch) error {
	for chunk := range slices.Chunk(touches, touchChunk) {
		gens, err := st.gensOf(ctx, &chunk)
		if err != nil {
			return err
		}
		if chunk, err = st.touchTimes(ctx, chunk, gens); err != nil {
			return err
		}
		if len(chunk) == 0 {
			continue
		}
		if _, err := st.exec(ctx, st.stmts.touch, encodeTouches(chunk, gens)); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// touchTimes writes the time of those visits that are new in nothing else, and
// returns what is left to be written.
func (st *Store) touchTimes(ctx context.Context, touches []session.Touch, gens map[session.ID]int64) ([]session.Touch, error) {
	var times, whole []session.Touch
	for _, t := range touches {
		if t.Since.IsZero() {
			whole = append(whole, t)
		} else {
			times = append(times, t)
		}
	}
	if len(times) == 0 {
		return touches, nil
	}
	n, err := st.exec(ctx, st.stmts.touchTimes, encodeTimes(times, gens))
	if err != nil || n == len(times) {
		return whole, err
	}
	return touches, nil // of some the store has another visit
}

// gensOf returns the generations of those of the sessions that are live, and
// takes out the others, where an UPDATE that asked for them would lock the
// counters of all their users, and wait for a revocation that waits for it.
func (st *Store) gensOf(ctx context.Context, touches *[]session.Touch) (map[session.ID]int64, error) {
	if st.stmts.gensOf == nil {
		return nil, nil
	}
	ids := make([]session.ID, 0, len(*touches))
	for _, t := range *touches {
		ids = append(ids, t.ID)
	}
	arg, err := encodeIDs(ids)
	if err != nil {
		return nil, err
	}
	var all []struct {
		ID         session.ID `db:"id"`
		Generation int64      `db:"generation"`
	}
	stmt, err := st.in(ctx, st.stmts.gensOf)
	if err != nil {
		return nil, err
	}
	if err := stmt.SelectContext(ctx, &all, arg); err != nil {
		return nil, err
	}
	gens := make(map[session.ID]int64, len(all))
	for _, s := range all {
		gens[s.ID] = s.Generation
	}
	*touches = slices.DeleteFunc(slices.Clone(*touches), func(t session.Touch) bool { _, ok := gens[t.ID]; return !ok })
	return gens, nil
}
