package middleware

import (
	"cmp"
	"net/http"
	"strings"
	"time"
)

// noteLife is how long a browser keeps a note that it is not asked for.
const noteLife = 10 * time.Minute

// SendNote gives the browser of r a value that [Middleware.TakeNote] finds with
// its next request, in a cookie beside that of the session: what a page after a
// redirect is to say, say. A note takes the place of the one before. value is of
// the characters that a cookie's value has; it comes back from the client, so
// seal it. A cookie that changes also keeps a browser from showing, on the way
// back, the page as it was before.
func (m *Middleware) SendNote(w http.ResponseWriter, r *http.Request, value string) {
	k := m.cookie.attributes
	k.Name += noteSuffix
	// Beside a system whose own cookie works over plain HTTP, ours has to as
	// well. What the page was loaded by, the Origin of its form says.
	if m.cfg.Foreign != nil && r.TLS == nil && strings.HasPrefix(r.Header.Get("Origin"), "http://") {
		k.Name, k.Secure = plainNote, false
	}
	k.Value, k.MaxAge = value, int(noteLife/time.Second)
	sendCookie(w, &k)
}

// TakeNote returns the note of r's browser, "" if there is none, and takes it
// away.
func (m *Middleware) TakeNote(w http.ResponseWriter, r *http.Request) (value string) {
	for _, k := range m.notes() {
		v, present := cookieUpTo(r, k.Name, maxNote)
		if present {
			k.MaxAge = -1
			sendCookie(w, &k)
		}
		value = cmp.Or(value, v)
	}
	return value
}

// ReadNote is TakeNote that leaves the note where it is.
func (m *Middleware) ReadNote(r *http.Request) (value string) {
	for _, k := range m.notes() {
		v, _ := cookieUpTo(r, k.Name, maxNote)
		value = cmp.Or(value, v)
	}
	return value
}

const (
	noteSuffix = "-note"
	plainNote  = "session" + noteSuffix
	// maxNote is how long a note may be, in bytes. Browsers keep 4,096.
	maxNote = 3072
)

// notes are the cookies that a note may be in.
func (m *Middleware) notes() []http.Cookie {
	k := m.cookie.attributes
	k.Name += noteSuffix
	if m.cfg.Foreign == nil {
		return []http.Cookie{k}
	}
	plain := k
	plain.Name, plain.Secure = plainNote, false
	return []http.Cookie{k, plain}
}
