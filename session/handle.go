package session

import (
	"context"
	"net/netip"
	"sync/atomic"
	"time"
	"unique"

	"github.com/signedin/signedin/device"
)

// Handles is what a [Store] may have besides, if it can tell for less than a Get
// whether a session that was read before is as it was.
type Handles interface {
	// Hold is [Store.Get], with a Handle of what it returned, or nil if that will
	// not be asked for again.
	Hold(ctx context.Context, id ID) (*Session, Generations, Handle, error)
}

// A Handle is of one session as it was read.
type Handle interface {
	// Holds reports whether Get would return that session now, live under the same
	// generations; but that its latest visit may be later, if it was made from the
	// same place. What it cannot tell is false, trouble an error.
	Holds(ctx context.Context) (bool, error)
}

// A Known is a credential, and with it what the Manager found by it when it was
// shown last: a transport that keeps it, under the hash of what was shown, has the
// next request judged without a look-up. It is safe for concurrent use.
type Known struct {
	Credential
	settled atomic.Pointer[settled]
}

// settled is a session in which there is nothing to do for a request that comes
// from the same place, before quiet: it is not over, it need not be touched, its
// secret is the current one and has been seen, and is not to be replaced. From then
// to until it is only to be touched. Times are milliseconds since 1970.
type settled struct {
	view
	quiet, until int64
	ip           netip.Addr
	hints        unique.Handle[device.Hints]
	seen         *sighting
}

// OpenKnown is [Manager.OpenDoor] for a request of which nothing is new. It is
// nil where OpenDoor has to be asked. An error is trouble.
func (m *Manager) OpenKnown(ctx context.Context, k *Known, p KeyProof, from Origin, door *Door, transport any) (*Conn, error) {
	v, now := m.quiet(k, p, from)
	if v == nil {
		return nil, nil
	}
	c := &Conn{Context: ctx, view: &v.view, door: door, transport: transport}
	m.limitOpen(c, v.l, v.s)
	v.l.open.add(c)
	// Only now that it can be cut: a revocation is in the store before it cuts.
	ok, err := m.holds(ctx, v.hold)
	if ok && err == nil && !v.l.gone.Load() && v.l.cause.Load() == nil {
		if now >= v.quiet && !from.Background {
			m.touchKnown(ctx, k, v, from)
		}
		return c, nil
	}
	c.Close()
	if err != nil {
		return nil, m.lookupFailed(ctx, k.ID, err)
	}
	return nil, nil
}

// ResumeKnown is [Manager.Resume] for a request of which nothing is new. It is
// nil where Resume has to be asked. An error is trouble.
func (m *Manager) ResumeKnown(ctx context.Context, k *Known, p KeyProof, from Origin) (*Session, error) {
	v, now := m.quiet(k, p, from)
	if v == nil {
		return nil, nil
	}
	if ok, err := m.holds(ctx, v.hold); err != nil {
		return nil, m.lookupFailed(ctx, k.ID, err)
	} else if !ok {
		return nil, nil
	}
	if now >= v.quiet && !from.Background {
		m.touchKnown(ctx, k, v, from)
	}
	return v.s, nil
}

func (m *Manager) quiet(k *Known, p KeyProof, from Origin) (v *settled, now int64) {
	v = k.settled.Load()
	if v == nil || v.ip != from.IP || v.hints.Value() != from.Hints {
		return nil, 0
	}
	if now = m.cfg.Now().UnixMilli(); now >= v.until {
		return nil, 0
	}
	if v.s.Bound.Key != "" && (v.s.bindingIsNews(p) || m.needsProof(v.s, p, time.UnixMilli(now))) {
		return nil, 0
	}
	return v, now
}

// touchKnown notes a visit that is like the one before, and has k know the session
// as it is from then on.
func (m *Manager) touchKnown(ctx context.Context, k *Known, v *settled, from Origin) {
	now := m.Now()
	if v.l.seen.Load() != v.seen || !m.isAgain(v.seen, from) {
		k.settled.CompareAndSwap(v, nil) // there is more to do
		return
	}
	m.seenAgain(ctx, v.l, v.seen, now)
	next := new(struct {
		settled
		s Session
	})
	next.s, next.settled = *v.s, *v
	next.settled.s = &next.s
	next.s.Last.At = v.seen.latest()
	m.schedule(&next.settled)
	k.settled.CompareAndSwap(v, &next.settled)
}

// schedule fills in until when v is of use. Its seen has its latest visit.
func (m *Manager) schedule(v *settled) {
	s, last := v.s, v.seen.latest()
	if s.Last.At.After(last) {
		last = s.Last.At
	}
	until := s.ExpiresAt
	earlier := func(t time.Time) {
		if t.Before(until) {
			until = t
		}
	}
	earlier(last.Add(s.IdleTimeout))
	if s.Carrier == CarrierCookie && m.limits.Rotation >= 0 {
		earlier(s.Secrets.RotatedAt.Add(m.limits.Rotation))
	}
	if !s.Secrets.Previous.IsZero() {
		earlier(s.Secrets.SeenAt.Add(RotationGrace))
	}
	v.until = until.UnixMilli()
	v.quiet = min(v.until, v.seen.latest().Add(m.cfg.TouchInterval).UnixMilli())
}

// Settle has k know the session that conn was opened for, from there, and reports
// whether it could: the store must have [Handles].
func (m *Manager) Settle(k *Known, conn *Conn, from Origin) bool {
	s, l, hold := conn.view.s, conn.view.l, conn.view.hold
	seen := l.seen.Load()
	if hold == nil || m.cfg.UserStatus != nil || seen == nil || !seen.isFrom(from) ||
		s.Secrets.match(k.Hash) != secretCurrent || s.Secrets.SeenAt.IsZero() || s.Restriction == RestrictionSuspended {
		return false
	}
	if _, isChild := s.Parent(); isChild {
		return false
	}
	v := &settled{view: *conn.view, ip: from.IP, hints: seen.hints, seen: seen}
	m.schedule(v)
	k.settled.Store(v)
	return true
}
