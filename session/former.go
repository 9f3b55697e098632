package session

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"
)

// FormerToken returns the token that stands for one that another system issued,
// in a session that went over from that system to us ([Manager.Move]).
func FormerToken(old string) Token {
	t := tokenOf(foreignCredential(sha256.Sum256([]byte("signedin former token" + old))).ID)
	**t.secret = sha256.Sum256([]byte("signedin former secret" + old))
	return t
}

// Move starts a session with a cookie of ours for a user who is signed in, by f,
// with a token of another system: whoever shows [FormerToken] of it may have the
// session's own token, by [Manager.RotatePeriodic], until that was seen again
// [RotationGrace] after its first sight. From then on the old token is what a
// replaced secret is ([EventReused]).
//
// It is no sign-in: when the user proved who they are is not known, and no mail
// tells of it. If the session is there already, it is returned as it is: of
// several that move at once, in whichever process, all get the same. One that was
// ended stays ended, for [Config].Retention at least: by then the other system's
// tokens must be good for nothing. The session that [Manager.Adopt] has started for
// the old token, if any, goes over into the new one.
func (m *Manager) Move(ctx context.Context, old string, from Origin, f Adoption) (*Session, error) {
	if f.SignedIn || f.Parent != (ID{}) || f.Replaces != nil {
		return nil, errors.New("session: move: Adoption.SignedIn, Parent or Replaces is set")
	}
	ticket, err := m.BeginSignIn(ctx, f.UserID)
	if err != nil {
		return nil, err
	}
	t := FormerToken(old)
	adopted, err := m.adopted(ctx, ForeignCredential(old))
	if err != nil && !errors.Is(err, ErrUnknown) {
		if s, moved := m.adopted(ctx, t.Credential()); !errors.Is(moved, ErrUnknown) { // which is why that has ended
			return s, moved
		}
		return nil, err
	}
	s, err := m.newForeign(ctx, ticket, t.Credential(), from, f)
	if err != nil {
		return nil, err
	}
	m.own(s, t, adopted, f.IdleTimeout)
	learn := m.meet(ctx, s, f.DeviceID)
	m.place(ctx, s, adopted)
	wctx, cancel := write(ctx)
	defer cancel()
	switch err := m.store.Create(wctx, s); {
	case errors.Is(err, ErrExists):
		return m.adopted(ctx, t.Credential())
	case err != nil:
		return nil, fmt.Errorf("session: move: %w", err)
	}
	m.stats.started.Add(1)
	learn()
	m.notify(ctx, Event{Kind: EventAdopted, At: s.Last.At, UserID: s.UserID, IDs: []ID{s.ID}, Session: s, Visit: &s.Last})
	if adopted != nil && adopted.UserID == s.UserID {
		if err := m.Revoke(ctx, adopted.UserID, adopted.ID, ReasonReplaced); err != nil {
			m.cfg.Logger.ErrorContext(ctx, "session: the session that was replaced did not end", "session", adopted.ID, "error", err)
		}
	}
	return s, nil
}

// own makes a foreign session one of ours: its own secret follows from t, under
// our limits.
func (m *Manager) own(s *Session, t Token, adopted *Session, idle time.Duration) {
	now, salt := s.Last.At, newSalt()
	s.Carrier = CarrierCookie
	s.Secrets = Secrets{Previous: t.Credential().Hash, Current: t.next(salt).Credential().Hash, Salt: salt, RotatedAt: now}
	if end := m.absoluteEnd(AuthTimeUnknown, now); end.Before(s.ExpiresAt) {
		s.ExpiresAt = end
	}
	s.IdleTimeout = min(cmp.Or(idle, m.limits.Idle), m.limits.Idle)
	if adopted != nil && adopted.UserID == s.UserID {
		s.AuthenticatedAt, s.First.At = adopted.AuthenticatedAt, adopted.First.At
		s.Methods = adopted.Methods
	}
}
