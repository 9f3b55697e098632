package session

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
	"unique"

	"github.com/signedin/signedin/device"
)

// live is what this process knows of a session that it has seen: whether it
// was cut, what is open on it, and the latest visit, which the store hears of
// later. One live serves all requests of its session.
type live struct {
	id    ID
	seen  atomic.Pointer[sighting]
	dirty atomic.Bool  // seen waits to be written
	pins  atomic.Int32 // requests that hold it; a pinned live stays in the table

	cause atomic.Pointer[error] // why it was cut; nil while it was not
	mu    sync.Mutex            // guards open, and cause against registration
	open  *Conn                 // list of what is open

	lingering []*Conn // open, and their handlers have returned
}

// sighting is the latest visit and the origin that it was made from.
type sighting struct {
	known bool // ip and hints are known: the visit was seen here, not read from the store
	ip    netip.Addr
	hints unique.Handle[device.Hints] // shared by all sessions of one kind of client
	visit Visit

	families []device.Family // of other devices that used the token
}

// maxFamilies bounds what is remembered of those.
const maxFamilies = 8

// isFrom reports whether the visit was made from there.
func (s *sighting) isFrom(o Origin) bool {
	return s.known && s.ip == o.IP && s.hints.Value() == o.Hints
}

func (l *live) lastAt() time.Time {
	if s := l.seen.Load(); s != nil {
		return s.visit.At
	}
	return time.Time{}
}

// sighting returns the latest visit that is known, here or in the store.
func (l *live) sighting(s *Session) *sighting {
	last := l.seen.Load()
	if last != nil && !last.visit.At.Before(s.Last.At) {
		return last
	}
	// Another instance saw it later, or this one sees it for the first time.
	fresh := &sighting{visit: s.Last}
	if last != nil {
		fresh.known, fresh.ip, fresh.hints, fresh.families = last.known, last.ip, last.hints, last.families
	}
	if !l.seen.CompareAndSwap(last, fresh) {
		return l.seen.Load()
	}
	return fresh
}

// cut ends everything that is open, now and later. The first cause stays.
func (l *live) cut(cause error) {
	// The lock is held to the end: a request that closes meanwhile waits, so
	// that its connection is not cut when it serves somebody else already.
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cause.Load() != nil {
		return
	}
	l.cause.Store(&cause)
	for c := l.open; c != nil; c = c.next {
		c.end(cause)
	}
	l.pins.Add(-int32(len(l.lingering)))
	l.lingering = nil
}

// register links c, or reports the cause if the session was cut already.
func (l *live) register(c *Conn) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if cause := l.cause.Load(); cause != nil {
		return *cause
	}
	c.next = l.open
	if c.next != nil {
		c.next.prev = c
	}
	l.open = c
	return nil
}

func (l *live) unregister(c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unlink(c)
}

func (l *live) unlink(c *Conn) {
	switch {
	case c.prev != nil:
		c.prev.next = c.next
	case l.open == c:
		l.open = c.next
	default:
		return // not registered
	}
	if c.next != nil {
		c.next.prev = c.prev
	}
	c.prev, c.next = nil, nil
}

// maxLingering bounds the connections of one session that outlive their
// handlers. Nobody tells when such a connection is closed, so the oldest is
// ended for good when there are more.
const maxLingering = 64

// linger keeps c open though its handler has returned.
func (l *live) linger(c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cause.Load() != nil { // cut already, and c with it
		l.pins.Add(-1)
		return
	}
	l.lingering = append(l.lingering, c)
	if len(l.lingering) > maxLingering {
		oldest := l.lingering[0]
		l.lingering = l.lingering[1:]
		l.unlink(oldest)
		l.pins.Add(-1)
		oldest.end(ErrRevoked)
	}
}

func (l *live) isOpen() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open != nil
}
