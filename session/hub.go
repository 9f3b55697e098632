package session

import (
	"sync"
	"time"
)

const (
	hubShards = 64
	// maxLive bounds the sessions that one shard remembers, about 130,000 in
	// all. What is open or waits to be written is remembered beyond it.
	maxLive = 2048
)

// A Hub knows what is open on each session in this process, and cuts it when
// the session ends. The Manager cuts what it ended itself; a message from
// another process is passed on with Cut or CutAll.
type Hub struct {
	shards  [hubShards]hubShard
	watches watches
	bumps   bumps

	overseer *overseer
}

type hubShard struct {
	mu sync.RWMutex
	m  map[ID]*live
}

// Cut ends everything that is open on the sessions, with cause as the cause of
// their contexts. Requests that come later are judged by the store alone.
func (h *Hub) Cut(cause error, ids ...ID) {
	for _, id := range ids {
		h.cut(cause, id)
	}
}

func (h *Hub) cut(cause error, id ID) {
	l := h.find(id)
	if l == nil {
		return
	}
	l.cut(cause)
	h.drop(l)
}

// CutAll ends everything that is open on any session. Sessions that start
// afterwards are none of its business, so what is known of all others goes.
func (h *Hub) CutAll(cause error) {
	for i := range h.shards {
		s := &h.shards[i]
		s.mu.Lock()
		all := s.m
		s.m = nil
		s.mu.Unlock()
		for _, l := range all {
			l.cut(cause)
		}
	}
}

// drop takes l out of the table.
func (h *Hub) drop(l *live) {
	s := h.shard(l.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m[l.id] == l {
		delete(s.m, l.id)
	}
}

// Open returns how many requests and connections are open, of all sessions.
func (h *Hub) Open() (n int) {
	h.each(func(l *live) { l.open.each(func(*Conn) bool { n++; return true }) })
	return n
}

func (h *Hub) shard(id ID) *hubShard {
	// The last byte is random, or part of a hash in a foreign ID,
	// but a client may choose it: a shard bounds itself.
	return &h.shards[id[len(id)-1]%hubShards]
}

func (h *Hub) find(id ID) *live {
	s := h.shard(id)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.m[id]
}

// pin returns the live of a session, made if there is none, and keeps it in
// the table until its pins are given back.
func (h *Hub) pin(id ID) *live {
	s := h.shard(id)
	s.mu.RLock()
	l := s.m[id]
	if l != nil {
		l.pins.Add(1) // under the lock, so that forget cannot miss it
	}
	s.mu.RUnlock()
	if l != nil {
		return l
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if l = s.m[id]; l == nil {
		if s.m == nil {
			s.m = make(map[ID]*live)
		}
		if len(s.m) >= maxLive {
			s.forget(func(*live) bool { return true }, maxLive/8)
		}
		l = &live{id: id}
		s.m[id] = l
	}
	l.pins.Add(1)
	return l
}

// unpin gives a pin back. A live of which nothing became known, as for a forged
// token, goes at once, so that forgeries do not push out what is real.
func (h *Hub) unpin(l *live) {
	if l.pins.Add(-1) > 0 || l.seen.Load() != nil {
		return
	}
	s := h.shard(l.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m[l.id] == l && l.pins.Load() == 0 && l.seen.Load() == nil {
		delete(s.m, l.id)
	}
}

// forget drops up to limit lives that nothing needs and that old picks.
// s.mu is held.
func (s *hubShard) forget(old func(*live) bool, limit int) {
	for id, l := range s.m {
		if limit <= 0 {
			return
		}
		if l.pins.Load() > 0 || l.dirty.Load() || l.isOpen() || !old(l) {
			continue
		}
		// Who opens it without the table looks at gone afterwards.
		if l.gone.Store(true); l.isOpen() {
			l.gone.Store(false)
			continue
		}
		delete(s.m, id)
		limit--
	}
}

// forgetBefore drops what nothing needs and was last seen before t.
func (h *Hub) forgetBefore(t time.Time) {
	h.each(func(l *live) {
		l.mu.Lock()
		l.prune()
		l.mu.Unlock()
	})
	for i := range h.shards {
		s := &h.shards[i]
		s.mu.Lock()
		s.forget(func(l *live) bool { return l.lastAt().Before(t) }, len(s.m))
		s.mu.Unlock()
	}
}

// each calls f for every live, without holding a lock.
func (h *Hub) each(f func(*live)) {
	for i := range h.shards {
		s := &h.shards[i]
		s.mu.RLock()
		all := make([]*live, 0, len(s.m))
		for _, l := range s.m {
			all = append(all, l)
		}
		s.mu.RUnlock()
		for _, l := range all {
			f(l)
		}
	}
}
