package openid_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/openid"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

const client = "photos"

// provider is an OpenID provider: its keys, and what it signs. Whole providers
// are in internal/providers.
type provider struct {
	*httptest.Server
	fetched atomic.Int32 // how often its keys were

	mu   sync.Mutex
	keys map[string]crypto.Signer // by kid
	down bool
}

// One pair of keys is enough for all tests, and takes a while to make.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

func newProvider(t testing.TB) *provider {
	p := &provider{keys: map[string]crypto.Signer{"one": rsaKey()}}
	mux := http.NewServeMux()
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": p.URL, "jwks_uri": p.URL + "/keys", "authorization_endpoint": p.URL + "/auth",
			"token_endpoint": p.URL + "/token", "end_session_endpoint": p.URL + "/end?x=1",
			"id_token_signing_alg_values_supported": []string{"RS256", "ES256", "HS256", "none"},
		})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		p.fetched.Add(1)
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.down {
			http.Error(w, "down", http.StatusInternalServerError)
			return
		}
		set := map[string][]any{"keys": {map[string]string{"kty": "from the future"}}}
		for kid, key := range p.keys {
			set["keys"] = append(set["keys"], jose.JSONWebKey{Key: key.Public(), KeyID: kid, Use: "sig"})
		}
		_ = json.NewEncoder(w).Encode(set)
	})
	return p
}

func (p *provider) setKeys(keys map[string]crypto.Signer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = keys
}

func (p *provider) setDown(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

func newECKey(t *testing.T) *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// signed signs claims with a key under a kid, and a typ.
func signed(t testing.TB, key any, kid, typ string, claims any) string {
	t.Helper()
	alg := jose.RS256
	switch key.(type) {
	case *ecdsa.PrivateKey:
		alg = jose.ES256
	case []byte:
		alg = jose.HS256
	}
	o := (&jose.SignerOptions{}).WithHeader("kid", kid)
	if typ != "" {
		o = o.WithType(jose.ContentType(typ))
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, o)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	if text, ok := claims.(string); ok {
		b = []byte(text)
	}
	jws, err := s.Sign(b)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// host is an application with sessions of that provider's users.
type host struct {
	testing.TB
	provider *provider
	manager  *session.Manager
	mw       *middleware.Middleware
	openid   *openid.Provider
	handler  http.Handler

	mu  sync.Mutex
	now time.Time
}

func newHost(t testing.TB, store session.Store) *host {
	h := &host{TB: t, provider: newProvider(t), now: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)}
	var err error
	if store == nil {
		store = memstore.New()
	}
	if h.manager, err = session.New(store, session.Config{Now: h.time}); err != nil {
		t.Fatal(err)
	}
	if h.mw, err = middleware.New(h.manager, middleware.Config{}); err != nil {
		t.Fatal(err)
	}
	if h.openid, err = openid.New(t.Context(), h.mw, h.provider.URL, client, openid.Config{}); err != nil {
		t.Fatal(err)
	}
	h.handler = h.openid.BackChannelLogout()
	return h
}

func (h *host) time() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *host) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// signIn signs a user in who comes from the provider.
func (h *host) signIn(sub, sid string) *session.Session {
	h.Helper()
	ticket, err := h.manager.BeginIssued(h.Context(), "user "+sub, session.Issued{Issuer: h.provider.URL, Subject: sub, SID: sid})
	if err != nil {
		h.Fatal(err)
	}
	s, _, err := h.manager.Start(h.Context(), ticket, session.Origin{}, session.StartOptions{})
	if err != nil {
		h.Fatal(err)
	}
	return s
}

func (h *host) wantLive(s *session.Session, want bool) {
	h.Helper()
	live, err := h.manager.List(h.Context(), s.UserID)
	if err != nil {
		h.Fatal(err)
	}
	got := false
	for _, l := range live {
		got = got || l.ID == s.ID
	}
	if got != want {
		h.Errorf("session of %s, sid %q, is live: got %v, want %v", s.UserID, s.SID, got, want)
	}
}

type claims map[string]any

// logout returns the claims of a logout token that is in order, with some of
// them replaced; nil takes one away.
func (h *host) logout(change claims) claims {
	now := h.time().Unix()
	c := claims{
		"iss": h.provider.URL, "aud": client, "iat": now, "exp": now + 120, "jti": rand.Text(),
		"events": claims{"http://schemas.openid.net/event/backchannel-logout": claims{}},
	}
	maps.Copy(c, change)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

func (h *host) token(c claims) string {
	return signed(h.TB, rsaKey(), "one", "logout+jwt", c)
}

func (h *host) post(token string) *httptest.ResponseRecorder {
	return h.send(http.MethodPost, "application/x-www-form-urlencoded", url.Values{"logout_token": {token}}.Encode())
}

func (h *host) send(method, kind, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/openid/logout", strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return w
}

func (h *host) wantStatus(w *httptest.ResponseRecorder, want int) {
	h.Helper()
	if w.Code != want || w.Header().Get("Cache-Control") != "no-store" {
		h.Errorf("got %d %q (Cache-Control %q), want %d with no-store", w.Code, w.Body, w.Header().Get("Cache-Control"), want)
	}
}
