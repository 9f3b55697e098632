package session

import (
	"context"
	"errors"
	"fmt"
)

// An Answer is what a user says of a session that looked unusual.
type Answer string

// The answers.
const (
	AnswerConfirmed Answer = "confirmed" // "This was me"
	AnswerDenied    Answer = "denied"    // "This wasn't me"
	// AnswerCopied is said by nobody: a copy of the session, which is bound to a key,
	// was refused. Case.Visit is what was refused.
	AnswerCopied Answer = "copied"
)

// A Learner is what an [Assessor] may be besides: it is told what users say.
type Learner interface {
	// Learn returns the profile of the Case's user with the answer in it.
	// Case.Session is what was asked about, with its addresses; Case.Visit is
	// its latest visit, at the time of the answer (see AnswerCopied). An error leaves the profile
	// as it was, and is logged.
	Learn(ctx context.Context, c Case, a Answer) (profile []byte, err error)
}

// Confirm says that a session of the user's was started, and moved, by the user
// ("This was me"): it is believed at once, what looked unusual about it is
// answered, and the Assessor learns from it. A session that is suspended can be
// used again.
//
// It is said in the session by, which must be older than what is in question,
// or be the session itself once its user has proved again who they are
// ([Session.MayJudge]); else it is [ErrNotOlder]. If either is not a live session
// of the user, it is [ErrNotFound].
func (m *Manager) Confirm(ctx context.Context, userID string, id, by ID) (*Session, error) {
	judge, err := m.mine(ctx, userID, by)
	if err != nil {
		return nil, err
	}
	var before *Session
	now := m.Now()
	s, err := m.update(ctx, userID, id, func(s *Session) error {
		if before = s.Clone(); s.ID == judge.ID {
			judge = before
		}
		if !judge.MayJudge(s) {
			return ErrNotOlder
		}
		s.Provisional, s.Restriction, s.ConfirmedAt = false, RestrictionNone, now
		return nil
	})
	if err != nil || !before.InQuestion() {
		return s, err
	}
	m.teach(ctx, m.withLatest(before), AnswerConfirmed)
	m.notify(ctx, Event{Kind: EventConfirmed, At: now, UserID: userID, IDs: []ID{id}, Session: s})
	return s, nil
}

// Deny says that a session was not started, or not moved, by the user ("This
// wasn't me"): it ends at once with [ReasonDenied], its device is not known any
// more, and what was first learnt since is forgotten. The [EventDenied] is for
// the host to ask for a new password. The other sessions stay.
//
// It is said in the session by, another one that is believed itself, or else it
// is [ErrNotOlder]; the zero ID stands for the host, which has seen by other
// means that it is the user. If it is not a live session of the user, it is
// [ErrNotFound]: of several who deny, one succeeds.
func (m *Manager) Deny(ctx context.Context, userID string, id, by ID) error {
	s, err := m.mine(ctx, userID, id)
	if err != nil {
		return err
	}
	end := Revocation{UserID: userID, Only: []ID{id}, Ending: Ending{By: bySystem}}
	if by != (ID{}) {
		judge, err := m.mine(ctx, userID, by)
		if err != nil {
			return err
		}
		if by == id || !judge.Believed() {
			return ErrNotOlder
		}
		end.Ending.By = by.String()
	}
	s = m.withLatest(s)
	if err := m.endDenied(ctx, id, end); err != nil {
		return err
	}
	m.teach(ctx, s, AnswerDenied)
	m.notify(ctx, Event{Kind: EventDenied, At: m.Now(), UserID: userID, IDs: []ID{id}, Session: s})
	return nil
}

// endDenied ends the one session of end.
func (m *Manager) endDenied(ctx context.Context, id ID, end Revocation) error {
	done, err := m.revoke(ctx, end, ReasonDenied)
	switch {
	case err != nil && !m.wasDenied(ctx, id, end.Ending.By):
		return err
	case err != nil: // or else nobody would be asked for a new password
		end.Ending = m.ending(ctx, end, ReasonDenied)
		AfterCommit(ctx, func() { m.revoked(ctx, end, Revoked{IDs: end.Only, Count: len(end.Only)}) })
	case len(done.IDs) == 0:
		return ErrNotFound
	}
	return nil
}

// teach tells the Assessor what the user said of s, and forgets the device if
// it was denied. If that cannot be kept now, the answer stands all the same.
func (m *Manager) teach(ctx context.Context, s *Session, a Answer) {
	c := Case{SignIn: true, Session: s, Visit: s.Last, Since: s.doubtedAt()}
	c.Visit.At = m.Now()
	m.tellLearner(ctx, c, a)
}

func (m *Manager) tellLearner(ctx context.Context, c Case, a Answer) {
	wctx, cancel := write(ctx)
	defer cancel()
	s := c.Session
	learner, _ := m.cfg.Assessor.(Learner)
	var failed error
	err := m.changeProfile(wctx, s.UserID, func(p *profile) (changed bool) {
		changed = a == AnswerDenied && p.forget(s.DeviceKey)
		if learner == nil {
			return changed
		}
		c.Profile = p.assessor
		var learnt []byte
		if learnt, failed = learner.Learn(wctx, c, a); failed != nil {
			return changed
		}
		p.assessor = learnt
		return true
	})
	if err = errors.Join(err, failed); err != nil {
		m.cfg.Logger.ErrorContext(ctx, "session: answer not learnt", "session", s.ID, "answer", a, "error", fmt.Errorf("session: learn: %w", err))
	}
}
