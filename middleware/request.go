package middleware

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/signedin/signedin/session"
)

// A request of a session is a session.Conn: the context of its handler, whose
// transport is the ResponseWriter.

// loadedKey is of the request whose session m has found, or of the reason why it has
// none: one walk through the contexts tells both.
type loadedKey struct{ m *Middleware }

// doors returns what cuts requests: the first one those of HTTP/1, which have a
// connection for themselves, the second one those that share it.
func (m *Middleware) doors() (alone, shared *session.Door) {
	return &session.Door{Cut: m.cutAlone, HasAnswered: isTakenOver, IsClosed: isClosed, Key: loadedKey{m}},
		&session.Door{Cut: m.cutShared, Key: loadedKey{m}}
}

// enter opens a request of the session that cred is of. It must be left.
func (m *Middleware) enter(r *http.Request, w http.ResponseWriter, cred session.Credential, from session.Origin) (*session.Conn, error) {
	conn, door := new(session.Conn), m.alone
	if r.ProtoMajor > 1 {
		door = m.shared
	}
	// The server's writer, since those of frameworks serve others later.
	if _, err := m.manager.OpenDoor(r.Context(), cred, from, conn, door, server(w)); err != nil {
		return nil, err
	}
	return conn, nil
}

// serve has next answer a request of a session, and leaves it. inner is r with conn as
// its context.
func (m *Middleware) serve(conn *session.Conn, w http.ResponseWriter, r, inner *http.Request, next http.Handler) {
	returned := false
	defer func() { m.leave(conn, w, r, returned) }()
	next.ServeHTTP(w, inner)
	returned = true
}

// leave ends the request, unless its connection was taken over and goes on. The
// handler may have panicked. It commits no answer: somebody around us may do
// that later.
func (m *Middleware) leave(conn *session.Conn, w http.ResponseWriter, r *http.Request, returned bool) {
	over := false
	if r.ProtoMajor == 1 {
		lingers := false
		if lingers, over = m.lingers(conn); lingers {
			return
		}
	}
	conn.Close() // waits for a cut that is under way
	if !conn.WasCut() {
		return
	}
	say := wordsOf(conn)
	spoilt := say == nil || say.stop()
	if !returned || !spoilt || over || r.ProtoMajor != 1 || w.Header().Get("Connection") == "close" {
		return
	}
	// No other request may come by the connection, which may be a proxy's and
	// have somebody else's next: a cut has left it deadlines, and a read that
	// failed by one ends the context of all its requests.
	if say != nil {
		_ = http.NewResponseController(w).Flush()
	}
	if c := connectionOf(conn); c != nil {
		c.cut()
		return
	}
	panic(http.ErrAbortHandler)
}

func writerOf(conn *session.Conn) http.ResponseWriter {
	w, _ := conn.Transport().(http.ResponseWriter)
	return w
}

// past is a deadline that has passed.
var past = time.Unix(1, 0)

// cutAlone cuts a request of HTTP/1: it closes the connection, if that is known.
func (m *Middleware) cutAlone(conn *session.Conn, cause error) {
	c, say := connectionOf(conn), wordsOf(conn)
	if c != nil && c.isShared() {
		m.cutShared(conn, cause)
		return
	}
	end := func() { c.cut() }
	if c == nil {
		m.missOnce(conn)
		end = func() { // a writer without deadlines has a context to watch
			rc := http.NewResponseController(writerOf(conn))
			_, _ = rc.SetWriteDeadline(past), rc.SetReadDeadline(past)
		}
	}
	if say == nil {
		end()
		return
	}
	if say.say == nil { // or a reader of the body is waited for
		if c != nil {
			_ = c.SetReadDeadline(past)
		} else {
			_ = http.NewResponseController(writerOf(conn)).SetReadDeadline(past)
		}
	}
	say.begin(cause, end)
}

// cutShared cuts a request whose connection has others too: its stream is reset.
// In HTTP/2 a deadline that has passed does that for good.
func (m *Middleware) cutShared(conn *session.Conn, cause error) {
	w, say := writerOf(conn), wordsOf(conn)
	rc := http.NewResponseController(w)
	end := func() {
		if g, ok := w.(guarded); ok {
			g.self().over.Store(true)
		}
		_, _ = rc.SetWriteDeadline(past), rc.SetReadDeadline(past)
	}
	if say == nil {
		end()
		return
	}
	if say.say == nil {
		_ = rc.SetReadDeadline(past)
	}
	say.begin(cause, end)
}

// missOnce logs the first connection that may outlive its session.
func (m *Middleware) missOnce(conn *session.Conn) {
	if m.missed.CompareAndSwap(false, true) {
		m.cfg.Logger.Warn("middleware: a connection was cut by deadlines, which its handler can renew; "+
			"set http.Server.ConnContext to Middleware.ConnContext", "session", conn.Session().ID)
	}
}

// lastWords is how long a connection may go on to say that its session has
// ended. It is a variable for tests on machines that have other things to do.
var lastWords = time.Second

// words are what LastWords asked for.
type words struct {
	say   func(cause error) // nil if the handler has them
	timer atomic.Pointer[time.Timer]
}

func wordsOf(conn *session.Conn) *words {
	say, _ := conn.Noted().(*words)
	return say
}

// begin has the last words said, and calls end after them.
func (w *words) begin(cause error, end func()) {
	w.timer.Store(time.AfterFunc(lastWords, end))
	if w.say != nil {
		go w.say(cause)
	}
}

// stop says that the handler has returned. It reports whether the connection has
// been spoilt.
func (w *words) stop() (spoilt bool) {
	t := w.timer.Load()
	return t != nil && !t.Stop() || w.say == nil
}

// loaded returns the request whose session m has found, nil if there is none. A
// context may have sessions of others beside it, such as the host's own in front
// of a proxy.
func (m *Middleware) loaded(r *http.Request) *session.Conn {
	conn, _ := r.Context().Value(loadedKey{m}).(*session.Conn)
	return conn
}

// session returns the session that m has found.
func (m *Middleware) session(r *http.Request) (*session.Session, bool) {
	if conn := m.loaded(r); conn != nil {
		return conn.Session(), true
	}
	return nil, false
}

// onTop has [session.FromContext] find the session of conn, where it stands
// behind another Middleware's.
func onTop(conn *session.Conn, r *http.Request) *http.Request {
	if s, _ := session.FromContext(r.Context()); s != nil && s.ID == conn.Session().ID {
		return r
	}
	return r.WithContext(session.NewContext(r.Context(), conn.Session()))
}

// LastWords lets the handler of a request have the last word when its session
// ends: the connection can be written to for a second more. It is for handlers
// that end when their context does, and answer then: with "Connection: close",
// or the client of HTTP/1 sees an answer without an end, since the connection
// does.
//
// If say is not nil it is called at that moment, in a goroutine of its own, and
// the connection can be read from as well; say sees to it that the handler ends.
// It reports false if the request has no session.
func LastWords(ctx context.Context, say func(cause error)) bool {
	conn, ok := session.ConnFromContext(ctx)
	if !ok || writerOf(conn) == nil {
		return false
	}
	return conn.Note(&words{say: say})
}
