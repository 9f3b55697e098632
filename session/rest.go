package session

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// What one call has begun and Run goes on with: it is done a bounded part at a
// time, and nobody waits for it.

type dutyKind uint8

const (
	dutyMark  dutyKind = iota // write the Ending of a bump to the sessions that it ended
	dutyEvict                 // end what is beyond the user's bound
)

// duty is something to be done for a user, or for all if user is empty.
type duty struct {
	kind dutyKind
	user string
}

const (
	// maxDuties bounds what waits. What is not noted is done all the same: Purge
	// marks for all users, and the next sign-in evicts.
	maxDuties = 10_000
	// markPart is how many sessions one call of Mark is asked for: few, since
	// others wait for the server meanwhile.
	markPart = 100
	// markHere is how many a revocation marks itself, where nobody runs Run: what
	// almost every user has, and no time to speak of.
	markHere = 20
)

// rest is what waits to be done.
type rest struct {
	running atomic.Bool // Run does it
	mu      sync.Mutex
	waiting []duty
	noted   map[duty]bool
	wake    chan struct{}
}

// add notes a duty, if Run is there to do it.
func (r *rest) add(d duty) bool {
	if !r.running.Load() {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.noted[d] || len(r.waiting) >= maxDuties {
		return true
	}
	if r.noted == nil {
		r.noted = make(map[duty]bool)
	}
	r.noted[d], r.waiting = true, append(r.waiting, d)
	select {
	case r.wakes() <- struct{}{}:
	default:
	}
	return true
}

// wakes returns the channel that tells of duties. r.mu is held.
func (r *rest) wakes() chan struct{} {
	if r.wake == nil {
		r.wake = make(chan struct{}, 1)
	}
	return r.wake
}

func (r *rest) woken() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.wakes()
}

// next takes the duty that has waited longest.
func (r *rest) next() (d duty, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) == 0 {
		return d, false
	}
	d, r.waiting = r.waiting[0], r.waiting[1:]
	delete(r.noted, d)
	return d, true
}

// markSoon has Run mark what a bump has ended. Without Run it marks a part
// here; Purge marks the rest.
func (m *Manager) markSoon(ctx context.Context, userID string) {
	if m.rest.add(duty{dutyMark, userID}) {
		return
	}
	if _, err := m.mark(ctx, userID, markHere); err != nil {
		m.cfg.Logger.WarnContext(ctx, "session: sessions that have ended are not marked yet", "user", userID, "error", err)
	}
}

// mark marks a part, and reports whether there may be more.
func (m *Manager) mark(ctx context.Context, userID string, limit int) (more bool, err error) {
	ctx, cancel := write(ctx)
	defer cancel()
	return m.store.Mark(ctx, userID, limit)
}

// maxBreath bounds the pause between two parts of what nobody waits for.
const maxBreath = time.Second

// breathe leaves the store to others for twice as long as the part took that
// began then.
func breathe(ctx context.Context, began time.Time) {
	select {
	case <-ctx.Done():
	case <-time.After(min(2*time.Since(began), maxBreath)):
	}
}

// doRest does what waits, each duty a part at a time and in turns, until ctx is
// done. What fails is left to Purge and to the next sign-in.
func (m *Manager) doRest(ctx context.Context) {
	for woken := m.rest.woken(); ; {
		d, ok := m.rest.next()
		if !ok {
			select {
			case <-woken:
				continue
			case <-ctx.Done():
				return
			}
		}
		began := time.Now()
		more, err := m.do(ctx, d)
		breathe(ctx, began)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			m.cfg.Logger.WarnContext(ctx, "session: left for later", "user", d.user, "error", err)
		} else if more {
			m.rest.add(d)
		}
	}
}

func (m *Manager) do(ctx context.Context, d duty) (more bool, err error) {
	if d.kind == dutyEvict {
		return m.evictSome(ctx, d.user, ID{})
	}
	return m.mark(ctx, d.user, markPart)
}
