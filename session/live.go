package session

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/signedin/signedin/device"
)

// live is what this process knows of a session that it has seen: whether it
// was cut, what is open on it, and the latest visit, which the store hears of
// later. One live serves all requests of its session.
type live struct {
	id    ID
	seen  atomic.Pointer[sighting]
	dirty atomic.Bool  // seen waits to be written
	pins  atomic.Int32 // requests that hold it; a pinned live stays in the table

	cause atomic.Pointer[error] // why it was cut; nil while it was not
	mu    sync.Mutex            // guards open, and cause against registration
	open  *Conn                 // list of what is open

	lingering []*Conn // open, and their handlers have returned
}

// sighting is the latest visit and the origin that it was made from.
type sighting struct {
	known  bool // origin is known: the visit was seen here, not read from the store
	origin Origin
	visit  Visit

	families []device.Family // of other devices that used the token
}

// maxFamilies bounds what is remembered of those.
const maxFamilies = 8

func (l *live) lastAt() time.Time {
	if s := l.seen.Load(); s != nil {
		return s.visit.At
	}
	return time.Time{}
}

// sighting returns the latest visit that is known, here or in the store.
func (l *live) sighting(s *Session) *sighting {
	last := l.seen.Load()
	if last != nil && !last.visit.At.Before(s.Last.At) {
		return last
	}
	// Another instance saw it later, or this one sees it for the first time.
	fresh := &sighting{visit: s.Last}
	if last != nil {
		fresh.origin, fresh.known, fresh.families = last.origin, last.known, last.families
	}
	if !l.seen.CompareAndSwap(last, fresh) {
		return l.seen.Load()
	}
	return fresh
}

// cut ends everything that is open, now and later. The first cause stays.
func (l *live) cut(cause error) {
	// The lock is held to the end: a request that closes meanwhile waits, so
	// that its connection is not cut when it serves somebody else already.
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cause.Load() != nil {
		return
	}
	l.cause.Store(&cause)
	for c := l.open; c != nil; c = c.next {
		c.end(cause)
	}
	l.pins.Add(-int32(len(l.lingering)))
	l.lingering = nil
}

// register links c, or reports the cause if the session was cut already.
func (l *live) register(c *Conn) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if cause := l.cause.Load(); cause != nil {
		return *cause
	}
	c.next = l.open
	if c.next != nil {
		c.next.prev = c
	}
	l.open = c
	return nil
}

func (l *live) unregister(c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unlink(c)
}

func (l *live) unlink(c *Conn) {
	switch {
	case c.prev != nil:
		c.prev.next = c.next
	case l.open == c:
		l.open = c.next
	default:
		return // not registered
	}
	if c.next != nil {
		c.next.prev = c.prev
	}
	c.prev, c.next = nil, nil
}

// maxLingering bounds the connections of one session that outlive their
// handlers. Nobody tells when such a connection is closed, so the oldest is
// ended for good when there are more.
const maxLingering = 64

// linger keeps c open though its handler has returned.
func (l *live) linger(c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cause.Load() != nil { // cut already, and c with it
		l.pins.Add(-1)
		return
	}
	l.lingering = append(l.lingering, c)
	if len(l.lingering) > maxLingering {
		oldest := l.lingering[0]
		l.lingering = l.lingering[1:]
		l.unlink(oldest)
		l.pins.Add(-1)
		oldest.end(ErrRevoked)
	}
}

func (l *live) isOpen() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open != nil
}

// A Cutter ends a connection that does not watch its context, one that is
// blocked in a write or was hijacked. Cut is called at most once, must not
// block, and may be called at any time until the [Conn] is closed.
type Cutter interface {
	Cut(cause error)
}

// A Conn is one request, or one connection, of a live session, and the context
// of its handler: it is done when its parent is, and also when the session
// ends, with [ErrRevoked] or [ErrExpired] as its cause. It starts no goroutine
// and allocates nothing until somebody waits for it. Fill it by
// [Manager.Open]; the zero Conn is of no use.
type Conn struct {
	context.Context // the parent

	session    *Session
	live       *live
	cutter     Cutter
	prev, next *Conn // in live.open
	spared     atomic.Bool

	mu    sync.Mutex
	inner atomic.Pointer[innerContext] // made when somebody asks for Done
}

type innerContext struct {
	context.Context
	cancel context.CancelCauseFunc
}

// Session returns the session as it was when the Conn was opened.
func (c *Conn) Session() *Session { return c.session }

// Close says that the request or connection is over. It does not end the
// session.
func (c *Conn) Close() {
	c.live.unregister(c)
	c.live.pins.Add(-1) // not unpin: what was open is known
	if in := c.inner.Load(); in != nil {
		in.cancel(context.Canceled)
	}
}

// Linger says that the handler has returned but the connection goes on, as a
// hijacked one may. It takes the place of Close. At most 64 connections of a
// session linger; of more, the oldest is cut.
func (c *Conn) Linger() { c.live.linger(c) }

// spare lets this request go on when the session is cut.
func (c *Conn) spare() {
	c.spared.Store(true)
	c.live.unregister(c)
}

// cause returns why the session was cut, nil if it was not or c is spared.
func (c *Conn) cause() error {
	if cause := c.live.cause.Load(); cause != nil && !c.spared.Load() {
		return *cause
	}
	return nil
}

// Done returns the channel that is closed when the request or the session is
// over.
func (c *Conn) Done() <-chan struct{} { return c.wait().Done() }

// Err returns why the context is done, nil while it is not.
func (c *Conn) Err() error {
	if c.inner.Load() == nil && c.cause() == nil {
		return c.Context.Err()
	}
	return c.wait().Err()
}

// Value returns the session for the key of [FromContext].
func (c *Conn) Value(key any) any {
	switch key {
	case contextKey{}:
		return c.session
	case connKey{}:
		return c
	}
	// context.Cause looks for the nearest cancellation through Value.
	if in := c.inner.Load(); in != nil {
		return in.Value(key)
	}
	return c.Context.Value(key)
}

// wait returns the context that somebody can wait for, which is made at the
// first call.
func (c *Conn) wait() context.Context {
	if in := c.inner.Load(); in != nil {
		return in
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.make(c.cause())
}

// make makes inner if there is none, done already if there is a cause. c.mu is
// held.
func (c *Conn) make(cause error) *innerContext {
	if in := c.inner.Load(); in != nil {
		return in
	}
	parent := c.Context
	if cause != nil { // it counts, even if the parent has been done since
		parent = context.WithoutCancel(parent)
	}
	in := new(innerContext)
	in.Context, in.cancel = context.WithCancelCause(parent)
	if cause != nil {
		in.cancel(cause)
	}
	c.inner.Store(in)
	return in
}

// end is called once the session is cut. The context ends before the
// connection does, whose end would otherwise be taken for the client's doing.
func (c *Conn) end(cause error) {
	c.mu.Lock()
	c.make(cause).cancel(cause)
	c.mu.Unlock()
	if c.cutter != nil {
		c.cutter.Cut(cause)
	}
}
