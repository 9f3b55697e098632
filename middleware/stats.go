package middleware

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
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
	// UnknownBearers are bearer tokens that are of no session: made up, forged, or of
	// sessions that are long forgotten.
	UnknownBearers int64
	// Reused are credentials that had been replaced: a copy of a cookie, or a browser
	// that was restored from a backup.
	Reused int64
	// Expired are credentials of sessions that their limits had ended.
	Expired int64
	// Unbound are requests of bound sessions without a recent proof of their key: a
	// copy of a cookie, or a browser that has lost its key.
	Unbound int64
	// Unavailable are the requests that could not be judged, and were answered 503.
	Unavailable Unavailable
	// Public are answers to a request with a credential that their handlers
	// declared public, so that a cache may give them to others.
	Public int64
}

// Unavailable counts requests that were answered 503, by the cause.
type Unavailable struct {
	Timeout    int64 // the store did not answer in time
	Store      int64 // it answered with an error
	UserStatus int64 // session.Config.UserStatus did
	Gone       int64 // the client had gone meanwhile: nobody's fault
}

type counters struct {
	unopened, tossed, public, unknownBearers, reused, expired, unbound atomic.Int64
	timeout, store, userStatus, gone                                   atomic.Int64
}

// Stats returns the counts, for a page of metrics.
func (m *Middleware) Stats() Stats {
	c := &m.stats
	return Stats{Unopened: c.unopened.Load(), Tossed: c.tossed.Load(), Public: c.public.Load(),
		UnknownBearers: c.unknownBearers.Load(), Reused: c.reused.Load(), Expired: c.expired.Load(), Unbound: c.unbound.Load(),
		Unavailable: Unavailable{c.timeout.Load(), c.store.Load(), c.userStatus.Load(), c.gone.Load()}}
}

// What is logged once a minute at most has the ID of no session.
var (
	logUnopened   = session.ID{1}
	logTossed     = session.ID{2}
	logUnknown    = session.ID{3}
	logReused     = session.ID{4}
	logExpired    = session.ID{5}
	logTimeout    = session.ID{6}
	logStore      = session.ID{7}
	logUserStatus = session.ID{8}
	logUnbound    = session.ID{9}
)

// note counts something, and logs the first of a minute.
func (m *Middleware) note(r *http.Request, n *atomic.Int64, which session.ID, level slog.Level, what string, args ...any) {
	so := n.Add(1)
	if m.logs.allows(which, m.manager.Now()) {
		m.cfg.Logger.Log(r.Context(), level, "middleware: "+what, append(args, "so far", so)...)
	}
}

// noteRefused notes why a credential has no session, where that is of interest.
func (m *Middleware) noteRefused(r *http.Request, carrier session.Carrier, err error) {
	ofNone := errors.Is(err, session.ErrMalformed) || errors.Is(err, session.ErrUnknown) || errors.Is(err, session.ErrForged)
	switch {
	case carrier == session.CarrierBearer && ofNone:
		m.note(r, &m.stats.unknownBearers, logUnknown, slog.LevelWarn, "a bearer token is of no session: made up, forged, or of one long forgotten")
	case errors.Is(err, session.ErrReused):
		m.note(r, &m.stats.reused, logReused, slog.LevelWarn, "a secret came that had been replaced: a copy, or a browser that was restored from a backup")
	case errors.Is(err, session.ErrUnbound):
		m.note(r, &m.stats.unbound, logUnbound, slog.LevelInfo, "a bound session was refused without a proof of its key: a copy of its cookie, or a browser that has lost its key")
	case errors.Is(err, session.ErrExpired):
		m.note(r, &m.stats.expired, logExpired, slog.LevelInfo, "a session was refused since its limits have ended it")
	}
}

// noteTrouble notes why a request could not be judged.
func (m *Middleware) noteTrouble(r *http.Request, err error) {
	const what = "a request could not be judged, and was answered 503: "
	switch {
	case errors.Is(r.Context().Err(), context.Canceled):
		m.stats.gone.Add(1)
	case errors.Is(err, session.ErrUserStatus):
		m.note(r, &m.stats.userStatus, logUserStatus, slog.LevelError, what+"UserStatus", "error", err)
	case errors.Is(err, context.DeadlineExceeded):
		m.note(r, &m.stats.timeout, logTimeout, slog.LevelError, what+"the store did not answer in time", "error", err)
	default:
		m.note(r, &m.stats.store, logStore, slog.LevelError, what+"the store", "error", err)
	}
}

// openedBy returns what a cookie of a request holds, and counts it if that is
// nothing.
func (m *Middleware) openedBy(r *http.Request, value string) opened {
	o := m.cookie.read(value)
	if o.cred.Hash.IsZero() && value != "" {
		m.note(r, &m.stats.unopened, logUnopened, slog.LevelWarn, "a cookie does not open: of another key, forged, or of another application on this host",
			"name", m.cookie.attributes.Name)
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
	now := m.manager.Now()
	m.note(r, &m.stats.tossed, logTossed, slog.LevelWarn, "two cookies of one name, or of two users: somebody else set one of them, and neither counts",
		"name", m.cookie.attributes.Name)
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
		m.cfg.Logger.WarnContext(r.Context(), "middleware: a handler declares the answer to a signed-in user public: caches may give it to others. "+
			"Files that are the same for all belong outside of Load", "route", route(r))
	}
}

// route returns what may be logged of a path: a shared link is a secret.
func route(r *http.Request) string {
	if r.Pattern != "" {
		return r.Pattern
	}
	first, rest, more := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case more && rest != "":
		return "/" + first + "/..."
	case len(first) > maxRouteName:
		return "/..."
	}
	return "/" + first
}

// maxRouteName is how long a path of one part may be that is logged. Names of pages
// are shorter, tokens longer.
const maxRouteName = 20

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
