package main

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/signedin/signedin/examples/internal/hosttest"
)

// provider is an OpenID provider that says of everybody what it is told to.
type provider struct {
	*httptest.Server
	key *rsa.PrivateKey

	mu     sync.Mutex
	claims map[string]any
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{key: key}
	mux := http.NewServeMux()
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	tell := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		tell(w, map[string]any{"issuer": p.URL, "jwks_uri": p.URL + "/keys", "authorization_endpoint": p.URL + "/auth", "token_endpoint": p.URL + "/token"})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		tell(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "one", Use: "sig"}}})
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, _ *http.Request) {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", "one"))
		if err != nil {
			t.Error(err)
			return
		}
		p.mu.Lock()
		body, _ := json.Marshal(p.claims)
		p.mu.Unlock()
		jws, err := signer.Sign(body)
		if err != nil {
			t.Error(err)
			return
		}
		token, _ := jws.CompactSerialize()
		tell(w, map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": token})
	})
	return p
}

// Who has no password of Immich's confirms at the provider, which has to have asked
// them again just now, and has to mean the same person.
func TestConfirmBySingleSignOn(t *testing.T) {
	fake, err := newFake()
	if err != nil {
		t.Fatal(err)
	}
	defer fake.close()
	fake.server.AddOAuthCode("code", fake.alice.ID, "the subject", "sid")
	idp := newProvider(t)
	p := start(t, flags{addr: "127.0.0.1:0", devices: "/devices", target: fake.url, db: filepath.Join(t.TempDir(), "db"),
		issuer: idp.URL, client: "photos", url: "https://photos.example.com"})
	defer p.End(t)
	past := *p
	past.Program = &hosttest.Program{Site: fake.url}
	mine, other := past.login(desk), p.login(phone) // the first is found in use: when it signed in is not known
	_ = other
	_, page := p.check(http.StatusOK, "GET", "/devices-confirm", "", "Cookie", mine, "User-Agent", desk)
	if !strings.Contains(page, `type="password"`) || !strings.Contains(page, "/devices-confirm/single") {
		t.Errorf("got %s, want both ways", page)
	}
	fake.server.SetPasswordLogin(false)
	_, page = p.check(http.StatusOK, "GET", "/devices-confirm?next=/devices/x", "", "Cookie", mine, "User-Agent", desk)
	if strings.Contains(page, `type="password"`) || !strings.Contains(page, "/devices-confirm/single?next=%2Fdevices%2Fx") {
		t.Errorf("got %s, want no form for a password", page)
	}
	p.check(http.StatusForbidden, "POST", "/devices-confirm", url.Values{"password": {fakePassword}}.Encode(), "Cookie", mine, "User-Agent", desk, "Content-Type", "application/x-www-form-urlencoded")
	id := p.otherID(mine)
	end := func(want int) {
		t.Helper()
		p.check(want, "DELETE", "/devices/api/sessions/"+id, "", "Cookie", mine, "User-Agent", desk)
	}
	end(http.StatusUnauthorized)
	for _, c := range []struct {
		name, subject, state string
		age                  time.Duration
		want                 int
	}{
		{"an old proof", "the subject", "", time.Hour, http.StatusForbidden},
		{"somebody else", "another", "", 0, http.StatusForbidden},
		{"another state", "the subject", "x", 0, http.StatusBadRequest},
		{"right", "the subject", "", 0, http.StatusSeeOther},
	} {
		end(http.StatusUnauthorized)
		res, _ := p.check(http.StatusSeeOther, "GET", "/devices-confirm/single?next=/devices/x", "", "Cookie", mine, "User-Agent", desk)
		to, err := url.Parse(res.Header.Get("Location"))
		if err != nil || !strings.HasPrefix(to.String(), idp.URL+"/auth?") {
			t.Fatalf("it leads to %v, %v", to, err)
		}
		q := to.Query()
		if q.Get("prompt") != "login" || q.Get("redirect_uri") != "https://photos.example.com/devices-confirm/callback" {
			t.Errorf("it asks for %v", q)
		}
		idp.mu.Lock()
		now := time.Now()
		idp.claims = map[string]any{"iss": idp.URL, "aud": "photos", "sub": c.subject, "nonce": q.Get("nonce"),
			"iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "auth_time": now.Add(-c.age).Unix()}
		idp.mu.Unlock()
		cookie := mine
		for _, k := range res.Cookies() {
			cookie += "; " + k.Name + "=" + k.Value
		}
		back := url.Values{"state": {q.Get("state") + c.state}, "code": {"some"}}
		res, page := p.do("GET", "/devices-confirm/callback?"+back.Encode(), "", "Cookie", cookie, "User-Agent", desk, "Sec-Fetch-Site", "cross-site")
		if res.StatusCode != c.want {
			t.Errorf("%s: got %s: %s", c.name, res.Status, page)
		}
		if to := res.Header.Get("Location"); c.want == http.StatusSeeOther && to != "/devices/x" {
			t.Errorf("%s: it leads to %q", c.name, to)
		}
	}
	end(http.StatusNoContent)
}

// Who has neither a password nor a provider is told what to do.
func TestConfirmByNothing(t *testing.T) {
	fake, err := newFake()
	if err != nil {
		t.Fatal(err)
	}
	defer fake.close()
	p := start(t, flags{addr: "127.0.0.1:0", devices: "/devices", target: fake.url, db: filepath.Join(t.TempDir(), "db")})
	defer p.End(t)
	mine := p.login(desk)
	fake.server.SetPasswordLogin(false)
	_, page := p.check(http.StatusOK, "GET", "/devices-confirm", "", "Cookie", mine, "User-Agent", desk)
	if strings.Contains(page, `type="password"`) || !strings.Contains(page, "Sign out of Immich and sign in again") {
		t.Errorf("got %s", page)
	}
}

// Wrong passwords are bounded for a session, and for an address; a right one is not
// counted.
func TestTries(t *testing.T) {
	var all tries
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	count := func(sessions []string, address string) (n int) {
		for _, s := range sessions {
			for range 50 {
				if all.allows(now, s, address) {
					n++
				}
			}
		}
		return n
	}
	if n := count([]string{"one"}, "here"); n != maxTries {
		t.Errorf("a session: %d", n)
	}
	if n := count([]string{"two", "three", "four", "five", "six"}, "here"); n != maxTriesOf-maxTries {
		t.Errorf("an address: %d", n)
	}
	if n := count([]string{"seven"}, "elsewhere"); n != maxTries {
		t.Errorf("another address: %d", n)
	}
	now = now.Add(tryAgain)
	for range 50 {
		if !all.allows(now, "one", "here") {
			t.Fatal("a right password counts")
		}
		all.right("one", "here")
	}
}
