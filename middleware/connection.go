package middleware

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"reflect"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/signedin/signedin/session"
)

// ConnContext is for [http.Server].ConnContext. With it a cut closes the
// connection of an HTTP/1 request, whatever its handler does with it; without
// it see the table of cuts in the package comment. One Middleware's serves all
// that requests of the server meet.
func (m *Middleware) ConnContext(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, &connection{Conn: c})
}

type connectionKey struct{}

// connection is what requests are cut by that have it for themselves.
type connection struct {
	net.Conn
	// last is the request whose handler may have taken the connection over:
	// nobody could tell. Another request shows that it has not.
	last atomic.Pointer[session.Conn]
}

func connectionOf(ctx context.Context) *connection {
	c, _ := ctx.Value(connectionKey{}).(*connection)
	return c
}

// bare returns the connection below those that wait for the other side when they
// are closed, as TLS does to say goodbye.
func (c *connection) bare() net.Conn {
	bare := c.Conn
	for range maxLayers {
		inner := below(bare)
		if inner == nil {
			break
		}
		bare = inner
	}
	return bare
}

// maxLayers bounds the connections of one that are below each other.
const maxLayers = 16

// below returns the connection that c is of, nil if c does not tell.
func below(c net.Conn) net.Conn {
	if c, ok := c.(interface{ NetConn() net.Conn }); ok {
		return c.NetConn()
	}
	return nil
}

// embedded returns the connection that c was made from by embedding it, as a listener
// does that counts or delays its own, nil if there is none.
func embedded(c net.Conn) net.Conn {
	if c, ok := c.(interface{ Raw() net.Conn }); ok { // of a PROXY protocol
		return c.Raw()
	}
	v := reflect.Indirect(reflect.ValueOf(c))
	if v.Kind() != reflect.Struct {
		return nil
	}
	f, ok := v.Type().FieldByName("Conn")
	if !ok || !f.Anonymous || len(f.Index) != 1 {
		return nil
	}
	inner, _ := v.Field(f.Index[0]).Interface().(net.Conn)
	return inner
}

// cut ends the connection: reads and writes that are under way fail, and all
// that come later.
func (c *connection) cut() {
	if !c.isShared() {
		_ = c.bare().Close() // closed is closed
	}
}

// isShared reports whether others have streams of the connection: a request that
// looks like one of HTTP/1 there was made by a handler, which answers several at
// once, say, and has its context from one of HTTP/2.
func (c *connection) isShared() bool {
	t, ok := c.Conn.(*tls.Conn)
	return ok && t.ConnectionState().NegotiatedProtocol == "h2"
}

// isClosed reports whether this side has closed it, without touching it. Of one that
// hides what it is made of nobody can tell.
func (c *connection) isClosed() bool {
	at := c.bare()
	for range maxLayers {
		if s, ok := at.(syscall.Conn); ok {
			raw, err := s.SyscallConn()
			return err != nil || errors.Is(raw.Control(func(uintptr) {}), net.ErrClosed)
		}
		inner := below(at)
		if inner == nil {
			inner = embedded(at)
		}
		if inner == nil {
			break
		}
		at = inner
	}
	return false
}

// unsure counts the connections with a last request, so that others need not
// look.
var unsure atomic.Int64

// lingers has conn go on, if its handler has taken over the connection and has
// not closed it; over reports the first of that alone. Everything that is asked of
// the ResponseWriter is asked here, before frameworks take theirs back.
func (m *Middleware) lingers(conn *session.Conn) (lingers, over bool) {
	over, known := takenOver(writerOf(conn))
	if known && !over {
		return false, false
	}
	c := connectionOf(conn)
	switch {
	case c == nil && !over, c != nil && c.isClosed():
		return false, over
	case c != nil:
		if !known {
			unsure.Add(1)
			c.setLast(conn)
		}
	case !m.reachesOn(conn):
		return false, over
	}
	conn.Linger() // or cut now, if its session has ended since
	return true, over
}

// isClosed reports whether the connection of conn was closed on this side.
func isClosed(conn *session.Conn) bool {
	c := connectionOf(conn)
	return c != nil && c.isClosed()
}

// reachesOn reports whether a connection that was taken over, and that only its
// ResponseWriter knows, is still open. To ask undoes the deadlines of a cut.
func (m *Middleware) reachesOn(conn *session.Conn) bool {
	rc := http.NewResponseController(writerOf(conn))
	open := rc.SetWriteDeadline(time.Time{}) == nil
	if open && conn.WasCut() && wordsOf(conn) == nil {
		_, _ = rc.SetWriteDeadline(past), rc.SetReadDeadline(past)
	}
	return open
}

// setLast notes the request that may go on, in the place of one that does not.
func (c *connection) setLast(conn *session.Conn) {
	if old := c.last.Swap(conn); old != nil {
		unsure.Add(-1)
		old.Close()
	}
}

// notTakenOver says that another request has come by the connection of r.
func notTakenOver(r *http.Request) {
	if unsure.Load() == 0 {
		return
	}
	if c := connectionOf(r.Context()); c != nil {
		c.setLast(nil)
	}
}

// isTakenOver reports whether the handler of conn is known to have taken over
// its connection.
func isTakenOver(conn *session.Conn) bool {
	over, _ := takenOver(writerOf(conn))
	return over
}

// takenOver reports whether the connection of w was hijacked, as far as that is
// known.
//
// net/http tells it only to who writes, which commits an answer: a status that is
// set later would be lost. So its own note is read, where it is found. Where it
// is not, as in a writer that hides the one behind, it is not known.
func takenOver(w http.ResponseWriter) (over, known bool) {
	w = server(w)
	if _, ok := w.(http.Hijacker); !ok {
		return false, true
	}
	v := reflect.ValueOf(w)
	at := noteOf(v.Type())
	if at == nil {
		return false, false
	}
	return v.Elem().Field(at.conn).Elem().Field(at.hijacked).Bool(), true
}

// server returns the ResponseWriter of the server, or the first one that hides it.
func server(w http.ResponseWriter) http.ResponseWriter {
	for {
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return w
		}
		inner := u.Unwrap()
		if inner == nil {
			return w
		}
		w = inner
	}
}

// note is where net/http notes that a connection was hijacked:
// response.conn.hijackedv.
type note struct {
	of             reflect.Type
	conn, hijacked int
}

var noted atomic.Pointer[note]

// noteOf returns where the note is in a type, nil if it has none.
func noteOf(t reflect.Type) *note {
	if n := noted.Load(); n != nil && n.of == t {
		return n
	}
	if t.Kind() != reflect.Pointer || t.Elem().PkgPath() != "net/http" || t.Elem().Kind() != reflect.Struct {
		return nil
	}
	conn, ok := t.Elem().FieldByName("conn")
	if !ok || conn.Type.Kind() != reflect.Pointer || conn.Type.Elem().Kind() != reflect.Struct {
		return nil
	}
	hijacked, ok := conn.Type.Elem().FieldByName("hijackedv")
	if !ok || hijacked.Type.Kind() != reflect.Bool || len(conn.Index) != 1 || len(hijacked.Index) != 1 {
		return nil
	}
	n := &note{of: t, conn: conn.Index[0], hijacked: hijacked.Index[0]}
	noted.Store(n)
	return n
}
