package session

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync/atomic"
	"time"
)

// Sessions keep the limits that they began under. Limits that are stricter hold for
// them as well, at each read; those that are laxer are for sessions to come.

// lasts returns when s ends in any case, and after how long if nothing is seen of it:
// by the limits that it began under or those that are in force, whichever are shorter.
// A foreign session has its issuer's.
func (m *Manager) lasts(s *Session) (end time.Time, idle time.Duration) {
	end, idle = s.ExpiresAt, s.IdleTimeout
	if s.Carrier == CarrierForeign {
		return end, idle
	}
	began := s.First.At
	if at := s.AuthenticatedAt; at.After(AuthTimeUnknown) && at.Before(began) {
		began = at
	}
	if last := began.Add(m.limits.Absolute); last.Before(end) {
		end = last
	}
	return end, min(idle, m.limits.Idle)
}

// inForce returns s with the limits that hold for it now. It is for those who read it:
// a change is made to what is stored.
func (m *Manager) inForce(s *Session) *Session {
	end, idle := m.lasts(s)
	if idle == s.IdleTimeout && end.Equal(s.ExpiresAt) {
		return s
	}
	m.force.laxer.Store(true)
	s = s.Clone()
	s.ExpiresAt, s.IdleTimeout = end, idle
	return s
}

// expired judges by the latest activity that is known, here or in the store.
func (m *Manager) expired(s *Session, now time.Time, l *live) bool {
	end, idle := m.lasts(s)
	if !now.Before(end) {
		m.noteLaxer(end, s)
		return true
	}
	last := s.Last.At
	if l != nil {
		if at := l.lastAt(); at.After(last) {
			last = at
		}
	}
	if now.Before(last.Add(idle)) {
		return false
	}
	m.noteLaxer(end, s)
	return true
}

func (m *Manager) noteLaxer(end time.Time, s *Session) {
	if s.Carrier != CarrierForeign && (end.Before(s.ExpiresAt) || m.limits.Idle < s.IdleTimeout) {
		m.force.laxer.Store(true)
	}
}

// A Scanner is what a [Store] may have besides: it reads the live sessions of all
// users. Without it, stricter limits and a smaller [Config].MaxPerUser hold as well,
// but a session that nobody asks for is not marked as expired by them, and so lives
// on if they are made laxer again; and a bound waits for the next sign-in.
type Scanner interface {
	// Scan returns live sessions, about limit of them, and where to go on; an empty
	// next is the end. From an empty after on, every session that is live all the time
	// comes at least once, in any order. Those that cannot be decoded are left out. It
	// returns an error that is [errors.ErrUnsupported] if it cannot.
	Scan(ctx context.Context, after string, limit int) (all []*Session, next string, err error)
}

const (
	// settled is for how long limits have to be in force before an Ending is written by
	// them: until then they can be corrected, and nobody was signed out.
	settledAfter = 10 * time.Minute
	// scanEvery is how often all sessions are read while some began under laxer limits,
	// and scanDaily else, for bounds that have become smaller.
	scanEvery = 10 * time.Minute
	scanDaily = 20 * time.Hour
	// scanPages is how many pages of listPage one Purge reads: the next one goes on.
	scanPages = 40
)

// force is what is known of the limits that are in force.
type force struct {
	scanner Scanner     // nil if store has none
	since   time.Time   // when they came into force
	laxer   atomic.Bool // a session was seen that began under laxer ones

	// Of the scan, which one Purge makes at a time.
	scanning atomic.Bool
	cannot   bool      // the store behind a cache cannot be scanned
	after    string    // where to go on, if it has begun
	begun    time.Time // when the last one began, zero if none has
	counts   []uint16  // how many sessions there are of users with a hash
}

var scanSeed = maphash.MakeSeed()

// scanHashes is how many counters a scan has. Two users who share one are counted
// again one by one.
const scanHashes = 1 << 18

// enforce ends what stricter limits have ended, and what is beyond a smaller bound, of
// sessions that nobody may ask for.
func (m *Manager) enforce(ctx context.Context, now time.Time) error {
	f := &m.force
	if f.scanner == nil || now.Sub(f.since) < settledAfter || !f.scanning.CompareAndSwap(false, true) {
		return nil
	}
	defer f.scanning.Store(false)
	if f.cannot {
		return nil
	}
	if f.counts == nil {
		if since := now.Sub(f.begun); since < scanEvery || since < scanDaily && !f.laxer.Load() {
			return nil
		}
		f.laxer.Store(false) // what comes now is noted again
		f.begun, f.after, f.counts = now, "", make([]uint16, scanHashes)
	}
	for range scanPages {
		sctx, cancel := context.WithTimeout(ctx, writeTimeout)
		all, next, err := f.scanner.Scan(sctx, f.after, listPage)
		cancel()
		if errors.Is(err, errors.ErrUnsupported) {
			f.cannot = true
			return nil
		}
		if err != nil {
			return fmt.Errorf("session: purge: %w", err)
		}
		for _, s := range all {
			if err := m.enforceOn(ctx, s, now); err != nil {
				return err
			}
		}
		if f.after = next; next == "" {
			f.counts = nil
			return nil
		}
	}
	return nil
}

func (m *Manager) enforceOn(ctx context.Context, s *Session, now time.Time) error {
	if s.Carrier == CarrierForeign || s.Ended != nil {
		return nil
	}
	if m.expired(s, now, m.hub.find(s.ID)) {
		return m.expireBy(ctx, m.inForce(m.withLatest(s)))
	}
	m.inForce(s)
	n := &m.force.counts[maphash.String(scanSeed, s.UserID)%scanHashes]
	if *n++; *n < 2 {
		return nil
	}
	if most := m.maxPerUser(ctx, s.UserID); most < 0 || int(*n) <= most {
		return nil
	}
	if *n = 0; m.rest.add(duty{dutyEvict, s.UserID}) {
		return nil
	}
	_, err := m.evictSome(ctx, s.UserID, ID{})
	return err
}

// expireBy writes the Ending of a session that has expired by the limits that it has.
func (m *Manager) expireBy(ctx context.Context, s *Session) error {
	wctx, cancel := write(ctx)
	defer cancel()
	at := s.IdleExpiresAt()
	done, err := m.store.Revoke(wctx, Revocation{UserID: s.UserID, Only: []ID{s.ID}, Ending: Ending{At: at, Reason: ReasonExpired, By: bySystem}})
	if err != nil {
		return fmt.Errorf("session: purge: %w", err)
	}
	if done.Count > 0 {
		m.hasExpired(ctx, []Owned{{ID: s.ID, UserID: s.UserID}}, at)
	}
	return nil
}
