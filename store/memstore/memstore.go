// Package memstore keeps sessions in the memory of one process. They are gone
// when the process ends, and no other process sees them.
//
// A session takes about 400 bytes, its user, its device and its place included. Each
// user has a lock, so that what is done to all of a user's sessions is one step.
package memstore

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/signedin/signedin/session"
)

// A Store is a [session.Store] in memory. The zero Store is not usable; make
// one with [New].
type Store struct {
	global   atomic.Int64
	records  *table[session.ID, *record]
	users    *table[string, *user]
	due      dueQueue // live sessions, by when they may expire
	over     dueQueue // ended sessions, by when they ended
	nobody   user     // whose the remnants are
	issuers  issuers
	unmarked unmarked
}

var _ session.Store = (*Store)(nil)

// New returns an empty Store.
func New() *Store {
	return &Store{records: newTable[session.ID, *record](), users: newTable[string, *user]()}
}

func (st *Store) generations(u *user) session.Generations {
	return session.Generations{User: u.generation.Load(), Global: st.global.Load()}
}

// live reports whether a session can still be changed. Its user's lock is held.
func (st *Store) live(r *record) bool {
	f := r.facts.Load()
	return f.ended == nil && f.generations == st.generations(r.user)
}

// Create inserts a session.
func (st *Store) Create(ctx context.Context, s *session.Session) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	u := st.lock(s.UserID)
	defer u.mu.Unlock()
	defer st.forget(u, time.Time{}) // no trace of a sign-in that failed
	if s.Generations != st.generations(u) {
		return session.ErrOutdated
	}
	r := u.record(s.ID)
	st.set(r, s)
	if st.records.add(r) != nil {
		return session.ErrExists
	}
	u.add(r)
	st.due.put(r, r.expiresAt())
	return nil
}

// Get returns a session and the current generations of its user.
func (st *Store) Get(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
	s, gens, _, err := st.Hold(ctx, id)
	return s, gens, err
}

// GetMany returns those of the sessions that there are.
func (st *Store) GetMany(ctx context.Context, ids []session.ID) ([]session.Found, error) {
	all := make([]session.Found, 0, len(ids))
	asked := make(map[session.ID]bool, len(ids))
	for _, id := range ids {
		if asked[id] {
			continue
		}
		asked[id] = true
		s, g, err := st.Get(ctx, id)
		if err == nil {
			all = append(all, session.Found{Session: s, Generations: g})
		} else if err != session.ErrUnknown {
			return nil, err
		}
	}
	return all, ctx.Err()
}

// CountLive returns how many live sessions the user has.
func (st *Store) CountLive(ctx context.Context, userID string) (n int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	u := st.users.get(userID)
	if u == nil {
		return 0, nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for r := u.first; r != nil; r = r.next {
		if st.live(r) {
			n++
		}
	}
	return n, nil
}

// List returns the sessions that q asks for.
func (st *Store) List(ctx context.Context, q session.Query) ([]*session.Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	u := st.users.get(q.UserID)
	if u == nil {
		return nil, nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	var all []listed
	for r := u.first; r != nil; r = r.next {
		f := r.facts.Load()
		live := st.live(r)
		switch {
		case q.State == session.StateLive && live:
			all = append(all, listed{time.UnixMilli(f.firstAt), r, nil})
		case q.State == session.StateEnded && !live:
			if e := st.endingOf(r); e != nil {
				all = append(all, listed{e.At, r, e})
			}
		}
	}
	order := latestFirst
	if q.Oldest {
		order = func(a, b listed) int { return latestFirst(b, a) }
	}
	slices.SortFunc(all, order)
	if q.After != nil {
		after := listed{q.After.First.At, &record{id: q.After.ID}, nil}
		if q.After.Ended != nil {
			after.at = q.After.Ended.At
		}
		i, found := slices.BinarySearchFunc(all, after, order)
		if found {
			i++
		}
		all = all[i:]
	}
	if q.Limit > 0 && len(all) > q.Limit {
		all = all[:q.Limit]
	}
	sessions := make([]*session.Session, len(all))
	for i, l := range all {
		if sessions[i] = l.r.latest(); l.e != nil && sessions[i].Ended == nil {
			sessions[i] = ended(sessions[i], *l.e)
		}
	}
	return sessions, nil
}

// listed is a session in a list.
type listed struct {
	at time.Time // by which it is sorted
	r  *record
	e  *session.Ending
}

// latestFirst is the order of [session.Query].
func latestFirst(a, b listed) int {
	return cmp.Or(b.at.Compare(a.at), bytes.Compare(b.r.id[:], a.r.id[:]))
}

// Update writes a session that was read before.
func (st *Store) Update(ctx context.Context, s *session.Session) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := st.records.get(s.ID)
	if r == nil {
		return session.ErrUnknown
	}
	r.user.mu.Lock()
	defer r.user.mu.Unlock()
	next, err := st.changed(r, s)
	if err == nil {
		st.replace(r, next)
	}
	return err
}

// replace stores next, which may expire earlier than was known. The user's
// lock is held.
func (st *Store) replace(r *record, next *session.Session) {
	st.set(r, next)
	st.due.put(r, r.expiresAt())
}

// changed returns what r holds once s is written to it. The user's lock is held.
func (st *Store) changed(r *record, s *session.Session) (*session.Session, error) {
	switch {
	case r.gone.Load():
		return nil, session.ErrUnknown
	case !st.live(r):
		return nil, session.ErrEnded
	}
	old := r.latest()
	if old.Version != s.Version {
		return nil, session.ErrConflict
	}
	next := *s // what it shares is copied where it is kept
	next.UserID, next.Carrier, next.First, next.Last = old.UserID, old.Carrier, old.First, old.Last
	next.Generations, next.Ended = old.Generations, nil
	next.Version++
	return &next, nil
}

// Touch writes the latest visits.
func (st *Store) Touch(ctx context.Context, touches []session.Touch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for i := range touches {
		if r := st.records.get(touches[i].ID); r != nil {
			st.touch(r, &touches[i])
		}
	}
	return nil
}

func (st *Store) touch(r *record, t *session.Touch) {
	r.user.mu.Lock()
	defer r.user.mu.Unlock()
	at := t.Visit.At.UnixMilli()
	if !r.facts.Load().holds() || at <= r.lastAt.Load() {
		return
	}
	if !t.Since.IsZero() && t.Since.UnixMilli() == r.lastAt.Load() {
		r.lastAt.Store(at)
		return
	}
	r.visited(t.Visit)
}

// Generation returns the current generations for a user.
func (st *Store) Generation(ctx context.Context, userID string) (session.Generations, error) {
	if err := ctx.Err(); err != nil {
		return session.Generations{}, err
	}
	if u := st.users.get(userID); u != nil {
		return st.generations(u), nil
	}
	return session.Generations{Global: st.global.Load()}, nil
}
