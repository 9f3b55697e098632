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

// hash returns a hash of all hints, and how long they are together: if that is
// more than maxCached, the hash is of no use.
func (c *cache) hash(h *Hints) (sum uint64, size int) {
	k := key{seed: c.seed}
	k.add(h.UserAgent)
	k.add(h.Brands)
	k.add(h.FullVersions)
	k.add(h.Mobile)
	k.add(h.Platform)
	k.add(h.PlatformVersion)
	k.add(h.Model)
	k.add(h.FormFactors)
	k.add(h.RequestedWith)
	k.add(h.AppName)
	k.add(h.AppVersion)
	k.add(h.AppModel)
	k.add(h.AppPlatform)
	return k.sum, k.size
}

// A key is what is known of hints so far. An empty hint costs next to nothing.
type key struct {
	seed maphash.Seed
	sum  uint64
	size int
	n    uint64 // hints so far
}

func (k *key) add(s string) {
	k.n++
	if k.size += len(s); s != "" && k.size <= maxCached {
		const odd = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio
		k.sum = (k.sum ^ maphash.String(k.seed, s) + k.n) * odd
	}
}

func (c *cache) set(hash uint64) *set { return &c.sets[hash>>32&uint64(len(c.sets)-1)] }

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
