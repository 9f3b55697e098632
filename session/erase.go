package session

import (
	"context"
	"fmt"
)

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
