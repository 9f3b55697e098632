package session

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Resume returns the live session that c is a credential of. An error that is
// [ErrRefused] is a definite no; any other is trouble. With [ErrSuspended] it
// returns the session too, which signs nobody in: for a new sign-in to replace.
func (m *Manager) Resume(ctx context.Context, c Credential, from Origin) (*Session, error) {
	l := m.hub.pin(c.ID)
	defer m.hub.unpin(l)
	s, _, _, err := m.resume(ctx, c, from, l)
	if to, renewed := errors.AsType[renewedError](err); renewed {
		s, err = m.Resume(ctx, Credential{ID: to.to, Hash: c.Hash}, from)
		return s, nameless(err)
	}
	return s, plain(err)
}

// Open is Resume for the time of a request or connection: conn becomes its
// context, with ctx as the parent, and must be closed at the end. cut is as
// [Door].Cut, or nil. If Open fails, conn is not open.
func (m *Manager) Open(ctx context.Context, c Credential, from Origin, conn *Conn, cut func(cause error)) (*Session, error) {
	var door *Door
	if cut != nil {
		door = &Door{Cut: func(_ *Conn, cause error) { cut(cause) }}
	}
	s, err := m.OpenDoor(ctx, c, from, conn, door, nil)
	return s, plain(err)
}

// OpenDoor is Open for a transport that has a [Door] for all its connections;
// transport is what it keeps of this one ([Conn.Transport]). For a session that is
// over the error is an [*EndedError], which says why.
func (m *Manager) OpenDoor(ctx context.Context, c Credential, from Origin, conn *Conn, door *Door, transport any) (*Session, error) {
	if conn.more.Load() != nil {
		return nil, errOpenedTwice
	}
	// The live is pinned before the store is read: a revocation after the read
	// finds it and leaves its mark, which register sees.
	l := m.hub.pin(c.ID)
	defer m.hub.unpin(l)
	since := m.hub.bumps.n.Load()
	s, hold, rotate, err := m.resume(ctx, c, from, l)
	if to, renewed := errors.AsType[renewedError](err); renewed {
		s, err = m.OpenDoor(ctx, Credential{ID: to.to, Hash: c.Hash}, from, conn, door, transport)
		return s, nameless(err)
	}
	if err != nil {
		return nil, err
	}
	conn.Context, conn.view, conn.door, conn.transport = ctx, l.viewOf(s, hold), door, transport
	m.limitOpen(conn, l, s, m.Now().UnixMilli())
	if rotate {
		conn.more.Store(&more{rotate: true})
	}
	if err := l.register(conn); err != nil {
		return nil, err
	}
	if ended, known := m.hub.bumps.overtook(since, s); !known || ended {
		// A revocation of many has ended it meanwhile, if what was heard of one is
		// true: the store knows. What is heard from now on finds conn open, and has
		// the store asked: a flood of messages keeps nobody waiting.
		if _, _, _, err := m.resume(ctx, c, from, l); err != nil {
			conn.Close()
			return nil, err
		}
	}
	return s, nil
}

// resume returns the session, and its handle if the store has one.
func (m *Manager) resume(ctx context.Context, c Credential, from Origin, l *live) (s *Session, hold Handle, rotate bool, err error) {
	now := m.Now()
	s, gens, hold, err := m.recall(ctx, c, l, now)
	if m.fresh != nil && (err != nil || s.Secrets.match(c.Hash) != secretCurrent || s.Restriction == RestrictionSuspended || m.over(s, gens, now, l) != nil || m.needsProof(s, c.Proof, now)) {
		// A copy may be older than the last rotation, or than the last visit to
		// another instance: nobody is refused by it.
		s, gens, hold, err = m.read(m.fresh(ctx), c.ID)
	}
	if err != nil {
		return nil, nil, false, m.lookupFailed(ctx, c.ID, err)
	}
	if to, renewed := s.renews(); renewed {
		return nil, nil, false, renewedError{to}
	}
	which, err := m.admit(ctx, s, gens, c, from, l, now)
	if err != nil {
		return nil, nil, false, err
	}
	read := s
	if which == secretCurrent && s.Secrets.isNews(now) || s.bindingIsNews(c.Proof) {
		s = m.confirm(ctx, s, which, c.Proof, now)
	}
	if s.Restriction != RestrictionSuspended {
		s = m.visit(ctx, s, l, from, now)
	}
	if s.Restriction == RestrictionSuspended {
		m.stats.refused.Add(1)
		return s, nil, false, ErrSuspended
	}
	if s.Version != read.Version { // the handle is of what it was
		hold = nil
	}
	if strict := m.inForce(s); strict != s { // and is judged anew each time
		return strict, nil, m.rotationDue(s, which, now), nil
	}
	if hold != nil {
		l.viewOf(s, hold) // for the next one
	}
	return s, hold, m.rotationDue(s, which, now), nil
}

// recall reads a session, unless its handle says that it is as this process has
// seen it last. That one may have its time from before a visit elsewhere, so nobody
// is refused by it.
func (m *Manager) recall(ctx context.Context, c Credential, l *live, now time.Time) (*Session, Generations, Handle, error) {
	if v := l.view.Load(); v != nil && v.hold != nil &&
		v.s.Secrets.match(c.Hash) == secretCurrent && v.s.Restriction != RestrictionSuspended && m.over(v.s, v.s.Generations, now, l) == nil {
		ok, err := m.holds(ctx, v.hold)
		if ok || err != nil {
			return v.s, v.s.Generations, v.hold, err
		}
	}
	return m.read(ctx, c.ID)
}

// read reads a session from the store, with its handle if there is one.
func (m *Manager) read(ctx context.Context, id ID) (*Session, Generations, Handle, error) {
	if m.handles != nil {
		return m.hold(ctx, id)
	}
	s, gens, err := m.store.Get(ctx, id)
	return s, gens, nil, err
}

// admit judges a credential for the session that was found by it.
func (m *Manager) admit(ctx context.Context, s *Session, gens Generations, c Credential, from Origin, l *live, now time.Time) (which, error) {
	which := s.Secrets.match(c.Hash)
	if which == secretWrong && !(s.Carrier == CarrierForeign && s.Ended != nil) { // a Remnant has no secret
		m.stats.forged.Add(1)
		return which, ErrForged
	}
	err := m.over(s, gens, now, l)
	if err == nil {
		err = m.withParent(ctx, s)
	}
	if err != nil {
		m.countRefused(err)
		return which, withReason(s, err)
	}
	if err := m.proved(ctx, s, c.Proof, from, now); err != nil { // before a reuse, which would suspend it
		return which, err
	}
	if which == secretReplaced {
		return which, m.reused(ctx, s, from, now)
	}
	return which, m.permitted(ctx, s.UserID)
}

func (m *Manager) countRefused(err error) {
	if errors.Is(err, ErrRefused) { // else its parent could not be read
		m.stats.refused.Add(1)
	}
	if errors.Is(err, ErrExpired) {
		m.stats.refusedExpired.Add(1)
	}
}

// original reads a session from where it is kept, not from a copy of it: for
// changes and for refusals.
func (m *Manager) original(ctx context.Context, id ID) (*Session, Generations, error) {
	if m.fresh != nil {
		ctx = m.fresh(ctx)
	}
	return m.store.Get(ctx, id)
}

func (m *Manager) lookupFailed(ctx context.Context, id ID, err error) error {
	switch {
	case errors.Is(err, ErrUnknown):
		m.stats.unknown.Add(1)
		return ErrUnknown
	case errors.Is(err, ErrCorrupt):
		m.cfg.Logger.ErrorContext(ctx, "session: refused a stored session that cannot be decoded", "session", id, "error", err)
		return ErrUnknown
	}
	return fmt.Errorf("session: resume: %w", err)
}

// over tells why s cannot be used any more, nil if it can.
func (m *Manager) over(s *Session, gens Generations, now time.Time, l *live) error {
	switch {
	case s.Ended != nil && s.Ended.Reason == ReasonExpired:
		return ErrExpired
	case s.Ended != nil, s.Generations != gens:
		return ErrRevoked
	case m.expired(s, now, l):
		return ErrExpired
	}
	return nil
}
