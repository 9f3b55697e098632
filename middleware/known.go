package middleware

import (
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/signedin/signedin/session"
)

const (
	minKnownSets = 16
	maxKnownSets = 1 << 14 // 65,536 cookies, about 10 MB, their sessions not included
)

// knownTable keeps what is known of cookies, with their values. To look
// something up takes no lock and writes nothing. It is bounded, so anything may be
// forgotten.
//
// A cryptographic hash of the value would be a tenth of a request, so the value is kept
// itself, and what is shown is compared with all of it. Whoever reads the memory
// of the process finds it there, as in what the server has read.
type knownTable struct {
	seed maphash.Seed
	sets atomic.Pointer[[]knownSet] // as many as a power of two
	mu   sync.Mutex                 // of who adds
}

// knownSet is where those are whose hashes have their lowest bits in common, in one cache line.
type knownSet [4]struct {
	hash atomic.Uint64
	k    atomic.Pointer[session.Known]
}

func newKnownTable() *knownTable { return &knownTable{seed: maphash.MakeSeed()} }

// get returns what is known of a value, nil if nothing is.
func (t *knownTable) get(value string) *session.Known {
	sets := t.sets.Load()
	if sets == nil || value == "" || len(value) > maxCredential {
		return nil
	}
	hash := maphash.String(t.seed, value)
	set := setOf(*sets, hash)
	for i := range set {
		if set[i].hash.Load() != hash {
			continue
		}
		if k := set[i].k.Load(); k != nil && isSameSecret(k.Value, value) {
			return k
		}
	}
	return nil
}

// setOf returns the set of a hash.
func setOf(sets []knownSet, hash uint64) *knownSet { return &sets[hash&uint64(len(sets)-1)] }

// isSameSecret compares in a time that tells the length alone.
func isSameSecret(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	var differ uint64
	for len(a) >= 8 {
		differ |= word(a) ^ word(b)
		a, b = a[8:], b[8:]
	}
	for i := range len(a) {
		differ |= uint64(a[i] ^ b[i])
	}
	return differ == 0
}

// word returns the first eight bytes.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// replace puts k in the place of old, unless that is gone.
func (t *knownTable) replace(old, k *session.Known) {
	set := setOf(*t.sets.Load(), k.Hash)
	for i := range set {
		if set[i].k.CompareAndSwap(old, k) {
			return
		}
	}
}

// put keeps k with a value, which may push out another one.
func (t *knownTable) put(value string, k *session.Known) {
	if value == "" || len(value) > maxCredential {
		return
	}
	k.Value, k.Hash = strings.Clone(value), maphash.String(t.seed, value)
	t.keep(k)
}

func (t *knownTable) keep(k *session.Known) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sets.Load() == nil {
		t.sets.Store(new(make([]knownSet, minKnownSets)))
	}
	for {
		sets := *t.sets.Load()
		set := setOf(sets, k.Hash)
		i, free := set.place(k)
		if !free && len(sets) < maxKnownSets {
			t.sets.Store(new(grown(sets)))
			continue
		}
		// A reader between the two finds another value, and so nothing.
		set[i].hash.Store(k.Hash)
		set[i].k.Store(k)
		return
	}
}

// place returns where one of that value is, or else where it may be put: free unless
// another one is pushed out.
func (s *knownSet) place(k *session.Known) (at int, free bool) {
	at = int(k.Hash>>32) % len(s)
	for i := range s {
		switch old := s[i].k.Load(); {
		case old == nil:
			at, free = i, true
		case old.Hash == k.Hash && old.Value == k.Value:
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
			set := setOf(twice, k.Hash)
			at, _ := set.place(k) // free: its set has none but of this one
			set[at].hash.Store(k.Hash)
			set[at].k.Store(k)
		}
	}
	return twice
}
