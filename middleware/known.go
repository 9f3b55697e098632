package middleware

import (
	"encoding/binary"
	"sync"
	"sync/atomic"

	"github.com/signedin/signedin/session"
)

const (
	minKnownSets = 16
	maxKnownSets = 1 << 14 // 65,536 cookies, about 10 MB, their sessions not included
)

// knownTable keeps what is known of cookies, by the hash of their value. To look
// something up takes no lock and writes nothing. It is bounded, so anything may be
// forgotten.
type knownTable struct {
	sets atomic.Pointer[[]knownSet] // as many as a power of two
	mu   sync.Mutex                 // of who adds
}

// knownSet is where what has part of its hash in common is, in one cache line.
type knownSet [4]struct {
	tag atomic.Uint64 // another part of the hash
	k   atomic.Pointer[session.Known]
}

// setOf returns the set of a key, and its tag there.
func setOf(sets []knownSet, key *[32]byte) (set *knownSet, tag uint64) {
	at := binary.LittleEndian.Uint64(key[8:]) & uint64(len(sets)-1)
	return &sets[at], binary.LittleEndian.Uint64(key[:])
}

// get returns what is known, nil if nothing is.
func (t *knownTable) get(key *[32]byte) *session.Known {
	sets := t.sets.Load()
	if sets == nil {
		return nil
	}
	set, tag := setOf(*sets, key)
	for i := range set {
		if set[i].tag.Load() != tag {
			continue
		}
		if k := set[i].k.Load(); k != nil && k.Key == *key {
			return k
		}
	}
	return nil
}

// replace puts k in the place of old, unless that is gone.
func (t *knownTable) replace(old, k *session.Known) {
	set, _ := setOf(*t.sets.Load(), &k.Key)
	for i := range set {
		if set[i].k.CompareAndSwap(old, k) {
			return
		}
	}
}

// put keeps k, which may push out another one.
func (t *knownTable) put(k *session.Known) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sets.Load() == nil {
		t.sets.Store(new(make([]knownSet, minKnownSets)))
	}
	for {
		sets := *t.sets.Load()
		set, tag := setOf(sets, &k.Key)
		i, free := set.place(&k.Key)
		if !free && len(sets) < maxKnownSets {
			t.sets.Store(new(grown(sets)))
			continue
		}
		// A reader between the two finds another key, and so nothing.
		set[i].tag.Store(tag)
		set[i].k.Store(k)
		return
	}
}

// place returns where the key is, or else where it may be put: free unless another
// one is pushed out.
func (s *knownSet) place(key *[32]byte) (at int, free bool) {
	at = int(key[16]) % len(s)
	for i := range s {
		switch k := s[i].k.Load(); {
		case k == nil:
			at, free = i, true
		case k.Key == *key:
			return i, true
		}
	}
	return at, free
}

// grown returns twice as many sets, with what is in these. What is replaced meanwhile
// may be there as it was.
func grown(sets []knownSet) []knownSet {
	twice := make([]knownSet, 2*len(sets))
	for i := range sets {
		for j := range sets[i] {
			k := sets[i][j].k.Load()
			if k == nil {
				continue
			}
			set, tag := setOf(twice, &k.Key)
			at, _ := set.place(&k.Key) // free: its set has none but of this one
			set[at].tag.Store(tag)
			set[at].k.Store(k)
		}
	}
	return twice
}
