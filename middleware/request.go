package middleware

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/signedin/signedin/session"
)

// request is one request of a session: its context, and what cuts it.
type request struct {
	session.Conn
	m     *Middleware
	w     http.ResponseWriter
	end   string                            // of the name of its cookie
	words atomic.Pointer[func(cause error)] // of LastWords
	cut   atomic.Bool                       // the connection has deadlines of Cut
}

// Cut makes the connection fail at its next read or write, also when it was
// hijacked.
func (q *request) Cut(cause error) {
	past, soon := time.Unix(1, 0), time.Now().Add(lastWords)
	read, write, say := past, past, q.words.Load()
	if say != nil {
		write = soon
	}
	if say != nil && say != &noWords {
		read = soon
	}
	rc := http.NewResponseController(q.w) // a writer without deadlines has a context to watch
	w, r := rc.SetWriteDeadline(write), rc.SetReadDeadline(read)
	q.cut.Store(w == nil || r == nil)
	if read == soon {
		go (*say)(cause)
	}
}

// close ends the request, unless its connection was hijacked and goes on. It is
// deferred: the handler may have panicked.
func (q *request) close(r *http.Request, upgrade bool) {
	failed := recover()
	if upgrade && q.goesOn() {
		q.Linger()
	} else {
		q.Close() // waits for a cut that is under way
		if failed == nil && q.isSpoilt(r) {
			_ = http.NewResponseController(q.w).Flush()
			failed = http.ErrAbortHandler
		}
	}
	if failed != nil {
		panic(failed)
	}
}

// isSpoilt reports whether no other request may come by the connection, which
// may be a proxy's and have somebody else's next: a cut has left it deadlines,
// and a read that failed by one ends the context of all its requests. A stream of
// HTTP/2 has both for itself.
func (q *request) isSpoilt(r *http.Request) bool {
	if !q.cut.Load() || r.ProtoMajor != 1 || q.w.Header().Get("Connection") == "close" {
		return false
	}
	_, err := q.w.Write(nil)
	return !errors.Is(err, http.ErrHijacked)
}

// goesOn reports whether the connection was hijacked and is still open. Only
// writing tells the one, and only setting a deadline the other; neither has
// another consequence once the handler of an upgrade has returned.
func (q *request) goesOn() bool {
	_, err := q.w.Write(nil)
	return errors.Is(err, http.ErrHijacked) &&
		http.NewResponseController(q.w).SetWriteDeadline(time.Time{}) == nil
}

// lastWords is how long a connection may go on to say that its session has
// ended. It is a variable for tests on machines that have other things to do.
var lastWords = time.Second

type (
	requestKey struct{}                // of the innermost request
	loadedKey  struct{ m *Middleware } // of the request whose session m has found
)

// Value returns q itself for its keys.
func (q *request) Value(key any) any {
	switch key := key.(type) {
	case requestKey:
		return q
	case loadedKey:
		if key.m == q.m {
			return q
		}
	}
	return q.Conn.Value(key)
}

// loaded returns the request whose session m has found, nil if there is none. A
// context may have sessions of others beside it, such as the host's own in front
// of a proxy.
func (m *Middleware) loaded(r *http.Request) *request {
	q, _ := r.Context().Value(loadedKey{m}).(*request)
	return q
}

// session returns the session that m has found.
func (m *Middleware) session(r *http.Request) (*session.Session, bool) {
	if q := m.loaded(r); q != nil {
		return q.Session(), true
	}
	return nil, false
}

// onTop has [session.FromContext] find the session of q, where it stands behind
// another Middleware's.
func (q *request) onTop(r *http.Request) *http.Request {
	if s, _ := session.FromContext(r.Context()); s != nil && s.ID == q.Session().ID {
		return r
	}
	return r.WithContext(session.NewContext(r.Context(), q.Session()))
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
	q, ok := ctx.Value(requestKey{}).(*request)
	switch {
	case !ok:
		return false
	case say == nil:
		q.words.Store(&noWords)
	default:
		q.words.Store(&say)
	}
	return true
}

var noWords func(cause error)
