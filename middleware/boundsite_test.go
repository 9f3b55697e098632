package middleware_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
)

// boundSite is some instances of a site that binds sessions, on one store.
type boundSite struct {
	store *storetest.Hooked
	clock atomic.Int64 // how far it was moved
	began time.Time
	fails atomic.Bool
	calls atomic.Int64 // that read or write
	wrote atomic.Int64
}

func newBoundSite() *boundSite {
	s := &boundSite{began: time.UnixMilli(time.Now().UnixMilli())}
	s.store = &storetest.Hooked{Store: memstore.New(), Before: func(method string) error {
		s.calls.Add(1)
		if method == "Update" || method == "Create" || method == "Revoke" {
			s.wrote.Add(1)
		}
		if s.fails.Load() {
			return errFire
		}
		return nil
	}}
	return s
}

func (s *boundSite) advance(d time.Duration) { s.clock.Add(int64(d)) }

// instance is one of them.
type instance struct {
	http.Handler
	manager *session.Manager
	mw      *middleware.Middleware
}

// instance starts one whose clock is off by so much, with these keys.
func (s *boundSite) instance(t testing.TB, off time.Duration, keys ...[]byte) *instance {
	t.Helper()
	return newInstance(t, s.store, session.Config{Now: func() time.Time { return s.began.Add(time.Duration(s.clock.Load()) + off) }}, keys...)
}

// newInstance starts a site that binds sessions: /login, /logout and /private.
func newInstance(t testing.TB, store session.Store, cfg session.Config, keys ...[]byte) *instance {
	t.Helper()
	manager, err := session.New(store, cfg)
	if err != nil {
		t.Fatal(err)
	}
	mw, err := middleware.New(manager, middleware.Config{BindDevices: "/session", CookieKeys: session.NewKeys(keys...),
		Refuse: middleware.Pages{SignIn: "/login"}.Refuse})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/session/", mw.Bindings())
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		ticket, err := manager.BeginSignIn(r.Context(), "ada")
		if err == nil {
			_, _, err = mw.SignIn(w, r, ticket, session.StartOptions{})
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		if err := mw.SignOut(w, r); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	mux.Handle("/private", mw.Require(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	return &instance{mw.Load(mux), manager, mw}
}
