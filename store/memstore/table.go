package memstore

import (
	"hash/maphash"
	"sync"
)

const (
	shards   = 256
	minSlots = 8 // a power of two
)

// table finds values by their own keys. A map would keep each key once more,
// and take three times the memory.
type table[K comparable, V keyed[K]] struct {
	seed   maphash.Seed // secret, since clients choose some of the keys
	shards [shards]shard[K, V]
}

type keyed[K comparable] interface {
	comparable
	key() K
}

type shard[K comparable, V keyed[K]] struct {
	mu    sync.RWMutex
	slots []V // probed one after the other; as many as a power of two, a fourth of them free
	n     int
	_     [8]byte // one to a cache line
}

func newTable[K comparable, V keyed[K]]() *table[K, V] {
	return &table[K, V]{seed: maphash.MakeSeed()}
}

func (t *table[K, V]) hash(k K) uint64 { return maphash.Comparable(t.seed, k) }

// shard returns the part that k belongs to, and its hash.
func (t *table[K, V]) shard(k K) (*shard[K, V], uint64) {
	h := t.hash(k)
	return &t.shards[h>>56], h
}

// get returns the value with that key, the zero value if there is none.
func (t *table[K, V]) get(k K) V {
	s, h := t.shard(k)
	s.mu.RLock()
	defer s.mu.RUnlock()
	v, _ := s.find(k, h)
	return v
}

// add puts v in, unless there is one with its key, which it returns.
func (t *table[K, V]) add(v V) (old V) {
	s, h := t.shard(v.key())
	s.mu.Lock()
	defer s.mu.Unlock()
	old, at := s.find(v.key(), h)
	var none V
	if old != none {
		return old
	}
	if 4*(s.n+1) > 3*len(s.slots) {
		s.resize(t, max(minSlots, 2*len(s.slots)))
		_, at = s.find(v.key(), h)
	}
	s.slots[at] = v
	s.n++
	return none
}

// replace puts v in the place of the one with the same key.
func (t *table[K, V]) replace(v V) {
	s, h := t.shard(v.key())
	s.mu.Lock()
	defer s.mu.Unlock()
	_, at := s.find(v.key(), h)
	s.slots[at] = v
}

// remove takes out the value with that key.
func (t *table[K, V]) remove(k K) {
	s, h := t.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	var none V
	v, at := s.find(k, h)
	if v == none {
		return
	}
	s.n--
	// What comes behind moves up, if it may stand there.
	mask := uint64(len(s.slots) - 1)
	for next := (at + 1) & mask; s.slots[next] != none; next = (next + 1) & mask {
		home := t.hash(s.slots[next].key()) & mask
		if (next-home)&mask >= (next-at)&mask {
			s.slots[at] = s.slots[next]
			at = next
		}
	}
	s.slots[at] = none
	if len(s.slots) > minSlots && 8*s.n < len(s.slots) {
		s.resize(t, len(s.slots)/2)
	}
}

// all returns the values of one of the shards.
func (s *shard[K, V]) all() []V {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var none V
	all := make([]V, 0, s.n)
	for _, v := range s.slots {
		if v != none {
			all = append(all, v)
		}
	}
	return all
}

// find returns the value with that key and where it is, or the zero value and
// where it would be. The lock is held.
func (s *shard[K, V]) find(k K, h uint64) (v V, at uint64) {
	if len(s.slots) == 0 {
		return v, 0
	}
	mask := uint64(len(s.slots) - 1)
	var none V
	for at = h & mask; ; at = (at + 1) & mask {
		if v = s.slots[at]; v == none || v.key() == k {
			return v, at
		}
	}
}

func (s *shard[K, V]) resize(t *table[K, V], n int) {
	old := s.slots
	s.slots = make([]V, n)
	var none V
	for _, v := range old {
		if v != none {
			_, at := s.find(v.key(), t.hash(v.key()))
			s.slots[at] = v
		}
	}
}
