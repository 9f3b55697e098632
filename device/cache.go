package device

import (
	"hash/maphash"
	"sync/atomic"
)

// A cache keeps what was parsed lately. A place for a result is found by a hash
// of the hints; of the results that want one place the latest stay. Who looks up
// waits for nobody.
type cache struct {
	seed maphash.Seed
	sets []set // as many as a power of two
}

// A set has the results whose hashes are alike, the latest first.
type set [4]atomic.Pointer[result]

type result struct {
	hash   uint64
	hints  Hints
	device Device
}

func newCache(size int) *cache {
	sets := 1
	for sets*len(set{}) < size {
		sets *= 2
	}
	return &cache{seed: maphash.MakeSeed(), sets: make([]set, sets)}
}

// hash is of all hints. An empty one costs nothing, and which ones are empty is
// part of the hash.
func (c *cache) hash(h *Hints) uint64 {
	sum := uint64(0)
	for i, s := range h.all() {
		if *s != "" {
			sum = mix(sum, maphash.String(c.seed, *s), i)
		}
	}
	return sum
}

// mix adds the hash of the hint of number i to that of those before it.
func mix(sum, next uint64, i int) uint64 {
	const odd = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio
	sum = (sum ^ next ^ uint64(i)) * odd
	return sum ^ sum>>29
}

func (c *cache) set(hash uint64) *set { return &c.sets[hash>>7&uint64(len(c.sets)-1)] }

// get returns the device of h, whose hash is given, or nil.
func (c *cache) get(h *Hints, hash uint64) *Device {
	set := c.set(hash)
	for i := range set {
		if r := set[i].Load(); r != nil && r.hash == hash && r.hints == *h {
			return &r.device
		}
	}
	return nil
}

// put keeps a result in place of the oldest of its set. Two that come at once
// may push each other out, which costs no more than that they are parsed again.
func (c *cache) put(hash uint64, h Hints, d Device) {
	set := c.set(hash)
	for i := len(set) - 1; i > 0; i-- {
		set[i].Store(set[i-1].Load())
	}
	set[0].Store(&result{hash, h, d})
}
