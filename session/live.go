package session

import (
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unique"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
)

// live is what this process knows of a session that it has seen: what is open
// on it, and the latest visit, which the store hears of later. One live serves
// all requests of its session. Once it was cut it is out of the table, and whoever
// comes later gets another one: what this process has heard refuses nobody.
type live struct {
	// What every request looks at stands in front, in one cache line.
	open  openList
	cause atomic.Pointer[error] // why it was cut; nil while it was not
	gone  atomic.Bool           // out of the table: who cuts does not find it

	suspect atomic.Bool  // the store is to be asked whether it is over
	dirty   atomic.Bool  // seen waits to be written
	limited atomic.Bool  // what is open has an until
	pins    atomic.Int32 // who needs it in the table; negative once it is out
	id      ID
	seen    atomic.Pointer[sighting]
	view    atomic.Pointer[view]      // the latest
	checked atomic.Pointer[time.Time] // when a message last had it asked

	proof atomic.Pointer[shownProof]

	mu        sync.Mutex // one cut at a time; guards lingering
	lingering []*Conn    // open, and their handlers have returned
}

// sighting is the latest visit and the origin that it was made from.
type sighting struct {
	at atomic.Int64 // of a later visit that was like it, in milliseconds since 1970; 0 if there was none
	// stored is that of a visit like it that the store has, as far as is known here.
	stored atomic.Int64

	known bool // ip and hints are known: the visit was seen here, not read from the store
	ip    netip.Addr
	hints unique.Handle[device.Hints] // shared by all sessions of one kind of client
	visit compactVisit

	families []device.Family // of other devices that used the token
	networks []stay          // that it moved to, the latest first
}

// compactVisit is a Visit in little room: what many have in common is there once.
type compactVisit struct {
	at       time.Time
	ip       netip.Addr
	network  netip.Prefix
	device   unique.Handle[device.Device]
	location unique.Handle[geo.Location]
}

func compact(v *Visit) compactVisit {
	return compactVisit{v.At, v.IP, v.Network, unique.Make(v.Device), unique.Make(v.Location)}
}

func (v *compactVisit) visit() Visit {
	return Visit{At: v.at, IP: v.ip, Network: v.network, Device: v.device.Value(), Location: v.location.Value()}
}

// stay is when a session last moved to a network; zero if it did not move there.
type stay struct {
	network netip.Prefix
	at      time.Time
}

// maxStays bounds the networks that are remembered of one session.
const maxStays = 4

// movedTo returns when the session last moved to that network.
func (s *sighting) movedTo(network netip.Prefix) time.Time {
	for _, t := range s.networks {
		if t.network == network {
			return t.at
		}
	}
	return time.Time{}
}

// moving returns the networks once the session has moved to that one.
func (s *sighting) moving(network netip.Prefix, now time.Time) []stay {
	all := make([]stay, 1, maxStays)
	all[0] = stay{network, now}
	for _, t := range s.networks {
		if t.network != network && len(all) < maxStays {
			all = append(all, t)
		}
	}
	return all
}

// maxFamilies bounds what is remembered of those.
const maxFamilies = 8

// isFrom reports whether the visit was made from there.
func (s *sighting) isFrom(o Origin) bool {
	return s.known && s.ip == o.IP && s.hints.Value() == o.Hints
}

// latest returns when it was seen last.
func (s *sighting) latest() time.Time {
	if at := s.at.Load(); at != 0 {
		return time.UnixMilli(at).UTC()
	}
	return s.visit.at
}

// latestVisit returns the visit with the time of the latest.
func (s *sighting) latestVisit() Visit {
	v := s.visit.visit()
	v.At = s.latest()
	return v
}

// storedAt returns when the visit like it was that the store has, the zero time if
// it has none.
func (s *sighting) storedAt() time.Time {
	if at := s.stored.Load(); at != 0 {
		return time.UnixMilli(at).UTC()
	}
	return time.Time{}
}

func (l *live) lastAt() time.Time {
	if s := l.seen.Load(); s != nil {
		return s.latest()
	}
	return time.Time{}
}

// sighting returns the latest visit that is known, here or in the store.
func (l *live) sighting(s *Session) *sighting {
	last := l.seen.Load()
	if last != nil && !last.latest().Before(s.Last.At) {
		return last
	}
	// Another instance saw it later, or this one sees it for the first time.
	fresh := &sighting{visit: compact(&s.Last)}
	fresh.stored.Store(s.Last.At.UnixMilli())
	if last != nil {
		fresh.known, fresh.ip, fresh.hints, fresh.families = last.known, last.ip, last.hints, last.families
		fresh.networks = last.networks
	}
	if !l.seen.CompareAndSwap(last, fresh) {
		return l.seen.Load()
	}
	return fresh
}

// viewOf returns the view of s, the same one for all while s is the latest.
func (l *live) viewOf(s *Session, hold Handle) *view {
	v := l.view.Load()
	if v != nil && v.s == s {
		return v
	}
	next := &view{s: s, l: l, hold: hold}
	l.view.CompareAndSwap(v, next)
	return next
}

// cut ends everything that is open, now and later. The first cause stays.
func (l *live) cut(cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.cause.CompareAndSwap(nil, &cause) {
		return
	}
	l.open.each(func(c *Conn) bool { c.end(cause); return true })
	for _, c := range l.lingering {
		c.Close()
	}
	l.lingering = nil
}

// register puts c into the list, or reports the cause if the session was cut
// already.
func (l *live) register(c *Conn) error {
	l.open.add(c)
	cause := l.cause.Load()
	if cause == nil {
		return nil
	}
	// Whoever cut may have met c or not; in either case it is not open.
	c.Close()
	return *cause
}

// maxLingering bounds the connections of one session that outlive their
// handlers. Nobody tells when such a connection is closed, so the oldest is
// ended for good when there are more.
const maxLingering = 64

// linger keeps c open though its handler has returned.
func (l *live) linger(c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if cause := l.cause.Load(); cause != nil { // cut already, and c with it
		if c.end(*cause); c.WasCut() { // or it has a while to answer
			c.Close()
		}
		return
	}
	l.prune()
	l.lingering = append(l.lingering, c)
	if len(l.lingering) > maxLingering {
		oldest := l.lingering[0]
		l.lingering = l.lingering[1:]
		oldest.end(ErrRevoked)
		oldest.Close()
	}
}

// prune lets go of connections that are closed. l.mu is held.
func (l *live) prune() {
	l.lingering = slices.DeleteFunc(l.lingering, func(c *Conn) bool {
		gone := c.isClosed() || c.door != nil && c.door.IsClosed != nil && c.door.IsClosed(c)
		if gone {
			c.Close()
		}
		return gone
	})
}

func (l *live) isOpen() bool { return l.open.any() != nil }
