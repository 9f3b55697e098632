// Package middleware connects sessions to net/http.
//
// A [Middleware] finds the token in a request, resumes its session, and puts
// it into the request's context, where [session.FromContext] finds it:
//
//	mw, err := middleware.New(manager, middleware.Config{})
//	...
//	mux.Handle("/", mw.Load(home))             // session or none
//	mux.Handle("/photos/", mw.Require(photos)) // session, or 401
//
// Your own sign-in handler calls [Middleware.SignIn] once it has checked the
// password, and a change of the password ends with
// [Middleware.RevokeAllExcept].
//
// # What is promised
//
// The ResponseWriter that a handler gets is the one that came in: Flush,
// Hijack, sendfile and [http.ResponseController] work as without us.
//
// When the session ends, the context of each of its requests is done, with
// [session.ErrRevoked] as its cause, and what does not look at its context fails
// at its next read or write. That needs [Middleware.ConnContext]:
//
//	server := &http.Server{Handler: mw.Load(mux), ConnContext: mw.ConnContext}
//
// since only who closes a connection of HTTP/1 stops a handler that sets
// deadlines of its own:
//
//	                                                  with      without ConnContext
//	HTTP/1, deadlines of the handler: none, one       cut       cut
//	HTTP/1, deadlines set again or cleared later      cut       goes on
//	HTTP/1, the ResponseWriter has no Unwrap          cut       goes on
//	HTTP/1, through httputil.ReverseProxy             cut       cut
//	HTTP/2, whatever the handler does                 cut       cut
//
// It holds for event streams, downloads, uploads, and connections that a handler
// has taken over (by hand, for a WebSocket, with or without an Upgrade header, or
// for CONNECT), whether the handler has returned or not. Of HTTP/2 the stream is
// reset and other users' streams of the connection go on; a handler that is
// blocked in a write there, behind a writer without Unwrap, is only done with
// when the client reads or goes. HTTP/3 is cut by deadlines. The request that ends
// its own session has 10 seconds to answer.
//
// A cookie that came by another site's doing signs nothing: unsafe requests
// and WebSocket handshakes that a cookie authenticates must prove that they
// come from the same origin.
//
// If the store fails, the answer is 503. Nobody is let in, nobody is signed
// out, and no cookie is touched.
package middleware

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/session"
)

// Config holds what a [Middleware] can be told. The zero Config works and is
// safe.
type Config struct {
	// CookieName names the cookie. A name that begins with "__Host-" binds it
	// to this host; one with "__Secure-" may be shared over CookieDomain.
	// Defaults to "__Host-session".
	CookieName string
	// CookieDomain shares the cookie with all hosts under a domain. Defaults to
	// this host alone.
	CookieDomain string
	// CookieSameSite is http.SameSiteLaxMode or http.SameSiteStrictMode.
	// Defaults to http.SameSiteLaxMode.
	CookieSameSite http.SameSite
	// CookieKeys seal the cookie, so that a forged one is refused without
	// asking the store. The first seals, all of them verify. Each has at least
	// 32 random bytes. Defaults to none: the cookie holds the bare token, which
	// cannot be guessed.
	CookieKeys session.Keys
	// InsecureCookie sends the cookie without Secure and by default under the
	// name "session", for browsers that keep no Secure cookie on plain HTTP
	// even from the same machine. It works on loopback addresses, in
	// InsecureNetworks, and for httptest.NewRequest; elsewhere every request is
	// answered 500, and the log says why. Defaults to false.
	InsecureCookie bool
	// InsecureNetworks are private networks, such as 192.168.0.0/16, for servers
	// at home that people open as http://nas:8080: InsecureCookie also works for
	// connections to an address of the server's own that is in one of them, and
	// over Unix sockets. Whoever can listen there can take the cookie and be that
	// user: other devices on an open WLAN, say. A request that came by https, or
	// through a proxy to a name of the internet, is refused even so. A network
	// that is not private is an error. Defaults to none.
	InsecureNetworks []netip.Prefix

	// NoDeviceCookie sends no cookie by which a browser is recognised at its
	// next sign-in. Defaults to false: one is sent, for 400 days, if there are
	// CookieKeys and the Manager has ProfileKeys.
	NoDeviceCookie bool

	// NoBearer has Authorization not looked at, where no client of the host's has
	// a bearer token and something in front uses that header for itself. Defaults
	// to false: a token of ours there decides, and what may be one in an odd
	// spelling is refused.
	NoBearer bool
	// TokenHeaders are headers whose whole value is a bearer token, looked at
	// in this order after Authorization. Defaults to none.
	TokenHeaders []string

	// Foreign, if set, watches the tokens that another system issues. There is no
	// cookie of ours then, and SignIn is of no use. Defaults to nil.
	Foreign *Foreign
	// Former, if set, has users who are signed in by a former kind of session of
	// the host's go over to ours. Defaults to nil.
	Former *Former

	// TrustedOrigins are other origins, such as "https://app.example.com",
	// whose pages may send requests with our cookie. Defaults to none.
	TrustedOrigins []string
	// ClientIP tells where a request comes from. Defaults to RemoteAddr.
	ClientIP ClientIP
	// Hints, if set, adds to what a request says about its device, from
	// headers of the host's own apps: device.Hints.AppName, AppVersion, AppModel
	// and AppPlatform. An app that names itself in its User-Agent gets its name
	// by one line instead, in session.Config.Device:
	//
	//	device.New(device.Config{Apps: []device.App{{Name: "Photos", Pattern: "photos-ios/{version}*"}}}).Parse
	//
	// Defaults to nil.
	Hints func(r *http.Request, h device.Hints) device.Hints

	// Background, if set, says by route or header which requests nobody made: those of
	// a page that polls. They are judged like any other, and do not keep an idle
	// session alive (ASVS 5.0 7.3.1). Event streams, pages that are fetched in advance
	// and requests with the header Signedin-Background are known without. Defaults to
	// nil.
	Background func(r *http.Request) bool

	// NoHints keeps AskHints from asking. Defaults to false.
	NoHints bool
	// CriticalHints has browsers ask again at once if their first request came
	// without the hints, at the price of one round trip. Defaults to false.
	CriticalHints bool

	// Logger is told of what an operator may have to look at: of each kind of it in
	// Stats the first of a minute. Defaults to that of the Manager.
	Logger *slog.Logger

	// Refuse answers a request that is stopped, with the status that fits and
	// an error that says why: ErrSignInRequired,
	// session.ErrSuspended, ErrRecentAuthRequired, ErrUnconfirmed,
	// ErrCrossOrigin, or trouble. The headers that belong to the answer are
	// set. Defaults to Problem; see also ToSignIn.
	Refuse func(w http.ResponseWriter, r *http.Request, status int, err error)
}

// Why a request was stopped.
var (
	// ErrSignInRequired comes with 401: there is no session. If there is one
	// that is suspended, [session.ErrSuspended] comes instead: signing in anew
	// replaces it.
	ErrSignInRequired = errors.New("sign in to go on")
	// ErrRecentAuthRequired comes with 401: the user has to prove again who
	// they are.
	ErrRecentAuthRequired = errors.New("confirm that it is you to go on")
	// ErrUnconfirmed comes with 401: the session was signed in suspiciously and
	// is not believed yet.
	ErrUnconfirmed = errors.New("confirm with a second factor, or on another device, that it is you to go on")
	// ErrCrossOrigin comes with 403: the request was made by a page of another
	// origin, or cannot be told from one.
	ErrCrossOrigin = errors.New("request from another origin refused")
	// ErrInsecureCookie comes with 500: Config.InsecureCookie is set, and this
	// is neither a loopback address nor in Config.InsecureNetworks, or the browser
	// came by https.
	ErrInsecureCookie = errors.New("middleware: InsecureCookie works on loopback addresses and in InsecureNetworks only, and without https")
)

// A Middleware finds the sessions of requests. It is safe for concurrent use.
type Middleware struct {
	manager *session.Manager
	cfg     Config
	cookie  cookie
	device  deviceCookie
	origins *http.CrossOriginProtection
	vary    []string // the carriers

	dead       *memory[session.Standing] // by the hash of a secret
	redirects  minutely                  // answers of our own
	told, logs minutely
	publicOnce atomic.Bool
	stats      counters

	alone, shared *session.Door // of requests, see doors
	missed        atomic.Bool
}

// New returns a Middleware for the sessions of manager. The error names the
// field of cfg that cannot be used.
func New(manager *session.Manager, cfg Config) (*Middleware, error) {
	if manager == nil {
		return nil, errors.New("middleware: no Manager")
	}
	if err := checkForeign(cfg); err != nil {
		return nil, err
	}
	if err := checkFormer(cfg); err != nil {
		return nil, err
	}
	if err := checkInsecure(cfg); err != nil {
		return nil, err
	}
	c, err := newCookie(cfg)
	if err != nil {
		return nil, err
	}
	origins := http.NewCrossOriginProtection()
	for _, o := range cfg.TrustedOrigins {
		if err := origins.AddTrustedOrigin(o); err != nil {
			return nil, fmt.Errorf("middleware: Config.TrustedOrigins: %w", err)
		}
	}
	if cfg.TokenHeaders, err = tokenHeaders(cfg.TokenHeaders); err != nil {
		return nil, err
	}
	if cfg.ClientIP == nil {
		cfg.ClientIP = RemoteAddr
	}
	if cfg.Refuse == nil {
		cfg.Refuse = Problem
	}
	if cfg.Logger == nil {
		cfg.Logger = manager.Logger()
	}
	cfg.Foreign = cfg.Foreign.byWhose()
	m := &Middleware{manager: manager, cfg: cfg, cookie: c, device: newDeviceCookie(c, cfg, manager), origins: origins,
		vary: []string{strings.Join(carriers(cfg), ", ")}, dead: new(memory[session.Standing])}
	m.alone, m.shared = m.doors()
	return m, nil
}

// Manager returns the Manager whose sessions these are.
func (m *Middleware) Manager() *session.Manager { return m.manager }

// Load puts the request's session into its context, if it has one, and goes on
// to next in either case. It stops requests that it cannot judge (503) and
// those that another origin sent (403).
func (m *Middleware) Load(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if q := m.loaded(r); q != nil {
			next.ServeHTTP(w, onTop(q, r))
			return
		}
		if m.wasRefused(r) != nil {
			next.ServeHTTP(w, r)
			return
		}
		m.load(w, r, next)
	})
}

func (m *Middleware) load(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if err := m.refusedAsInsecure(r); err != nil {
		m.refuse(w, r, http.StatusInternalServerError, err)
		return
	}
	notTakenOver(r)
	if m.cfg.Foreign != nil {
		m.loadForeign(w, r, next)
		return
	}
	addVary(w.Header(), m.vary)
	cred, carrier := m.bearer(r)
	if carrier == "" {
		if m.loadQuiet(w, r, next) {
			return
		}
		c, err := m.choose(r)
		if err != nil {
			m.refuse(w, r, http.StatusServiceUnavailable, err)
			return
		}
		if c.n > 0 {
			m.open(w, r, next, c.cred, session.CarrierCookie, &c)
			return
		}
		if m.cfg.Former != nil && m.loadFormer(w, r, next) {
			return
		}
	}
	m.open(w, r, next, cred, carrier, nil)
}

// open opens the session of a credential and goes on to next. c is what the request
// shows of our cookies, if one of them decides.
func (m *Middleware) open(w http.ResponseWriter, r *http.Request, next http.Handler, cred session.Credential, carrier session.Carrier, c *choice) {
	if carrier == "" {
		next.ServeHTTP(w, r)
		return
	}
	h := w.Header()
	if h["Cache-Control"] == nil {
		h["Cache-Control"] = cachePrivate
	}
	if cred.Hash.IsZero() {
		m.noteRefused(r, carrier, session.ErrMalformed)
		next.ServeHTTP(w, m.refused(r, session.ErrMalformed))
		m.published(w, r)
		return
	}
	w, r = guardShared(w, r)
	conn, err := m.enter(r, w, cred, m.Origin(r))
	if err != nil {
		m.noteRefused(r, carrier, err)
		m.notLoaded(w, r, next, c, err)
		return
	}
	if err := m.usable(r, conn, carrier); err != nil {
		conn.Close()
		if errors.Is(err, ErrCrossOrigin) {
			m.refuse(w, r, http.StatusForbidden, err)
			return
		}
		next.ServeHTTP(w, m.refused(r, err))
		return
	}
	if carrier == session.CarrierCookie {
		if m.renew(w, r, conn, c) {
			conn.Close()
			return
		}
		m.remember(r, c, conn)
	}
	if conn.Session().Shared && isPrivate(h) {
		h["Cache-Control"] = cacheNoStore // nothing of it stays in the browser
	}
	m.serve(conn, w, r, next)
	m.published(w, r)
}

// usable tells why a request cannot use the session that was found by its
// credential.
func (m *Middleware) usable(r *http.Request, conn *session.Conn, carrier session.Carrier) error {
	if conn.Session().Carrier != carrier {
		// A token that left its carrier, as a cookie's that is sent as a bearer
		// to get around the check of its origin.
		return session.ErrForged
	}
	if carrier != session.CarrierCookie {
		return nil
	}
	return m.sameOrigin(r, isUpgrade(r))
}

// isUpgrade reports whether r asks for another protocol (RFC 9110, 7.8).
func isUpgrade(r *http.Request) bool {
	for _, v := range r.Header["Upgrade"] {
		if v != "" {
			return true
		}
	}
	return false
}

// notLoaded goes on without a session after a definite no, and stops at
// trouble.
func (m *Middleware) notLoaded(w http.ResponseWriter, r *http.Request, next http.Handler, c *choice, err error) {
	if !errors.Is(err, session.ErrRefused) {
		m.refuse(w, r, http.StatusServiceUnavailable, err)
		return
	}
	if c != nil && m.takeOver(w, r, c, err) {
		return
	}
	next.ServeHTTP(w, m.refused(r, err))
	m.published(w, r)
}

// refusedKey marks a request whose credential was refused, with the reason, so
// that a Require inside of a Load does not ask, count and tell the observers
// again.
type refusedKey struct{ m *Middleware }

func (m *Middleware) refused(r *http.Request, err error) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), refusedKey{m}, err))
}

// isOver reports whether a cookie can never be of use again, because its session
// is over. One of which the store knows nothing may be of another store; and one
// whose secret was replaced may be on its way to the next.
func isOver(err error) bool {
	return errors.Is(err, session.ErrRevoked) || errors.Is(err, session.ErrExpired)
}

// Header values that every answer shares. They have no room to grow, so a
// handler that adds to one gets a copy.
var (
	cachePrivate = []string{"private"}
	cacheNoStore = []string{"no-store"}
)

// isPrivate reports whether nobody but us has said yet how an answer is kept.
func isPrivate(h http.Header) bool {
	v := h["Cache-Control"]
	return len(v) == 1 && &v[0] == &cachePrivate[0]
}

// addVary adds the carriers, all of which an answer depends on.
func addVary(h http.Header, carriers []string) {
	if old := h["Vary"]; old != nil {
		carriers = append(old[:len(old):len(old)], carriers...)
	}
	h["Vary"] = carriers
}

// Origin tells where a request comes from. An address that is only a proxy's
// is left out.
func (m *Middleware) Origin(r *http.Request) session.Origin {
	o := session.Origin{Hints: hints(r.Header), Background: m.isBackground(r)}
	if ip, exact := m.cfg.ClientIP(r); exact {
		o.IP = ip
	}
	if m.cfg.Hints != nil {
		o.Hints = m.cfg.Hints(r, o.Hints)
	}
	return o
}

func hints(header http.Header) device.Hints {
	first := func(key string) string { // key is canonical
		if v := header[key]; len(v) > 0 {
			return v[0]
		}
		return ""
	}
	h := device.Hints{UserAgent: first("User-Agent"), Brands: first("Sec-Ch-Ua")}
	if app := first("X-Requested-With"); app != "XMLHttpRequest" { // a script's, which comes and goes
		h.RequestedWith = app
	}
	if h.Brands == "" { // browsers that send any client hint send this one
		return h
	}
	h.FullVersions = first("Sec-Ch-Ua-Full-Version-List")
	h.Mobile = first("Sec-Ch-Ua-Mobile")
	h.Platform = first("Sec-Ch-Ua-Platform")
	h.PlatformVersion = first("Sec-Ch-Ua-Platform-Version")
	h.Model = first("Sec-Ch-Ua-Model")
	h.FormFactors = first("Sec-Ch-Ua-Form-Factors")
	return h
}

func (m *Middleware) refuse(w http.ResponseWriter, r *http.Request, status int, err error) {
	w.Header()["Cache-Control"] = cacheNoStore
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "2")
		m.noteTrouble(r, err)
	}
	m.cfg.Refuse(w, r, status, err)
}
