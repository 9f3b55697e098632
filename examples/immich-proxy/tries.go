package main

import (
	"sync"
	"time"
)

const (
	// maxTries and maxTriesOf bound wrong passwords of a session and of an address
	// within tryAgain: a person mistypes a few times, and a family shares an address.
	maxTries, maxTriesOf = 5, 20
	tryAgain             = 15 * time.Minute
	maxTried             = 8192
)

// tries counts passwords that are tried. One that is right does not count.
type tries struct {
	mu  sync.Mutex
	all map[string]*tried
}

type tried struct {
	n     int
	since time.Time
}

// allows reports whether another one may be tried, and counts it: before it is
// checked, or many at once would get through.
func (t *tries) allows(now time.Time, session, address string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, a := t.of("session "+session, now), t.of("address "+address, now)
	if s.n >= maxTries || a.n >= maxTriesOf {
		return false
	}
	s.n++
	a.n++
	return true
}

// right takes back what allows has counted.
func (t *tries) right(session, address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.all, "session "+session)
	if a := t.all["address "+address]; a != nil && a.n > 0 {
		a.n--
	}
}

// of returns the count of one. t.mu is held.
func (t *tries) of(key string, now time.Time) *tried {
	if k := t.all[key]; k != nil && now.Sub(k.since) < tryAgain && !now.Before(k.since) {
		return k
	}
	if t.all == nil {
		t.all = make(map[string]*tried)
	}
	if len(t.all) >= maxTried {
		for old, k := range t.all {
			if now.Sub(k.since) >= tryAgain {
				delete(t.all, old)
			}
		}
	}
	k := &tried{since: now}
	if len(t.all) >= maxTried {
		k.n = maxTriesOf // nobody's count is dropped to make room
		return k
	}
	t.all[key] = k
	return k
}
