// Command openid is an application whose users sign in at an OpenID provider:
// Keycloak, Authentik, Zitadel. A sign-out there ends their sessions here at
// once, on every instance, and what asks for a recent proof sends them there.
//
//	go run ./examples/openid -issuer https://id.example.com/realms/main -client-id photos -client-secret …
//
// Register http://127.0.0.1:8080/callback as redirect URI, and
// http://127.0.0.1:8080/openid/logout, or where the provider reaches this
// program, as back-channel logout URI.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/oauth2"

	"github.com/signedin/signedin/examples/internal/host"
	"github.com/signedin/signedin/geo/embedded"
	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/middleware/flash"
	"github.com/signedin/signedin/middleware/openid"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/pollbus"
	"github.com/signedin/signedin/store/sqlstore"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where to listen")
	url := flag.String("url", "", "what browsers call it (default http://ADDR)")
	db := flag.String("db", "", "SQLite file (default in the directory for state)")
	issuer := flag.String("issuer", "", "the provider")
	id := flag.String("client-id", "", "what the provider calls us")
	secret := flag.String("client-secret", os.Getenv("CLIENT_SECRET"), "the secret that it has given us (default $CLIENT_SECRET)")
	host.Main("openid", func(ctx context.Context) error {
		if *url == "" {
			*url = "http://" + *addr
		}
		return run(ctx, *addr, *db, *issuer, oauth2.Config{ClientID: *id, ClientSecret: *secret, RedirectURL: *url + "/callback"})
	})
}

func run(ctx context.Context, addr, file, issuer string, client oauth2.Config) error {
	log := slog.Default()
	db, file, err := host.OpenSQLite(file, "openid.db")
	if err != nil {
		return fmt.Errorf("-db: %w", err)
	}
	defer db.Close()
	if err := sqlstore.Migrate(ctx, db, sqlstore.Config{}); err != nil {
		return err
	}
	store, err := sqlstore.New(ctx, db, sqlstore.Config{Logger: log})
	if err != nil {
		return err
	}
	defer store.Close()
	bus, err := pollbus.New(store, pollbus.Config{Logger: log})
	if err != nil {
		return err
	}
	keys, err := host.ReadKeys(file + ".key")
	if err != nil {
		return err
	}
	manager, err := session.New(store, session.Config{
		Locator: embedded.New(), ProfileKeys: session.NewKeys(keys.Profile), Logger: log, Observers: []session.Observer{bus},
	})
	if err != nil {
		return err
	}
	mw, err := middleware.New(manager, middleware.Config{CookieKeys: session.NewKeys(keys.Cookie), Refuse: middleware.ToSignIn("/login")})
	if err != nil {
		return err
	}
	a, err := newApp(ctx, mw, issuer, client, keys.Cookie)
	if err != nil {
		return err
	}
	site, err := a.site()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Printf("Serving http://%s\n", listener.Addr())
	return host.Serve(ctx, listener, host.NewServer(site, mw.ConnContext), manager.Run, func(ctx context.Context) {
		_ = bus.Run(ctx, manager.Hub().Receive) // ends with ctx
	})
}

type app struct {
	mw       *middleware.Middleware
	provider *openid.Provider
	client   oauth2.Config
	trips    *flash.Jar[trip]
}

func newApp(ctx context.Context, mw *middleware.Middleware, issuer string, client oauth2.Config, key []byte) (*app, error) {
	provider, err := openid.New(ctx, mw, issuer, client.ClientID, openid.Config{Logger: slog.Default()})
	if err != nil {
		return nil, fmt.Errorf("-issuer, -client-id: %w", err)
	}
	client.Endpoint, client.Scopes = provider.Endpoint(), []string{"openid"}
	trips, err := flash.New[trip](mw, session.NewKeys(key), "trip", flash.Config{MaxAge: tripTime})
	if err != nil {
		return nil, err
	}
	return &app{mw, provider, client, trips}, nil
}

func (a *app) site() (http.Handler, error) {
	devices, err := activity.New(a.mw, activity.Config{Path: "/devices", Reauthenticate: "/confirm", Home: "/", SignedOut: "/"})
	if err != nil {
		return nil, err
	}
	pages := http.NewServeMux()
	pages.HandleFunc("GET /{$}", a.home)
	pages.HandleFunc("GET /login", a.login)
	pages.HandleFunc("GET /callback", a.callback)
	pages.Handle("GET /confirm", a.mw.Require(http.HandlerFunc(a.confirm)))
	pages.HandleFunc("POST /logout", a.logout)
	pages.Handle("GET /events", a.mw.Require(http.HandlerFunc(events)))
	pages.Handle("/devices", devices)
	pages.Handle("/devices/", devices)

	all := http.NewServeMux()
	all.Handle("/openid/logout", a.provider.BackChannelLogout()) // the provider has no session
	all.Handle("/", a.mw.Load(pages))
	return all, nil
}

// tripTime is how long a user may take at the provider.
const tripTime = 10 * time.Minute

// trip is what a browser keeps while its user is at the provider.
type trip struct {
	State, Nonce, Verifier string
	Next                   string
	StepUp                 time.Time // since when a new proof is wanted; zero for a sign-in
}

func (a *app) leave(w http.ResponseWriter, r *http.Request, t trip, opts ...oauth2.AuthCodeOption) {
	t.State, t.Nonce, t.Verifier = rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	t.Next = middleware.LocalPath(r.URL.Query().Get("next"), "/")
	if err := a.trips.Put(w, t); err != nil {
		http.Error(w, "Please try again.", http.StatusInternalServerError)
		return
	}
	opts = append(opts, oauth2.SetAuthURLParam("nonce", t.Nonce), oauth2.S256ChallengeOption(t.Verifier))
	http.Redirect(w, r, a.client.AuthCodeURL(t.State, opts...), http.StatusSeeOther)
}

func (a *app) login(w http.ResponseWriter, r *http.Request) {
	a.leave(w, r, trip{}, a.provider.MaxAge())
}

func (a *app) confirm(w http.ResponseWriter, r *http.Request) {
	a.leave(w, r, trip{StepUp: a.mw.Manager().Now()}, a.provider.StepUp()...)
}

func (a *app) callback(w http.ResponseWriter, r *http.Request) {
	t, id, err := a.arrive(w, r)
	if err != nil {
		slog.Warn("openid: sign-in failed", "error", err)
		http.Error(w, "The sign-in did not work. Please try again.", http.StatusBadRequest)
		return
	}
	if t.StepUp.IsZero() {
		_, _, err = a.provider.SignIn(w, r, id.Subject, id, session.StartOptions{Persistent: true})
	} else {
		_, err = a.provider.Reauthenticated(w, r, id, t.StepUp, session.Proof{})
	}
	switch {
	case errors.Is(err, openid.ErrNoProof):
		http.Error(w, "The provider did not ask you again. Please sign out there first.", http.StatusForbidden)
	case errors.Is(err, session.ErrOutdated), errors.Is(err, middleware.ErrSignInRequired):
		http.Redirect(w, r, "/login", http.StatusSeeOther)
	case err != nil:
		slog.Error("openid: sign-in", "error", err)
		http.Error(w, "Please try again.", http.StatusServiceUnavailable)
	default:
		http.Redirect(w, r, t.Next, http.StatusSeeOther)
	}
}

// arrive takes the user back from the provider.
func (a *app) arrive(w http.ResponseWriter, r *http.Request) (t trip, id *openid.Identity, err error) {
	if t, err = a.trips.Take(w, r); err != nil {
		return t, nil, err
	}
	if r.FormValue("state") != t.State {
		return t, nil, errors.New("another state")
	}
	if code := r.FormValue("error"); code != "" {
		return t, nil, fmt.Errorf("the provider says %.80q", code)
	}
	tokens, err := a.client.Exchange(r.Context(), r.FormValue("code"), oauth2.VerifierOption(t.Verifier))
	if err != nil {
		return t, nil, err
	}
	raw, _ := tokens.Extra("id_token").(string)
	id, err = a.provider.Verify(r.Context(), raw, t.Nonce)
	return t, id, err
}

// logout signs out here, and then at the provider.
func (a *app) logout(w http.ResponseWriter, r *http.Request) {
	if err := a.mw.SignOut(w, r); err != nil {
		http.Error(w, "Please try again.", http.StatusServiceUnavailable)
		return
	}
	to := a.provider.EndSessionURL("", "", "")
	if to == "" {
		to = "/"
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// events is a stream that is cut when its session ends.
func events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	for tick := time.NewTicker(time.Second); ; {
		if _, err := fmt.Fprintf(w, "data: %s\n\n", time.Now().Format(time.TimeOnly)); err != nil {
			return
		}
		if out.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
		}
	}
}

var home = template.Must(template.New("").Parse(`<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Photos</title>
{{with .}}<p>Signed in as {{.UserID}}.</p><p><a href="/devices">Device activity</a></p><form method="post" action="/logout"><button>Sign out</button></form>
{{else}}<p><a href="/login">Sign in</a></p>{{end}}</html>`))

func (a *app) home(w http.ResponseWriter, r *http.Request) {
	s, _ := session.FromContext(r.Context())
	if err := home.Execute(w, s); err != nil {
		slog.Error("openid: home", "error", err)
	}
}
