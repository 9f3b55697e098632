package middleware_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"
)

// keyed is a browser that has a key, as far as it matters here.
type keyed struct {
	t    testing.TB
	key  *ecdsa.PrivateKey
	jar  map[string]string
	id   string // of its binding; "" if it has none
	next string // the challenge that it has
}

func newKeyed(t testing.TB) *keyed {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &keyed{t: t, key: key, jar: make(map[string]string)}
}

const longCookie, shortCookieName = "__Host-session", "__Host-session-bound"

// copies returns somebody who has the cookies, and not the key.
func (d *keyed) copies() *keyed {
	other := newKeyed(d.t)
	for k, v := range d.jar {
		other.jar[k] = v
	}
	return other
}

// ask sends a request, with the header lines and without the answer having arrived.
func (d *keyed) ask(at http.Handler, method, path string, header ...string) *http.Response {
	d.t.Helper()
	r := httptest.NewRequestWithContext(d.t.Context(), method, "https://site.example"+path, nil)
	r.TLS = new(tls.ConnectionState)
	if method == http.MethodPost {
		r.Header.Set("Origin", "https://site.example")
	}
	for name, value := range d.jar {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	at.ServeHTTP(w, r)
	return w.Result()
}

// arrives has the answer arrive.
func (d *keyed) arrives(res *http.Response) *http.Response {
	for _, c := range res.Cookies() {
		if c.MaxAge < 0 {
			delete(d.jar, c.Name)
		} else {
			d.jar[c.Name] = c.Value
		}
	}
	if m := quotedChallenge.FindStringSubmatch(res.Header.Get("Secure-Session-Challenge")); m != nil {
		d.next = m[1]
	}
	if res.Header.Get("Content-Type") == "application/json" && res.StatusCode == http.StatusOK {
		var told struct {
			ID       string `json:"session_identifier"`
			Continue *bool
		}
		if err := json.NewDecoder(res.Body).Decode(&told); err != nil {
			d.t.Fatal(err)
		}
		if d.id = told.ID; told.Continue != nil && !*told.Continue {
			d.id = ""
		}
	}
	return res
}

var (
	quotedChallenge = regexp.MustCompile(`^"([^"]+)";id="[0-9a-f-]{36}"$`)
	offered         = regexp.MustCompile(`^\(ES256 RS256\);path="(/session/bind)";challenge="([^"]+)"$`)
)

func (d *keyed) status(at http.Handler) int {
	d.t.Helper()
	return d.ask(at, "GET", "/private").StatusCode
}

// proof signs a challenge.
func (d *keyed) proof(challenge string, first bool) string {
	header := map[string]any{"typ": "dbsc+jwt", "alg": "ES256"}
	if first {
		point, err := d.key.PublicKey.Bytes()
		if err != nil {
			d.t.Fatal(err)
		}
		header["jwk"] = map[string]string{"kty": "EC", "crv": "P-256", "x": base(point[1:33]), "y": base(point[33:])}
	}
	return d.signed(header, map[string]any{"jti": challenge})
}

func base(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (d *keyed) signed(header, claims any) string {
	h, err := json.Marshal(header)
	if err != nil {
		d.t.Fatal(err)
	}
	c, err := json.Marshal(claims)
	if err != nil {
		d.t.Fatal(err)
	}
	text := base(h) + "." + base(c)
	hash := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, d.key, hash[:])
	if err != nil {
		d.t.Fatal(err)
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return text + "." + base(sig)
}

// signIn signs in and returns the answer, which has arrived, and the challenge in it.
func (d *keyed) signIn(at http.Handler) (challenge string) {
	d.t.Helper()
	res := d.arrives(d.ask(at, "POST", "/login"))
	m := offered.FindStringSubmatch(res.Header.Get("Secure-Session-Registration"))
	if m == nil {
		d.t.Fatalf("sign-in: %d, offered %q", res.StatusCode, res.Header.Get("Secure-Session-Registration"))
	}
	return m[2]
}

func (d *keyed) bind(at http.Handler, challenge string) *http.Response {
	d.t.Helper()
	return d.ask(at, "POST", "/session/bind", "Secure-Session-Response", d.proof(challenge, true))
}

// bound signs in and is bound.
func (d *keyed) bound(at http.Handler) {
	d.t.Helper()
	if res := d.arrives(d.bind(at, d.signIn(at))); res.StatusCode != http.StatusOK || d.id == "" || d.jar[shortCookieName] == "" {
		d.t.Fatalf("bind: %d", res.StatusCode)
	}
	if got := d.status(at); got != http.StatusOK {
		d.t.Fatalf("bound: %d", got)
	}
}

// refresh renews the short cookie as Chromium does, but for the arrival of the last answer.
func (d *keyed) refresh(at http.Handler) *http.Response {
	d.t.Helper()
	if res := d.arrives(d.ask(at, "POST", "/session/refresh", "Sec-Secure-Session-Id", d.id)); res.StatusCode != http.StatusForbidden {
		return res
	}
	return d.ask(at, "POST", "/session/refresh", "Sec-Secure-Session-Id", d.id, "Secure-Session-Response", d.proof(d.next, false))
}

func (d *keyed) refreshed(at http.Handler) {
	d.t.Helper()
	delete(d.jar, shortCookieName)
	if res := d.arrives(d.refresh(at)); res.StatusCode != http.StatusOK || d.jar[shortCookieName] == "" {
		d.t.Fatalf("refresh: %d", res.StatusCode)
	}
}
