package session

import "sync/atomic"

// Stats is a count of what happened since the Manager was made.
type Stats struct {
	Started, Revoked, Expired int64 // sessions
	Refused                   int64 // credentials of sessions that are over
	Unknown, Forged, Reused   int64 // credentials that never were good, or no longer
	Touches                   int64 // visits written
	TouchErrors, StoreErrors  int64 // calls of the store that failed
}

type counters struct {
	started, revoked, expired, refused, unknown, forged, reused, touches, touchErrors, storeErrors atomic.Int64
}

// Stats returns the counts, for a page of metrics.
func (m *Manager) Stats() Stats {
	c := &m.stats
	return Stats{
		Started: c.started.Load(), Revoked: c.revoked.Load(), Expired: c.expired.Load(),
		Refused: c.refused.Load(), Unknown: c.unknown.Load(), Forged: c.forged.Load(), Reused: c.reused.Load(),
		Touches: c.touches.Load(), TouchErrors: c.touchErrors.Load(), StoreErrors: c.storeErrors.Load(),
	}
}
