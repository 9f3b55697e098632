package session

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
)

// List returns the user's live sessions, the most recently active first.
func (m *Manager) List(ctx context.Context, userID string) ([]*Session, error) {
	if err := checkUserID(userID); err != nil {
		return nil, err
	}
	all, err := m.list(ctx, Query{UserID: userID, State: StateLive})
	if err != nil {
		return nil, err
	}
	now := m.Now()
	all = slices.DeleteFunc(all, func(s *Session) bool { return expired(s, now, m.hub.find(s.ID)) })
	for i, s := range all {
		all[i] = m.withLatest(s)
	}
	slices.SortFunc(all, func(a, b *Session) int {
		return cmp.Or(b.Last.At.Compare(a.Last.At), bytes.Compare(b.ID[:], a.ID[:]))
	})
	return all, nil
}

// withLatest returns s with the activity that this process has noted but not
// yet written.
func (m *Manager) withLatest(s *Session) *Session {
	l := m.hub.find(s.ID)
	if l == nil || !l.lastAt().After(s.Last.At) {
		return s
	}
	s = s.Clone()
	s.Last = l.seen.Load().visit
	return s
}

// History returns the user's sessions that are over, the latest ended first,
// at most limit of them. Limit 0 means all that are kept.
func (m *Manager) History(ctx context.Context, userID string, limit int) ([]*Session, error) {
	if err := checkUserID(userID); err != nil {
		return nil, err
	}
	if limit < 0 {
		return nil, fmt.Errorf("session: history: limit %d is negative", limit)
	}
	ended, err := m.list(ctx, Query{UserID: userID, State: StateEnded, Limit: limit})
	if err != nil {
		return nil, err
	}
	live, err := m.list(ctx, Query{UserID: userID, State: StateLive})
	if err != nil {
		return nil, err
	}
	now := m.Now()
	for _, s := range live { // time ended it, and Run has not come by yet
		if expired(s, now, m.hub.find(s.ID)) {
			ended = append(ended, asExpired(m.withLatest(s)))
		}
	}
	slices.SortFunc(ended, func(a, b *Session) int {
		return cmp.Or(b.Ended.At.Compare(a.Ended.At), bytes.Compare(b.ID[:], a.ID[:]))
	})
	if limit > 0 && len(ended) > limit {
		ended = ended[:limit]
	}
	return ended, nil
}

func asExpired(s *Session) *Session {
	s = s.Clone()
	s.Ended = &Ending{At: s.IdleExpiresAt(), Reason: ReasonExpired, By: bySystem}
	s.DropAddresses()
	return s
}

// list is [Store.List] in which a session that cannot be decoded is logged and
// left out.
func (m *Manager) list(ctx context.Context, q Query) ([]*Session, error) {
	all, err := m.store.List(ctx, q)
	if errors.Is(err, ErrCorrupt) {
		m.cfg.Logger.ErrorContext(ctx, "session: left out stored sessions that cannot be decoded", "user", q.UserID, "error", err)
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("session: list: %w", err)
	}
	return slices.Clone(all), nil
}
