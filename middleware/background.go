package middleware

import (
	"net/http"
	"strings"
)

// backgroundHeader is what the script of our page marks its requests with. Whoever
// sends it shortens the life of their own session, and hides nothing: the request is
// judged like any other.
const backgroundHeader = "Signedin-Background"

// isBackground reports whether nobody made the request: a script that polls, as it
// says itself, an event stream, which browsers open again by themselves, a page that
// is fetched in advance, or what the host says.
func (m *Middleware) isBackground(r *http.Request) bool {
	if r.Header[backgroundHeader] != nil {
		return true
	}
	if v := r.Header["Accept"]; len(v) == 1 && v[0] == "text/event-stream" {
		return true
	}
	if v := r.Header["Sec-Purpose"]; len(v) > 0 && strings.HasPrefix(v[0], "prefetch") {
		return true
	}
	return m.cfg.Background != nil && m.cfg.Background(r)
}
