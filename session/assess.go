package session

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// An Assessor judges whether a visit looks wrong. It is asked at each sign-in,
// and when a live session is seen on another network or device. It must be
// safe for concurrent use. An error allows the visit and is logged.
type Assessor interface {
	Assess(ctx context.Context, c Case) (Verdict, error)
}

// AssessorFunc lets a function be an [Assessor].
type AssessorFunc func(ctx context.Context, c Case) (Verdict, error)

// Assess calls f.
func (f AssessorFunc) Assess(ctx context.Context, c Case) (Verdict, error) { return f(ctx, c) }

// A Case is what an [Assessor] is asked about.
type Case struct {
	SignIn  bool     // the session starts now; else it is live and has moved
	Adopted bool     // neither: it was found in use, and there is nothing to judge, but to learn
	Session *Session // as it was before the visit; Familiarity is set at a sign-in
	Visit   Visit
	// Profile is what the Assessor last returned for this user, if profiles are
	// kept. The capacity behind it is the Assessor's to write into.
	Profile []byte
	// Since is when the Session got into question, for [Learner.Learn].
	Since time.Time
}

// A Verdict is what an [Assessor] found.
type Verdict struct {
	Level       Level
	Signals     []Signal
	Provisional bool // do not believe the sign-in yet
	// Profile, if not nil, is kept for the next Case of this user, if profiles
	// are kept: at most 1,280 bytes.
	Profile []byte
}

// A Level says how much a visit looks wrong.
type Level uint8

// The levels.
const (
	LevelNone Level = iota
	LevelNotice
	LevelAlert
	LevelHigh
)

// A Signal is one thing that looked unusual.
type Signal struct {
	Code  string            // stable, for programs and translations: "country.new"
	Text  string            // one plain sentence, in English
	Args  map[string]string // what the sentence speaks of
	Level Level
	At    time.Time
}

// moved tells that a live session is on another network, or used by another
// device, than at its last visit, which the store may not have yet. It returns
// the session as it is from then on.
func (m *Manager) moved(ctx context.Context, s *Session, last, v Visit) *Session {
	e := Event{Kind: EventMoved, At: v.At, UserID: s.UserID, IDs: []ID{s.ID}, Session: s, Visit: &v}
	if s.Support() != "" {
		m.notify(ctx, e)
		return s
	}
	before := s.Clone()
	before.Last = last
	habits, seen := m.habits(ctx, s.UserID)
	if verdict := m.assess(ctx, Case{Session: before, Visit: v, Profile: habits}); verdict != nil {
		e.Verdict = verdict
		s = m.addSignals(ctx, s, verdict)
		e.Session = s
		if verdict.Profile != nil {
			m.learn(ctx, s.UserID, seen, knownDevice{}, verdict)
		}
	}
	suspended := s.Restriction == RestrictionSuspended
	if suspended {
		m.hub.Cut(ErrSuspended, s.ID)
	}
	m.notify(ctx, m.watched(ctx, e))
	if suspended {
		e.Kind = EventSuspended
		m.notify(ctx, e)
	}
	return s
}

// restrict restricts a session whose visit looked very wrong, if the host wants
// that, and no more than to.
func (m *Manager) restrict(s *Session, v *Verdict, to Action) {
	switch {
	case v.Level < LevelHigh, m.cfg.OnHigh == ActionTell, s.Restriction == RestrictionSuspended:
	case min(to, m.cfg.OnHigh) == ActionSuspend:
		s.Restriction = RestrictionSuspended
	default:
		s.Restriction = RestrictionChallenge
	}
}

// habits returns what the Assessor keeps of a user.
func (m *Manager) habits(ctx context.Context, userID string) (blob []byte, version int64) {
	if m.profiles == nil || m.cfg.Assessor == nil {
		return nil, 0
	}
	prof, err := m.profiles.load(ctx, userID)
	if err != nil {
		m.cfg.Logger.WarnContext(ctx, "session: profile not read", "user", userID, "error", err)
	}
	return prof.assessor, prof.version
}

// assess asks the Assessor. It returns nil if there is nothing to say.
func (m *Manager) assess(ctx context.Context, c Case) *Verdict {
	if m.cfg.Assessor == nil {
		return nil
	}
	v, err := m.cfg.Assessor.Assess(ctx, c)
	if err != nil {
		m.cfg.Logger.WarnContext(ctx, "session: assessor failed, visit allowed", "session", c.Session.ID, "error", err)
		return nil
	}
	if v.Level == LevelNone && len(v.Signals) == 0 && !v.Provisional && v.Profile == nil {
		return nil
	}
	return &v
}

// maxSignals bounds the signals that a session keeps.
const maxSignals = 16

// boundSignals lets go of what was answered, then of what says least, then of
// what is oldest: a thief who moves about must not push out the alert.
func (s *Session) boundSignals() {
	open := func(g Signal) int {
		if g.At.After(s.ConfirmedAt) {
			return 1
		}
		return 0
	}
	for len(s.Signals) > maxSignals {
		least := 0
		for i, g := range s.Signals {
			if l := s.Signals[least]; cmp.Or(open(g)-open(l), int(g.Level)-int(l.Level)) < 0 {
				least = i
			}
		}
		s.Signals = slices.Delete(s.Signals, least, least+1)
	}
}

// addSignals notes what was found of a live session, and restricts it.
func (m *Manager) addSignals(ctx context.Context, s *Session, v *Verdict) *Session {
	if len(v.Signals) == 0 && (v.Level < LevelHigh || m.cfg.OnHigh == ActionTell) {
		return s
	}
	changed, err := m.update(ctx, s.UserID, s.ID, func(s *Session) error {
		for _, g := range v.Signals {
			if !g.At.After(s.ConfirmedAt) { // the answer came first and was not to this
				g.At = s.ConfirmedAt.Add(time.Millisecond)
			}
			s.Signals = append(s.Signals, g)
		}
		s.boundSignals()
		m.restrict(s, v, ActionSuspend)
		return nil
	})
	if err != nil {
		m.cfg.Logger.WarnContext(ctx, "session: signals not kept", "session", s.ID, "error", err)
		return s
	}
	return changed
}
