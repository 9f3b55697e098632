package session

import (
	"context"
	"net/netip"
	"sync/atomic"
	"time"
	"unique"

	"github.com/signedin/signedin/device"
)

// Handles is what a [Store] in memory may have besides: it gives out a session
// once, and from then on its state is read without looking it up.
type Handles interface {
	// Handle returns nil if there is no such session.
	Handle(id ID) Handle
}

// A Handle reads one session.
type Handle interface {
	// Held returns what [Store.Get] would: the same *Session until something
	// changes. It is false if the session is no more; Get says why.
	Held() (*Session, Generations, bool)
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
// secret is the current one and has been seen, and is not to be replaced.
type settled struct {
	view
	hold  Handle
	quiet int64 // milliseconds since 1970
	ip    netip.Addr
	hints unique.Handle[device.Hints]
}

// OpenKnown is [Manager.OpenDoor] for a request of which nothing is new. It is
// nil where OpenDoor has to be asked.
func (m *Manager) OpenKnown(ctx context.Context, k *Known, from Origin, door *Door, transport any) *Conn {
	v := m.quiet(k, from)
	if v == nil {
		return nil
	}
	c := &Conn{Context: ctx, view: &v.view, door: door, transport: transport}
	v.l.open.add(c)
	// Only now that it can be cut: a revocation is in the store before it cuts.
	if v.holds() && !v.l.gone.Load() && v.l.cause.Load() == nil {
		return c
	}
	c.Close()
	return nil
}

// ResumeKnown is [Manager.Resume] for a request of which nothing is new. It is
// nil where Resume has to be asked.
func (m *Manager) ResumeKnown(k *Known, from Origin) *Session {
	v := m.quiet(k, from)
	if v == nil || !v.holds() {
		return nil
	}
	return v.s
}

func (m *Manager) quiet(k *Known, from Origin) *settled {
	v := k.settled.Load()
	if v == nil || m.cfg.Now().UnixMilli() >= v.quiet || v.ip != from.IP || v.hints.Value() != from.Hints {
		return nil
	}
	return v
}

// holds reports whether the session is as it was seen.
func (v *settled) holds() bool {
	s, gens, ok := v.hold.Held()
	return ok && s == v.s && s.Generations == gens
}

// Settle has k know the session that conn was opened for, from there, and reports
// whether it could: the store must have [Handles].
func (m *Manager) Settle(k *Known, conn *Conn, from Origin) bool {
	l := conn.view.l
	if m.handles == nil || m.cfg.UserStatus != nil {
		return false
	}
	hold := m.handles.Handle(k.ID)
	if hold == nil {
		return false
	}
	s, gens, ok := hold.Held()
	seen := l.seen.Load()
	if !ok || seen == nil || m.over(s, gens, m.Now(), l) != nil || !seen.isFrom(from) ||
		s.Secrets.match(k.Hash) != secretCurrent || s.Secrets.SeenAt.IsZero() || s.Restriction == RestrictionSuspended {
		return false
	}
	if _, isChild := s.Parent(); isChild {
		return false
	}
	quiet := s.ExpiresAt
	earlier := func(t time.Time) {
		if t.Before(quiet) {
			quiet = t
		}
	}
	last := seen.visit.At
	if s.Last.At.After(last) {
		last = s.Last.At
	}
	earlier(last.Add(s.IdleTimeout))
	earlier(seen.visit.At.Add(m.cfg.TouchInterval))
	if s.Carrier == CarrierCookie && m.limits.Rotation >= 0 {
		earlier(s.Secrets.RotatedAt.Add(m.limits.Rotation))
	}
	if !s.Secrets.Previous.IsZero() {
		earlier(s.Secrets.SeenAt.Add(RotationGrace))
	}
	k.settled.Store(&settled{view: view{s, l}, hold: hold, quiet: quiet.UnixMilli(), ip: from.IP, hints: seen.hints})
	return true
}
