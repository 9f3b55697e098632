// Package memstore keeps sessions in the memory of one process. They are gone
// when the process ends, and no other process sees them.
//
// Reading a session is one map look-up and allocates nothing. Each user has a
// lock, so that what is done to all of a user's sessions is one step.
package memstore

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/signedin/signedin/session"
)

const shards = 256

// A Store is a [session.Store] in memory. The zero Store is not usable; make
// one with [New].
type Store struct {
	global   atomic.Int64
	records  [shards]table[session.ID, *record]
	users    [shards]table[string, *user]
	due      dueQueue // live sessions, by when they may expire
	over     dueQueue // ended sessions, by when they ended
	nobody   user     // whose the remnants are
	issuers  issuers
	unmarked unmarked
}

var _ session.Store = (*Store)(nil)

// New returns an empty Store.
func New() *Store {
	st := new(Store)
	st.nobody.st = st
	for i := range shards {
		st.records[i].m = make(map[session.ID]*record)
		st.users[i].m = make(map[string]*user)
	}
	return st
}

// table is a map with its lock.
type table[K comparable, V any] struct {
	mu sync.RWMutex
	m  map[K]V
}

func (t *table[K, V]) get(k K) V {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.m[k]
}

// record is one session. What s points to is never changed; s is replaced
// under the user's lock.
type record struct {
	user *user
	s    atomic.Pointer[session.Session]
	gone atomic.Bool // deleted; changed under the user's lock

	// Its turn in st.due while it is live, in st.over once it has ended; under
	// the lock of that queue.
	turn  time.Time
	place int // in the heap, from 1; 0 when it is in none
}

// user is what belongs to one user. The lock makes each change of the user's
// sessions one step; it is held for no longer than that.
type user struct {
	st *Store
	id string

	mu         sync.Mutex
	generation atomic.Int64
	bumped     time.Time
	bumps      []*bump // whose sessions are not all marked; the oldest first
	sessions   map[session.ID]*record
	profile    []byte
	profiled   int64 // the profile's version, 0 if there is none
	forgotten  bool  // no longer in the table: look again
}

func (st *Store) recordsOf(id session.ID) *table[session.ID, *record] {
	return &st.records[id[len(id)-1]] // random in a UUIDv7, hash in a foreign ID
}

func (st *Store) usersOf(id string) *table[string, *user] {
	var h uint32 = 2166136261 // FNV-1a
	for i := range len(id) {
		h = (h ^ uint32(id[i])) * 16777619
	}
	return &st.users[h%shards]
}

// lock returns the user, made if there is none, with the lock held.
func (st *Store) lock(id string) *user {
	t := st.usersOf(id)
	for {
		u := t.get(id)
		if u == nil {
			t.mu.Lock()
			if u = t.m[id]; u == nil {
				u = &user{st: st, id: id, sessions: make(map[session.ID]*record)}
				t.m[id] = u
			}
			t.mu.Unlock()
		}
		u.mu.Lock()
		if !u.forgotten {
			return u
		}
		u.mu.Unlock()
	}
}

// forget drops a user of whom nothing is kept. u.mu is held.
func (st *Store) forget(u *user, bumpedBefore time.Time) {
	if u == &st.nobody || len(u.sessions) > 0 || u.profiled > 0 || !u.bumped.IsZero() && !u.bumped.Before(bumpedBefore) {
		return
	}
	t := st.usersOf(u.id)
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.m, u.id)
	u.forgotten = true
}

func (st *Store) generations(u *user) session.Generations {
	return session.Generations{User: u.generation.Load(), Global: st.global.Load()}
}

// live reports whether a session can still be changed. Its user's lock is held.
func (st *Store) live(s *session.Session, u *user) bool {
	return s.Ended == nil && s.Generations == st.generations(u)
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
	r := &record{user: u}
	r.s.Store(s.Clone())
	t := st.recordsOf(s.ID)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.m[s.ID] != nil {
		return session.ErrExists
	}
	t.m[s.ID] = r
	u.sessions[s.ID] = r
	st.due.put(r, s.IdleExpiresAt())
	return nil
}

// Get returns a session and the current generations of its user.
func (st *Store) Get(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
	if err := ctx.Err(); err != nil {
		return nil, session.Generations{}, err
	}
	r := st.recordsOf(id).get(id)
	if r == nil {
		return nil, session.Generations{}, session.ErrUnknown
	}
	s, gens := r.s.Load(), st.generations(r.user)
	if s.Ended == nil && s.Generations != gens {
		// A revocation came between the two reads, or before: read as one.
		r.user.mu.Lock()
		gens = st.generations(r.user)
		s = st.seen(r.s.Load(), r.user)
		r.user.mu.Unlock()
	}
	return s, gens, nil
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
	u := st.usersOf(userID).get(userID)
	if u == nil {
		return 0, nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, r := range u.sessions {
		if st.live(r.s.Load(), u) {
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
	u := st.usersOf(q.UserID).get(q.UserID)
	if u == nil {
		return nil, nil
	}
	u.mu.Lock()
	all := make([]*session.Session, 0, len(u.sessions))
	for _, r := range u.sessions {
		s := r.s.Load()
		if q.State == session.StateEnded {
			s = st.seen(s, u)
		}
		if q.State == session.StateEnded && s.Ended != nil || q.State == session.StateLive && st.live(s, u) {
			all = append(all, s)
		}
	}
	u.mu.Unlock()
	order := latestFirst
	if q.Oldest {
		order = func(a, b *session.Session) int { return latestFirst(b, a) }
	}
	slices.SortFunc(all, order)
	if q.After != nil {
		i, found := slices.BinarySearchFunc(all, q.After, order)
		if found {
			i++
		}
		all = all[i:]
	}
	if q.Limit > 0 && len(all) > q.Limit {
		all = all[:q.Limit]
	}
	return all, nil
}

// latestFirst is the order of [session.Query].
func latestFirst(a, b *session.Session) int {
	at := func(s *session.Session) time.Time {
		if s.Ended != nil {
			return s.Ended.At
		}
		return s.First.At
	}
	return cmp.Or(at(b).Compare(at(a)), bytes.Compare(b.ID[:], a.ID[:]))
}

// Update writes a session that was read before.
func (st *Store) Update(ctx context.Context, s *session.Session) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := st.recordsOf(s.ID).get(s.ID)
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
	r.s.Store(next)
	st.due.put(r, next.IdleExpiresAt())
}

// changed returns what r holds once s is written to it. The user's lock is held.
func (st *Store) changed(r *record, s *session.Session) (*session.Session, error) {
	old := r.s.Load()
	switch {
	case r.gone.Load():
		return nil, session.ErrUnknown
	case !st.live(old, r.user):
		return nil, session.ErrEnded
	case old.Version != s.Version:
		return nil, session.ErrConflict
	}
	next := s.Clone()
	next.UserID, next.Carrier, next.First, next.Last = old.UserID, old.Carrier, old.First, old.Last
	next.Generations, next.Ended = old.Generations, nil
	next.Version++
	return next, nil
}

// Touch writes the latest visits.
func (st *Store) Touch(ctx context.Context, touches []session.Touch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, t := range touches {
		if r := st.recordsOf(t.ID).get(t.ID); r != nil {
			st.touch(r, t.Visit)
		}
	}
	return nil
}

func (st *Store) touch(r *record, v session.Visit) {
	r.user.mu.Lock()
	defer r.user.mu.Unlock()
	old := r.s.Load()
	if !st.live(old, r.user) || !v.At.After(old.Last.At) {
		return
	}
	next := *old // what it shares with old is never changed
	next.Last = v
	r.s.Store(&next)
}

// Generation returns the current generations for a user.
func (st *Store) Generation(ctx context.Context, userID string) (session.Generations, error) {
	if err := ctx.Err(); err != nil {
		return session.Generations{}, err
	}
	if u := st.usersOf(userID).get(userID); u != nil {
		return st.generations(u), nil
	}
	return session.Generations{Global: st.global.Load()}, nil
}
