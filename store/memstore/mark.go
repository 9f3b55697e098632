package memstore

import (
	"context"
	"slices"
	"sync"

	"github.com/signedin/signedin/session"
)

// bump is one of a counter: of a user, or of all users. What it ended is dead
// from then on, however many they are; each gets the ending by and by.
type bump struct {
	generation int64 // the counter after it
	global     int64 // of all users, at the time; for the bump of a user
	ending     session.Ending
	records    []*record // those of the user that it ended and that are not marked yet
}

// unmarked is what Mark has to do.
type unmarked struct {
	mu     sync.RWMutex // taken after a user's lock
	bumps  []*bump      // of all users
	users  map[*user]bool
	search search
}

// search looks for sessions that a bump of all users has ended.
type search struct {
	mu    sync.Mutex
	begun bool
	upTo  int64 // the counter when it began
	shard int   // the next one
	users []*user
}

// bump bumps the user's counter and returns how many sessions it ended. The
// user's lock is held.
func (st *Store) bump(u *user, e session.Ending, kept *record) int {
	b := &bump{generation: u.generation.Load() + 1, global: st.global.Load(), ending: e}
	for rec := u.first; rec != nil; rec = rec.next {
		if rec != kept && st.live(rec) {
			b.records = append(b.records, rec)
		}
	}
	// From here on a reader without the lock finds every session outdated, and
	// waits for the lock.
	u.generation.Add(1)
	for _, rec := range b.records {
		rec.facts.Load().outdated.Store(true)
	}
	x := u.more()
	x.bumped = e.At
	if len(b.records) > 0 {
		x.bumps = append(x.bumps, b)
		st.unmarked.mu.Lock()
		if st.unmarked.users == nil {
			st.unmarked.users = make(map[*user]bool)
		}
		st.unmarked.users[u] = true
		st.unmarked.mu.Unlock()
	}
	return len(b.records)
}

// bumpGlobal bumps the counter of all users and returns it.
func (st *Store) bumpGlobal(e session.Ending) int64 {
	st.unmarked.mu.Lock()
	defer st.unmarked.mu.Unlock()
	b := &bump{generation: st.global.Load() + 1, ending: e}
	st.unmarked.bumps = append(st.unmarked.bumps, b) // first: who sees the counter looks for it
	return st.global.Add(1)
}

// endingOf returns the ending of a session, if it is over: its own, or that of
// the bump by which it is. The user's lock is held.
func (st *Store) endingOf(r *record) *session.Ending {
	f := r.facts.Load()
	if f.ended != nil || st.live(r) {
		return f.ended
	}
	if b := st.endedBy(f, r.user); b != nil {
		return &b.ending
	}
	return nil
}

// ended returns s as it is once e has ended it.
func ended(s *session.Session, e session.Ending) *session.Session {
	next := *s
	next.Ended = &e
	next.DropAddresses()
	return &next
}

// endedBy returns the bump that came first of those that have ended a session.
func (st *Store) endedBy(s *facts, u *user) *bump {
	own := first(u.bumps(), s.generations.User)
	st.unmarked.mu.RLock()
	defer st.unmarked.mu.RUnlock()
	all := first(st.unmarked.bumps, s.generations.Global)
	if own != nil && (all == nil || own.global <= s.generations.Global) {
		return own
	}
	return all
}

func first(bumps []*bump, above int64) *bump {
	for _, b := range bumps {
		if b.generation > above {
			return b
		}
	}
	return nil
}

// Mark gives sessions that a bump has ended its ending.
func (st *Store) Mark(ctx context.Context, userID string, limit int) (more bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if userID != "" {
		if u := st.users.get(userID); u != nil {
			_, more = st.markUser(u, limit)
		}
		return more, nil
	}
	for limit > 0 {
		u := st.anyUnmarked()
		if u == nil {
			return st.markEveryone(limit), nil
		}
		n, _ := st.markUser(u, limit)
		limit -= max(n, 1)
	}
	return true, nil
}

func (st *Store) anyUnmarked() *user {
	st.unmarked.mu.RLock()
	defer st.unmarked.mu.RUnlock()
	for u := range st.unmarked.users {
		return u
	}
	return nil
}

// markUser marks sessions that bumps of the user's counter have ended.
func (st *Store) markUser(u *user, limit int) (marked int, more bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for len(u.bumps()) > 0 {
		b := u.extra.bumps[0]
		n := min(limit-marked, len(b.records))
		for _, rec := range b.records[:n] {
			st.markRecord(rec)
		}
		marked, b.records = marked+n, b.records[n:]
		if len(b.records) > 0 {
			return marked, true
		}
		u.extra.bumps = u.extra.bumps[1:]
	}
	st.unmark(u)
	return marked, false
}

// unmark notes that nothing of u is to be marked. The user's lock is held.
func (st *Store) unmark(u *user) {
	if u.extra != nil {
		u.extra.bumps = nil
	}
	st.unmarked.mu.Lock()
	defer st.unmarked.mu.Unlock()
	delete(st.unmarked.users, u)
}

// markRecord marks rec if a bump has ended it. The user's lock is held.
func (st *Store) markRecord(rec *record) bool {
	f := rec.facts.Load()
	if rec.gone.Load() || f.ended != nil || st.live(rec) {
		return false
	}
	b := st.endedBy(f, rec.user)
	if b != nil {
		st.setEnded(rec, b.ending)
	}
	return b != nil
}

// markEveryone marks sessions that bumps of the counter of all users have
// ended, one user after the other.
func (st *Store) markEveryone(limit int) (more bool) {
	f := &st.unmarked.search
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.begun {
		st.unmarked.mu.RLock()
		none := len(st.unmarked.bumps) == 0
		st.unmarked.mu.RUnlock()
		if none {
			return false
		}
		f.begun, f.upTo, f.shard, f.users = true, st.global.Load(), 0, nil
	}
	for limit > 0 {
		for len(f.users) == 0 {
			if f.shard == shards {
				return st.markedUpTo(f)
			}
			f.users = st.users.shards[f.shard].all() // whoever comes later has the new counter
			f.shard++
		}
		u := f.users[0]
		f.users = f.users[1:]
		u.mu.Lock()
		for rec := u.first; rec != nil; rec = rec.next {
			if st.markRecord(rec) {
				limit--
			}
		}
		u.mu.Unlock()
		limit-- // looking costs, too
	}
	return true
}

// markedUpTo ends a search, and reports whether there were bumps since.
func (st *Store) markedUpTo(f *search) (more bool) {
	st.unmarked.mu.Lock()
	defer st.unmarked.mu.Unlock()
	st.unmarked.bumps = slices.DeleteFunc(st.unmarked.bumps, func(b *bump) bool { return b.generation <= f.upTo })
	f.begun, f.users = false, nil
	return len(st.unmarked.bumps) > 0
}
