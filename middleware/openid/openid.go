package openid

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

// Config holds what a [Provider] can be told. The zero Config works and is safe.
type Config struct {
	// HTTPClient asks the provider. Defaults to one that waits ten seconds.
	HTTPClient *http.Client
	// Skew is by how much the provider's clock may differ from ours. Defaults to
	// two minutes.
	Skew time.Duration
	// Logger is told of logout tokens that were refused, and why, once a second
	// at most. Defaults to discarding.
	Logger *slog.Logger
}

// A Provider is an OpenID provider, and the name that we have there. It is safe
// for concurrent use.
type Provider struct {
	mw               *middleware.Middleware
	issuer, clientID string
	cfg              Config
	endpoint         oauth2.Endpoint
	endSession       string
	verifier         *oidc.IDTokenVerifier
	algorithms       []string
	busy             chan struct{} // bounds how many logout tokens are looked at
	told             throttle
}

// asymmetric are the algorithms of signatures that only the provider can make.
var asymmetric = []string{
	oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA,
}

// New asks the issuer who it is, by discovery, and returns it. ClientID is the
// client_id of this application there.
//
// The Manager's Store must find sessions by their provider ([session.Issuers]).
func New(ctx context.Context, mw *middleware.Middleware, issuer, clientID string, cfg Config) (*Provider, error) {
	switch {
	case mw == nil:
		return nil, errors.New("openid: no Middleware")
	case !mw.Manager().KeepsIssued():
		return nil, errors.New("openid: the Store does not find sessions by their provider: it has no session.Issuers")
	case clientID == "":
		return nil, errors.New("openid: no client ID")
	case cfg.Skew < 0:
		return nil, fmt.Errorf("openid: Config.Skew: %v is negative", cfg.Skew)
	}
	if cfg.Skew == 0 {
		cfg.Skew = 2 * time.Minute
	}
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = &http.Client{Timeout: 10 * time.Second}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, cfg.HTTPClient), issuer)
	if err != nil {
		return nil, fmt.Errorf("openid: %w", err)
	}
	var told struct {
		Keys       string   `json:"jwks_uri"`
		EndSession string   `json:"end_session_endpoint"`
		Algorithms []string `json:"id_token_signing_alg_values_supported"`
	}
	if err := found.Claims(&told); err != nil {
		return nil, fmt.Errorf("openid: discovery: %w", err)
	}
	p := &Provider{
		mw: mw, issuer: issuer, clientID: clientID, cfg: cfg,
		endpoint: found.Endpoint(), endSession: told.EndSession,
		algorithms: only(told.Algorithms, asymmetric),
		busy:       make(chan struct{}, 32),
	}
	if len(p.algorithms) == 0 {
		p.algorithms = []string{oidc.RS256} // which every provider has: OpenID Connect Core 1.0, section 15.1
	}
	keys := &keySet{url: told.Keys, client: cfg.HTTPClient, algorithms: p.algorithms, now: mw.Manager().Now}
	p.verifier = oidc.NewVerifier(issuer, keys, &oidc.Config{
		ClientID: clientID, SupportedSigningAlgs: p.algorithms, Now: p.late,
	})
	return p, nil
}

// only returns what of all is in allowed.
func only(all, allowed []string) (some []string) {
	for _, a := range allowed {
		for _, s := range all {
			if s == a {
				some = append(some, a)
			}
		}
	}
	return some
}

func (p *Provider) now() time.Time { return p.mw.Manager().Now() }

// late is the earliest that it may be at the provider: what has expired by then
// has expired.
func (p *Provider) late() time.Time { return p.now().Add(-p.cfg.Skew) }

// Endpoint returns where to send browsers, and codes, for an oauth2.Config.
func (p *Provider) Endpoint() oauth2.Endpoint { return p.endpoint }

// MaxAge has the provider ask its user again if the last time was longer ago than
// a session lasts here, and say when it was (ASVS 5.0, 7.6.1): an option of
// oauth2.Config.AuthCodeURL.
func (p *Provider) MaxAge() oauth2.AuthCodeOption {
	seconds := int64(p.mw.Manager().Limits().Absolute / time.Second)
	return oauth2.SetAuthURLParam("max_age", strconv.FormatInt(seconds, 10))
}

// StepUp has the provider ask its user again in any case, for
// [Provider.Reauthenticated]: options of oauth2.Config.AuthCodeURL.
func (p *Provider) StepUp() []oauth2.AuthCodeOption {
	return []oauth2.AuthCodeOption{oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0")}
}

// EndSessionURL is where to send a browser that has been signed out here, so
// that it is at the provider, too (OpenID Connect RP-Initiated Logout 1.0). The
// provider returns it to back, which has to be registered there, with state. It
// is "" if the provider has no such place.
//
// The hint is the ID token of the sign-in, "" if it was not kept.
func (p *Provider) EndSessionURL(hint, back, state string) string {
	u, err := url.Parse(p.endSession)
	if p.endSession == "" || err != nil {
		return ""
	}
	q := u.Query()
	q.Set("client_id", p.clientID)
	for name, value := range map[string]string{"id_token_hint": hint, "post_logout_redirect_uri": back, "state": state} {
		if value != "" {
			q.Set(name, value)
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// SignIn signs the user of a verified ID token in, as [middleware.Middleware.SignIn]
// does. UserID is how the host calls them. What opts leaves open of how and when
// the user proved who they are comes from the provider.
//
// It returns [session.ErrOutdated] if the provider has signed the user out
// meanwhile, or asked for no proof for longer than a session lasts.
func (p *Provider) SignIn(w http.ResponseWriter, r *http.Request, userID string, id *Identity, opts session.StartOptions) (*session.Session, session.Token, error) {
	ticket, err := p.mw.Manager().BeginIssued(r.Context(), userID, id.Issued)
	if err != nil {
		return nil, session.Token{}, err
	}
	if opts.Methods == nil {
		opts.Methods = id.Methods
	}
	if opts.AuthenticatedAt.IsZero() {
		opts.AuthenticatedAt = id.authenticatedAt()
	}
	return p.mw.SignIn(w, r, ticket, opts)
}

// ErrNoProof means that an ID token does not show that its user has just proved
// who they are: they are somebody else, or the provider did not ask them.
var ErrNoProof = errors.New("openid: not a new proof of the same user")

// Reauthenticated is [middleware.Middleware.Reauthenticated] for a user who was
// sent to the provider with [Provider.StepUp], at the time since. It returns
// [ErrNoProof] if the ID token is another user's, or if its auth_time is missing
// or from before: a provider that ignores the prompt proves nothing.
func (p *Provider) Reauthenticated(w http.ResponseWriter, r *http.Request, id *Identity, since time.Time, proof session.Proof) (session.Reauthentication, error) {
	s, ok := session.FromContext(r.Context())
	if !ok {
		return session.Reauthentication{}, middleware.ErrSignInRequired
	}
	if s.Issuer != id.Issuer {
		return session.Reauthentication{}, ErrNoProof
	}
	return p.ReauthenticatedAs(w, r, id, s.Subject, since, proof)
}

// ReauthenticatedAs is Reauthenticated for a session that did not begin by this
// provider, such as one of another application, which has said as which subject the
// provider knows its user.
func (p *Provider) ReauthenticatedAs(w http.ResponseWriter, r *http.Request, id *Identity, subject string, since time.Time, proof session.Proof) (session.Reauthentication, error) {
	s, ok := session.FromContext(r.Context())
	if !ok {
		return session.Reauthentication{}, middleware.ErrSignInRequired
	}
	// Each clock is compared with itself only. The provider's has whole seconds.
	if subject == "" || id.Subject != subject || id.AuthTime.IsZero() ||
		id.sinceAuth() > id.seenAt.Sub(since)+time.Second {
		return session.Reauthentication{}, ErrNoProof
	}
	if proof.Methods == nil {
		proof.Methods = id.Methods
	}
	if at := id.authenticatedAt(); at.After(s.AuthenticatedAt) {
		proof.AuthenticatedAt = at // else in the same second, by another clock
	}
	return p.mw.Reauthenticated(w, r, proof)
}

// drain reads what is left, at most so many bytes, so that a connection can be
// used again.
func drain(body io.ReadCloser, most int64) {
	_, _ = io.CopyN(io.Discard, body, most)
	_ = body.Close()
}
