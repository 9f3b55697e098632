package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/flash"
	"github.com/signedin/signedin/middleware/openid"
	"github.com/signedin/signedin/session"
)

// secretVariable has the secret that the provider has given its client.
const secretVariable = "IMMICH_PROXY_OPENID_SECRET"

// Where it goes to the provider, and comes back, under the page of the question.
const (
	singleGo   = "/single"
	singleBack = "/callback"
)

// single is the OpenID provider at which people sign in to Immich: who signs in
// there, and may have no password, confirms there too. Immich is not in it.
type single struct {
	mw     *middleware.Middleware
	issuer string
	client oauth2.Config
	trips  *flash.Jar[trip]
	log    *slog.Logger

	mu       sync.Mutex
	provider *openid.Provider // nil until it has answered
}

// trip is what a browser keeps while its user is at the provider.
type trip struct {
	State, Nonce, Verifier, Next string
	Since                        time.Time // when a new proof was wanted
	Session                      string    // whose it is to be
}

func newSingle(mw *middleware.Middleware, f flags, path string, key []byte, log *slog.Logger) (*single, error) {
	site, err := url.Parse(f.url)
	if err != nil || site.Host == "" || site.Scheme != "https" && site.Scheme != "http" {
		return nil, fmt.Errorf("-url: %q is no http or https URL", f.url)
	}
	trips, err := flash.New[trip](mw, session.NewKeys(key), "confirm", flash.Config{})
	if err != nil {
		return nil, err
	}
	return &single{mw: mw, issuer: f.issuer, trips: trips, log: log, client: oauth2.Config{
		ClientID: f.client, ClientSecret: os.Getenv(secretVariable), Scopes: []string{"openid"}, RedirectURL: site.JoinPath(path, singleBack).String(),
	}}, nil
}

// ready returns the provider, which need not be there when the program starts.
func (s *single) ready(ctx context.Context) (*openid.Provider, oauth2.Config, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.provider == nil {
		p, err := openid.New(ctx, s.mw, s.issuer, s.client.ClientID, openid.Config{Logger: s.log})
		if err != nil {
			s.log.Warn("immich-proxy: -openid-issuer does not answer", "error", err)
			return nil, s.client, err
		}
		s.provider, s.client.Endpoint = p, p.Endpoint()
	}
	return s.provider, s.client, nil
}

// leave sends the browser to the provider.
func (s *single) leave(w http.ResponseWriter, r *http.Request, next string) {
	p, client, err := s.ready(r.Context())
	me, _ := session.FromContext(r.Context())
	t := trip{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Next: next, Since: s.mw.Manager().Now(), Session: me.ID.String()}
	if err == nil {
		err = s.trips.Put(w, t)
	}
	if err != nil {
		s.mw.Problem(w, r, http.StatusBadGateway, nil)
		return
	}
	opts := append(p.StepUp(), oauth2.SetAuthURLParam("nonce", t.Nonce), oauth2.S256ChallengeOption(t.Verifier))
	http.Redirect(w, r, client.AuthCodeURL(t.State, opts...), http.StatusSeeOther)
}

// arrive takes the user back, who has proved who they are, as subject.
func (s *single) arrive(w http.ResponseWriter, r *http.Request, subject string) (next string, err error) {
	p, client, err := s.ready(r.Context())
	if err != nil {
		return "", err
	}
	t, err := s.trips.Take(w, r)
	me, _ := session.FromContext(r.Context())
	switch {
	case err != nil:
		return "", err
	case r.FormValue("state") != t.State, me.ID.String() != t.Session:
		return "", errors.New("another state, or session")
	case r.FormValue("error") != "":
		return "", fmt.Errorf("the provider says %.80q", r.FormValue("error"))
	}
	tokens, err := client.Exchange(r.Context(), r.FormValue("code"), oauth2.VerifierOption(t.Verifier))
	if err != nil {
		return "", err
	}
	raw, _ := tokens.Extra("id_token").(string)
	id, err := p.Verify(r.Context(), raw, t.Nonce)
	if err != nil {
		return "", err
	}
	_, err = p.ReauthenticatedAs(w, r, id, subject, t.Since, session.Proof{})
	return t.Next, err
}

// returned answers who comes back from the provider.
func (c *confirm) returned(w http.ResponseWriter, r *http.Request, q *question) {
	next, err := c.single.arrive(w, r, q.subject)
	switch {
	case errors.Is(err, openid.ErrNoProof):
		c.show(w, http.StatusForbidden, q, "other")
	case err != nil:
		c.single.log.Warn("immich-proxy: a confirmation by the provider came to nothing", "error", err)
		c.show(w, http.StatusBadRequest, q, "again")
	default:
		http.Redirect(w, r, middleware.LocalPath(next, c.devices), http.StatusSeeOther)
	}
}
