package session

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

const (
	sweepInterval = time.Minute
	sweepLimit    = 500
)

// Run does the work that no request does, until ctx is done: it writes noted
// activity, ends sessions that have expired and cuts what is open on them, and
// deletes what is over for longer than the retention. It writes what is
// pending before it returns. Without Run, expired sessions are refused all the
// same, but their open connections stay.
func (m *Manager) Run(ctx context.Context) {
	m.queue.running.Store(true)
	defer m.queue.running.Store(false)
	flush := time.NewTicker(m.cfg.FlushInterval)
	defer flush.Stop()
	sweep := time.NewTicker(min(sweepInterval, m.cfg.TouchInterval))
	defer sweep.Stop()
	for {
		select {
		case <-ctx.Done():
			_ = m.Flush(context.WithoutCancel(ctx)) // logged
			return
		case <-flush.C:
			_ = m.Flush(ctx) // logged, and tried again at the next tick
		case <-sweep.C:
			if _, err := m.Purge(ctx); err != nil {
				m.cfg.Logger.WarnContext(ctx, "session: purge", "error", err)
			}
		}
	}
}

// Purge ends what has expired, cuts what is open on it, and deletes what is
// over for longer than the retention. It returns how many sessions it deleted.
// Run calls it each minute.
func (m *Manager) Purge(ctx context.Context) (int, error) {
	if err := m.Flush(ctx); err != nil { // else an active session could look idle
		return 0, fmt.Errorf("session: purge: %w", err)
	}
	now := m.Now()
	m.hub.forgetBefore(now.Add(-2 * m.cfg.TouchInterval))
	deleted := 0
	for {
		p, err := m.store.Purge(ctx, Purge{Now: now, EndedBefore: now.Add(-m.cfg.Retention), Limit: sweepLimit})
		if err != nil {
			return deleted, fmt.Errorf("session: purge: %w", err)
		}
		deleted += p.Deleted
		m.hasExpired(ctx, p.Expired, now)
		if !p.More {
			break
		}
	}
	m.cutOver(ctx)
	return deleted, nil
}

// cutOver cuts what is open here on sessions that another process ended, or
// found expired, and that no message told of.
func (m *Manager) cutOver(ctx context.Context) {
	m.hub.each(func(l *live) {
		if !l.isOpen() {
			return
		}
		s, gens, err := m.original(ctx, l.id)
		if err == nil {
			err = m.over(s, gens, m.Now(), l)
		}
		if errors.Is(err, ErrUnknown) { // erased
			err = ErrRevoked
		}
		if errors.Is(err, ErrRefused) {
			l.cut(err)
		}
	})
}

func (m *Manager) hasExpired(ctx context.Context, all []Expired, now time.Time) {
	for _, e := range all {
		m.hub.Cut(ErrExpired, e.ID)
		m.stats.expired.Add(1)
		m.notify(ctx, Event{Kind: EventExpired, At: now, UserID: e.UserID, IDs: []ID{e.ID},
			Ending: &Ending{At: now, Reason: ReasonExpired, By: bySystem}})
	}
}

// Export returns everything that is kept about a user: for the answer to a
// request under article 15 of the GDPR. It holds no secret.
func (m *Manager) Export(ctx context.Context, userID string) ([]*Session, error) {
	live, err := m.List(ctx, userID)
	if err != nil {
		return nil, err
	}
	ended, err := m.History(ctx, userID, 0)
	if err != nil {
		return nil, err
	}
	all := append(live, ended...)
	for i, s := range all {
		s = s.Clone()
		s.Secrets = Secrets{}
		all[i] = s
	}
	return all, nil
}

// Erase signs a user out everywhere and deletes everything that is kept of
// them.
func (m *Manager) Erase(ctx context.Context, userID string) error {
	if _, err := m.RevokeAll(ctx, userID, ReasonErased); err != nil {
		return err
	}
	wctx, cancel := write(ctx)
	defer cancel()
	now := m.Now()
	if _, err := m.store.Purge(wctx, Purge{UserID: userID, Now: now}); err != nil {
		return fmt.Errorf("session: erase: %w", err)
	}
	m.notify(ctx, Event{Kind: EventErased, At: now, UserID: userID})
	return nil
}

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
