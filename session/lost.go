package session

import (
	"context"
	"maps"
)

// What a store answers may get lost when the effect is there already. A client
// that is not told of its new secret would be signed out by that, and a
// connection left open that belongs to an ended session: so the store is asked
// what has become of it.

// wasCreated reports whether s is stored, though Create has failed.
func (m *Manager) wasCreated(ctx context.Context, s *Session) bool {
	stored, ok := m.lookAgain(ctx, s)
	return ok && stored.Version == s.Version
}

// wasUpdated reports whether s, whose Version is the one that was read, was
// written though Update has failed.
func (m *Manager) wasUpdated(ctx context.Context, s *Session) bool {
	stored, ok := m.lookAgain(ctx, s)
	return ok && stored.Version == s.Version+1 && stored.Name == s.Name &&
		stored.AuthenticatedAt.Equal(s.AuthenticatedAt) && stored.ConfirmedAt.Equal(s.ConfirmedAt) &&
		stored.Provisional == s.Provisional && stored.Restriction == s.Restriction &&
		len(stored.Signals) == len(s.Signals) && maps.Equal(stored.Attrs, s.Attrs)
}

// wasKept reports whether s, as it was before the generation moved on, was
// written and all others ended, though Revoke has failed.
func (m *Manager) wasKept(ctx context.Context, s *Session) bool {
	stored, ok := m.lookAgain(ctx, s)
	return ok && stored.Version == s.Version+1 && stored.Generations.User == s.Generations.User+1
}

// wasDenied reports whether a session was denied from that other one, though
// Revoke has failed.
func (m *Manager) wasDenied(ctx context.Context, id ID, by string) bool {
	ctx, cancel := write(ctx)
	defer cancel()
	s, _, err := m.original(ctx, id)
	return err == nil && s.Ended != nil && s.Ended.Reason == ReasonDenied && s.Ended.By == by
}

// lookAgain returns what is stored of s, if that is live and has its secret.
func (m *Manager) lookAgain(ctx context.Context, s *Session) (*Session, bool) {
	ctx, cancel := write(ctx)
	defer cancel()
	stored, gens, err := m.original(ctx, s.ID)
	if err != nil || m.over(stored, gens, m.Now(), nil) != nil {
		return nil, false
	}
	return stored, stored.UserID == s.UserID && stored.Secrets.Current == s.Secrets.Current
}
