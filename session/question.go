package session

import (
	"slices"
	"time"
)

// A Restriction is what a session may not be used for until its user has proved
// again who they are.
type Restriction string

// The restrictions.
const (
	RestrictionNone Restriction = ""
	// RestrictionChallenge has every proof of the session count as too old for
	// what asks for a recent one ([Session.ProvedSince]).
	RestrictionChallenge Restriction = "challenge"
	// RestrictionSuspended has [Manager.Resume] refuse the session with
	// ErrSuspended.
	RestrictionSuspended Restriction = "suspended"
)

// OpenSignals returns the signals that the user has not answered yet.
func (s *Session) OpenSignals() (open []Signal) {
	for _, g := range s.Signals {
		if g.At.After(s.ConfirmedAt) {
			open = append(open, g)
		}
	}
	return open
}

// doubtFor is for how long a sign-in or a visit that looked wrong keeps its
// session from being believed.
const doubtFor = 7 * day

// isDoubted reports whether s has not been used for long enough since t.
func (s *Session) isDoubted(t time.Time) bool { return s.Last.At.Sub(t) < doubtFor }

// InQuestion reports whether it is worth asking the user "Was this you?".
func (s *Session) InQuestion() bool {
	return s.Provisional || s.Restriction != RestrictionNone || len(s.OpenSignals()) > 0 ||
		s.Familiarity == FamiliarityNew && s.ConfirmedAt.IsZero()
}

// doubtedAt returns since when s is in question: the sign-in, or the visit of a
// live session that looked unusual first.
func (s *Session) doubtedAt() time.Time {
	open := s.OpenSignals()
	if len(open) == 0 {
		return s.First.At
	}
	at := open[0].At
	for _, g := range open {
		if g.At.Before(at) {
			at = g.At
		}
	}
	return at
}

// Believed reports whether nothing puts s itself into doubt: its sign-in is
// believed, it is not restricted, and since its user last proved who they are,
// no visit has looked so wrong as to be an alert. What nobody has denied for
// seven days of use is believed. A session of support is not the user's.
func (s *Session) Believed() bool {
	return s.Support() == "" && !(s.Provisional && s.isDoubted(s.First.At)) && s.Restriction == RestrictionNone &&
		!slices.ContainsFunc(s.OpenSignals(), func(g Signal) bool {
			return g.Level >= LevelAlert && g.At.After(s.AuthenticatedAt) && s.isDoubted(g.At)
		})
}

// MayJudge reports whether the user may be told in s why o looks unusual, and
// may say there that it was them: s must be believed itself, and must be older
// than what is in question about o, or it is o itself and the user has proved
// since who they are, by more than a password if it is about the sign-in.
// Otherwise a stranger could vouch for themselves.
func (s *Session) MayJudge(o *Session) bool {
	switch {
	case s.UserID != o.UserID, s.Ended != nil, !s.Believed():
		return false
	case s.ID == o.ID:
		latest := o.doubtedAt()
		for _, g := range o.OpenSignals() {
			if g.At.After(latest) {
				latest = g.At
			}
		}
		// A stranger who signed in has the password too; who holds a copied
		// cookie has not.
		return s.AuthenticatedAt.After(latest) && (o.doubtedAt().After(o.First.At) || proveMore(s.Methods))
	}
	return s.First.At.Before(o.doubtedAt())
}

// ProvedSince reports whether the user has proved at t or later who they are,
// and nothing has put that into doubt.
func (s *Session) ProvedSince(t time.Time) bool {
	return s.Restriction == RestrictionNone && !s.AuthenticatedAt.Before(t)
}

// knowledge are the methods of RFC 8176 that prove only that a secret is known,
// which whoever has stolen it can do again.
var knowledge = []string{"pwd", "pin", "kba", "rba", "geo", "user"}

// proveMore reports whether a proof by these methods says more than that a
// stranger has the password.
func proveMore(methods []string) bool {
	return slices.ContainsFunc(methods, func(m string) bool { return !slices.Contains(knowledge, m) })
}
