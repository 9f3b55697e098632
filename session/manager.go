package session

import (
	"context"
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
	//
	// Stricter ones hold at once for all sessions but foreign ones, laxer ones for
	// sessions to come. A session that has expired by stricter ones can be used again
	// if they are corrected within ten minutes; then Run ends it for good.
	Limits Limits
	// MaxPerUser bounds the live sessions of a user; at the next sign-in the
	// longest idle one gives way, or the longest idle 100 if they are far more;
	// Run ends the rest, and within a day what is beyond a bound that has become
	// smaller. Negative means no bound. Defaults to 100.
	MaxPerUser int
	// MaxFor, if set, is asked for the bound of a user, by their plan: 0 means
	// MaxPerUser, negative no bound. Defaults to nil.
	MaxFor func(ctx context.Context, userID string) int
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
	// WatchMode is for how long a site that has just begun to assess visits, because it
	// was launched or its users were imported, only watches: visits are assessed
	// and listed, and observers that tell people, such as session/notice, hold back
	// what is below LevelHigh. Since when is kept in the store, beside the profiles,
	// and [Manager.EndWatchMode] ends it. Negative means not at all. Defaults to 14
	// days.
	WatchMode time.Duration
	// OnHigh is what follows when the Assessor's verdict is LevelHigh. Defaults
	// to ActionTell.
	OnHigh Action
	// Observers are told of every Event, in this order. Defaults to none.
	Observers []Observer
	// UserStatus, if set, is asked about the user of each sign-in and request, and
	// each FlushInterval about each user of whom something is open: it returns nil,
	// or ErrDisabled for somebody who may not be signed in any more, whose sessions
	// then all end ([Manager.Disable]). Any other error is trouble and lets nobody
	// in. Defaults to nil.
	UserStatus func(ctx context.Context, userID string) error
	// RevokeReused ends a session when a secret comes that was replaced long
	// ago. Somebody has a copy of an old cookie then: a thief, or a browser
	// restored from a backup. The request is refused in either case. Defaults
	// to false: the session is suspended ([RestrictionSuspended]), so whoever
	// holds it has to sign in anew, or confirm it in an older session.
	RevokeReused bool

	// BoundLifetime is for how long a session that is bound to a key of its device
	// ([Manager.Bind]) can be used after a proof of that key; of a proof up to half
	// of it more is taken, since clocks differ. A copy of its cookies is worth
	// nothing after that. Browsers sign at most six times in some minutes. Defaults to 5
	// minutes.
	BoundLifetime time.Duration
	// BoundOpen is for how long a request or connection of such a session may stay
	// open until it has to be made anew, with a proof: Run cuts it then. Defaults to
	// 15 minutes.
	BoundOpen time.Duration

	// ProfileKeys seal what is remembered of each user: the devices they sign
	// in from, and their habits for the Assessor. The first seals, all of them
	// open. Each has at least 32 random bytes. The Store must have Profiles. Defaults to none: nothing is
	// remembered.
	ProfileKeys Keys

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

// An Action is what the Manager does by itself when a visit looks very wrong.
// Whichever it is, the observers are told, and no other session is touched.
type Action uint8

// The actions.
const (
	// ActionTell does nothing else.
	ActionTell Action = iota
	// ActionChallenge has the session ask for a new proof before whatever asks
	// for a recent one ([RestrictionChallenge]).
	ActionChallenge
	// ActionSuspend suspends a live session that has moved, until its user signs
	// in anew or confirms it in an older session ([RestrictionSuspended]).
	// Whoever can do neither is locked out of that session. A sign-in is
	// challenged and not suspended: the next one would look as wrong.
	ActionSuspend
)

// writeTimeout bounds a write, which goes on when the request that asked for
// it is gone.
const writeTimeout = 5 * time.Second

// A Manager starts, resumes and revokes sessions. It decides everything; the
// [Store] remembers. It is safe for concurrent use.
type Manager struct {
	store     Store
	issuers   Issuers // nil if the store has none
	cfg       Config
	limits    Limits
	clock     Clock     // nil if there is none to compare with
	profiles  *profiles // nil if none are kept
	handles   Handles   // nil if store has none
	hub       Hub
	overseer  overseer
	queue     touchQueue
	rest      rest
	stats     counters
	watchMode watchMode
	crowd     crowd
	unproved  unproved
	force     force
	fresh     func(context.Context) context.Context // set if store keeps copies
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
	ownClock := cfg.Now != nil
	if cfg, err = cfg.withDefaults(limits); err != nil {
		return nil, err
	}
	profiles, err := newProfiles(store, cfg.ProfileKeys)
	if err != nil {
		return nil, err
	}
	m := &Manager{cfg: cfg, limits: limits, profiles: profiles, queue: touchQueue{turn: make(chan struct{}, 1)}}
	m.overseer.m, m.hub.overseer = m, &m.overseer
	counted := &countedStore{store, &m.stats.storeErrors}
	m.store = counted
	if by := issuersOf(store); by != nil {
		m.issuers = &countedIssuers{counted, by}
	}
	m.force.scanner, _ = store.(Scanner)
	m.force.since = m.Now()
	m.handles, _ = store.(Handles)
	if c, ok := store.(Clock); ok && !ownClock {
		m.clock = c
	}
	if c, ok := store.(cachingStore); ok {
		m.fresh = c.Fresh
	}
	return m, nil
}

func (cfg Config) withDefaults(limits Limits) (Config, error) {
	if cfg.Addresses > AddressesNone {
		return cfg, fmt.Errorf("session: Config.Addresses: unknown policy %d", cfg.Addresses)
	}
	if cfg.OnHigh > ActionSuspend {
		return cfg, fmt.Errorf("session: Config.OnHigh: unknown action %d", cfg.OnHigh)
	}
	switch {
	case cfg.WatchMode == 0:
		cfg.WatchMode = watchFor
	case cfg.WatchMode > 366*day:
		return cfg, errWatch
	}
	for _, f := range []struct {
		name string
		v    *time.Duration
		def  time.Duration
	}{
		{"Retention", &cfg.Retention, 28 * day},
		{"TouchInterval", &cfg.TouchInterval, min(time.Minute, limits.Idle/20)},
		{"FlushInterval", &cfg.FlushInterval, 5 * time.Second},
		{"BoundLifetime", &cfg.BoundLifetime, 5 * time.Minute},
		{"BoundOpen", &cfg.BoundOpen, 15 * time.Minute},
	} {
		if *f.v < 0 {
			return cfg, fmt.Errorf("session: Config.%s: %v is negative", f.name, *f.v)
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
	return cfg, nil
}

// KeepsProfiles reports whether devices are recognised across sign-ins.
func (m *Manager) KeepsProfiles() bool { return m.profiles != nil }

// Logger returns what is told of trouble that no caller sees.
func (m *Manager) Logger() *slog.Logger { return m.cfg.Logger }

// Limits returns the limits that are in force.
func (m *Manager) Limits() Limits { return m.limits }

// Now reads the Manager's clock, in UTC and to the millisecond.
func (m *Manager) Now() time.Time { return time.UnixMilli(m.cfg.Now().UnixMilli()).UTC() }

// Hub returns what cuts the open connections of sessions that end.
func (m *Manager) Hub() *Hub { return &m.hub }

// write returns a context for a write: it keeps what ctx carries, but the
// client's going away does not cancel it.
func write(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
}

// notify tells the observers, once what e tells of is committed. One that
// panics does not keep the others, or the caller, from their work.
func (m *Manager) notify(ctx context.Context, e Event) {
	AfterCommit(ctx, func() {
		m.hub.watches.happened(e)
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
