package memstore

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/signedin/signedin/session"
)

// user is what belongs to one user. The lock makes each change of the user's
// sessions one step; it is held for no longer than that. 128 bytes, of which half
// are the user's first session, since most have one: a collection of garbage looks
// at one thing less for each.
type user struct {
	id         string
	mu         sync.Mutex
	generation atomic.Int64
	first      *record // of the sessions, the latest first
	extra      *extra  // nil for most
	forgotten  bool    // no longer in the table: look again
	began      bool    // own is, or was, a session
	own        record
}

// extra is what few users have.
type extra struct {
	bumped   time.Time // when the counter was
	bumps    []*bump   // whose sessions are not all marked; the oldest first
	profile  []byte
	profiled int64 // the profile's version, 0 if there is none
}

func (u *user) key() string { return u.id }

// more returns u.extra, made if there is none. The lock is held.
func (u *user) more() *extra {
	if u.extra == nil {
		u.extra = new(extra)
	}
	return u.extra
}

// bumps returns those that are not all marked. The lock is held.
func (u *user) bumps() []*bump {
	if u.extra == nil {
		return nil
	}
	return u.extra.bumps
}

// record returns one for a new session. The lock is held.
func (u *user) record(id session.ID) *record {
	r := &u.own
	if u.began {
		r = new(record)
	}
	u.began = true
	r.id, r.user = id, u
	return r
}

// add puts r among the user's sessions. The lock is held.
func (u *user) add(r *record) {
	if r.next = u.first; r.next != nil {
		r.next.prev = r
	}
	u.first = r
}

// remove takes r out. The lock is held.
func (u *user) remove(r *record) {
	if r.prev != nil {
		r.prev.next = r.next
	} else if u.first == r {
		u.first = r.next
	}
	if r.next != nil {
		r.next.prev = r.prev
	}
	r.prev, r.next = nil, nil
}

// session returns one of the user's sessions, nil if there is none. The lock is
// held.
func (st *Store) session(u *user, id session.ID) *record {
	if r := st.records.get(id); r != nil && r.user == u {
		return r
	}
	return nil
}

// lock returns the user, made if there is none, with the lock held.
func (st *Store) lock(id string) *user {
	for {
		u := st.users.get(id)
		if u == nil {
			u = &user{id: id}
			if old := st.users.add(u); old != nil {
				u = old
			}
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
	if u == &st.nobody || u.first != nil {
		return
	}
	if x := u.extra; x != nil && (x.profiled > 0 || !x.bumped.IsZero() && !x.bumped.Before(bumpedBefore)) {
		return
	}
	st.users.remove(u.id)
	u.forgotten = true
}
