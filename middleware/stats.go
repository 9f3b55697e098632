package middleware

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/signedin/signedin/session"
)

// Stats is a count of what happened since the Middleware was made.
type Stats struct {
	// Unopened are cookies of our name that hold nothing of ours: sealed with
	// another key, forged, or of another application on the same host.
	Unopened int64
	// Tossed are requests with two cookies of one name, or with cookies of two
	// users: somebody else has set one of them.
	Tossed int64
	// Public are answers to a request with a credential that their handlers
	// declared public, so that a cache may give them to others.
	Public int64
}

type counters struct{ unopened, tossed, public atomic.Int64 }

// Stats returns the counts, for a page of metrics.
func (m *Middleware) Stats() Stats {
	return Stats{Unopened: m.stats.unopened.Load(), Tossed: m.stats.tossed.Load(), Public: m.stats.public.Load()}
}

// What is logged once a minute at most has the ID of no session.
var (
	logUnopened = session.ID{1}
	logTossed   = session.ID{2}
)

// openedBy returns what a cookie of a request holds, and counts it if that is
// nothing.
func (m *Middleware) openedBy(r *http.Request, value string) opened {
	o := m.cookie.read(value)
	if o.cred.Hash.IsZero() && value != "" {
		m.stats.unopened.Add(1)
		if m.logs.allows(logUnopened, m.manager.Now()) {
			m.manager.Logger().WarnContext(r.Context(), "middleware: a cookie does not open: of another key, forged, or of another application on this host",
				"name", m.cookie.attributes.Name, "so far", m.stats.unopened.Load())
		}
	}
	return o
}

// tossed notes that a name came twice.
func (m *Middleware) tossed(r *http.Request, s *shown) {
	var ids []session.ID
	for _, k := range s.list() {
		if c := m.cookie.credential(k.value); k.twice && !c.Hash.IsZero() {
			ids = append(ids, c.ID)
		}
	}
	m.tossedOnce(r, ids)
}

// tossedOnce counts a request whose cookies somebody else has had a hand in, and
// tells of each session once a minute at most.
func (m *Middleware) tossedOnce(r *http.Request, ids []session.ID) {
	m.stats.tossed.Add(1)
	now := m.manager.Now()
	if m.logs.allows(logTossed, now) {
		m.manager.Logger().WarnContext(r.Context(), "middleware: two cookies of one name, or of two users: somebody else set one of them, and neither counts",
			"name", m.cookie.attributes.Name, "so far", m.stats.tossed.Load())
	}
	slices.SortFunc(ids, func(a, b session.ID) int { return bytes.Compare(a[:], b[:]) })
	ids = slices.DeleteFunc(slices.Compact(ids), func(id session.ID) bool { return !m.told.allows(id, now) })
	if len(ids) > 0 {
		m.manager.Tossed(r.Context(), ids, m.Origin(r))
	}
}

// published notes that the answer to a credential is for everybody, if its handler
// says so.
func (m *Middleware) published(w http.ResponseWriter, r *http.Request) {
	v := w.Header()["Cache-Control"]
	if len(v) == 1 && (v[0] == cachePrivate[0] || v[0] == cacheNoStore[0]) {
		return
	}
	if !slices.ContainsFunc(v, isPublic) {
		return
	}
	m.stats.public.Add(1)
	if m.publicOnce.CompareAndSwap(false, true) {
		m.manager.Logger().WarnContext(r.Context(), "middleware: a handler declares the answer to a signed-in user public: caches may give it to others. "+
			"Files that are the same for all belong outside of Load", "path", r.URL.Path)
	}
}

// isPublic reports whether a Cache-Control lets shared caches keep an answer
// (RFC 9111, 5.2.2).
func isPublic(control string) bool {
	for part := range strings.SplitSeq(strings.ToLower(control), ",") {
		name, _, _ := strings.Cut(strings.TrimSpace(part), "=")
		if name == "public" || name == "s-maxage" {
			return true
		}
	}
	return false
}
