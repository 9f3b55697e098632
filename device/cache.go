package device

import "sync"

// A cache keeps what was parsed lately. It is two maps: when the young one is
// full, it becomes the old one, and what the old one held and nobody asked for
// since is dropped.
type cache struct {
	mu         sync.RWMutex
	young, old map[Hints]Device
	half       int
}

func newCache(size int) *cache {
	return &cache{young: make(map[Hints]Device), half: max(size/2, 1)}
}

func (c *cache) get(h Hints) (Device, bool) {
	c.mu.RLock()
	d, ok := c.young[h]
	if ok {
		c.mu.RUnlock()
		return d, true
	}
	d, ok = c.old[h]
	c.mu.RUnlock()
	if ok {
		c.put(h, d)
	}
	return d, ok
}

func (c *cache) put(h Hints, d Device) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.young) >= c.half {
		c.old, c.young = c.young, make(map[Hints]Device)
	}
	c.young[h] = d
}
