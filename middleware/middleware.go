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
// [Middleware.RevokeOthers].
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
//	HTTP/1, a socket of gorilla or coder              cut       cut, unless it sets deadlines again
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
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/signedin/signedin/session"
)

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
	bind    *binding // nil if no session is bound
	origins *http.CrossOriginProtection
	vary    []string // the carriers

	dead       *memory[session.Standing] // by the hash of a secret
	redirects  minutely                  // answers of our own
	told, logs minutely
	publicOnce atomic.Bool
	proxyOnce  atomic.Bool
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
	if m.bind, err = newBinding(c, cfg, manager); err != nil {
		return nil, err
	}
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
		switch q := r.Context().Value(loadedKey{m}).(type) {
		case nil:
			m.load(w, r, next)
		case *session.Conn:
			next.ServeHTTP(w, onTop(q, r))
		default:
			next.ServeHTTP(w, r)
		}
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
	if m.isBinding(r) {
		next.ServeHTTP(w, r)
		return
	}
	cred, carrier := m.bearer(r)
	if carrier == "" {
		value, short, n := m.cookie.only(r)
		if n == 1 && m.loadQuiet(w, r, value, short, next) {
			return
		}
		if n > 0 {
			m.loadCookie(w, r, next)
			return
		}
		if m.cfg.Former != nil && m.loadFormer(w, r, next) {
			return
		}
	}
	m.open(w, r, next, cred, carrier, nil)
}

// loadCookie is load for a request that shows cookies of ours.
func (m *Middleware) loadCookie(w http.ResponseWriter, r *http.Request, next http.Handler) {
	c, err := m.choose(r)
	if err != nil {
		m.refuse(w, r, http.StatusServiceUnavailable, err)
		return
	}
	m.open(w, r, next, c.cred, session.CarrierCookie, &c)
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
	if carrier == session.CarrierCookie {
		cred.Proof = m.keyProof(r, cred.ID)
	}
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
	m.serve(conn, w, r, r.WithContext(conn), next)
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
	if c != nil && (m.takeOver(w, r, c, err) || m.renewProof(w, r, err)) {
		return
	}
	next.ServeHTTP(w, m.refused(r, err))
	m.published(w, r)
}

// refused marks a request whose credential was refused, with the reason, so
// that a Require inside of a Load does not ask, count and tell the observers
// again.
func (m *Middleware) refused(r *http.Request, err error) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), loadedKey{m}, err))
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
	if len(h) == 0 {
		h["Vary"] = carriers
		return
	}
	if old := h["Vary"]; old != nil {
		carriers = append(old[:len(old):len(old)], carriers...)
	}
	h["Vary"] = carriers
}

func (m *Middleware) refuse(w http.ResponseWriter, r *http.Request, status int, err error) {
	w.Header()["Cache-Control"] = cacheNoStore
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "2")
		m.noteTrouble(r, err)
	}
	m.cfg.Refuse(w, m.inLanguage(r), status, err)
}
