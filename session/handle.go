package session

import (
	"context"
	"crypto/sha256"
	"net/netip"
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

// A Known is what the Manager found when a credential was shown, for a transport to
// keep under the hash of what was shown: the next request that shows it from the same
// place is judged without a look-up. It is never changed; what is newer takes its
// place. 128 bytes, which are two cache lines, so that a request has no need to look
// at the session, which is many.
type Known struct {
	// Key is where the transport keeps it.
	Key [sha256.Size]byte
	view

	bound  bool // Session.Bound has a key
	shared bool // Session.Shared

	// A request from the same place has nothing to do before quiet: the session is not
	// over, it need not be touched, its secret is the current one and has been seen, and
	// is not to be replaced. From then to until it is only to be touched. Milliseconds
	// since 1970.
	quiet, until int64
	hints        unique.Handle[device.Hints]
	seen         *sighting
	ip           netip.Addr
}

// OpenKnown is [Manager.OpenDoor] for a request of which nothing is new. It returns
// what is known from then on, k itself mostly, or nil where OpenDoor has to be asked,
// with another Conn. An error is trouble. background tells what from does not,
// Origin.Background, and is asked where it counts.
func (m *Manager) OpenKnown(ctx context.Context, k *Known, p KeyProof, from *Origin, background func() bool, conn *Conn, door *Door, transport any) (*Known, error) {
	now, touch, ok := m.isQuiet(k, p, from, background)
	if !ok {
		return nil, nil
	}
	conn.Context, conn.view, conn.door, conn.transport = ctx, &k.view, door, transport
	if k.bound {
		m.limitOpen(conn, k.l, k.s, now)
	}
	k.l.open.add(conn)
	// Only now that it can be cut: a revocation is in the store before it cuts.
	ok, err := m.holds(ctx, k.hold)
	if ok && err == nil && !k.l.gone.Load() && k.l.cause.Load() == nil {
		if touch {
			k = m.touchKnown(ctx, k, time.UnixMilli(now).UTC())
		}
		return k, nil
	}
	conn.Close()
	if err != nil {
		return nil, m.lookupFailed(ctx, k.s.ID, err)
	}
	return nil, nil
}

// ResumeKnown is [Manager.Resume] for a request of which nothing is new. It is
// nil where Resume has to be asked. An error is trouble.
func (m *Manager) ResumeKnown(ctx context.Context, k *Known, p KeyProof, from *Origin, background func() bool) (*Session, *Known, error) {
	now, touch, ok := m.isQuiet(k, p, from, background)
	if !ok {
		return nil, nil, nil
	}
	if ok, err := m.holds(ctx, k.hold); err != nil {
		return nil, nil, m.lookupFailed(ctx, k.s.ID, err)
	} else if !ok {
		return nil, nil, nil
	}
	s := k.s
	if touch {
		k = m.touchKnown(ctx, k, time.UnixMilli(now).UTC())
	}
	return s, k, nil
}

// Shared returns [Session.Shared].
func (k *Known) Shared() bool { return k.shared }

// isQuiet reports whether there is nothing to do for a request but perhaps to touch, and
// the time, in milliseconds since 1970.
func (m *Manager) isQuiet(k *Known, p KeyProof, from *Origin, background func() bool) (now int64, touch, ok bool) {
	if k.ip != from.IP || !isSame(k.hints, &from.Hints) {
		return 0, false, false
	}
	now = m.cfg.Now().UnixMilli()
	if k.bound && !m.isQuietProof(&k.s.Bound, &p, now) {
		return now, false, false
	}
	if now < k.quiet || now < k.until && background() {
		return now, false, true
	}
	return now, true, now < k.until && k.l.seen.Load() == k.seen
}

// isSame reports whether a client says of itself what one has said before.
func isSame(known unique.Handle[device.Hints], h *device.Hints) bool {
	k := known.Value()
	return k.UserAgent == h.UserAgent && k.Brands == h.Brands && k.RequestedWith == h.RequestedWith &&
		(saysNoMore(&k) && saysNoMore(h) || k == *h)
}

// saysNoMore reports whether h has nothing but what isSame has compared: so do browsers
// other than Chromium.
func saysNoMore(h *device.Hints) bool {
	return len(h.FullVersions)|len(h.Mobile)|len(h.Platform)|len(h.PlatformVersion)|len(h.Model)|len(h.FormFactors)|
		len(h.AppName)|len(h.AppVersion)|len(h.AppModel)|len(h.AppPlatform) == 0
}

// touchKnown notes a visit that is like the one before, and returns the session as it
// is known from then on.
func (m *Manager) touchKnown(ctx context.Context, k *Known, now time.Time) *Known {
	m.seenAgain(ctx, k.l, k.seen, now)
	next := new(struct {
		Known
		s Session
	})
	next.s, next.Known = *k.s, *k
	next.Known.s = &next.s
	next.s.Last.At = k.seen.latest()
	m.schedule(&next.Known)
	return &next.Known
}

// schedule fills in until when v is of use. Its seen has its latest visit.
func (m *Manager) schedule(v *Known) {
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

// Settle returns what is to be known of the session that conn was opened for, by cred
// and from there, nil if nothing can be: the store must have [Handles].
func (m *Manager) Settle(cred Credential, conn *Conn, from *Origin) *Known {
	s, l, hold := conn.view.s, conn.view.l, conn.view.hold
	seen := l.seen.Load()
	if hold == nil || m.cfg.UserStatus != nil || seen == nil || !seen.isFrom(*from) ||
		s.Secrets.match(cred.Hash) != secretCurrent || s.Secrets.SeenAt.IsZero() || s.Restriction == RestrictionSuspended {
		return nil
	}
	if _, isChild := s.Parent(); isChild {
		return nil
	}
	k := &Known{view: *conn.view, bound: s.Bound.Key != "", shared: s.Shared, ip: from.IP, hints: seen.hints, seen: seen}
	m.schedule(k)
	if !m.isAgain(seen, *from) { // the next touch is more than that
		k.until = k.quiet
	}
	return k
}
