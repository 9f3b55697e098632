package session

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
)

// Config holds what a [Manager] can be told. The zero Config works and is
// safe.
type Config struct {
	// Preset names the limits. Defaults to PresetStandard.
	Preset Preset
	// Limits replaces single limits of the preset. Defaults to none replaced.
	Limits Limits
	// MaxPerUser bounds the live sessions of a user; at the next sign-in the
	// longest idle one gives way. Negative means no bound. Defaults to 100.
	MaxPerUser int
	// Retention is how long an ended session is kept to be shown as history.
	// Defaults to 28 days.
	Retention time.Duration
	// TouchInterval is how often activity of a session is noted. Idle limits
	// may come early by so much, never late. Defaults to a minute, or a
	// twentieth of the idle limit if that is shorter.
	TouchInterval time.Duration
	// FlushInterval is how long noted activity may wait in memory before it is
	// written. Defaults to 5 seconds.
	FlushInterval time.Duration

	// Locator finds places. Defaults to nil: no session has a place.
	Locator geo.Locator
	// Device tells the device from the hints. Defaults to device.Parse.
	Device func(device.Hints) device.Device
	// Addresses says what is kept of client addresses. Defaults to
	// AddressesFull.
	Addresses AddressPolicy
	// Assessor judges visits. Defaults to nil: nothing is suspicious.
	Assessor Assessor
	// Observers are told of every Event, in this order. Defaults to none.
	Observers []Observer
	// UserStatus, if set, is asked about the user of each request: it returns
	// nil, or ErrDisabled for somebody who may not be signed in any more. Any
	// other error is trouble and lets nobody in. Defaults to nil.
	UserStatus func(ctx context.Context, userID string) error
	// RevokeReused ends a session when a secret comes that was replaced long
	// ago. Somebody has a copy of an old cookie then: a thief, or a browser
	// restored from a backup. The request is refused in either case. Defaults
	// to false: it is only reported.
	RevokeReused bool

	// ProfileKeys seal what is remembered of each user: the devices they sign
	// in from, and their habits for the Assessor. The first seals, all of them
	// open; the last one makes the hashes, so drop it last. Each has at least 32
	// random bytes. The Store must have Profiles. Defaults to none: nothing is
	// remembered.
	ProfileKeys [][]byte

	// Logger is told of trouble that no caller sees. Defaults to discarding.
	Logger *slog.Logger
	// Now is the clock, the only one that is read. Defaults to time.Now.
	Now func() time.Time
}

// An AddressPolicy says what is kept of client addresses.
type AddressPolicy uint8

// The policies.
const (
	// AddressesFull keeps the address while the session is live, and only its
	// network once it has ended.
	AddressesFull AddressPolicy = iota
	// AddressesTruncated keeps only the network, always.
	AddressesTruncated
	// AddressesNone keeps neither.
	AddressesNone
)

// RotationGrace is how long the previous secret is still accepted once the
// next one was seen, for requests that were under way.
const RotationGrace = 30 * time.Second

// writeTimeout bounds a write, which goes on when the request that asked for
// it is gone.
const writeTimeout = 5 * time.Second

// A Manager starts, resumes and revokes sessions. It decides everything; the
// [Store] remembers. It is safe for concurrent use.
type Manager struct {
	store    Store
	cfg      Config
	limits   Limits
	profiles *profiles // nil if none are kept
	hub      Hub
	queue    touchQueue
	stats    counters
	fresh    func(context.Context) context.Context // set if store keeps copies
}

// A store that answers from copies has this method: it returns a context with
// which Get reads the original.
type cachingStore interface {
	Fresh(ctx context.Context) context.Context
}

// New returns a Manager that keeps its sessions in store. The error names the
// field of cfg that cannot be used.
func New(store Store, cfg Config) (*Manager, error) {
	if store == nil {
		return nil, errors.New("session: no Store")
	}
	limits, err := cfg.Preset.Limits()
	if err != nil {
		return nil, err
	}
	if limits, err = limits.over(cfg.Limits); err != nil {
		return nil, err
	}
	if cfg.Addresses > AddressesNone {
		return nil, fmt.Errorf("session: Config.Addresses: unknown policy %d", cfg.Addresses)
	}
	for _, f := range []struct {
		name string
		v    *time.Duration
		def  time.Duration
	}{
		{"Retention", &cfg.Retention, 28 * day},
		{"TouchInterval", &cfg.TouchInterval, min(time.Minute, limits.Idle/20)},
		{"FlushInterval", &cfg.FlushInterval, 5 * time.Second},
	} {
		if *f.v < 0 {
			return nil, fmt.Errorf("session: Config.%s: %v is negative", f.name, *f.v)
		}
		if *f.v == 0 {
			*f.v = f.def
		}
	}
	if cfg.MaxPerUser == 0 {
		cfg.MaxPerUser = 100
	}
	if cfg.Device == nil {
		cfg.Device = device.Parse
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.Observers = slices.Clone(cfg.Observers)
	profiles, err := newProfiles(store, cfg.ProfileKeys)
	if err != nil {
		return nil, err
	}
	m := &Manager{store: store, cfg: cfg, limits: limits, profiles: profiles}
	if c, ok := store.(cachingStore); ok {
		m.fresh = c.Fresh
	}
	return m, nil
}

// KeepsProfiles reports whether devices are recognised across sign-ins.
func (m *Manager) KeepsProfiles() bool { return m.profiles != nil }

// Limits returns the limits that are in force.
func (m *Manager) Limits() Limits { return m.limits }

// Now reads the Manager's clock, in UTC and to the millisecond.
func (m *Manager) Now() time.Time { return m.cfg.Now().UTC().Truncate(time.Millisecond) }

// Hub returns what cuts the open connections of sessions that end.
func (m *Manager) Hub() *Hub { return &m.hub }

// Resume returns the live session that c is a credential of. An error that is
// [ErrRefused] is a definite no; any other is trouble.
func (m *Manager) Resume(ctx context.Context, c Credential, from Origin) (*Session, error) {
	l := m.hub.pin(c.ID)
	defer m.hub.unpin(l)
	return m.resume(ctx, c, from, l)
}

// Open is Resume for the time of a request or connection: conn becomes its
// context, with ctx as the parent, and must be closed at the end. cut may be
// nil. If Open fails, conn is not open.
func (m *Manager) Open(ctx context.Context, c Credential, from Origin, conn *Conn, cut Cutter) (*Session, error) {
	// The live is pinned before the store is read: a revocation after the read
	// finds it and leaves its mark, which register sees.
	l := m.hub.pin(c.ID)
	s, err := m.resume(ctx, c, from, l)
	if err != nil {
		m.hub.unpin(l)
		return nil, err
	}
	conn.Context, conn.session, conn.live, conn.cutter = ctx, s, l, cut
	if err := l.register(conn); err != nil {
		m.hub.unpin(l)
		return nil, err
	}
	return s, nil
}

func (m *Manager) resume(ctx context.Context, c Credential, from Origin, l *live) (*Session, error) {
	s, gens, err := m.store.Get(ctx, c.ID)
	now := m.Now()
	if m.fresh != nil && (err != nil || s.Secrets.match(c.Hash, now) != secretCurrent || m.over(s, gens, now, l) != nil) {
		// A copy may be older than the last rotation, or than the last visit to
		// another instance: nobody is refused by it.
		s, gens, err = m.original(ctx, c.ID)
	}
	if err != nil {
		return nil, m.lookupFailed(ctx, c.ID, err)
	}
	which := s.Secrets.match(c.Hash, now)
	if which == secretWrong {
		m.stats.forged.Add(1)
		return nil, ErrForged
	}
	if err := m.over(s, gens, now, l); err != nil {
		m.stats.refused.Add(1)
		return nil, err
	}
	if which == secretReplaced {
		return nil, m.reused(ctx, s, from, now)
	}
	if m.cfg.UserStatus != nil {
		if err := m.cfg.UserStatus(ctx, s.UserID); err != nil {
			return nil, err
		}
	}
	if which == secretCurrent && s.Secrets.SeenAt.IsZero() {
		m.confirm(ctx, s, now)
	}
	m.visit(ctx, s, l, from, now)
	return s, nil
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
	m.stats.storeErrors.Add(1)
	return fmt.Errorf("session: resume: %w", err)
}

// over tells why s cannot be used any more, nil if it can.
func (m *Manager) over(s *Session, gens Generations, now time.Time, l *live) error {
	switch {
	case s.Ended != nil && s.Ended.Reason == ReasonExpired:
		return ErrExpired
	case s.Ended != nil, s.Generations != gens:
		return ErrRevoked
	case expired(s, now, l):
		return ErrExpired
	}
	return nil
}

// expired judges by the latest activity that is known, here or in the store.
func expired(s *Session, now time.Time, l *live) bool {
	if !now.Before(s.ExpiresAt) {
		return true
	}
	last := s.Last.At
	if l != nil {
		if at := l.lastAt(); at.After(last) {
			last = at
		}
	}
	return !now.Before(last.Add(s.IdleTimeout))
}

// which of a session's secrets a credential knows.
type which uint8

const (
	secretWrong    which = iota
	secretCurrent        // the one in force
	secretPrevious       // the one before, still good
	secretReplaced       // one that was good once
)

// match compares in constant time, all of them, so that the time tells nothing
// about which was nearest.
func (s *Secrets) match(h SecretHash, now time.Time) which {
	if h.IsZero() {
		return secretWrong
	}
	current := subtle.ConstantTimeCompare(s.Current[:], h[:])
	previous := subtle.ConstantTimeCompare(s.Previous[:], h[:])
	older := subtle.ConstantTimeCompare(s.Older[:], h[:])
	switch {
	case current == 1:
		return secretCurrent
	case previous == 1 && (s.SeenAt.IsZero() || now.Before(s.SeenAt.Add(RotationGrace))):
		return secretPrevious
	case previous == 1, older == 1:
		return secretReplaced
	}
	return secretWrong
}

// reused reports a secret that was replaced, and ends the session if the host
// wants that.
func (m *Manager) reused(ctx context.Context, s *Session, from Origin, now time.Time) error {
	m.stats.reused.Add(1)
	v := m.locate(ctx, Visit{At: now, Device: m.cfg.Device(from.Hints)}, from)
	m.notify(ctx, Event{Kind: EventReused, At: now, UserID: s.UserID, IDs: []ID{s.ID}, Session: s, Visit: &v})
	if m.cfg.RevokeReused {
		if _, err := m.revoke(ctx, Revocation{UserID: s.UserID, Only: []ID{s.ID}}, ReasonReused); err != nil {
			m.cfg.Logger.ErrorContext(ctx, "session: could not revoke after reuse", "session", s.ID, "error", err)
		}
	}
	return ErrReused
}

// write returns a context for a write: it keeps what ctx carries, but the
// client's going away does not cancel it.
func write(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
}

// notify tells the observers, once what e tells of is committed. One that panics does not keep the others, or the
// caller, from their work.
func (m *Manager) notify(ctx context.Context, e Event) {
	AfterCommit(ctx, func() {
		for _, o := range m.cfg.Observers {
			m.observe(ctx, o, e)
		}
	})
}

func (m *Manager) observe(ctx context.Context, o Observer, e Event) {
	defer func() {
		if p := recover(); p != nil {
			m.cfg.Logger.ErrorContext(ctx, "session: observer panicked", "event", e.Kind, "panic", p)
		}
	}()
	o.Observe(ctx, e)
}
