// Package demo is a small site with accounts, the host that the examples
// share: sign-in with a password, an event stream, a token for apps, a change
// of the password, and the "Device activity" page.
package demo

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/session"
)

// Devices is where the "Device activity" page is.
const Devices = "/account/devices"

// Pages are where who is stopped can go on. The page to recover is there if
// [Users] has a Mail.
var Pages = middleware.Pages{SignIn: "/login", Confirm: "/confirm", Recover: "/recover"}

// site is the handlers' common ground.
type site struct {
	users    *Users
	sessions *session.Manager
	mw       *middleware.Middleware
	log      *slog.Logger
}

// New returns the site. attribution is a line that a source of places asks
// for; it may be empty.
func New(users *Users, mw *middleware.Middleware, attribution string, log *slog.Logger) (http.Handler, error) {
	s := &site{users: users, sessions: mw.Manager(), mw: mw, log: log}
	cfg := activity.Config{
		Path: Devices, Home: "/", Reauthenticate: "/confirm", SignedOut: "/login", PasswordURL: "/password", Attribution: attribution, Logger: log,
	}
	if users.Mail != nil {
		cfg.RecoveryURL = "/recover"
	}
	devices, err := activity.New(mw, cfg)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.home)
	mux.Handle("GET /login", mw.AskHints(http.HandlerFunc(s.signInPage)))
	mux.HandleFunc("POST /login", s.signIn)
	mux.HandleFunc("POST /logout", s.signOut)
	mux.Handle("/session/", mw.Bindings())
	mux.HandleFunc("GET /welcome", s.welcome)
	// Not for a sign-in in doubt: a thief who knows the password would throw the
	// owner out.
	mux.Handle("GET /password", mw.RequireConfirmed(http.HandlerFunc(s.passwordPage)))
	mux.Handle("POST /password", mw.RequireConfirmed(http.HandlerFunc(s.changePassword)))
	mux.HandleFunc("GET /recover", s.recoverPage)
	mux.HandleFunc("POST /recover", s.recover)
	mux.HandleFunc("POST /reset", s.reset)
	mux.Handle("GET /confirm", mw.Require(http.HandlerFunc(s.confirmPage)))
	mux.Handle("POST /confirm", mw.Require(http.HandlerFunc(s.confirm)))
	mux.HandleFunc("POST /api/token", s.token)
	mux.Handle("GET /api/me", mw.Require(http.HandlerFunc(s.me)))
	mux.Handle("GET /events", mw.Require(http.HandlerFunc(s.events)))
	mux.Handle(Devices, devices)
	mux.Handle(Devices+"/", devices)
	return mw.Load(secure(problems(mux))), nil
}

// problems says in our own way what the mux says of a path that is not there,
// or of a method that it does not have.
func problems(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		own, pattern := mux.Handler(r)
		if pattern == "" {
			a := answer{header: w.Header()}
			if own.ServeHTTP(&a, r); a.status >= http.StatusBadRequest {
				middleware.Problem(w, r, a.status, nil)
				return
			}
		}
		mux.ServeHTTP(w, r)
	})
}

// answer keeps the header and the status of an answer, not its body.
type answer struct {
	header http.Header
	status int
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return len(b), nil }

// secure sets the headers that every page should have.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Content-Security-Policy", policy)
		next.ServeHTTP(w, r)
	})
}

func (s *site) home(w http.ResponseWriter, r *http.Request) {
	me, ok := session.FromContext(r.Context())
	if !ok {
		http.Redirect(w, r, "/login", http.StatusSeeOther)
		return
	}
	email, err := s.users.Email(r.Context(), me.UserID)
	if err != nil {
		s.trouble(w, r, err)
		return
	}
	page(w, http.StatusOK, "home", view{Email: email})
}

func (s *site) signInPage(w http.ResponseWriter, r *http.Request) {
	page(w, http.StatusOK, "login", view{Next: middleware.LocalPath(r.URL.Query().Get("next"), "/"), Recover: s.users.Mail != nil})
}

func (s *site) signIn(w http.ResponseWriter, r *http.Request) {
	if !formOK(w, r) {
		return
	}
	v := view{Email: r.PostFormValue("email"), Next: middleware.LocalPath(r.PostFormValue("next"), "/"), Recover: s.users.Mail != nil}
	opts := session.StartOptions{Persistent: checked(r, "remember"), Shared: checked(r, "shared"), Methods: []string{"pwd"}}
	_, _, err := s.start(w, r, v.Email, r.PostFormValue("password"), opts)
	switch {
	case errors.Is(err, errWrong):
		v.Message = "That e-mail address and password don't match."
		page(w, http.StatusUnauthorized, "login", v)
	case errors.Is(err, session.ErrOutdated):
		v.Message = "Your password has just changed. Please sign in with the new one."
		page(w, http.StatusUnauthorized, "login", v)
	case errors.Is(err, middleware.ErrCrossOrigin):
		middleware.Problem(w, r, http.StatusForbidden, err)
	case err != nil:
		s.trouble(w, r, err)
	case isPlain(r):
		http.Redirect(w, r, "/welcome?next="+url.QueryEscape(v.Next), http.StatusSeeOther)
	default:
		http.Redirect(w, r, v.Next, http.StatusSeeOther)
	}
}

// start checks the password and starts a session. The ticket comes before the
// stored hash is read: were the password changed in between, the sign-in with
// the old one would come to nothing.
func (s *site) start(w http.ResponseWriter, r *http.Request, email, password string, opts session.StartOptions) (*session.Session, session.Token, error) {
	id, err := s.users.ID(r.Context(), email)
	if err != nil {
		return nil, session.Token{}, err
	}
	ticket, err := s.sessions.BeginSignIn(r.Context(), id)
	if err != nil {
		return nil, session.Token{}, err
	}
	if err := s.users.CheckPassword(r.Context(), id, password); err != nil {
		return nil, session.Token{}, err
	}
	return s.mw.SignIn(w, r, ticket, opts)
}

func (s *site) signOut(w http.ResponseWriter, r *http.Request) {
	me, signedIn := session.FromContext(r.Context())
	if err := s.mw.SignOut(w, r); err != nil {
		s.trouble(w, r, err)
		return
	}
	if signedIn && me.Shared {
		page(w, http.StatusOK, "login", view{Next: "/", Notice: "Signed out. Nothing of your sign-in is kept on this computer."})
		return
	}
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

func (s *site) confirmPage(w http.ResponseWriter, r *http.Request) {
	page(w, http.StatusOK, "confirm", view{Next: middleware.LocalPath(r.URL.Query().Get("next"), "/")})
}

// confirm asks for the password again, for what wants a recent proof.
func (s *site) confirm(w http.ResponseWriter, r *http.Request) {
	if !formOK(w, r) {
		return
	}
	me, _ := session.FromContext(r.Context())
	v := view{Next: middleware.LocalPath(r.PostFormValue("next"), "/")}
	err := s.users.CheckPassword(r.Context(), me.UserID, r.PostFormValue("password"))
	if errors.Is(err, errWrong) {
		v.Message = "That is not your password."
		page(w, http.StatusUnauthorized, "confirm", v)
		return
	}
	if err == nil {
		_, err = s.mw.Reauthenticated(w, r, session.Proof{Methods: []string{"pwd"}})
	}
	if err != nil {
		s.trouble(w, r, err)
		return
	}
	http.Redirect(w, r, v.Next, http.StatusSeeOther)
}

// token signs an app in, which keeps a bearer token.
func (s *site) token(w http.ResponseWriter, r *http.Request) {
	var in struct{ Email, Password string }
	if !jsonOK(w, r, &in) {
		return
	}
	opts := session.StartOptions{Carrier: session.CarrierBearer, Methods: []string{"pwd"}}
	started, token, err := s.start(w, r, in.Email, in.Password, opts)
	switch {
	case errors.Is(err, errWrong), errors.Is(err, session.ErrOutdated):
		middleware.Problem(w, r, http.StatusUnauthorized, errWrong)
	case err != nil:
		s.trouble(w, r, err)
	default:
		w.Header().Set("Cache-Control", "no-store")
		writeJSON(w, http.StatusCreated, map[string]any{"token": token.Reveal(), "session": activity.JSON(started, started)})
	}
}

func (s *site) me(w http.ResponseWriter, r *http.Request) {
	me, _ := session.FromContext(r.Context())
	writeJSON(w, http.StatusOK, map[string]any{"userId": me.UserID, "sessionId": me.ID})
}

// events sends the time each second. It ends at once when the session does,
// for that is when the context ends.
func (s *site) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	rc := http.NewResponseController(w)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for now := time.Now(); ; {
		if _, err := fmt.Fprintf(w, "data: %s\n\n", now.UTC().Format(time.RFC3339)); err != nil {
			return
		}
		if err := rc.Flush(); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case now = <-tick.C:
		}
	}
}

func (s *site) trouble(w http.ResponseWriter, r *http.Request, err error) {
	s.log.ErrorContext(r.Context(), "request failed", "path", r.URL.Path, "error", err)
	w.Header().Set("Retry-After", "2")
	middleware.Problem(w, r, http.StatusServiceUnavailable, err)
}
