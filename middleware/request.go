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
	w     http.ResponseWriter
	words atomic.Pointer[func(cause error)] // of LastWords
}

// Cut makes the connection fail at its next read or write, also when it was
// hijacked.
func (q *request) Cut(cause error) {
	past := time.Unix(1, 0)
	rc := http.NewResponseController(q.w)
	say := q.words.Load()
	if say == nil {
		_ = rc.SetReadDeadline(past) // a writer without deadlines has a context to watch
		_ = rc.SetWriteDeadline(past)
		return
	}
	soon := time.Now().Add(lastWords)
	_ = rc.SetWriteDeadline(soon)
	if say == &noWords {
		_ = rc.SetReadDeadline(past)
		return
	}
	_ = rc.SetReadDeadline(soon)
	go (*say)(cause)
}

// close ends the request, unless its connection was hijacked and goes on.
func (q *request) close(upgrade bool) {
	if upgrade && q.goesOn() {
		q.Linger()
		return
	}
	q.Close()
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
// ended.
const lastWords = time.Second

type requestKey struct{}

// Value returns q itself for the key of LastWords.
func (q *request) Value(key any) any {
	if key == (requestKey{}) {
		return q
	}
	return q.Conn.Value(key)
}

// LastWords lets the handler of a request have the last word when its session
// ends: the connection can be written to for a second more. It is for handlers
// that end when their context does, and answer then.
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
