package middleware

import (
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/signedin/signedin/session"
)

// guard ends a request that shares its connection and whose ResponseWriter hides
// the one that has deadlines: writes and reads fail once it is over. All others
// keep the writer that came in.
type guard struct {
	http.ResponseWriter
	body io.ReadCloser
	over atomic.Bool
}

type guarded interface{ self() *guard }

func (g *guard) self() *guard { return g }

func (g *guard) Write(p []byte) (int, error) {
	if g.over.Load() {
		return 0, session.ErrRevoked
	}
	return g.ResponseWriter.Write(p)
}

// guardBody is the body of a guarded request.
type guardBody struct{ *guard }

func (b guardBody) Read(p []byte) (int, error) {
	if b.over.Load() {
		return 0, session.ErrRevoked
	}
	return b.body.Read(p)
}

func (b guardBody) Close() error { return b.body.Close() }

type flushGuard struct{ *guard }

func (g flushGuard) Flush() { _ = g.FlushError() }

// FlushError is what [http.ResponseController] calls.
func (g flushGuard) FlushError() error {
	if g.over.Load() {
		return session.ErrRevoked
	}
	return http.NewResponseController(g.ResponseWriter).Flush()
}

// guardShared returns the writer and the request for a handler whose request
// could not be cut through w.
func guardShared(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, *http.Request) {
	if r.ProtoMajor < 2 || hasDeadlines(w) {
		return w, r
	}
	g := &guard{ResponseWriter: w, body: r.Body}
	if r.Body != nil && r.Body != http.NoBody {
		copied := *r
		copied.Body = guardBody{g}
		r = &copied
	}
	if _, ok := w.(http.Flusher); ok {
		return flushGuard{g}, r
	}
	return g, r
}

// hasDeadlines reports whether [http.ResponseController] can set those of w.
func hasDeadlines(w http.ResponseWriter) bool {
	for {
		switch t := w.(type) {
		case interface{ SetWriteDeadline(time.Time) error }:
			return true
		case interface{ Unwrap() http.ResponseWriter }:
			w = t.Unwrap()
		default:
			return false
		}
	}
}
