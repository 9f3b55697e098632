package session

import (
	"context"
	"errors"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"
)

// A Door is what a transport has in common for all its connections: one Door
// and a word or two for each of them are smaller than a function each.
type Door struct {
	// Cut ends a connection that does not watch its context, one that is blocked in
	// a write or was hijacked. It is called at most once, must not block, and may be
	// called at any time until the Conn is closed.
	Cut func(c *Conn, cause error)
	// HasAnswered reports that nobody waits for an answer of this request any
	// more, since its connection was taken over: it is cut even when it ends its
	// own session itself. Defaults to false.
	HasAnswered func(c *Conn) bool
	// IsClosed reports that a connection that lingers is no more. Defaults to
	// false.
	IsClosed func(c *Conn) bool
	// Key, if set, is a key of the context at which the *Conn is found.
	Key any
}

// A Conn is one request, or one connection, of a live session, and the context
// of its handler: it is done when its parent is, and also when the session
// ends, with [ErrRevoked] or [ErrExpired] as its cause. It starts no goroutine
// and allocates nothing until somebody waits for it. Fill it by
// [Manager.Open], once; the zero Conn is of no use.
type Conn struct {
	context.Context // the parent

	view      *view
	next      atomic.Pointer[Conn] // in live.open
	until     int64                // when it is cut, in milliseconds since 1970; 0 if that is not before its session ends
	more      atomic.Pointer[more] // nil while it is open and nothing has happened
	door      *Door                // nil if the context is enough
	transport any
}

// view is a session as requests see it, with what this process knows of it. One
// is shared by all requests until something changes.
type view struct {
	s    *Session
	l    *live
	hold Handle // of s; nil if the store has none
}

// more is what only few Conns need.
type more struct {
	closed atomic.Bool
	rotate bool                    // as it was opened
	made   atomic.Pointer[Session] // what the request itself has made of its session, if it was a new secret

	mu    sync.Mutex // guards inner
	inner atomic.Pointer[innerContext]

	cutting sync.Mutex // held while it is cut, so that Close waits; guards what follows
	cut     bool
	spared  bool
	timer   *time.Timer // cuts what was spared
	words   any         // of the transport, see Conn.Note
}

type innerContext struct {
	context.Context
	cancel context.CancelCauseFunc
}

// closedConn is the more of all that were closed without ever having one.
var closedConn = func() *more {
	m := new(more)
	m.closed.Store(true)
	return m
}()

var errOpenedTwice = errors.New("session: a Conn is opened once")

// Session returns the session as it was when the Conn was opened, or as its request
// has made it since ([Manager.Reauthenticated] and the like): what is rendered after
// that knows the new secret.
func (c *Conn) Session() *Session {
	if m := c.more.Load(); m != nil {
		if made := m.made.Load(); made != nil {
			return made
		}
	}
	return c.view.s
}

// Transport returns what was given to [Manager.OpenDoor].
func (c *Conn) Transport() any { return c.transport }

// RotationDue is what [Manager.RotationDue] said when the Conn was opened.
func (c *Conn) RotationDue() bool {
	m := c.more.Load()
	return m != nil && m.rotate
}

// Close says that the request or connection is over. It does not end the
// session. A cut that is under way is waited for.
func (c *Conn) Close() {
	if !c.more.CompareAndSwap(nil, closedConn) {
		m := c.more.Load()
		m.cutting.Lock()
		again := m.closed.Swap(true)
		if m.timer != nil {
			m.timer.Stop()
		}
		m.cutting.Unlock()
		if again {
			return
		}
		if in := m.inner.Load(); in != nil {
			in.cancel(context.Canceled)
		}
	}
	c.view.l.open.remove(c)
}

// Linger says that the handler has returned but the connection goes on, as a
// hijacked one may. It takes the place of Close. At most 64 connections of a
// session linger; of more, the oldest is cut.
func (c *Conn) Linger() {
	// Where the transport does not know of a takeover, an answer may be on its way.
	mayAnswer := c.door != nil && c.door.HasAnswered != nil && !c.door.HasAnswered(c)
	if m := c.extend(); m != nil && !mayAnswer && m.unspare() {
		c.end(*c.view.l.cause.Load())
	}
	c.view.l.linger(c)
}

// Note keeps a value of the transport with the Conn, and returns false if it is
// closed.
func (c *Conn) Note(v any) bool {
	m := c.extend()
	if m == nil {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.words = v
	return true
}

// Noted returns what [Conn.Note] kept last, nil if it was not called.
func (c *Conn) Noted() any {
	m := c.more.Load()
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.words
}

// WasCut reports whether Door.Cut was called.
func (c *Conn) WasCut() bool {
	m := c.more.Load()
	if m == nil || m == closedConn {
		return false
	}
	m.cutting.Lock()
	defer m.cutting.Unlock()
	return m.cut
}

func (c *Conn) isClosed() bool {
	m := c.more.Load()
	return m != nil && m.closed.Load()
}

var spreadSeed = maphash.MakeSeed()

// spread returns a number that differs between those that are open at once.
func (c *Conn) spread() uint64 { return maphash.Comparable(spreadSeed, c) }

// extend returns more, made if there is none, nil if c is closed.
func (c *Conn) extend() *more {
	m := c.more.Load()
	if m == nil {
		m = new(more)
		if !c.more.CompareAndSwap(nil, m) {
			m = c.more.Load()
		}
	}
	if m.closed.Load() {
		return nil
	}
	return m
}

// spareFor is how long the request that has ended its own session may go on, to
// answer.
const spareFor = 10 * time.Second

// spare lets this request go on for a while when its own session is cut: it
// still has to answer.
func (c *Conn) spare() {
	if c.door != nil && c.door.HasAnswered != nil && c.door.HasAnswered(c) {
		return
	}
	if m := c.extend(); m != nil {
		m.cutting.Lock()
		m.spared = true
		m.cutting.Unlock()
	}
}

// unspare reports whether c was spared by a cut that it has to bear now.
func (m *more) unspare() bool {
	m.cutting.Lock()
	defer m.cutting.Unlock()
	was := m.spared && m.timer != nil
	m.spared = false
	return was
}

// Done returns the channel that is closed when the request or the session is
// over.
func (c *Conn) Done() <-chan struct{} { return c.wait().Done() }

// Err returns why the context is done, nil while it is not.
func (c *Conn) Err() error {
	if m := c.more.Load(); m != nil {
		if in := m.inner.Load(); in != nil {
			return in.Err()
		}
	}
	return c.Context.Err()
}

// Value returns the session for the key of [FromContext].
func (c *Conn) Value(key any) any {
	switch key {
	case contextKey{}:
		return c.Session()
	case connKey{}:
		return c
	}
	if c.door != nil && key == c.door.Key && key != nil {
		return c
	}
	// context.Cause looks for the nearest cancellation through Value.
	if m := c.more.Load(); m != nil {
		if in := m.inner.Load(); in != nil {
			return in.Value(key)
		}
	}
	return c.Context.Value(key)
}

// wait returns the context that somebody can wait for, which is made at the
// first call.
func (c *Conn) wait() context.Context {
	m := c.extend()
	if m == nil {
		if m = c.more.Load(); m.inner.Load() != nil {
			return m.inner.Load()
		}
		return c.Context
	}
	return c.waiting(m, nil)
}

// waiting makes m.inner if there is none, done already if there is a cause.
func (c *Conn) waiting(m *more, cause error) *innerContext {
	if in := m.inner.Load(); in != nil {
		return in
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if in := m.inner.Load(); in != nil {
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
	m.inner.Store(in)
	return in
}

// end is called once the session is cut. The context ends before the
// connection does, whose end would otherwise be taken for the client's doing.
func (c *Conn) end(cause error) {
	m := c.extend()
	if m == nil {
		return
	}
	m.cutting.Lock()
	defer m.cutting.Unlock()
	switch {
	case m.closed.Load(), m.cut:
		return
	case m.spared:
		if m.timer == nil {
			m.timer = time.AfterFunc(spareFor, func() {
				m.unspare()
				c.end(cause)
			})
		}
		return
	}
	m.cut = true
	c.waiting(m, cause).cancel(cause)
	if c.door != nil && c.door.Cut != nil {
		c.door.Cut(c, cause)
	}
}
