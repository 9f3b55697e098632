package session

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Disable ends all sessions of a user who may not be signed in any more, and makes
// sign-ins that are under way come to nothing. Nothing is kept of it: that later
// sign-ins are refused is for [Config].UserStatus, or for the host. Whoever is
// enabled again has to sign in again.
func (m *Manager) Disable(ctx context.Context, userID string) error {
	_, err := m.RevokeAll(ctx, userID, ReasonDisabled)
	return err
}

// permitted asks the host whether the user may be signed in. The first no ends
// what the user has.
func (m *Manager) permitted(ctx context.Context, userID string) error {
	if m.cfg.UserStatus == nil {
		return nil
	}
	err := m.cfg.UserStatus(ctx, userID)
	if errors.Is(err, ErrDisabled) {
		m.stats.disabled.Add(1)
		if err := m.Disable(ctx, userID); err != nil { // the next request tries again
			m.cfg.Logger.ErrorContext(ctx, "session: sessions of a disabled user were not ended", "user", userID, "error", err)
		}
		return err
	}
	if err != nil {
		return statusError{err}
	}
	return nil
}

// askers is how many users UserStatus is asked about at once.
const askers = 16

// cutDisabled asks about the users of what is open, each once in a
// [Config].FlushInterval.
func (m *Manager) cutDisabled(ctx context.Context) {
	if m.cfg.UserStatus == nil {
		return
	}
	users := make(map[string]bool)
	for _, l := range m.hub.opened(func(*live) bool { return true }) {
		if s := l.session(); s != nil {
			users[s.UserID] = true
		}
	}
	var wg sync.WaitGroup
	places := make(chan struct{}, askers)
	for id := range users {
		if ctx.Err() != nil {
			break
		}
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			defer func() { // nobody's request, so nobody's to recover it
				if p := recover(); p != nil {
					m.cfg.Logger.ErrorContext(ctx, "session: UserStatus panicked", "user", id, "panic", p)
				}
			}()
			ctx, cancel := context.WithTimeout(ctx, askTimeout)
			defer cancel()
			if err := m.permitted(ctx, id); err != nil && !errors.Is(err, ErrDisabled) && ctx.Err() == nil {
				m.cfg.Logger.WarnContext(ctx, "session: UserStatus", "user", id, "error", fmt.Errorf("session: open: %w", err))
			}
		})
	}
	wg.Wait()
}

// askTimeout bounds one question about a user of whom no request waits.
const askTimeout = 5 * time.Second
