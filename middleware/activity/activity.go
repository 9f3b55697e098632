// Package activity serves the "Device activity" page: the list of browsers and
// apps that are signed in to an account, with what it takes to sign out one of
// them, or all but this one, at once. The same is there as JSON for programs.
//
//	devices, err := activity.New(mw, activity.Config{Reauthenticate: "/confirm"})
//	...
//	mux.Handle("/account/devices/", devices)
//
// The page is HTML and whole without JavaScript; a small script keeps it up to
// date while it is open. The JSON API is under "api/" and describes itself at
// "api/openapi.yaml".
//
// # What is promised
//
// Who ends or renames another of their sessions must have proved who they are
// within the StepUp limit of the [session.Manager] (ASVS 5.0 7.5.2): whoever
// finds a browser open cannot throw the owner out. Ending the session that asks
// is always allowed.
//
// Why a session looks unusual is told in older sessions only, and only there may
// the user say that it was them ([session.Session.MayJudge]). A session that is in
// doubt itself ([session.Session.Believed]) is told so, whether or not there is
// something to see, and how to get out of it; it learns of the others the kind of
// device, the country and the day, and nothing by order, count or the event stream.
//
// What a user clicked is done after they have proved who they are, or have signed
// in again, within a minute, once; after that they are asked.
//
// A session of somebody else and one that never was give the same answer. What
// clients say of themselves is shown as text, whatever it holds.
//
// # The host's look
//
// The style takes its values from custom properties, which a [Config.Stylesheet]
// may set for :root, light and dark: --signedin-page, -card, -ink, -soft (text of
// less weight), -line, -field (borders of fields), -accent, -accent-soft (behind
// it), -danger, -warn, -warn-soft, -font and -width. Whoever sets colours sees to
// their contrast, in the dark too. With a [Config.Layout], and by
// [Handler.Fragment], the list stands inside a page of the host's, in an element of
// class signedin, and its style reaches nothing outside of it. That takes CSS
// nesting, which browsers have had since 2023.
//
// Success is reported once the store has acknowledged it. If the store fails,
// the answer is 503.
package activity

import (
	"crypto/cipher"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/locale"
)

// Config holds what a [Handler] can be told. The zero Config works and is
// safe.
type Config struct {
	// Path is where the Handler is mounted; it gets whole paths, with nothing
	// stripped. Defaults to "/account/devices".
	Path string
	// Base is what a host has taken from the beginning of the path, as with
	// [http.StripPrefix]: it stands before Path in every link and form. The other
	// paths here are as the browser sees them, with it. Defaults to none.
	Base string
	// Reauthenticate is a page of the host on which users prove again who they
	// are. It ends with [middleware.Middleware.Reauthenticated] and a redirect
	// to the query parameter "next" (see [middleware.LocalPath]). Defaults to
	// none: users are told to sign in again.
	Reauthenticate string
	// SignedOut is the page of the host to which users go who have signed out
	// this device. It must not lead on to another origin: browsers do not let a
	// form's redirect follow there. Defaults to "/".
	SignedOut string

	// PasswordURL is the page of the host on which users change their password,
	// where they are sent who say that a session was not theirs, with the query
	// parameter "after=not-me". Put it behind [middleware.Middleware.RequireConfirmed],
	// or a thief who has the password throws the owner out. Defaults to none: they
	// are told to do so.
	PasswordURL string
	// RecoveryURL is the page of the host for a forgotten password, which proves by
	// a mail who somebody is. It is where they are sent whose sign-in is in doubt
	// and who have nothing else to prove it by. Defaults to none: they are told to
	// do so.
	RecoveryURL string
	// Help is where users get help: a path of this site, or an address with https:
	// or mailto:. Defaults to none.
	Help string
	// LinkKeys seal what [Handler.Link] returns. The first seals, all of them
	// open. Each has at least 32 random bytes. Defaults to none: there are no
	// links.
	LinkKeys session.Keys

	// Zone is the time zone of exact times, where there is no script to put them
	// into the reader's own. Defaults to UTC.
	Zone *time.Location
	// Title is the heading of the page. Defaults to "Device activity".
	Title string
	// Home is the link back to the application. Defaults to none.
	Home string
	// Logo is an image of this site, a path, above the heading, beside what Home
	// says. Defaults to none.
	Logo string
	// Stylesheet is a style sheet of this site, a path, that comes after the page's
	// own, under the same Content-Security-Policy. Colours and the like are custom
	// properties: see the package comment. Defaults to none.
	Stylesheet string
	// Layout is a page of the host's around each of ours. It is executed with a
	// [Page]. Defaults to none.
	Layout *template.Template
	// Policy is the Content-Security-Policy of pages in a Layout, in which {nonce}
	// stands for a new nonce: style-src and script-src have to allow it
	// ('nonce-{nonce}'), and connect-src this site. Where it says nothing of
	// form-action, frame-ancestors and base-uri, nothing but our forms is allowed.
	// Defaults to that of the page, with images and fonts of this site.
	Policy string
	// Attribution is a line at the end of the page, such as the one that the
	// licence of a geo database asks for. Defaults to none.
	Attribution string
	// Language returns how to speak to the user of a request. The package
	// session/locale/catalog has languages and chooses by Accept-Language. Defaults
	// to that of the Middleware.
	Language func(r *http.Request) *locale.Locale

	// Ended, if set, is told what the client of r has ended here: the session of
	// that ID, or with the zero ID all of the user's others. It passes that on to
	// another system by which they are signed in as well; what it returns as an
	// error, the user is told. Defaults to nil.
	Ended func(r *http.Request, id session.ID) error

	// Remarks, if set, returns lines to stand above the list, such as what another
	// system says of the same user's devices. It is not asked for a session in doubt,
	// which learns nothing of others. Defaults to none.
	Remarks func(r *http.Request) []string

	// Logger is told of trouble that the client is not told of. Defaults to
	// discarding.
	Logger *slog.Logger
}

// A Handler serves the page and the API. It is safe for concurrent use.
type Handler struct {
	mw      *middleware.Middleware
	manager *session.Manager
	cfg     Config
	base    string // Config.Path without a slash at its end
	public  string // the same as browsers see it
	inner   http.Handler
	links   []cipher.AEAD
	link    http.Handler // for who has no session
	noteKey session.Keys // seals what no session can
	used    used
	looks   looks
	streams streams
}

var _ http.Handler = (*Handler)(nil)

// New returns a Handler for the sessions of mw. The error names the field of
// cfg that cannot be used.
func New(mw *middleware.Middleware, cfg Config) (*Handler, error) {
	if mw == nil {
		return nil, errors.New("activity: no Middleware")
	}
	if cfg.Path == "" {
		cfg.Path = "/account/devices"
	}
	if cfg.SignedOut == "" {
		cfg.SignedOut = "/"
	}
	if cfg.Language == nil {
		cfg.Language = mw.Language
	}
	if cfg.Zone == nil {
		cfg.Zone = time.UTC
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if err := check(cfg); err != nil {
		return nil, err
	}
	h := &Handler{mw: mw, manager: mw.Manager(), cfg: cfg, base: strings.TrimSuffix(cfg.Path, "/")}
	h.public = strings.TrimSuffix(cfg.Base, "/") + h.base
	var err error
	if h.links, err = newLinks(cfg.LinkKeys); err != nil {
		return nil, err
	}
	h.noteKey = newNoteKey(cfg.LinkKeys)
	require := mw.Require(closed(h.routes()))
	h.inner = mw.Load(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if own(r) == nil {
			if later := h.later(w, r); later != nil {
				r = later
			}
		}
		require.ServeHTTP(w, r)
	}))
	h.link = mw.Load(methods{"GET": h.linked(h.showLink), "POST": h.linked(h.answerByLink)})
	return h, nil
}

func check(cfg Config) error {
	below := strings.TrimSuffix(cfg.Path, "/") + "/x"
	if !strings.HasPrefix(below, "/") || path.Clean(below) != below || strings.ContainsAny(below, "{}?#% \t") {
		return fmt.Errorf("activity: Config.Path: %q is no plain path", cfg.Path)
	}
	if b := strings.TrimSuffix(cfg.Base, "/"); b != "" && (!strings.HasPrefix(b, "/") || path.Clean(b) != b || strings.ContainsAny(b, "{}?#% \t\\")) {
		return fmt.Errorf("activity: Config.Base: %q is no plain path", cfg.Base)
	}
	if u, err := url.Parse(cfg.Help); err != nil || cfg.Help != "" && u.Scheme != "https" && u.Scheme != "mailto" && middleware.LocalPath(cfg.Help, "") == "" {
		return fmt.Errorf("activity: Config.Help: %q is no path on this site, and no https: or mailto: address", cfg.Help)
	}
	for _, f := range []struct{ name, v string }{
		{"Reauthenticate", cfg.Reauthenticate},
		{"SignedOut", cfg.SignedOut},
		{"PasswordURL", cfg.PasswordURL},
		{"RecoveryURL", cfg.RecoveryURL},
		{"Logo", cfg.Logo},
		{"Stylesheet", cfg.Stylesheet},
	} {
		if f.v != "" && middleware.LocalPath(f.v, "") == "" {
			return fmt.Errorf("activity: Config.%s: %q is no path on this site", f.name, f.v)
		}
	}
	if p := cfg.Policy; p != "" && (cfg.Layout == nil || !strings.Contains(p, "'nonce-{nonce}'") || strings.ContainsAny(p, "\r\n")) {
		return fmt.Errorf("activity: Config.Policy: %q is not for a Layout, or does not allow 'nonce-{nonce}'", p)
	}
	return nil
}

// ServeHTTP answers a request, of which it expects the whole path.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = middleware.WithLanguage(r, h.cfg.Language)
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	// Not no-referrer: browsers would then send "Origin: null" with our own
	// forms.
	header.Set("Referrer-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	switch {
	case r.URL.Path == h.base+"/link" && len(h.links) > 0:
		h.link.ServeHTTP(w, r)
		return
	case r.URL.Path == h.base+"/script.js":
		closed(methods{"GET": http.HandlerFunc(serveScript)}).ServeHTTP(w, r)
		return
	case r.URL.Path == h.base+"/api/openapi.yaml": // which says nothing of anybody
		h.described().ServeHTTP(w, r)
		return
	}
	h.inner.ServeHTTP(w, r)
}

// closed adds the headers that only our own answers have, not those by which
// the host refuses.
func closed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Security-Policy", closedPolicy)
		next.ServeHTTP(w, r)
	})
}

func (h *Handler) routes() http.Handler {
	recent := h.mw.RequireRecentAuth(0)
	devices := methods{"GET": h.mw.AskHints(h.page(h.list))}
	mux := http.NewServeMux()
	handle := func(at string, m methods) {
		mux.Handle(at, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { m.serve(w, r, h.problem) }))
	}
	for at, m := range map[string]methods{
		"/{$}":              devices,
		"/act":              {"POST": h.post("")},
		"/do":               {"GET": h.page(h.resume)},
		"/rename":           {"GET": h.page(h.showRename), "POST": h.post(doRename)},
		"/sign-out":         {"POST": h.post(doSignOut)},
		"/sign-out-others":  {"GET": h.page(h.askOthers), "POST": h.post(doOthers)},
		"/sign-out-several": {"POST": h.post(doSeveral)},
		"/was-me":           {"POST": h.post(doWasMe)},
		"/not-me":           {"POST": h.post(doNotMe)},
		"/review":           {"POST": h.post(doReview)},
		"/forget":           {"POST": h.post(doForget)},
		"/events":           {"GET": http.HandlerFunc(h.events)},

		"/api/sessions":               {"GET": h.api(h.listSessions)},
		"/api/sessions/{id}":          {"PATCH": ownOr(h.api(h.patch), recent(h.api(h.patch))), "DELETE": ownOr(h.api(h.deleteOwn), recent(h.api(h.delete)))},
		"/api/sessions/{id}/confirm":  {"POST": recent(h.api(h.apiConfirm))},
		"/api/sessions/{id}/deny":     {"POST": recent(h.api(h.apiDeny))},
		"/api/sessions/revoke-others": {"POST": recent(h.api(h.revokeOthers))},
		"/api/review":                 {"GET": h.api(h.apiReview), "POST": h.api(h.apiReviewed)},
		"/api/known-devices":          {"DELETE": recent(h.api(h.apiForget))},
		"/api/history":                {"GET": h.api(h.history)},
	} {
		handle(h.base+at, m)
	}
	if h.base != "" {
		handle(h.base, devices)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		h.problem(w, r, http.StatusNotFound, nil)
	})
	return mux
}

// described serves the description of the API, which needs no session.
func (h *Handler) described() http.Handler {
	return closed(methods{"GET": http.HandlerFunc(describe)})
}

// methods is what one path answers to.
type methods map[string]http.Handler

func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.serve(w, r, middleware.Problem)
}

func (m methods) serve(w http.ResponseWriter, r *http.Request, problem func(http.ResponseWriter, *http.Request, int, error)) {
	next := m[r.Method]
	if next == nil && r.Method == http.MethodHead {
		next = m[http.MethodGet]
	}
	if next == nil {
		w.Header().Set("Allow", m.allow())
		problem(w, r, http.StatusMethodNotAllowed, nil)
		return
	}
	next.ServeHTTP(w, r)
}

func (m methods) allow() string {
	var names []string
	for _, name := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPatch, http.MethodDelete} {
		if m[name] != nil || name == http.MethodHead && m[http.MethodGet] != nil {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}
