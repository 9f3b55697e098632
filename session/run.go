package session

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	sweepInterval = time.Minute
	sweepLimit    = 500
)

// Run does the work that no request does, until ctx is done: it writes noted
// activity, ends sessions that have expired and cuts what is open on them, marks
// what a revocation of many has ended, and deletes what is over for longer than
// the retention. It also cuts what is open here on sessions that another process
// has ended, within 5 seconds for 100,000 that are open if the store takes 5 ms to
// read 500 of them: each two seconds it reads them all, 500 at a time and 4 times
// at once, and only once a minute while a [Bus] is alive, which is quicker. These
// do not wait for each other. It
// writes what is pending before it returns. Without Run, expired sessions are
// refused all the same, but their open connections stay.
func (m *Manager) Run(ctx context.Context) {
	m.queue.running.Store(true)
	defer m.queue.running.Store(false)
	m.rest.running.Store(true)
	defer m.rest.running.Store(false)
	var duties sync.WaitGroup
	duties.Go(func() {
		every(ctx, m.cfg.FlushInterval, func() { _ = m.Flush(ctx) }) // logged, and tried again at the next tick
	})
	duties.Go(func() { m.oversee(ctx) })
	duties.Go(func() { every(ctx, m.cfg.FlushInterval, func() { m.cutDisabled(ctx) }) })
	duties.Go(func() { m.doRest(ctx) })
	duties.Go(func() { m.tellWatch(ctx) })
	duties.Go(func() {
		every(ctx, min(sweepInterval, m.cfg.TouchInterval), func() {
			if _, err := m.Purge(ctx); err != nil && ctx.Err() == nil {
				m.cfg.Logger.WarnContext(ctx, "session: purge", "error", err)
			}
		})
	})
	duties.Wait()
	_ = m.Flush(context.WithoutCancel(ctx)) // logged
}

// every calls f at each interval until ctx is done, one call at a time.
func every(ctx context.Context, interval time.Duration, f func()) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f()
		}
	}
}

// Purge ends what has expired, cuts what is open on it, marks what a revocation
// of many has ended, and deletes what is over for longer than the retention. It
// returns how many sessions it deleted, and a [*ClockError], with nothing done,
// if this machine's clock may be wrong ([Clock]). Run calls it each minute.
func (m *Manager) Purge(ctx context.Context) (int, error) {
	if err := m.Flush(ctx); err != nil { // else an active session could look idle
		return 0, fmt.Errorf("session: purge: %w", err)
	}
	if err := m.checkClock(ctx); err != nil {
		return 0, fmt.Errorf("session: purge: %w", err)
	}
	now := m.Now()
	m.hub.forgetBefore(now.Add(-2 * m.cfg.TouchInterval))
	for more := true; more && ctx.Err() == nil; {
		began := time.Now()
		var err error
		if more, err = m.mark(ctx, "", markPart); err != nil {
			return 0, fmt.Errorf("session: purge: %w", err)
		}
		if more {
			breathe(ctx, began)
		}
	}
	deleted := 0
	for {
		p, err := m.purge(ctx, Purge{Now: now, EndedBefore: now.Add(-m.cfg.Retention), Limit: sweepLimit})
		if err != nil {
			return deleted, fmt.Errorf("session: purge: %w", err)
		}
		deleted += p.Deleted
		m.hasExpired(ctx, p.Expired, now)
		if !p.More {
			break
		}
	}
	if err := m.enforce(ctx, now); err != nil {
		return deleted, err
	}
	m.cutDisabled(ctx)
	m.cutLong()
	m.cutOver(ctx)
	return deleted, nil
}

// purge is [Store.Purge], no longer than a write may take.
func (m *Manager) purge(ctx context.Context, p Purge) (Purged, error) {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return m.store.Purge(ctx, p)
}

func (m *Manager) hasExpired(ctx context.Context, all []Owned, now time.Time) {
	for _, e := range all {
		m.hub.Cut(ErrExpired, e.ID)
		m.stats.expired.Add(1)
		m.notify(ctx, Event{Kind: EventExpired, At: now, UserID: e.UserID, IDs: []ID{e.ID},
			Ending: &Ending{At: now, Reason: ReasonExpired, By: bySystem}})
	}
}
