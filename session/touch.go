package session

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unique"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
)

// touchChunk is how many touches one call of [Store.Touch] gets.
const touchChunk = 500

// touchQueue holds the sessions whose latest visit waits to be written.
type touchQueue struct {
	mu      sync.Mutex
	waiting []*live
	since   time.Time // when the first of them came

	turn    chan struct{} // holds one while activity is written
	scratch []Touch       // of whose turn it is; nil where a call that failed may still be at it
	running atomic.Bool   // Run flushes, so requests need not
}

// len returns how many visits wait to be written.
func (q *touchQueue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

// visit notes that s was seen, and returns it as it is from then on. Nothing is
// written on the way: a change goes to memory, and later with many others to the
// store.
func (m *Manager) visit(ctx context.Context, s *Session, l *live, from Origin, now time.Time) *Session {
	last := l.sighting(s)
	if last.isFrom(from) {
		if from.Background || now.Sub(last.latest()) < m.cfg.TouchInterval {
			return s
		}
		if m.isAgain(last, from) {
			m.seenAgain(ctx, l, last, now)
			again := *s // what it shares with s is never changed
			again.Last.At = last.latest()
			return &again
		}
	}
	next, stranger := m.nextSighting(ctx, last, from.bounded(), now)
	// A client with two ways out takes one and the other: each is a move once in a
	// while, not with each request.
	moved := next.visit.network != last.visit.network && now.Sub(last.movedTo(next.visit.network)) >= m.cfg.TouchInterval
	if next.networks = last.networks; moved {
		next.networks = last.moving(next.visit.network, now)
	}
	if from.Background && moved {
		next.visit.at = last.latest().Add(time.Millisecond) // later, so that it is stored, and no more
	}
	if !moved && (from.Background || next.visit.device == last.visit.device && now.Sub(last.latest()) < m.cfg.TouchInterval) {
		// Only what is compared changes, not what is stored.
		device := next.visit.device
		next.visit = last.visit
		next.visit.at, next.visit.device = last.latest(), device
	}
	if !l.seen.CompareAndSwap(last, next) {
		return s // another request noted it
	}
	desktopSite := stranger != nil && stranger.Family().IsSameBrowser(last.visit.device.Value().Family())
	if moved || stranger != nil && !desktopSite {
		v := next.visit.visit()
		if v.At = now; stranger != nil {
			v.Device = *stranger
		}
		s = m.moved(ctx, s, last.latestVisit(), v)
		if s.Restriction == RestrictionSuspended { // l is cut, and another takes its place
			l = m.hub.pin(l.id)
			defer m.hub.unpin(l)
			l.seen.CompareAndSwap(nil, next)
		}
	}
	if next.visit.at.After(last.latest()) {
		m.enqueue(ctx, l, now)
	}
	return s
}

// isAgain reports whether a request that comes from where last came from makes a
// visit like it.
func (m *Manager) isAgain(last *sighting, from Origin) bool {
	v := Visit{IP: last.visit.ip, Network: last.visit.network}
	if m.cfg.Addresses != AddressesNone && geo.Network(from.IP) != v.Network {
		return false
	}
	m.keepAddress(&v, from.IP)
	return v.IP == last.visit.ip
}

// seenAgain notes a visit like last, later.
func (m *Manager) seenAgain(ctx context.Context, l *live, last *sighting, now time.Time) {
	for {
		before := last.at.Load()
		if now.Sub(last.latest()) < m.cfg.TouchInterval {
			return // another request noted it
		}
		if last.at.CompareAndSwap(before, now.UnixMilli()) {
			m.enqueue(ctx, l, now)
			return
		}
	}
}

// nextSighting returns what is known once a request from that origin was seen.
// The device of the session is never replaced by another that uses its token,
// such as a video player; the first time that one is seen, it is the stranger.
func (m *Manager) nextSighting(ctx context.Context, last *sighting, from Origin, now time.Time) (next *sighting, stranger *device.Device) {
	next = &sighting{known: true, ip: from.IP, hints: unique.Make(from.Hints), families: last.families}
	v := Visit{At: now, Device: last.visit.device.Value(), Location: last.visit.location.Value()}
	if !last.known || last.hints != next.hints {
		d := m.cfg.Device(from.Hints)
		v.Device = device.Merge(v.Device, d)
		if f := d.Family(); f != v.Device.Family() && !slices.Contains(last.families, f) {
			stranger = &d
			next.families = append(slices.Clone(last.families), f)
			next.families = next.families[max(0, len(next.families)-maxFamilies):]
		}
	}
	if geo.Network(from.IP) == last.visit.network && m.cfg.Addresses != AddressesNone {
		m.keepAddress(&v, from.IP)
	} else {
		v = m.locate(ctx, v, from)
	}
	next.visit = compact(&v)
	return next, stranger
}

// locate fills in where v is. A locator that fails leaves the place unknown.
func (m *Manager) locate(ctx context.Context, v Visit, from Origin) Visit {
	ip := geo.Canonical(from.IP)
	v.Location = geo.Location{Scope: geo.ScopeOf(ip)}
	if m.cfg.Locator != nil && ip.IsValid() {
		loc, err := m.cfg.Locator.Locate(ctx, ip)
		if err != nil {
			m.cfg.Logger.WarnContext(ctx, "session: no place for an address", "error", err)
		} else {
			v.Location = loc
		}
	}
	m.keepAddress(&v, ip)
	return v
}

func (m *Manager) keepAddress(v *Visit, ip netip.Addr) {
	ip = geo.Canonical(ip)
	if m.cfg.Addresses == AddressesFull {
		v.IP = ip
	}
	if m.cfg.Addresses != AddressesNone {
		v.Network = geo.Network(ip)
	}
}

// enqueue has l written soon: by Run, or, if nobody runs that, by the request
// that finds it due.
func (m *Manager) enqueue(ctx context.Context, l *live, now time.Time) {
	if l.dirty.Swap(true) {
		return
	}
	q := &m.queue
	q.mu.Lock()
	if len(q.waiting) == 0 {
		q.since = now
	}
	q.waiting = append(q.waiting, l)
	due := len(q.waiting) >= touchChunk || !q.running.Load() && now.Sub(q.since) >= m.cfg.FlushInterval
	q.mu.Unlock()
	// Not in a transaction of the host's: it would hold on to the rows of others,
	// and if it is rolled back their visits are lost.
	if !due || Held(ctx) {
		return
	}
	select {
	case q.turn <- struct{}{}:
		_ = m.flush(ctx) // counted and logged; activity is no reason to fail a request
	default:
	}
}

// Flush writes the activity that waits in memory. Call it when the process
// ends, unless Run does. It waits for others who write for five seconds at most,
// and then writes for as long.
func (m *Manager) Flush(ctx context.Context) error {
	wait, cancel := write(ctx)
	defer cancel()
	select {
	case m.queue.turn <- struct{}{}:
		return m.flush(ctx)
	case <-wait.Done(): // whoever writes has what waited, and keeps what it cannot write
		return fmt.Errorf("session: activity is being written: %w", context.Cause(wait))
	}
}

// flush writes what waits, and gives the turn to the next.
func (m *Manager) flush(ctx context.Context) error {
	defer func() { <-m.queue.turn }()
	m.queue.mu.Lock()
	waiting := m.queue.waiting
	m.queue.waiting = nil
	m.queue.mu.Unlock()

	for _, l := range waiting {
		l.dirty.Store(false) // before the read: a later visit queues again
	}
	inOrder(waiting)
	ctx, cancel := write(ctx)
	defer cancel()
	touches, seen := m.queue.scratch, make([]*sighting, 0, min(len(waiting), touchChunk))
	m.queue.scratch = nil
	for chunk := range slices.Chunk(waiting, touchChunk) {
		touches, seen = touches[:0], seen[:0]
		for _, l := range chunk {
			s := l.seen.Load()
			seen = append(seen, s)
			touches = append(touches, Touch{ID: l.id, Since: s.storedAt(), Visit: s.latestVisit()})
		}
		if err := m.store.Touch(ctx, touches); err != nil {
			m.stats.touchErrors.Add(1)
			m.cfg.Logger.WarnContext(ctx, "session: activity not written", "sessions", len(chunk), "error", err)
			m.requeue(waiting)
			return err
		}
		for i, s := range seen {
			s.stored.Store(touches[i].Visit.At.UnixMilli())
		}
		m.stats.touches.Add(int64(len(chunk)))
	}
	clear(touches[:cap(touches)])
	m.queue.scratch = touches
	return nil
}

// inOrder sorts by ID, so that two instances that write the same sessions never wait
// for each other in a circle.
func inOrder(all []*live) {
	type keyed struct { // the lives are all over the memory
		key uint64 // the first part of the ID
		l   *live
	}
	keys := make([]keyed, len(all))
	for i, l := range all {
		keys[i] = keyed{binary.BigEndian.Uint64(l.id[:]), l}
	}
	slices.SortFunc(keys, func(a, b keyed) int {
		if a.key != b.key {
			return cmp.Compare(a.key, b.key)
		}
		return bytes.Compare(a.l.id[:], b.l.id[:])
	})
	for i := range keys {
		all[i] = keys[i].l
	}
}

// requeue keeps what could not be written for the next time. A touch that was
// written and comes again does no harm.
func (m *Manager) requeue(waiting []*live) {
	q := &m.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, l := range waiting {
		if !l.dirty.Swap(true) {
			q.waiting = append(q.waiting, l)
		}
	}
	q.since = m.Now()
}
