package middleware

import (
	"net/http"
	"strings"
	"time"

	"github.com/signedin/signedin/session"
)

// An answer travels when its handler has finished, and may then be one for
// everybody, or late. So what no handler has called for, the next secret of a
// rotation or the end of a dead cookie, goes into answers of our own only.

// tidyAfter is how long after a rotation for safety the cookies before it are
// taken away.
const tidyAfter = time.Minute

// renew sends the browser of a live session what is due, with an answer of our
// own, if the request is for a page. It reports whether it has answered.
func (m *Middleware) renew(w http.ResponseWriter, r *http.Request, q *session.Conn, c *choice) bool {
	s, now := q.Session(), m.manager.Now()
	tidy := c.n > 1 && now.Sub(s.Secrets.RotatedAt) >= tidyAfter && c.hasDead()
	if !tidy && !c.outdated && !q.RotationDue() || !mayRedirect(r) {
		return false
	}
	if !s.Secrets.Previous.IsZero() && now.Sub(s.Secrets.RotatedAt) < tidyAfter {
		return false // the answer with the next secret is under way
	}
	if !m.redirects.allows(s.ID, now) {
		return false
	}
	if !m.sendDue(w, r, q, c) && !tidy {
		return false
	}
	m.again(w, r)
	return true
}

// sendDue sends what is due, and reports whether anything was.
func (m *Middleware) sendDue(w http.ResponseWriter, r *http.Request, q *session.Conn, c *choice) (sent bool) {
	if q.RotationDue() || c.outdated {
		t, err := m.cookie.token(r, c.end)
		if err == nil && q.RotationDue() {
			t, err = m.manager.RotatePeriodic(r.Context(), t)
		}
		if err == nil && !t.IsZero() { // else the next request tries again
			m.cookie.set(w, c.end, t, q.Session(), m.manager.Now())
			m.bind.offer(w, r, t, q.Session(), m.manager.Now())
			sent = true
		}
	}
	return m.takeDead(w, c) || sent
}

// takeDead takes away the cookies of which it is known that they are dead.
func (m *Middleware) takeDead(w http.ResponseWriter, c *choice) (taken bool) {
	for i, k := range c.list() {
		if c.dead[i] && k.end != c.end {
			m.cookie.clear(w, k.end)
			taken = true
		}
	}
	return taken
}

func (c *choice) hasDead() bool {
	for i, k := range c.list() {
		if c.dead[i] && k.end != c.end {
			return true
		}
	}
	return false
}

// takeOver takes the cookies of a session that is over away, with an answer of our
// own, if the request is for a page. It reports whether it has answered. A cookie
// of which this store knows nothing may be of another.
func (m *Middleware) takeOver(w http.ResponseWriter, r *http.Request, c *choice, err error) bool {
	if !isOver(err) || !mayRedirect(r) || !m.redirects.allows(c.cred.ID, m.manager.Now()) {
		return false
	}
	m.takeDead(w, c)
	m.cookie.clear(w, c.end)
	m.cookie.sendWhy(w, err)
	m.again(w, r)
	return true
}

// mayRedirect reports whether a person waits for the page, who will not notice
// that it was asked for twice.
func mayRedirect(r *http.Request) bool {
	if r.Method != http.MethodGet || r.Header["Range"] != nil || r.Header["Upgrade"] != nil {
		return false
	}
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" || r.Header.Get("Sec-Fetch-Site") != "" {
		return mode == "navigate"
	}
	return acceptsHTML(r.Header.Get("Accept")) // over plain HTTP browsers say no more
}

// again has the browser ask once more, with what this answer has sent it.
func (m *Middleware) again(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Location", samePlace(r))
	w.Header()["Cache-Control"] = cacheNoStore
	w.WriteHeader(http.StatusFound)
}

// samePlace returns the address of the request, for the client that made it.
func samePlace(r *http.Request) string {
	place := r.RequestURI // r.URL may have lost a prefix
	if !strings.HasPrefix(place, "/") {
		place = r.URL.RequestURI()
	}
	if LocalPath(place, "") != "" {
		return place
	}
	// What browsers would take for another host: only its last part, from where
	// they are.
	path, query, found := strings.Cut(place, "?")
	place = "./" + path[strings.LastIndexAny(path, "/\\")+1:]
	if found {
		place += "?" + query
	}
	return place
}

// Rotation returns the route for pages that are made of scripts and are seldom
// loaded: a request sends the session's cookie its next secret if that is due, and
// the answer is 204 in any case. Have scripts send a POST when they start, and
// once a day. Without a session the answer is 401.
func (m *Middleware) Rotation() http.Handler {
	return m.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Cache-Control"] = cacheNoStore
		if q := m.loaded(r); q.Session().Carrier == session.CarrierCookie {
			c, err := m.choose(r)
			switch old := m.cfg.Former.token(r); {
			case err == nil && c.n > 0:
				m.sendDue(w, r, q, &c)
			case err == nil && old != "":
				m.sendMoved(w, r, q, session.FormerToken(old))
			}
		}
		w.WriteHeader(http.StatusNoContent)
	}))
}
