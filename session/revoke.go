package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

const (
	byAdmin  = "admin"
	bySystem = "system"
)

// maxAttempts bounds how often a change is tried again when another one came
// first. Changes of one session are rare; visits are none.
const maxAttempts = 32

// yield lets others come first for a moment after the nth conflict (from 0):
// where writers queue, who always reads at the same moment as another one would
// lose each time.
func yield(ctx context.Context, n int) {
	select {
	case <-ctx.Done():
	case <-time.After(rand.N(time.Duration(min(n, 20)+1) * time.Millisecond)):
	}
}

// Revoke ends one of the user's sessions. When it has returned nil, no request
// that starts afterwards is let in by that session, and what was open on it in
// this process is cut. Revoking what is over already is no error. A session
// that is somebody else's, or that never was, is [ErrNotFound].
//
// After any other error the session may have ended or not; call again, which is
// safe. A client that goes away does not cancel a revocation.
func (m *Manager) Revoke(ctx context.Context, userID string, id ID, why Reason) error {
	if err := checkUserID(userID); err != nil {
		return err
	}
	done, err := m.revoke(ctx, Revocation{UserID: userID, Only: []ID{id}}, why)
	if err != nil || len(done.IDs) > 0 {
		return err
	}
	s, _, err := m.named(ctx, Credential{ID: id})
	switch {
	case errors.Is(err, ErrUnknown), errors.Is(err, ErrRevoked), err == nil && s.UserID != userID:
		return ErrNotFound
	case err != nil:
		return fmt.Errorf("session: revoke: %w", err)
	case s.ID != id: // known by another token, too
		return m.Revoke(ctx, userID, s.ID, why)
	}
	// It may be this call, tried again, that has ended it: then nobody was told.
	AfterCommit(ctx, func() { m.cut(ctx, id) })
	m.notify(ctx, Event{Kind: EventRepeated, At: m.Now(), UserID: userID, IDs: []ID{id}, Ending: s.Ended})
	return nil
}

// RevokeAllExcept ends all of the user's sessions but keep, in one step, and
// makes sign-ins that are under way come to nothing. It returns how many live
// sessions it ended, as far as that was counted ([CountLimit]). If keep is not a
// live session of the user it returns [ErrNotFound] and ends none.
//
// After a new proof of identity, such as a change of the password, use
// [Manager.Reauthenticated], which also replaces the secret of keep.
func (m *Manager) RevokeAllExcept(ctx context.Context, userID string, keep ID, why Reason) (int, error) {
	s, n, err := m.revokeOthers(ctx, userID, keep, why, func(*Session) error { return nil })
	if err == nil {
		madeByRequest(ctx, s)
	}
	return n, err
}

// RevokeAll ends all of the user's sessions, in one step, and makes sign-ins
// that are under way come to nothing. It returns how many it ended, as far as
// that was counted ([CountLimit]).
func (m *Manager) RevokeAll(ctx context.Context, userID string, why Reason) (int, error) {
	if err := checkUserID(userID); err != nil {
		return 0, err
	}
	done, err := m.revoke(ctx, Revocation{UserID: userID, All: true}, why)
	return done.Count, err
}

// RevokeEveryone ends every session of every user, in one step: after a backup
// was restored, or when keys have leaked. What it costs does not depend on how
// many they are.
func (m *Manager) RevokeEveryone(ctx context.Context, why Reason) error {
	_, err := m.revoke(ctx, Revocation{Everyone: true}, why)
	return err
}

// revokeOthers ends all but one session and changes that one, in one step.
func (m *Manager) revokeOthers(ctx context.Context, userID string, keep ID, why Reason, change func(*Session) error) (*Session, int, error) {
	for n := range maxAttempts {
		s, err := m.mine(ctx, userID, keep)
		if err != nil {
			return nil, 0, err
		}
		s = s.Clone()
		if err := change(s); err != nil {
			return nil, 0, err
		}
		r := Revocation{UserID: userID, All: true, Keep: s}
		done, err := m.revoke(ctx, r, why)
		switch {
		case errors.Is(err, ErrConflict):
			yield(ctx, n)
			continue
		case errors.Is(err, ErrUnknown), errors.Is(err, ErrEnded):
			return nil, 0, ErrNotFound
		case err != nil && !m.wasKept(ctx, s):
			return nil, 0, err
		case err != nil: // how many ended, nobody knows any more
			r.Ending = m.ending(ctx, r, why)
			done.Generations.User = s.Generations.User + 1
			AfterCommit(ctx, func() { m.revoked(ctx, r, done) })
		}
		s.Version++
		s.Generations.User++
		return s, done.Count, nil
	}
	return nil, 0, fmt.Errorf("session: revoke all except: %w", ErrConflict)
}

// revoke has the store end sessions, then cuts what is open on them, then tells
// the observers. What a counter has ended is marked after that.
func (m *Manager) revoke(ctx context.Context, r Revocation, why Reason) (Revoked, error) {
	r.Ending = m.ending(ctx, r, why)
	wctx, cancel := write(ctx)
	defer cancel()
	done, err := m.store.Revoke(wctx, r)
	if err != nil {
		return Revoked{}, fmt.Errorf("session: revoke: %w", err)
	}
	AfterCommit(ctx, func() { m.revoked(ctx, r, done) })
	if r.Only != nil {
		m.endChildren(ctx, r.UserID, done.IDs, why)
	}
	return done, nil
}

// revoked cuts what is open on sessions that have ended, and tells of it.
func (m *Manager) revoked(ctx context.Context, r Revocation, done Revoked) {
	e := Event{Kind: EventRevoked, At: r.Ending.At, UserID: r.UserID, IDs: done.IDs, Ending: &r.Ending,
		All: r.All, Generations: done.Generations, Count: done.Count}
	if r.Keep != nil {
		e.Keep = r.Keep.ID
	}
	m.cut(ctx, done.IDs...)
	if r.All || r.Everyone {
		b := below{user: r.UserID, keep: e.Keep, gens: done.Generations}
		m.spare(ctx, b.has)
		m.hub.cutBelow(b)
	}
	m.stats.revoked.Add(int64(done.Count))
	if r.All && r.Ending.Reason == ReasonPasswordChanged {
		m.distrust(ctx, r)
	}
	if done.Count > 0 || r.All || r.Everyone {
		m.notify(ctx, e)
	}
	if r.All || r.Everyone {
		m.markSoon(ctx, r.UserID)
	}
}

// Cut cuts what is open on sessions in this process, as if they had ended, and ends
// none: the next request is let in. It is for a host that refuses it by itself, for as
// long as a user is disabled there, say. The request that ctx belongs to has time to
// answer.
func (m *Manager) Cut(ctx context.Context, ids ...ID) { m.cut(ctx, ids...) }

// cut cuts what is open on sessions that have ended.
func (m *Manager) cut(ctx context.Context, ids ...ID) {
	m.spare(ctx, func(s *Session) bool { return slices.Contains(ids, s.ID) })
	m.hub.Cut(ErrRevoked, ids...)
}

// spare lets the requests that ctx belongs to go on until they have answered, if it
// is their own session that ends. One may be inside of another Manager's.
func (m *Manager) spare(ctx context.Context, ends func(*Session) bool) {
	for c, ok := ConnFromContext(ctx); ok; c, ok = ConnFromContext(c.Context) {
		if ends(c.view.s) && m.hub.find(c.view.s.ID) == c.view.l {
			c.spare()
		}
	}
}

func (m *Manager) ending(ctx context.Context, r Revocation, why Reason) Ending {
	return Ending{At: m.Now(), Reason: why, By: cmp.Or(r.Ending.By, by(ctx, r.UserID, why))}
}

// by tells who ends the sessions: the session that the request belongs to, an
// administrator if that is another user's, or else the system.
func by(ctx context.Context, userID string, why Reason) string {
	s, ok := FromContext(ctx)
	switch {
	case !ok && why != ReasonAdmin, why == ReasonEvicted, why == ReasonReused:
		return bySystem
	case why == ReasonAdmin, s.UserID != userID && why != ReasonReplaced:
		return byAdmin
	}
	return s.ID.String()
}

// mine returns the user's live session of that ID, or ErrNotFound.
func (m *Manager) mine(ctx context.Context, userID string, id ID) (*Session, error) {
	if err := checkUserID(userID); err != nil {
		return nil, err
	}
	s, gens, err := m.named(ctx, Credential{ID: id})
	switch {
	case errors.Is(err, ErrUnknown), errors.Is(err, ErrCorrupt), errors.Is(err, ErrRevoked):
		return nil, ErrNotFound
	case err != nil:
		return nil, fmt.Errorf("session: %w", err)
	case s.UserID != userID, m.over(s, gens, m.Now(), m.hub.find(s.ID)) != nil:
		return nil, ErrNotFound
	}
	return s, nil
}

// update changes one live session of the user; change may run again when
// another change came first.
func (m *Manager) update(ctx context.Context, userID string, id ID, change func(*Session) error) (*Session, error) {
	wctx, cancel := write(ctx)
	defer cancel()
	for n := range maxAttempts {
		s, err := m.mine(ctx, userID, id)
		if err != nil {
			return nil, err
		}
		s = s.Clone()
		if err := change(s); err != nil {
			return nil, err
		}
		err = m.store.Update(wctx, s)
		switch {
		case errors.Is(err, ErrConflict):
			yield(wctx, n)
			continue
		case errors.Is(err, ErrEnded), errors.Is(err, ErrUnknown):
			return nil, ErrNotFound
		case err != nil && !m.wasUpdated(ctx, s):
			return nil, fmt.Errorf("session: update: %w", err)
		}
		s.Version++
		return s, nil
	}
	return nil, fmt.Errorf("session: update: %w", ErrConflict)
}
