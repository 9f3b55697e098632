package middleware

import (
	"crypto/sha256"
	"sync"
)

const (
	memoryShards = 64
	maxMemory    = 1024 // a shard: 65,536 hashes in all, about 10 MB
)

// memory remembers what is known of what has a hash. It is bounded, so anything
// may be forgotten.
type memory[V any] [memoryShards]struct {
	mu sync.RWMutex
	m  map[[sha256.Size]byte]V
}

func (m *memory[V]) get(key [sha256.Size]byte) (V, bool) {
	s := &m[key[0]%memoryShards]
	s.mu.RLock()
	defer s.mu.RUnlock()
	v, ok := s.m[key]
	return v, ok
}

func (m *memory[V]) put(key [sha256.Size]byte, v V) {
	s := &m[key[0]%memoryShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m == nil {
		s.m = make(map[[sha256.Size]byte]V)
	}
	if len(s.m) >= maxMemory {
		for old := range s.m { // any: it is found out again when it comes
			delete(s.m, old)
			break
		}
	}
	s.m[key] = v
}
