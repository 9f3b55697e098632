package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

const (
	maxUserID = 255 // bytes; fits an index of every database
)

// MaxTicketAge is how long a [Ticket] lasts.
const MaxTicketAge = time.Hour

// A Ticket says under which generations a sign-in began. It lasts an hour. It
// is no secret of the server's, but it must not come from the client as it is:
// seal it, or keep it on the server, if a sign-in takes several requests.
type Ticket struct {
	UserID      string
	Generations Generations
	At          time.Time

	// Issued and Counters are of [Manager.BeginIssued].
	Issued   Issued
	Counters []int64
}

// StartOptions are the particulars of a new session. The zero StartOptions are
// of a cookie that ends with the browser.
type StartOptions struct {
	// Carrier is where the token will travel. Defaults to CarrierCookie.
	Carrier Carrier
	// Persistent keeps the session beyond the browser's own ("keep me signed
	// in"). Defaults to false.
	Persistent bool
	// Shared is for a shared or public computer: never persistent, and at most
	// an hour idle. Defaults to false.
	Shared bool
	// Methods says how the user proved who they are, in the terms of RFC 8176:
	// "pwd", "otp". Defaults to none.
	Methods []string
	// Name is shown instead of the device's label. Defaults to none.
	Name string
	// AuthenticatedAt is when the user proved who they are, if that was earlier,
	// at an identity provider: the absolute limit counts from it. With
	// [AuthTimeUnknown] it counts from now, and no proof is recent. Defaults to now.
	AuthenticatedAt time.Time
	// Issuer, Subject and SID are the iss, sub and sid of the identity
	// provider. Default to those of the ticket ([Manager.BeginIssued]).
	Issuer, Subject, SID string
	// Support is who is about to use the account for its user, by your own name for
	// them: somebody who helps ("view as user"). The user sees the session, as
	// "Support" or by Name, and can end it; no mail tells of it, it is judged by no
	// Assessor, and nothing is learnt from it. It counts as no proof of who the user
	// is and cannot prove it, so that step-up stays shut; it may not say of others
	// whether they are the user's; it ends no other for [Config].MaxPerUser, and
	// itself after an hour. Defaults to none: it is the user.
	Support string
	// Attrs are a few facts for the application itself. Defaults to none.
	Attrs map[string]string
	// DeviceID recognises the browser, where profiles are kept. Defaults to none.
	DeviceID DeviceID
	// Replaces is the session that the client had until now, of whichever
	// user. It is ended once the new one has started. Defaults to none.
	Replaces *Session
}

// BeginSignIn returns the ticket with which [Manager.Start] finishes the
// sign-in. Call it before anything that proves who the user is has been read,
// the stored password hash above all: if all of the user's sessions are
// revoked in between, as by a change of the password, Start refuses.
//
// It takes the same time for a user that does not exist.
func (m *Manager) BeginSignIn(ctx context.Context, userID string) (Ticket, error) {
	if err := checkUserID(userID); err != nil {
		return Ticket{}, err
	}
	gens, err := m.store.Generation(ctx, userID)
	if err != nil {
		return Ticket{}, fmt.Errorf("session: begin sign-in: %w", err)
	}
	return Ticket{UserID: userID, Generations: gens, At: m.Now()}, nil
}

// Start starts a session for the user of the ticket, who has now proved who
// they are. The token is returned this once and is stored nowhere. It is
// [ErrDisabled] for a user whom [Config].UserStatus refuses. It returns
// [ErrOutdated] if all of the user's sessions were revoked since BeginSignIn,
// or if that was longer than an hour ago.
func (m *Manager) Start(ctx context.Context, t Ticket, from Origin, o StartOptions) (*Session, Token, error) {
	now := m.Now()
	if err := checkTicket(t, now); err != nil {
		return nil, Token{}, err
	}
	if err := plain(m.permitted(ctx, t.UserID)); err != nil {
		return nil, Token{}, fmt.Errorf("session: start: %w", err)
	}
	s, token, err := m.newSession(ctx, t, from, o, now)
	if err != nil {
		return nil, Token{}, err
	}
	var verdict *Verdict
	var former []ID
	learn := func() {}
	if o.Support == "" {
		m.noteCrowd(ctx, from.IP, s.UserID)
		verdict, learn = m.judgeSignIn(ctx, s, o.DeviceID)
		former = m.place(ctx, s, o.Replaces)
	}
	wctx, cancel := write(ctx)
	defer cancel()
	counters, err := m.link(wctx, s, t)
	if err != nil {
		return nil, Token{}, fmt.Errorf("session: start: %w", err)
	}
	if err := m.store.Create(wctx, s); err != nil && (errors.Is(err, ErrOutdated) || !m.wasCreated(ctx, s)) {
		return nil, Token{}, fmt.Errorf("session: start: %w", err)
	}
	if err := m.linked(wctx, s, counters); err != nil {
		return nil, Token{}, fmt.Errorf("session: start: %w", err)
	}
	m.stats.started.Add(1)
	learn()
	m.notify(ctx, m.watched(ctx, Event{Kind: EventStarted, At: now, UserID: s.UserID, IDs: []ID{s.ID}, Session: s, Visit: &s.First, Verdict: verdict}))
	if old := o.Replaces; old != nil {
		if err := m.Revoke(ctx, old.UserID, old.ID, ReasonReplaced); err != nil {
			m.cfg.Logger.ErrorContext(ctx, "session: the session that was replaced did not end", "session", old.ID, "error", err)
		}
	}
	m.replaced(ctx, s, former)
	if o.Support == "" {
		m.evict(ctx, s)
	}
	return s, token, nil
}

// judgeSignIn notes on s what the Assessor says of a sign-in, and returns it
// with what is to be learnt once s is stored.
func (m *Manager) judgeSignIn(ctx context.Context, s *Session, id DeviceID) (verdict *Verdict, learn func()) {
	prof, known, recognized := m.recognize(ctx, s, id)
	verdict = m.assess(ctx, Case{SignIn: true, Session: s, Visit: s.First, Profile: prof.assessor})
	if verdict != nil {
		s.Signals, s.Provisional = verdict.Signals, verdict.Provisional
		m.restrict(s, verdict, ActionChallenge)
	}
	return verdict, func() {
		if recognized {
			m.learn(ctx, s.UserID, prof.version, known, verdict)
		}
	}
}

// learn keeps what a visit has taught: d, if it is a device, and what v learnt
// from the profile of the version that was seen. If that has changed meanwhile,
// v may not know of an answer or an erasure, and is not kept.
func (m *Manager) learn(ctx context.Context, userID string, seen int64, d knownDevice, v *Verdict) {
	err := m.changeProfile(ctx, userID, func(p *profile) (changed bool) {
		if d.key != (DeviceKey{}) {
			p.devices, changed = p.devices.with(d), true
		}
		if v != nil && v.Profile != nil && p.version == seen {
			p.assessor, changed = v.Profile, true
		}
		return changed
	})
	if err != nil { // it is learnt the next time
		m.cfg.Logger.WarnContext(ctx, "session: profile not saved", "user", userID, "error", err)
	}
}

func (m *Manager) newSession(ctx context.Context, t Ticket, from Origin, o StartOptions, now time.Time) (*Session, Token, error) {
	carrier := cmp.Or(o.Carrier, CarrierCookie)
	if carrier != CarrierCookie && carrier != CarrierBearer {
		return nil, Token{}, fmt.Errorf("session: StartOptions.Carrier: unknown carrier %q", string(carrier))
	}
	name, err := cleanName(o.Name)
	if err != nil {
		return nil, Token{}, err
	}
	issued, err := t.issued(o)
	if err != nil {
		return nil, Token{}, err
	}
	authenticated, err := m.authenticatedAt(o.AuthenticatedAt, now)
	if err != nil {
		return nil, Token{}, err
	}
	id, err := uuid.NewRandom() // not NewV7, which tells everybody who reads it when that was
	if err != nil {
		return nil, Token{}, fmt.Errorf("session: start: %w", err)
	}
	idle := m.limits.Idle
	if o.Shared {
		idle = min(idle, sharedIdle)
	}
	token := newToken(id)
	from = from.bounded()
	visit := m.locate(ctx, Visit{At: now, Device: m.cfg.Device(from.Hints)}, from)
	s := &Session{
		ID: id, UserID: t.UserID, Carrier: carrier, Name: name,
		Issuer: issued.Issuer, Subject: issued.Subject, SID: issued.SID,
		Secrets: Secrets{Current: token.Credential().Hash, RotatedAt: now, SeenAt: now},
		First:   visit, Last: visit,
		AuthenticatedAt: authenticated, Methods: o.Methods,
		Persistent: o.Persistent && !o.Shared, Shared: o.Shared,
		ExpiresAt: m.absoluteEnd(authenticated, now), IdleTimeout: idle,
		Attrs: o.Attrs, Generations: t.Generations, Version: 1,
	}
	s.support(o.Support)
	return s.Clone(), token, nil // the caller keeps its slices and maps
}

// issued returns the names that the new session has of its identity provider.
func (t Ticket) issued(o StartOptions) (Issued, error) {
	i := Issued{Issuer: o.Issuer, Subject: o.Subject, SID: o.SID}
	if i.IsZero() || t.Issued.IsZero() || i == t.Issued {
		return cmp.Or(i, t.Issued), nil
	}
	return Issued{}, errors.New("session: start: the ticket is for another Issuer, Subject or SID than StartOptions")
}

// AuthTimeUnknown is when a user proved who they are, if nobody knows.
var AuthTimeUnknown = time.UnixMilli(0).UTC()

// authenticatedAt is when a proof of the time at counts as given: not in the
// future, whatever another clock says. It is [ErrOutdated] if a session of that
// proof would be over by now.
func (m *Manager) authenticatedAt(at, now time.Time) (time.Time, error) {
	if at.IsZero() || at.After(now) {
		return now, nil
	}
	at = time.UnixMilli(at.UnixMilli()).UTC()
	if !m.absoluteEnd(at, now).After(now) {
		return at, fmt.Errorf("%w: the user proved who they are %v ago, longer than a session lasts", ErrOutdated, now.Sub(at).Round(time.Second))
	}
	return at, nil
}

func (m *Manager) absoluteEnd(authenticated, now time.Time) time.Time {
	if authenticated.Equal(AuthTimeUnknown) {
		authenticated = now
	}
	return authenticated.Add(m.limits.Absolute)
}

func checkTicket(t Ticket, now time.Time) error {
	if t.At.IsZero() {
		return errors.New("session: start: no ticket; call BeginSignIn before the password is checked")
	}
	if err := checkUserID(t.UserID); err != nil {
		return err
	}
	if now.Sub(t.At) > MaxTicketAge {
		return fmt.Errorf("%w: the ticket is older than %v", ErrOutdated, MaxTicketAge)
	}
	if t.At.Sub(now) > MaxTicketAge { // by a clock that has been set back: it would outlive the counter
		return fmt.Errorf("%w: the ticket is of a time to come", ErrOutdated)
	}
	return nil
}

func checkUserID(id string) error {
	switch {
	case strings.TrimSpace(id) == "":
		return errors.New("session: user ID is blank")
	case len(id) > maxUserID:
		return fmt.Errorf("session: user ID is longer than %d bytes", maxUserID)
	case !utf8.ValidString(id) || strings.ContainsRune(id, 0):
		return errors.New("session: user ID is not text")
	}
	return nil
}
