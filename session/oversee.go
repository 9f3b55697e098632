package session

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// What is open here on a session that another process ended is cut within five
// seconds: overseeing looks each second, and asks the store of what a message
// spoke of, and of all that is open every two seconds unless a Bus is alive.
const (
	overseeTick = time.Second
	pollEvery   = 2 * time.Second
	// busLease is for how long the latest sign of life of a Bus but one is
	// believed: until then everything that was published has arrived. With a tick
	// and a second for reading it makes five.
	busLease = 3 * time.Second

	// overseeChunk is how many sessions one read of the store is for, and
	// overseers how many reads there are at once.
	overseeChunk = 500
	overseers    = 4

	// promptChecks bounds how often in a second a message has the store asked at
	// once; after more of them it is asked at the next tick, of many at a time.
	promptChecks = 100
)

// overseer decides when the store is asked about what is open.
type overseer struct {
	m *Manager // nil in a Hub of nobody

	mu     sync.Mutex
	sign   time.Time // the latest sign of life of the Bus
	until  time.Time // until when it is believed
	second time.Time // when the count of prompt checks began
	prompt int
	all    bool      // everything is to be looked at at the next tick
	polled time.Time // when everything was looked at last
}

// heard notes what a message says of the Bus itself.
func (o *overseer) heard(n Message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	switch {
	case n.Missed:
		o.until, o.all = time.Time{}, true
		o.sign = now
	case n.IsZero():
		if !o.sign.IsZero() {
			o.until = o.sign.Add(busLease)
		}
		o.sign = now
	}
}

// isPrompt reports whether the store may be asked at once because of a message.
func (o *overseer) isPrompt() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if now := time.Now(); now.Sub(o.second) >= time.Second {
		o.second, o.prompt = now, 0
	}
	o.prompt++
	return o.prompt <= promptChecks
}

// due reports whether everything that is open is to be looked at now.
func (o *overseer) due() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	if !o.all && (now.Before(o.until) || now.Sub(o.polled) < pollEvery) {
		return false
	}
	o.all, o.polled = false, now
	return true
}

// oversee cuts what is open here on sessions that are over, until ctx is done.
func (m *Manager) oversee(ctx context.Context) {
	every(ctx, overseeTick, func() {
		m.cutLong()
		if m.overseer.due() {
			m.cutOver(ctx)
			return
		}
		m.cutAmong(ctx, m.hub.opened(func(l *live) bool { return l.suspect.Load() }))
	})
}

// cutOver cuts what is open here on sessions that another process ended,
// suspended, or found expired.
func (m *Manager) cutOver(ctx context.Context) {
	m.cutAmong(ctx, m.hub.opened(func(*live) bool { return true }))
}

// opened returns those that have something open and that pick picks.
func (h *Hub) opened(pick func(*live) bool) (all []*live) {
	h.each(func(l *live) {
		if pick(l) && l.isOpen() {
			all = append(all, l)
		}
	})
	return all
}

// cutAmong asks the store about sessions, many at a time, and cuts what is open
// on those that it says are over. A store in trouble is not asked again and
// again: what it was not asked about stays suspect.
func (m *Manager) cutAmong(ctx context.Context, all []*live) {
	var trouble atomic.Bool
	var wg sync.WaitGroup
	places := make(chan struct{}, overseers)
	for len(all) > 0 && !trouble.Load() && ctx.Err() == nil {
		chunk := all[:min(len(all), overseeChunk)]
		all = all[len(chunk):]
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			if m.cutChunk(ctx, chunk) != nil {
				trouble.Store(true)
			}
		})
	}
	wg.Wait()
	for _, l := range all {
		l.suspect.Store(true)
	}
}

func (m *Manager) cutChunk(ctx context.Context, chunk []*live) error {
	ids := make([]ID, len(chunk))
	for i, l := range chunk {
		ids[i] = l.id
		l.suspect.Store(false) // before the read: what is heard meanwhile is looked at again
	}
	if m.fresh != nil {
		ctx = m.fresh(ctx)
	}
	found, err := m.store.GetMany(ctx, ids)
	if err != nil && !errors.Is(err, ErrCorrupt) {
		for _, l := range chunk {
			l.suspect.Store(true)
		}
		return err
	}
	by := make(map[ID]Found, len(found))
	for _, f := range found {
		by[f.Session.ID] = f
	}
	for _, l := range chunk {
		f, ok := by[l.id]
		switch {
		case ok:
			m.cutIf(ctx, l, f)
		case err == nil: // erased; of one that cannot be decoded it is not known
			m.cutLive(ctx, l, ErrRevoked)
		}
	}
	return nil
}

// cutIf cuts what is open on a session if it is over, as it was found.
func (m *Manager) cutIf(ctx context.Context, l *live, f Found) {
	err := m.over(f.Session, f.Generations, m.Now(), l)
	if err == nil {
		err = m.withParent(ctx, f.Session) // which may have ended by time, and told nobody
	}
	if err == nil && f.Session.Restriction == RestrictionSuspended {
		err = ErrSuspended
	}
	if errors.Is(err, ErrRefused) {
		m.cutLive(ctx, l, err)
	} else if err != nil {
		l.suspect.Store(true)
	}
}

func (m *Manager) cutLive(ctx context.Context, l *live, cause error) {
	m.spare(ctx, func(s *Session) bool { return s.ID == l.id })
	l.cut(cause)
	m.hub.drop(l)
}

// Receive has the store asked about what is open in this process on the sessions
// that n tells of, and cuts it if the store says that they are over; and tells the
// [Subscription] of each page that shows one. Whoever can send messages can have the
// store asked, a bounded number of times a second, and nothing else. It is what
// [Bus].Run calls, unless a cache has to hear first.
func (h *Hub) Receive(n Message) {
	defer h.watches.received(n)
	o := h.overseer
	if o == nil {
		return
	}
	o.heard(n)
	if n.IsZero() {
		return
	}
	if n.UserID != "" {
		h.bumps.add(below{user: n.UserID, keep: n.Keep, gens: n.Generations})
	}
	if n.Everyone {
		h.bumps.add(below{gens: Generations{Global: max(1, n.Generations.Global)}})
	}
	suspects := h.suspects(n)
	if len(suspects) == 0 {
		return
	}
	if !o.isPrompt() {
		for _, l := range suspects {
			l.suspect.Store(true)
		}
		return
	}
	o.m.cutAmong(context.Background(), suspects)
}

// suspects returns what is open on the sessions that n tells of, and was not
// looked at for a moment; the rest, and what is not open yet, waits for the next
// tick. What bumps overtake looks itself, see OpenDoor.
func (h *Hub) suspects(n Message) (all []*live) {
	now := time.Now()
	add := func(l *live) {
		if l == nil {
			return
		}
		if !l.isOpen() { // but perhaps about to be, by what was read before
			l.suspect.Store(true)
			return
		}
		if at := l.checked.Load(); at != nil && now.Sub(*at) < overseeTick {
			l.suspect.Store(true)
			return
		}
		l.checked.Store(&now)
		all = append(all, l)
	}
	for _, id := range n.Ended {
		add(h.find(id))
	}
	for _, id := range n.Changed {
		add(h.find(id))
	}
	if n.Everyone || n.Missed || n.UserID != "" {
		b := below{user: n.UserID, keep: n.Keep, gens: n.Generations}
		h.each(func(l *live) {
			s := l.session()
			if s != nil && (n.Everyone || n.Missed || b.has(s)) || s == nil && n.Missed && l.pins.Load() > 0 {
				add(l)
			}
		})
	}
	return all
}
