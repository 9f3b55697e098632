package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// A Proof says how a user has just proved again who they are, and what follows
// from it.
type Proof struct {
	// Methods says how, in the terms of RFC 8176. Defaults to what it was.
	Methods []string
	// AuthenticatedAt is when, if that was earlier, at an identity provider. A
	// proof older than the one that is known counts for nothing: it is
	// [ErrOutdated]. Defaults to now.
	AuthenticatedAt time.Time
	// For, if set, names one action of the host's, such as "transfer 4711", which
	// [Manager.UseProof] allows once within the StepUp limit. Defaults to none.
	For string
	// RevokeOthers, if set, is the reason for which all of the user's other
	// sessions end in the same step. Defaults to none ending.
	RevokeOthers Reason
	// NewToken replaces the token of a bearer session too, because its client
	// asked for that and takes the new one from the answer. The token of a
	// cookie is always replaced, a foreign one never. Defaults to false.
	NewToken bool
}

// A Reauthentication is what became of a session by a new [Proof].
type Reauthentication struct {
	Session *Session
	Token   Token // the new token; zero if the old one was kept
	Revoked int   // how many other sessions ended
}

// Reauthenticated notes that the user of a session has proved again who they
// are: after asking for the password, a second factor, or a change of the
// password. A cookie gets a new secret, and the old one is dead at once. What
// follows from p happens in one step or not at all.
//
// What restricted the session is lifted. One that is provisional is believed
// only if p.Methods has more than what a stranger who signed in with a stolen
// password has too: "otp", "hwk", not "pwd" alone. What looked unusual about it
// stays to be answered in an older one.
//
// It returns [ErrNotFound] if it is not a live session of the user, and
// [ErrOutdated] if ctx belongs to a request of it that began before others were
// revoked: what was proved there may no longer hold. It returns [ErrNotOlder] in a
// session of support ([StartOptions].Support).
func (m *Manager) Reauthenticated(ctx context.Context, userID string, id ID, p Proof) (Reauthentication, error) {
	var token Token
	var doubted *Session
	now := m.Now()
	proved := now
	if at := p.AuthenticatedAt; !at.IsZero() && at.Before(now) {
		proved = time.UnixMilli(at.UnixMilli()).UTC()
	}
	if p.For != "" {
		if err := checkAction(p.For); err != nil {
			return Reauthentication{}, err
		}
	}
	change := func(s *Session) (err error) {
		if s.Support() != "" {
			return ErrNotOlder // whoever proves something there is not the user
		}
		if !p.AuthenticatedAt.IsZero() && proved.Before(s.AuthenticatedAt) {
			return fmt.Errorf("%w: an older proof than the one that is known", ErrOutdated)
		}
		if before := requestOf(ctx, s); before != nil && before.Generations != s.Generations {
			return ErrOutdated
		}
		if doubted = nil; s.Provisional && proveMore(p.Methods) {
			doubted = s.Clone()
			s.Provisional = false
		}
		s.AuthenticatedAt, s.Restriction = proved, RestrictionNone
		if p.Methods != nil {
			s.Methods = slices.Clone(p.Methods)
		}
		if p.For != "" {
			s.noteProof(p.For, now)
		}
		if s.Carrier == CarrierCookie || s.Carrier == CarrierBearer && p.NewToken {
			token, err = s.replaceSecret(now)
		}
		return err
	}
	var r Reauthentication
	var err error
	if p.RevokeOthers != "" {
		r.Session, r.Revoked, err = m.revokeOthers(ctx, userID, id, p.RevokeOthers, change)
	} else {
		r.Session, err = m.update(ctx, userID, id, change)
	}
	if err != nil {
		return Reauthentication{}, err
	}
	r.Token = token
	madeByRequest(ctx, r.Session)
	if doubted != nil {
		m.teach(ctx, m.withLatest(doubted), AnswerConfirmed)
	}
	m.notify(ctx, Event{Kind: EventReauthenticated, At: now, UserID: userID, IDs: []ID{id}, Session: r.Session})
	return r, nil
}

// Rotate replaces the secret of a session for safety: when its user gains a
// right, say. The old secret is dead at once and is never issued again.
//
// If ctx belongs to a request that came by a secret which another one has replaced
// for safety meanwhile, nothing is left to do, and the Token is zero: what a
// client sent before must not get it the new secret.
func (m *Manager) Rotate(ctx context.Context, userID string, id ID) (*Session, Token, error) {
	var token Token
	now := m.Now()
	s, err := m.update(ctx, userID, id, func(s *Session) (err error) {
		if before := requestOf(ctx, s); before != nil && before.Secrets.Current != s.Secrets.Current && before.Secrets.Current != s.Secrets.Previous {
			return errReplaced
		}
		token, err = s.replaceSecret(now)
		return err
	})
	if errors.Is(err, errReplaced) {
		s, err = m.mine(ctx, userID, id)
		return s, Token{}, err
	}
	if err != nil {
		return nil, Token{}, err
	}
	madeByRequest(ctx, s)
	m.notify(ctx, Event{Kind: EventRotated, At: now, UserID: userID, IDs: []ID{id}, Session: s})
	return s, token, nil
}

var errReplaced = errors.New("session: secret was replaced meanwhile")

// requestOf returns s as the request of ctx knows it, nil if ctx belongs to none
// of it.
func requestOf(ctx context.Context, s *Session) *Session {
	for c, ok := ConnFromContext(ctx); ok; c, ok = ConnFromContext(c.Context) {
		if c.view.s.ID == s.ID {
			return c.Session()
		}
	}
	return nil
}

// madeByRequest notes what a request has made of its own session.
func madeByRequest(ctx context.Context, s *Session) {
	AfterCommit(ctx, func() {
		for c, ok := ConnFromContext(ctx); ok; c, ok = ConnFromContext(c.Context) {
			if c.view.s.ID != s.ID {
				continue
			}
			if m := c.extend(); m != nil {
				m.made.Store(s)
			}
		}
	})
}

func (s *Session) replaceSecret(now time.Time) (Token, error) {
	if s.Carrier == CarrierForeign {
		return Token{}, ErrForeign
	}
	t := newToken(s.ID)
	s.Secrets.replace(t.Credential().Hash, now)
	return t, nil
}

// RotationDue reports whether the client that presented c should get a new
// token by [Manager.RotatePeriodic]: because the secret is old, or because the
// client does not know yet that there is a new one.
func (m *Manager) RotationDue(s *Session, c Credential) bool {
	now := m.Now()
	return m.rotationDue(s, s.Secrets.match(c.Hash), now)
}

func (m *Manager) rotationDue(s *Session, known which, now time.Time) bool {
	if s.Carrier != CarrierCookie {
		return false
	}
	switch known {
	case secretPrevious:
		return true
	case secretCurrent: // and not before the last one is through
		return m.limits.Rotation >= 0 && now.Sub(s.Secrets.RotatedAt) >= m.limits.Rotation && (s.Secrets.Previous.IsZero() || s.Secrets.mayRetire(now))
	}
	return false
}

// RotatePeriodic gives the holder of t the token that follows it. The old
// secret stays good until the new one is seen again [RotationGrace] after it was
// first seen. Whoever asks with the same t meanwhile gets the same new token: no
// parallel request, no answer that was lost, and no browser that lost its last
// minute signs anyone out.
//
// It returns the zero Token if nothing is due.
func (m *Manager) RotatePeriodic(ctx context.Context, t Token) (Token, error) {
	if t.IsZero() {
		return Token{}, ErrMalformed
	}
	wctx, cancel := write(ctx)
	defer cancel()
	c := t.Credential()
	for range maxAttempts {
		s, gens, err := m.original(ctx, c.ID)
		if err != nil {
			return Token{}, m.lookupFailed(ctx, c.ID, err)
		}
		now := m.Now()
		if err := m.over(s, gens, now, m.hub.find(c.ID)); err != nil {
			return Token{}, err
		}
		if !m.RotationDue(s, c) {
			return Token{}, nil
		}
		if s.Secrets.match(c.Hash) == secretPrevious {
			return t.next(s.Secrets.Salt), nil
		}
		s = s.Clone()
		salt := newSalt()
		n := t.next(salt)
		s.Secrets.rotate(c.Hash, n.Credential().Hash, salt, now)
		switch err := m.store.Update(wctx, s); {
		case err == nil:
			m.notify(ctx, Event{Kind: EventRotated, At: now, UserID: s.UserID, IDs: []ID{s.ID}, Session: s})
			return n, nil
		case errors.Is(err, ErrEnded):
			return Token{}, ErrRevoked
		case !errors.Is(err, ErrConflict): // on a conflict, look again at who won
			return Token{}, fmt.Errorf("session: rotate: %w", err)
		}
	}
	return Token{}, fmt.Errorf("session: rotate: %w", ErrConflict)
}

// confirm notes that the current secret has been seen, or a first proof of the
// session's key. If it cannot be noted now, the next request tries again.
func (m *Manager) confirm(ctx context.Context, s *Session, by which, p KeyProof, now time.Time) *Session {
	seen := s.Clone()
	if by == secretCurrent && s.Secrets.isNews(now) {
		seen.Secrets.see(now)
	}
	if s.bindingIsNews(p) {
		seen.Bound.SeenAt = now
	}
	wctx, cancel := write(ctx)
	defer cancel()
	switch err := m.store.Update(wctx, seen); {
	case err == nil:
		seen.Version++
		return seen
	case !errors.Is(err, ErrConflict):
		m.cfg.Logger.WarnContext(ctx, "session: rotation not confirmed", "session", s.ID, "error", err)
	}
	return s
}
