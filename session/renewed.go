package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// attrRenews is the attribute of a name: what is stored in the place of a foreign
// token that renewed another one. It holds the ID of the session.
const attrRenews = "signedin.renews"

// renewedError is that a credential's session has another ID.
type renewedError struct{ to ID }

func (e renewedError) Error() string { return "session: known by another token" }

// nameOwner is whose a name is: nobody's, and not in any list of a user's.
func nameOwner(id ID) string { return attrRenews + " " + id.String() }

// renews returns the session that s is a name of, if it is one.
func (s *Session) renews() (to ID, ok bool) {
	if s.Carrier != CarrierForeign || len(s.Attrs) == 0 || s.UserID != nameOwner(s.ID) {
		return ID{}, false
	}
	return to, to.UnmarshalText([]byte(s.Attrs[attrRenews])) == nil
}

// named is original for a credential, whichever of the session's tokens it is of.
func (m *Manager) named(ctx context.Context, c Credential) (*Session, Generations, error) {
	s, gens, err := m.original(ctx, c.ID)
	if err != nil {
		return nil, gens, err
	}
	if to, ok := s.renews(); ok {
		s, gens, err = m.original(ctx, to)
		err = nameless(err)
	}
	return s, gens, err
}

// nameless is that a name is left of a session that was erased.
func nameless(err error) error {
	if errors.Is(err, ErrUnknown) {
		return ErrRevoked
	}
	return err
}

// Renewed says that the system that issued a foreign token has put another one in
// its place: the session goes on under it, with its ID, its first sign-in and all
// that is open on it. Call it before the client gets the new token, or that may be
// adopted as a device more. Calling it again changes nothing.
//
// The old token stays good, as far as we are concerned, until the new one was
// seen again [RotationGrace] after its first sight: requests are under way. From
// then on it is what a replaced secret is: whoever shows it is refused, the
// session is suspended, and the user is told ([EventReused]). That is so for the
// last one that was replaced; the ones before are refused.
//
// If the session is over, Renewed returns [ErrRevoked] or [ErrExpired], and the new
// token is as dead as the old one. It returns [ErrUnknown] for an old token of
// which nothing is known: there is nothing to do.
func (m *Manager) Renewed(ctx context.Context, old, renewed Credential) (*Session, error) {
	if renewed != foreignCredential(renewed.Hash) {
		return nil, errors.New("session: renewed: the credential is not of ForeignCredential")
	}
	s, gens, err := m.named(ctx, old)
	if err != nil {
		return nil, m.lookupFailed(ctx, old.ID, err)
	}
	if old == renewed {
		return m.adopted(ctx, old)
	}
	return m.renew(ctx, s, gens, old, renewed, func(*Session) EventKind { return EventRotated })
}

// adoptRenewed is Adopt for a client whose session goes on under the new token.
func (m *Manager) adoptRenewed(ctx context.Context, c Credential, f Adoption) (s *Session, renewed bool, err error) {
	had := f.Replaces
	if had == nil || had.UserID != f.UserID || had.Carrier != CarrierForeign {
		return nil, false, nil
	}
	s, gens, err := m.original(ctx, had.ID)
	switch {
	case errors.Is(err, ErrUnknown), err == nil && m.over(s, gens, m.Now(), m.hub.find(s.ID)) != nil:
		return nil, false, nil // a new one, then
	case err != nil:
		return nil, true, fmt.Errorf("session: adopt: %w", err)
	}
	s, err = m.renew(ctx, s, gens, Credential{ID: had.ID, Hash: had.Secrets.Current}, c, func(s *Session) EventKind {
		if !f.SignedIn {
			return EventRotated
		}
		s.AuthenticatedAt, s.Restriction = m.Now(), RestrictionNone
		if f.Methods != nil {
			s.Methods = slices.Clone(f.Methods)
		}
		return EventReauthenticated
	})
	return s, true, err
}

// renew has s, whose old token it was, go on under another one.
func (m *Manager) renew(ctx context.Context, s *Session, gens Generations, old, renewed Credential, change func(*Session) EventKind) (*Session, error) {
	// The name first: whatever comes of the session, the new token is none of
	// another one.
	switch err := m.name(ctx, s, renewed); {
	case errors.Is(err, ErrExists):
		if of, _, err := m.named(ctx, renewed); err != nil || of.ID != s.ID {
			return m.replacedBy(ctx, s, renewed)
		}
	case err != nil:
		return nil, fmt.Errorf("session: renewed: %w", err)
	}
	now := m.Now()
	if err := m.over(s, gens, now, m.hub.find(s.ID)); err != nil {
		return nil, err
	}
	var kind EventKind
	next, err := m.update(ctx, s.UserID, s.ID, func(s *Session) error {
		switch s.Secrets.match(old.Hash) {
		case secretCurrent, secretPrevious:
			s.Secrets.renew(renewed.Hash, now)
			kind = change(s)
			return nil
		case secretReplaced:
			return ErrReused
		}
		return ErrForged
	})
	switch {
	case errors.Is(err, ErrReused):
		return nil, m.reused(ctx, s, Origin{}, now)
	case errors.Is(err, ErrNotFound): // ended meanwhile
		return nil, ErrRevoked
	case err != nil:
		return nil, err
	}
	madeByRequest(ctx, next)
	m.notify(ctx, Event{Kind: kind, At: now, UserID: next.UserID, IDs: []ID{next.ID}, Session: next})
	return next, nil
}

// name stores that c is a token of s.
func (m *Manager) name(ctx context.Context, s *Session, c Credential) error {
	owner := nameOwner(c.ID)
	wctx, cancel := write(ctx)
	defer cancel()
	gens, err := m.store.Generation(wctx, owner)
	if err != nil {
		return err
	}
	at := Visit{At: m.Now()}
	return m.store.Create(wctx, &Session{
		ID: c.ID, UserID: owner, Carrier: CarrierForeign, First: at, Last: at,
		Secrets:         Secrets{Current: c.Hash, RotatedAt: at.At, SeenAt: at.At},
		AuthenticatedAt: AuthTimeUnknown, ExpiresAt: s.ExpiresAt, IdleTimeout: forever,
		Attrs: map[string]string{attrRenews: s.ID.String()}, Generations: gens, Version: 1,
	})
}

// replacedBy ends s, whose new token was seen before Renewed was called, and has
// a session of its own by now.
func (m *Manager) replacedBy(ctx context.Context, s *Session, renewed Credential) (*Session, error) {
	known, err := m.adopted(ctx, renewed)
	switch {
	case err != nil:
		return nil, err
	case known.UserID != s.UserID:
		return nil, errors.New("session: renewed: the new token is another user's")
	}
	return known, m.Revoke(ctx, s.UserID, s.ID, ReasonReplaced)
}

// renew makes next the current secret; the one before stays good until next is
// through. Of two that come at once each may be what the client keeps.
func (s *Secrets) renew(next SecretHash, now time.Time) {
	if next == s.Current || next == s.Previous {
		return
	}
	through := s.Previous.IsZero() || s.mayRetire(now)
	s.rotate(s.Current, next, Salt{}, now)
	if !through { // who has the one before that may well be the user
		s.Older = SecretHash{}
	}
}
