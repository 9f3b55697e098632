package session

import (
	"context"
	"sync"
	"sync/atomic"
)

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
	rotate     bool
	live       *live
	cutter     Cutter
	prev, next *Conn // in live.open
	spared     atomic.Bool
	made       atomic.Pointer[Session] // what the request itself has made of session, if it was a new secret

	mu    sync.Mutex
	inner atomic.Pointer[innerContext] // made when somebody asks for Done
}

type innerContext struct {
	context.Context
	cancel context.CancelCauseFunc
}

// Session returns the session as it was when the Conn was opened.
func (c *Conn) Session() *Session { return c.session }

// RotationDue is what [Manager.RotationDue] said when the Conn was opened.
func (c *Conn) RotationDue() bool { return c.rotate }

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
