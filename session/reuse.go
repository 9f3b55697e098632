package session

import (
	"context"
	"errors"
	"slices"
	"time"
)

// signalReused is the code of the [Signal] of a session of which a replaced
// secret was shown.
const signalReused = "session.reused"

// reuseNews is for how long a reuse is news: one that follows is not told of.
const reuseNews = day

var errTold = errors.New("session: told already")

// reused refuses a secret that was replaced. Somebody has a copy of it, a thief or
// a browser that was restored from a backup, and nobody can say which of the
// holders is the user (RFC 9700, 4.14.2): so each has to prove who they are, or
// the session ends, if the host wants that.
func (m *Manager) reused(ctx context.Context, s *Session, from Origin, now time.Time) error {
	if s.Secrets.wasJustReplaced(now) {
		m.stats.refused.Add(1)
		return ErrReused
	}
	m.stats.reused.Add(1)
	v := m.locate(ctx, Visit{At: now, Device: m.cfg.Device(from.bounded().Hints)}, from)
	verdict := &Verdict{Level: LevelAlert, Signals: []Signal{{
		Code: signalReused, Level: LevelAlert, At: now,
		Args: map[string]string{"session": s.ID.String()},
		Text: "An old copy of its sign-in was used: it was copied, or restored from a backup.",
	}}}
	e := Event{Kind: EventReused, At: now, UserID: s.UserID, IDs: []ID{s.ID}, Session: s, Visit: &v, Verdict: verdict}
	if m.cfg.RevokeReused {
		m.notify(ctx, e)
		if _, err := m.revoke(ctx, Revocation{UserID: s.UserID, Only: []ID{s.ID}}, ReasonReused); err != nil {
			m.cfg.Logger.ErrorContext(ctx, "session: could not revoke after reuse", "session", s.ID, "error", err)
		}
		return ErrReused
	}
	m.contain(ctx, e)
	return ErrReused
}

// contain suspends the session of a reuse and tells of it, once.
func (m *Manager) contain(ctx context.Context, e Event) {
	if e.Session.wasReused(e.At) {
		return
	}
	s, err := m.update(ctx, e.UserID, e.Session.ID, func(s *Session) error {
		if s.wasReused(e.At) {
			return errTold
		}
		s.Signals = append(s.Signals, e.Verdict.Signals...)
		s.boundSignals()
		s.Restriction = RestrictionSuspended
		return nil
	})
	switch {
	case errors.Is(err, errTold), errors.Is(err, ErrNotFound):
		return
	case err != nil: // who shows it again tries again
		m.cfg.Logger.ErrorContext(ctx, "session: could not suspend after reuse", "session", e.Session.ID, "error", err)
		return
	}
	e.Session = s
	m.hub.Cut(ErrSuspended, s.ID)
	m.notify(ctx, e)
	e.Kind = EventSuspended
	m.notify(ctx, e)
}

// wasReused reports whether a reuse was noted lately, answered or not.
func (s *Session) wasReused(now time.Time) bool {
	return slices.ContainsFunc(s.Signals, func(g Signal) bool { return g.Code == signalReused && now.Sub(g.At) < reuseNews })
}

// A Standing is what a credential is worth.
type Standing uint8

// The standings.
const (
	StandingUnknown  Standing = iota // there is no such session, or the secret is none of it
	StandingOver                     // of a session that is over
	StandingReplaced                 // a former secret of a live session
	StandingLive                     // a good secret of a live session, which may be suspended
)

// Standing returns what a credential is worth, and its session unless that is not
// known: for a client that shows several, and for a new sign-in to replace. It
// counts nothing and tells nobody, and lets nobody in: [Manager.Open] and
// [Manager.Resume] do.
func (m *Manager) Standing(ctx context.Context, c Credential) (Standing, *Session, error) {
	s, gens, err := m.named(ctx, c)
	switch {
	case errors.Is(err, ErrUnknown), errors.Is(err, ErrCorrupt):
		return StandingUnknown, nil, nil
	case err != nil:
		return StandingUnknown, nil, err
	}
	which := s.Secrets.match(c.Hash)
	switch {
	case which == secretWrong:
		return StandingUnknown, nil, nil
	case m.over(s, gens, m.Now(), m.hub.find(s.ID)) != nil:
		return StandingOver, s, nil
	case which == secretReplaced:
		return StandingReplaced, s, nil
	}
	return StandingLive, s, nil
}

// Tossed tells the observers that a client showed two cookies of one name, which
// say that they are of those sessions: somebody else set one of them, from a page
// of a neighbouring host, say. Nobody is asked whether that is so.
func (m *Manager) Tossed(ctx context.Context, ids []ID, from Origin) {
	now := m.Now()
	v := m.locate(ctx, Visit{At: now, Device: m.cfg.Device(from.bounded().Hints)}, from)
	m.notify(ctx, Event{Kind: EventTossed, At: now, IDs: ids, Visit: &v})
}
