package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"time"
)

// forever is how long a foreign session lasts by default: until its issuer, or
// somebody here, ends it.
const forever = 100 * 365 * day

// attrParent is the attribute that holds the ID of a session's parent. It is an
// attribute and no field, since few sessions have one, and stores keep
// attributes as they are.
const attrParent = "signedin.parent"

// An Adoption is what is known of a token that another system issued.
type Adoption struct {
	UserID string
	// SignedIn says that the user has signed in just now. Defaults to false:
	// the token was found in use, and when its user last proved who they are is
	// not known.
	SignedIn bool
	// Replaces is the session that the client had until now. That of the same user
	// goes on under the new token ([Manager.Renewed]), with SignedIn as a new proof
	// of who the user is; another one ends. Defaults to none.
	Replaces *Session
	// Parent is the session, a foreign one too, of which this one is a part: it
	// ends with it. Defaults to none.
	Parent ID
	// DeviceID recognises the browser, as in [StartOptions], where the carrier can
	// have a cookie. Defaults to none.
	DeviceID DeviceID
	// ExpiresAt is when the issuer stops to accept the token. Defaults to never.
	ExpiresAt time.Time
	// IdleTimeout ends the session when it was not seen for so long. Defaults to
	// never: the issuer's limits count.
	IdleTimeout time.Duration
	// Persistent, Methods, Name, Issuer, Subject, SID and Attrs are as in
	// [StartOptions].
	Persistent           bool
	Methods              []string
	Name                 string
	Issuer, Subject, SID string
	Attrs                map[string]string
}

// Adopt starts the session of a token that another system issued, for the user
// whose it is by f. If the session is there already, it is returned as it is:
// of several that adopt at once, in whichever process, all get the same. One
// that was ended stays ended: that is [ErrRevoked] or [ErrExpired].
// It is [ErrOutdated] if all of the user's sessions are revoked meanwhile.
//
// No limits of ours apply to it, nor does [Config].MaxPerUser.
func (m *Manager) Adopt(ctx context.Context, c Credential, from Origin, f Adoption) (*Session, error) {
	if c != foreignCredential(c.Hash) {
		return nil, errors.New("session: adopt: the credential is not of ForeignCredential")
	}
	if s, renewed, err := m.adoptRenewed(ctx, c, f); renewed {
		return s, err
	}
	t, err := m.BeginSignIn(ctx, f.UserID)
	if err != nil {
		return nil, err
	}
	s, err := m.newForeign(ctx, t, c, from, f)
	if err != nil {
		return nil, err
	}
	adopted := Event{Kind: EventAdopted, At: s.First.At, UserID: s.UserID, IDs: []ID{s.ID}, Session: s, Visit: &s.First}
	m.noteCrowd(ctx, from.IP, s.UserID)
	learn := func() {}
	if f.SignedIn {
		adopted.Kind = EventStarted
		adopted.Verdict, learn = m.judgeSignIn(ctx, s, f.DeviceID)
		adopted = m.watched(ctx, adopted)
	} else if f.Parent == (ID{}) {
		learn = m.meet(ctx, s, f.DeviceID)
	}
	if _, part := s.Parent(); !part {
		m.place(ctx, s, nil)
	}
	wctx, cancel := write(ctx)
	defer cancel()
	counters, err := m.link(wctx, s, t)
	if err != nil {
		return nil, fmt.Errorf("session: adopt: %w", err)
	}
	switch err := m.store.Create(wctx, s); {
	case errors.Is(err, ErrExists):
		return m.adopted(ctx, c)
	case err != nil:
		return nil, fmt.Errorf("session: adopt: %w", err)
	}
	if err := m.linked(wctx, s, counters); err != nil {
		return nil, fmt.Errorf("session: adopt: %w", err)
	}
	m.stats.started.Add(1)
	learn()
	m.notify(ctx, adopted)
	if old := f.Replaces; old != nil {
		if err := m.Revoke(ctx, old.UserID, old.ID, ReasonReplaced); err != nil {
			m.cfg.Logger.ErrorContext(ctx, "session: the session that was replaced did not end", "session", old.ID, "error", err)
		}
	}
	return s, nil
}

// meet returns how to learn what a session tells of its user that was found in
// use: so users who were there before us are known at their next sign-in.
func (m *Manager) meet(ctx context.Context, s *Session, id DeviceID) (learn func()) {
	prof, known, ok := m.recognize(ctx, s, id)
	s.Familiarity = FamiliarityUnknown // nobody has signed in
	if !ok {
		return func() {}
	}
	verdict := m.assess(ctx, Case{Adopted: true, Session: s, Visit: s.First, Profile: prof.assessor})
	return func() { m.learn(ctx, s.UserID, prof.version, known, verdict) }
}

func (m *Manager) newForeign(ctx context.Context, t Ticket, c Credential, from Origin, f Adoption) (*Session, error) {
	name, err := cleanName(f.Name)
	if err != nil {
		return nil, err
	}
	if f.IdleTimeout < 0 {
		return nil, fmt.Errorf("session: adopt: Adoption.IdleTimeout: %v is negative", f.IdleTimeout)
	}
	now := t.At
	if f.ExpiresAt.IsZero() {
		f.ExpiresAt = now.Add(forever)
	}
	from = from.bounded()
	visit := m.locate(ctx, Visit{At: now, Device: m.cfg.Device(from.Hints)}, from)
	s := &Session{
		ID: c.ID, UserID: t.UserID, Carrier: CarrierForeign, Name: name,
		Issuer: f.Issuer, Subject: f.Subject, SID: f.SID,
		Secrets: Secrets{Current: c.Hash, RotatedAt: now, SeenAt: now},
		First:   visit, Last: visit,
		AuthenticatedAt: AuthTimeUnknown, Methods: f.Methods, Persistent: f.Persistent,
		ExpiresAt: time.UnixMilli(f.ExpiresAt.UnixMilli()).UTC(), IdleTimeout: cmp.Or(f.IdleTimeout, forever),
		Attrs: maps.Clone(f.Attrs), Generations: t.Generations, Version: 1,
	}
	if f.SignedIn {
		s.AuthenticatedAt = now
	}
	if f.Parent != (ID{}) {
		if s.Attrs == nil {
			s.Attrs = make(map[string]string)
		}
		s.Attrs[attrParent] = f.Parent.String()
	}
	return s.Clone(), nil
}

// adopted returns the session of c that is there already.
func (m *Manager) adopted(ctx context.Context, c Credential) (*Session, error) {
	s, gens, err := m.named(ctx, c)
	if err != nil {
		return nil, m.lookupFailed(ctx, c.ID, err)
	}
	if err := m.over(s, gens, m.Now(), m.hub.find(s.ID)); err != nil {
		return nil, err
	}
	switch s.Secrets.match(c.Hash) {
	case secretReplaced:
		return nil, ErrReused
	case secretWrong:
		return nil, ErrForged
	}
	return s, nil
}

// Parent returns the session of which s is a part, if it is one ([Adoption]).
func (s *Session) Parent() (id ID, ok bool) {
	text, ok := s.Attrs[attrParent]
	return id, ok && id.UnmarshalText([]byte(text)) == nil
}

// withParent judges a child by its parent too. So a child is over at the same
// moment, whatever becomes of ending it as well.
func (m *Manager) withParent(ctx context.Context, s *Session) error {
	id, ok := s.Parent()
	if !ok {
		return nil
	}
	p, gens, err := m.original(ctx, id)
	switch {
	case errors.Is(err, ErrUnknown):
		return ErrRevoked
	case err != nil:
		return fmt.Errorf("session: resume: parent: %w", err)
	}
	return m.over(p, gens, m.Now(), m.hub.find(id))
}

// endChildren ends, and cuts, what is a part of sessions that have ended. If it
// fails they are refused all the same ([Manager.withParent]).
func (m *Manager) endChildren(ctx context.Context, userID string, ended []ID, why Reason) {
	parents := make(map[ID]bool)
	for _, id := range ended {
		if isForeign(id) { // only those have children
			parents[id] = true
		}
	}
	if len(parents) == 0 {
		return
	}
	all, err := m.listAll(ctx, Query{UserID: userID, State: StateLive})
	r := Revocation{UserID: userID}
	for _, s := range all {
		if id, ok := s.Parent(); ok && parents[id] {
			r.Only = append(r.Only, s.ID)
		}
	}
	if err == nil && len(r.Only) > 0 {
		_, err = m.revoke(ctx, r, why)
	}
	if err != nil {
		m.cfg.Logger.ErrorContext(ctx, "session: parts of a session that ended were not ended with it", "user", userID, "error", err)
	}
}

// SetAttrs sets attributes of one of the user's live sessions, and leaves the
// others. An empty value takes one away. It returns [ErrNotFound] if there is
// no such session.
func (m *Manager) SetAttrs(ctx context.Context, userID string, id ID, attrs map[string]string) (*Session, error) {
	return m.update(ctx, userID, id, func(s *Session) error {
		if s.Attrs == nil {
			s.Attrs = make(map[string]string)
		}
		maps.Copy(s.Attrs, attrs)
		maps.DeleteFunc(s.Attrs, func(_, v string) bool { return v == "" })
		return nil
	})
}

// Disown says that the issuer of a token has refused it, so that it need
// not be known any more. Until then a token that was revoked here stays known,
// beyond [Config].Retention, or it would be taken for a new one and adopted.
//
// What is within the retention stays for as long.
func (m *Manager) Disown(ctx context.Context, c Credential) error {
	wctx, cancel := write(ctx)
	defer cancel()
	p := Purge{Remnants: []ID{c.ID}}
	if s, _, err := m.original(ctx, c.ID); err == nil {
		if _, renewed := s.renews(); renewed {
			p = Purge{UserID: s.UserID, Now: m.Now()}
		}
	}
	if _, err := m.store.Purge(wctx, p); err != nil {
		return fmt.Errorf("session: forget foreign: %w", err)
	}
	return nil
}
