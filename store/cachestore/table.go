package cachestore

import (
	"hash/maphash"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/signedin/signedin/session"
)

// table holds the copies. A logical clock closes the race between a read and
// an invalidation: it counts invalidations, each entry has the count from
// before it was read, and an entry is believed only if nothing that concerns
// it was invalidated since. So a slow read of what was valid can be stored
// whenever it likes; it is dead already.
type table struct {
	clock    atomic.Uint64            // how many invalidations there were
	everyone atomic.Uint64            // the tick of the last one of all
	users    [userSlots]atomic.Uint64 // the tick of the last one of a user, by hash
	seed     maphash.Seed             // so that nobody chooses who shares a slot
	shards   []shard
	maxAge   time.Duration
	swept    int // the shard that was swept last
}

const (
	// userSlots is how many users are told apart when all of a user's sessions
	// are invalidated. Others in the slot cost a read each.
	userSlots = 1024
	maxShards = 256
	minShard  = 64 // sessions; fewer are not worth a lock of their own
)

// shard is a part of the table with its lock.
type shard struct {
	mu   sync.RWMutex
	m    map[session.ID]*entry
	tick uint64 // of the last invalidation of a session here
	max  int
	hits atomic.Int64
	_    [64]byte // keeps the counters of two shards off one cache line
}

// entry is a copy of a live session. But for gone and used it is never changed.
type entry struct {
	st   *Store
	gone atomic.Bool // out of the table, so what is invalidated does not meet it
	s    *session.Session
	gens session.Generations
	tick uint64        // of the clock before the read
	read time.Duration // when it was
	user uint16        // slot in users
	used atomic.Int64  // time.Duration of the latest use, to the second or so
}

func newTable(maxSessions int, maxAge time.Duration) *table {
	n := 1
	for n < maxShards && n*2*minShard <= maxSessions {
		n *= 2
	}
	t := &table{seed: maphash.MakeSeed(), shards: make([]shard, n), maxAge: maxAge}
	for i := range t.shards {
		t.shards[i].m = make(map[session.ID]*entry)
		t.shards[i].max = maxSessions / n
	}
	return t
}

func (t *table) shard(id session.ID) *shard {
	return &t.shards[int(id[len(id)-1])&(len(t.shards)-1)] // random, or a hash in a foreign ID
}

func (t *table) user(id string) uint16 { return uint16(maphash.String(t.seed, id) % userSlots) }

// get returns the copy of a session, nil if there is none that is believed.
func (t *table) get(id session.ID, now time.Duration) *entry {
	s := t.shard(id)
	s.mu.RLock()
	c := s.m[id]
	s.mu.RUnlock()
	if c == nil || !t.believes(c, now) {
		return nil
	}
	s.use(c, now)
	return c
}

// use counts that c was asked for.
func (s *shard) use(c *entry, now time.Duration) {
	s.hits.Add(1)
	if now-time.Duration(c.used.Load()) > time.Second { // a write that others wait for, so a rare one
		c.used.Store(int64(now))
	}
}

func (t *table) believes(c *entry, now time.Duration) bool {
	return !c.gone.Load() && c.tick >= t.everyone.Load() && c.tick >= t.users[c.user].Load() && now-c.read < t.maxAge
}

// put stores c, unless its session was invalidated since c.tick or a later
// read came first. It reports whether it did.
func (t *table) put(c *entry) bool {
	c.user = t.user(c.s.UserID)
	c.used.Store(int64(c.read))
	s := t.shard(c.s.ID)
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.m[c.s.ID]
	if c.tick < s.tick || old != nil && c.read < old.read {
		return false
	}
	if old != nil {
		old.gone.Store(true)
	} else if len(s.m) >= s.max {
		s.evict()
	}
	s.m[c.s.ID] = c
	return true
}

// remove takes a copy out. s.mu is held.
func (s *shard) remove(id session.ID) {
	if c := s.m[id]; c != nil {
		c.gone.Store(true)
		delete(s.m, id)
	}
}

// evict drops the longest unused of a few. s.mu is held.
func (s *shard) evict() {
	const few = 8
	var victim session.ID
	oldest, seen := int64(math.MaxInt64), 0
	for id, c := range s.m { // begins anywhere
		if used := c.used.Load(); used < oldest {
			victim, oldest = id, used
		}
		if seen++; seen == few {
			break
		}
	}
	s.remove(victim)
}

// forget invalidates the copies of sessions, those under way included.
func (t *table) forget(ids ...session.ID) {
	for _, id := range ids {
		s := t.shard(id)
		s.mu.Lock()
		s.tick = t.clock.Add(1)
		s.remove(id)
		s.mu.Unlock()
	}
}

// drop is forget for what the store itself said, if there is a copy at all.
// Without that condition every made-up credential would disturb those that are
// being copied.
func (t *table) drop(id session.ID) {
	s := t.shard(id)
	s.mu.RLock()
	c := s.m[id]
	s.mu.RUnlock()
	if c != nil {
		t.forget(id)
	}
}

// forgetUser invalidates the copies of all of a user's sessions.
func (t *table) forgetUser(id string) { raise(&t.users[t.user(id)], t.clock.Add(1)) }

// forgetAll invalidates everything, and holds on to nothing.
func (t *table) forgetAll() {
	raise(&t.everyone, t.clock.Add(1))
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		s.m = make(map[session.ID]*entry) // their ticks are past
		s.mu.Unlock()
	}
}

// raise sets a to tick, unless it is later already.
func raise(a *atomic.Uint64, tick uint64) {
	for old := a.Load(); old < tick && !a.CompareAndSwap(old, tick); old = a.Load() {
	}
}

// sweep drops what is not believed any more from the next shard. One caller at
// a time.
func (t *table) sweep(now time.Duration) {
	t.swept = (t.swept + 1) % len(t.shards)
	s := &t.shards[t.swept]
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, c := range s.m {
		if !t.believes(c, now) {
			s.remove(id)
		}
	}
}

func (t *table) count() (hits int64, size int) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.RLock()
		size += len(s.m)
		s.mu.RUnlock()
		hits += s.hits.Load()
	}
	return hits, size
}
