package immich_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"github.com/signedin/signedin/middleware/immich"
)

// provider is an OpenID provider for a real Immich. The code that it gives out says
// whose sign-in it is.
type provider struct {
	*httptest.Server
	t   *testing.T
	key *rsa.PrivateKey
}

// login is a sign-in at the provider, and its code.
type login struct{ Subject, SID, Email string }

func (l login) code() string {
	b, _ := json.Marshal(l)
	return base64.RawURLEncoding.EncodeToString(b)
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	p := &provider{t: t, key: key}
	mux := http.NewServeMux()
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	tell := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		tell(w, map[string]any{"issuer": p.URL, "jwks_uri": p.URL + "/keys", "authorization_endpoint": p.URL + "/auth", "token_endpoint": p.URL + "/token",
			"userinfo_endpoint": p.URL + "/me", "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
			"id_token_signing_alg_values_supported": []string{"RS256"}, "code_challenge_methods_supported": []string{"S256"}})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		tell(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "one", Use: "sig", Algorithm: "RS256"}}})
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		var l login
		raw, _ := base64.RawURLEncoding.DecodeString(r.FormValue("code"))
		_ = json.Unmarshal(raw, &l)
		tell(w, map[string]any{"access_token": r.FormValue("code"), "token_type": "Bearer", "expires_in": 600,
			"id_token": p.signed("JWT", map[string]any{"sub": l.Subject, "sid": l.SID, "email": l.Email})})
	})
	mux.HandleFunc("/me", func(w http.ResponseWriter, r *http.Request) {
		var l login
		raw, _ := base64.RawURLEncoding.DecodeString(r.Header.Get("Authorization")[len("Bearer "):])
		_ = json.Unmarshal(raw, &l)
		tell(w, map[string]any{"sub": l.Subject, "email": l.Email, "name": "x"})
	})
	return p
}

func (p *provider) signed(typ string, claims map[string]any) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: p.key}, (&jose.SignerOptions{}).WithHeader("kid", "one").WithType(jose.ContentType(typ)))
	if err != nil {
		p.t.Error(err)
		return ""
	}
	claims["iss"], claims["aud"], claims["iat"], claims["exp"] = p.URL, "photos", time.Now().Unix(), time.Now().Add(time.Minute).Unix()
	claims["jti"] = uuid.NewString()
	body, _ := json.Marshal(claims)
	jws, err := signer.Sign(body)
	if err != nil {
		p.t.Error(err)
		return ""
	}
	text, _ := jws.CompactSerialize()
	return text
}

// single is the sign-in by OAuth, of the stand-in or of a real Immich.
type single struct {
	h   *house
	idp *provider
	end func() // turns it off again
}

func (h *house) single() *single {
	h.t.Helper()
	o := &single{h, newProvider(h.t), func() {}}
	if h.fake != nil {
		return o
	}
	var config map[string]any
	must(h.t, json.Unmarshal([]byte(h.admin.json(200, "GET", "/api/system-config", "")), &config))
	oauth := config["oauth"].(map[string]any)
	set := func(on bool) {
		oauth["enabled"], oauth["issuerUrl"], oauth["clientId"], oauth["clientSecret"], oauth["allowInsecureRequests"] = on, o.idp.URL, "photos", "secret", true
		body, err := json.Marshal(config)
		must(h.t, err)
		h.admin.json(200, "PUT", "/api/system-config", string(body))
	}
	set(true)
	o.end = func() { set(false) }
	return o
}

// signIn signs a user in, as subject, in the provider's session sid.
func (o *single) signIn(p *person, agent, subject, sid string) *client {
	o.h.t.Helper()
	l := login{subject, sid, p.email}
	if o.h.fake != nil {
		o.h.fake.AddOAuthCode(l.code(), p.id, subject, sid)
	}
	const back = "https://photos.example.com/auth/login"
	c := o.h.client(agent)
	to, err := url.Parse(field(c.json(201, "POST", "/api/oauth/authorize", fmt.Sprintf(`{"redirectUri":%q}`, back)), "url"))
	must(o.h.t, err)
	state := to.Query().Get("state")
	here, err := url.Parse(o.h.server.URL)
	must(o.h.t, err)
	verifier := ""
	for _, k := range c.http.Jar.Cookies(here) {
		if k.Name == "immich_oauth_code_verifier" {
			verifier = k.Value
		}
	}
	c.json(201, "POST", "/api/oauth/callback", fmt.Sprintf(`{"url":%q,"state":%q,"codeVerifier":%q}`, back+"?"+url.Values{"code": {l.code()}, "state": {state}}.Encode(), state, verifier))
	c.wait()
	return c
}

// logOut is what the provider sends, by the proxy.
func (o *single) logOut(subject, sid string) {
	o.h.t.Helper()
	claims := map[string]any{"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": struct{}{}}}
	if sid != "" {
		claims["sid"] = sid
	}
	if subject != "" {
		claims["sub"] = subject
	}
	form := url.Values{"logout_token": {o.idp.signed("logout+jwt", claims)}}
	o.h.client("idp").want(200, "POST", "/api/oauth/backchannel-logout", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

// A back-channel logout through the proxy cuts what has a socket open at once; the rest
// is gone from the page that is opened next, and from a user's list when they sign in
// again.
func TestPageAfterBackChannelLogout(t *testing.T) {
	inEach(t, immich.Config{}, func(t *testing.T, h *house) {
		o, p, subject := h.single(), h.person(), uuid.NewString()
		defer o.end()
		one, two := o.signIn(p, browser, subject, "sid-1"+subject), o.signIn(p, browser, subject, "sid-2"+subject)
		h.wantEqual(two)
		_, in := one.dial()
		o.logOut("", "sid-1"+subject)
		wantFarewell(t, in)
		one.want(401, "GET", "/api/users/me", "")
		h.wantEqual(two)
		three := o.signIn(p, phone, subject, "sid-3"+subject)
		o.logOut(subject, "")
		three.want(401, "GET", "/api/users/me", "")
		again := o.signIn(p, browser, subject, "sid-4"+subject)
		h.wantEqual(again)
		if n := h.live(p.id); n != 1 {
			t.Errorf("%d devices, want the new one", n)
		}
	})
}
