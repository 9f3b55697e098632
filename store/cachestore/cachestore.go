// Package cachestore keeps copies of another store's sessions in memory, so
// that most requests need no read of the store. What is revoked is refused at
// once on the instance that revoked it, and within milliseconds on the others,
// which a [session.Bus] tells:
//
//	store, err := cachestore.New(sql, cachestore.Config{})
//	manager, err := session.New(store, session.Config{Observers: []session.Observer{bus}})
//	go store.Run(ctx, bus, manager.Hub())
//
// # How stale an answer may be
//
// Without a cache, no request that starts after a revocation has returned is
// accepted. With it that holds on the instance that revoked. Another one may
// accept the session until it is told, and
//
//   - for at most [Config].Lease if its bus is cut or silent: copies are not
//     believed then, every read goes to the store;
//   - for at most [Config].MaxAge if nobody could tell it: the process that
//     revoked died, or lost its bus, between the store's answer and the notice.
//
// A revocation that returned an error may have happened or not; here it is
// taken to have happened. Visits to other instances, of which no bus tells, are
// seen here MaxAge late. The [session.Manager] refuses nobody by a copy.
//
// Both times are taken from the monotonic clock of the process.
package cachestore

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/signedin/signedin/session"
)

// Config holds what a [Store] can be told. The zero Config works and is safe.
type Config struct {
	// MaxSessions bounds the copies. Beyond it a copy that was not used for
	// long gives way. One takes about 2 KiB. Defaults to 100,000.
	MaxSessions int
	// Lease is how long copies are believed after the last sign that the Bus
	// works, which comes each second; a minute at most. Defaults to 5 seconds.
	Lease time.Duration
	// MaxAge is how long a copy is believed after it was read, whatever the Bus
	// says; a minute at most. It costs one read of the store per session in
	// use. Defaults to a minute.
	MaxAge time.Duration
}

// longest is the longest that a revocation may go unnoticed.
const longest = time.Minute

// checked returns cfg with the defaults filled in.
func (cfg Config) checked() (Config, error) {
	if cfg.MaxSessions < 0 {
		return cfg, fmt.Errorf("cachestore: Config.MaxSessions: %d is negative", cfg.MaxSessions)
	}
	if cfg.MaxSessions == 0 {
		cfg.MaxSessions = 100_000
	}
	for _, f := range []struct {
		name string
		v    *time.Duration
		def  time.Duration
	}{{"Lease", &cfg.Lease, 5 * time.Second}, {"MaxAge", &cfg.MaxAge, longest}} {
		if *f.v < 0 || *f.v > longest {
			return cfg, fmt.Errorf("cachestore: Config.%s: %v is not between 0 and %v", f.name, *f.v, longest)
		}
		if *f.v == 0 {
			*f.v = f.def
		}
	}
	return cfg, nil
}

// A Store answers [session.Store] from copies of another one's sessions, while
// [Store.Run] runs, and passes everything else on.
type Store struct {
	inner  session.Store
	lease  lease
	copies *table
	misses atomic.Int64
}

var _ session.Store = (*Store)(nil)

// New returns a Store in front of inner. The error names the field of cfg that
// cannot be used.
func New(inner session.Store, cfg Config) (*Store, error) {
	cfg, err := cfg.checked()
	if err != nil {
		return nil, err
	}
	return &Store{
		inner:  inner,
		lease:  lease{start: time.Now(), length: cfg.Lease},
		copies: newTable(cfg.MaxSessions, cfg.MaxAge),
	}, nil
}

type freshKey struct{}

// Fresh returns a context with which Get reads the original, and renews the
// copy.
func (st *Store) Fresh(ctx context.Context) context.Context {
	return context.WithValue(ctx, freshKey{}, true)
}

// Get returns a session and the current generations of its user, both as of
// one moment, which may be past.
func (st *Store) Get(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
	s, gens, _, err := st.get(ctx, id)
	return s, gens, err
}

// get also returns the copy, nil if there is none.
func (st *Store) get(ctx context.Context, id session.ID) (*session.Session, session.Generations, *entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, session.Generations{}, nil, err
	}
	now := st.lease.now()
	if !st.lease.holds(now) || session.Held(ctx) {
		st.misses.Add(1)
		s, gens, err := st.inner.Get(ctx, id)
		return s, gens, nil, err
	}
	if ctx.Value(freshKey{}) == nil {
		if c := st.copies.get(id, now); c != nil {
			return c.s, c.gens, c, nil
		}
	}
	st.misses.Add(1)
	return st.read(ctx, id, now)
}

// read gets the original and copies it if it is live. What is over is not
// worth a copy: nobody is refused by one. Trouble says nothing of a copy: on a
// machine that is only slow it goes on to answer, as long as it may.
func (st *Store) read(ctx context.Context, id session.ID, now time.Duration) (*session.Session, session.Generations, *entry, error) {
	before := st.copies.clock.Load()
	s, gens, err := st.inner.Get(ctx, id)
	if errors.Is(err, session.ErrUnknown) || errors.Is(err, session.ErrCorrupt) {
		st.copies.drop(id)
	}
	if err != nil {
		return s, gens, nil, err
	}
	return s, gens, st.keep(s, gens, before, now), nil
}

// keep copies s, which was read at that time and tick, and returns the copy, nil
// if there is none.
func (st *Store) keep(s *session.Session, gens session.Generations, before uint64, now time.Duration) *entry {
	if s.Ended != nil || s.Generations != gens {
		st.copies.drop(s.ID)
		return nil
	}
	if c := (&entry{st: st, s: s, gens: gens, tick: before, read: now}); st.copies.put(c) {
		return c
	}
	return nil
}

// GetMany returns the originals, and renews the copies.
func (st *Store) GetMany(ctx context.Context, ids []session.ID) ([]session.Found, error) {
	now := st.lease.now()
	if !st.lease.holds(now) || session.Held(ctx) {
		return st.inner.GetMany(ctx, ids)
	}
	before := st.copies.clock.Load()
	all, err := st.inner.GetMany(ctx, ids)
	for _, f := range all {
		st.keep(f.Session, f.Generations, before, now)
	}
	return all, err
}

// Count passes the question on.
func (st *Store) CountLive(ctx context.Context, userID string) (int, error) {
	return st.inner.CountLive(ctx, userID)
}

// List passes the question on.
func (st *Store) List(ctx context.Context, q session.Query) ([]*session.Session, error) {
	return st.inner.List(ctx, q)
}

// Generation passes the question on.
func (st *Store) Generation(ctx context.Context, userID string) (session.Generations, error) {
	return st.inner.Generation(ctx, userID)
}

// Stats is a count of what happened since the Store was made, and of what is
// now.
type Stats struct {
	Hits, Misses int64         // sessions answered from a copy, and from the original
	Size         int           // copies that are held
	Missed       int64         // times that the Bus may have lost messages, the start included
	Lease        time.Duration // how long copies are still believed; 0 if they are not
}

// Stats returns the counts, for a page of metrics.
func (st *Store) Stats() Stats {
	hits, size := st.copies.count()
	return Stats{Hits: hits, Misses: st.misses.Load(), Size: size, Missed: st.lease.missed.Load(), Lease: st.lease.left()}
}
