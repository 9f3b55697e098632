package session

import (
	"context"
	"errors"
	"net/netip"
	"sync/atomic"
	"time"
)

// Stats is a count of what happened since the Manager was made, and of what
// waits or is open now.
type Stats struct {
	Started, Revoked, Expired int64 // sessions

	Refused                 int64 // credentials of sessions that are over, or suspended
	RefusedExpired          int64 // those of Refused whose time was up
	Unknown, Forged, Reused int64 // credentials that never were good, or no longer
	Disabled                int64 // credentials of users who may not be signed in
	Unbound, WrongProofs    int64 // of bound sessions: credentials without a proof of the key, and proofs of another key
	Excused                 int64 // let in without a proof, which we had failed to judge

	Touches, TouchErrors int64 // visits written, and writes that failed; no visit is dropped for that
	StoreErrors          int64 // calls of the store that failed, of touches and all others

	Waiting int // visits that wait to be written
	Open    int // requests and connections that are open

	// OneAddress is the address, not one of the internet, from which everybody
	// signs in: of a proxy whose networks are not trusted. Zero if there is none.
	OneAddress netip.Addr
}

type counters struct {
	started, revoked, expired, refused, refusedExpired, unknown, forged, reused, disabled, unbound, wrongProofs, excused, touches, touchErrors, storeErrors atomic.Int64
}

// Stats returns the counts, for a page of metrics.
func (m *Manager) Stats() Stats {
	c := &m.stats
	return Stats{
		Started: c.started.Load(), Revoked: c.revoked.Load(), Expired: c.expired.Load(),
		Refused: c.refused.Load(), RefusedExpired: c.refusedExpired.Load(),
		Unknown: c.unknown.Load(), Forged: c.forged.Load(), Reused: c.reused.Load(), Disabled: c.disabled.Load(),
		Unbound: c.unbound.Load(), WrongProofs: c.wrongProofs.Load(), Excused: c.excused.Load(),
		Touches: c.touches.Load(), TouchErrors: c.touchErrors.Load(), StoreErrors: c.storeErrors.Load(),
		Waiting: m.queue.len(), Open: m.hub.Open(), OneAddress: m.crowd.address(),
	}
}

// countedStore counts the calls that fail, and bounds how long each takes. Get,
// which each request makes, a Store bounds itself.
type countedStore struct {
	Store
	failed *atomic.Int64
}

// note counts err, unless it is an answer or the caller went away.
func (c *countedStore) note(ctx context.Context, err error) {
	if err == nil || errors.Is(ctx.Err(), context.Canceled) {
		return
	}
	for _, answer := range []error{ErrUnknown, ErrEnded, ErrConflict, ErrExists, ErrOutdated, ErrCorrupt} {
		if errors.Is(err, answer) {
			return
		}
	}
	c.failed.Add(1)
}

// bounded returns a context for one call of a store: none takes longer than a
// write may, whoever asks.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if d, ok := ctx.Deadline(); ok && time.Until(d) <= writeTimeout {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, writeTimeout)
}

// spareTimeout bounds one read that a sign-in can do without: it is longer than a
// store takes that is only slow.
const spareTimeout = 2 * time.Second

// hold reads a session with its handle, and holds asks a handle, as counted as Get.
func (m *Manager) hold(ctx context.Context, id ID) (*Session, Generations, Handle, error) {
	s, gens, h, err := m.handles.Hold(ctx, id)
	m.noteRead(ctx, err)
	return s, gens, h, err
}

func (m *Manager) holds(ctx context.Context, h Handle) (bool, error) {
	ok, err := h.Holds(ctx)
	m.noteRead(ctx, err)
	return ok, err
}

func (m *Manager) noteRead(ctx context.Context, err error) {
	if err != nil {
		(&countedStore{failed: &m.stats.storeErrors}).note(ctx, err)
	}
}

func (c *countedStore) Create(ctx context.Context, s *Session) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	err := c.Store.Create(ctx, s)
	c.note(ctx, err)
	return err
}

func (c *countedStore) Get(ctx context.Context, id ID) (*Session, Generations, error) {
	s, gens, err := c.Store.Get(ctx, id)
	c.note(ctx, err)
	return s, gens, err
}

func (c *countedStore) List(ctx context.Context, q Query) ([]*Session, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	all, err := c.Store.List(ctx, q)
	c.note(ctx, err)
	return all, err
}

func (c *countedStore) Update(ctx context.Context, s *Session) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	err := c.Store.Update(ctx, s)
	c.note(ctx, err)
	return err
}

func (c *countedStore) Touch(ctx context.Context, touches []Touch) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	err := c.Store.Touch(ctx, touches)
	c.note(ctx, err)
	return err
}

func (c *countedStore) GetMany(ctx context.Context, ids []ID) ([]Found, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	all, err := c.Store.GetMany(ctx, ids)
	c.note(ctx, err)
	return all, err
}

func (c *countedStore) CountLive(ctx context.Context, userID string) (int, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	n, err := c.Store.CountLive(ctx, userID)
	c.note(ctx, err)
	return n, err
}

func (c *countedStore) Revoke(ctx context.Context, r Revocation) (Revoked, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	done, err := c.Store.Revoke(ctx, r)
	c.note(ctx, err)
	return done, err
}

func (c *countedStore) Mark(ctx context.Context, userID string, limit int) (bool, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	more, err := c.Store.Mark(ctx, userID, limit)
	c.note(ctx, err)
	return more, err
}

func (c *countedStore) Generation(ctx context.Context, userID string) (Generations, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	gens, err := c.Store.Generation(ctx, userID)
	c.note(ctx, err)
	return gens, err
}

func (c *countedStore) Purge(ctx context.Context, p Purge) (Purged, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	done, err := c.Store.Purge(ctx, p)
	c.note(ctx, err)
	return done, err
}

// countedIssuers is countedStore for what a Store may have besides.
type countedIssuers struct {
	*countedStore
	by Issuers
}

func (c *countedIssuers) Link(ctx context.Context, id ID, keys []IssuerKey, until time.Time) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	err := c.by.Link(ctx, id, keys, until)
	c.note(ctx, err)
	return err
}

func (c *countedIssuers) Linked(ctx context.Context, key IssuerKey, after ID, limit int) ([]Owned, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	all, err := c.by.Linked(ctx, key, after, limit)
	c.note(ctx, err)
	return all, err
}

func (c *countedIssuers) Counters(ctx context.Context, keys []IssuerKey) ([]int64, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	all, err := c.by.Counters(ctx, keys)
	c.note(ctx, err)
	return all, err
}

func (c *countedIssuers) Count(ctx context.Context, keys []IssuerKey, until time.Time) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	err := c.by.Count(ctx, keys, until)
	c.note(ctx, err)
	return err
}
