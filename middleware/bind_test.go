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
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
	"github.com/signedin/signedin/store/storetest/need"
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
	manager, err := session.New(s.store, session.Config{Now: func() time.Time { return s.began.Add(time.Duration(s.clock.Load()) + off) }})
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

func TestCopyOfBothCookies(t *testing.T) {
	t.Parallel()
	site := newBoundSite()
	at := site.instance(t, 0, key(1))
	d := newKeyed(t)
	d.bound(at)
	thief := d.copies()
	for minute := range 20 {
		if minute%3 == 2 {
			d.refreshed(at)
		}
		if got := d.status(at); got != http.StatusOK {
			t.Fatalf("minute %d: the owner gets %d", minute, got)
		}
		want := http.StatusOK
		if minute >= 8 {
			want = http.StatusUnauthorized
		}
		res := thief.ask(at, "GET", "/private")
		if res.StatusCode == http.StatusTemporaryRedirect { // it should renew its short cookie
			thief.arrives(res)
			if got := thief.jar[shortCookieName]; got != "" || thief.jar[longCookie] == "" {
				t.Errorf("minute %d: the thief has short %q, long %q", minute, got, thief.jar[longCookie])
			}
			res = thief.ask(at, "GET", "/private")
		}
		if res.StatusCode != want {
			t.Errorf("minute %d: the thief gets %d, want %d", minute, res.StatusCode, want)
		}
		site.advance(time.Minute)
	}
	thief.id = d.id
	if res := thief.refresh(at); res.StatusCode != http.StatusBadRequest {
		t.Errorf("a proof of the thief's key: %d, want 400", res.StatusCode)
	}
	if got := d.status(at); got != http.StatusTemporaryRedirect { // a minute has passed since
		d.refreshed(at)
		if got := d.status(at); got != http.StatusOK {
			t.Errorf("the owner at last: %d", got)
		}
	}
}

// What ErrUnbound is answered, by what asks.
func TestUnboundIsAnswered(t *testing.T) {
	t.Parallel()
	site := newBoundSite()
	at := site.instance(t, 0, key(1))
	d := newKeyed(t)
	d.bound(at)
	bare := d.copies()
	delete(bare.jar, shortCookieName)
	stale := d.copies()
	stale.jar[shortCookieName] = "made-up"
	upgrade := []string{"Upgrade", "websocket", "Connection", "Upgrade", "Origin", "https://site.example"}
	skipped := []string{"Secure-Session-Skipped", `quota_exceeded;session_identifier="` + d.id + `"`}
	for _, c := range []struct {
		what   string
		d      *keyed
		header []string
		status int
		place  string
	}{
		{"a page", bare, []string{"Sec-Fetch-Mode", "navigate"}, 303, "/login?next=%2Fprivate%3Fx%3D1"},
		{"a script", bare, []string{"Sec-Fetch-Mode", "cors"}, 401, ""},
		{"a socket", bare, upgrade, 401, ""},
		{"a page that could not", bare, append([]string{"Sec-Fetch-Mode", "navigate"}, skipped...), 503, ""},
		{"a script that could not", bare, append([]string{"Sec-Fetch-Mode", "cors"}, skipped...), 503, ""},
		{"a page with a short cookie that is none", stale, []string{"Sec-Fetch-Mode", "navigate"}, 307, "/private?x=1"},
		{"a script with one", stale, []string{"Sec-Fetch-Mode", "cors"}, 307, "/private?x=1"},
		{"a socket with one", stale, upgrade, 401, ""},
	} {
		res := c.d.ask(at, "GET", "/private?x=1", c.header...)
		if res.StatusCode != c.status || res.Header.Get("Location") != c.place {
			t.Errorf("%s: got %d to %q, want %d to %q", c.what, res.StatusCode, res.Header.Get("Location"), c.status, c.place)
		}
		var body struct{ Code string }
		if c.status == 401 {
			if err := json.NewDecoder(res.Body).Decode(&body); err != nil || body.Code != "session-unbound" {
				t.Errorf("%s: code %q, %v", c.what, body.Code, err)
			}
		}
		if c.status == 503 && res.Header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", c.what)
		}
		for _, k := range res.Cookies() {
			if k.Name != shortCookieName || k.MaxAge >= 0 || c.status != 307 {
				t.Errorf("%s: the cookie %s is set", c.what, k.Name)
			}
		}
	}
	if got := at.mw.Stats().Unbound; got != 8 {
		t.Errorf("%d counted, want 8", got)
	}
	// A user whose key is lost signs in again, and that is all.
	bare.bound(at)
	if all, err := at.manager.List(t.Context(), "ada"); err != nil || len(all) != 1 || !all[0].IsBound() {
		t.Errorf("after a new sign-in: %d sessions, %v", len(all), err)
	}
}

// TestBoundGoesOn: the user stays signed in, whatever happens to servers and answers.
func TestBoundGoesOn(t *testing.T) {
	t.Parallel()
	for name, happens := range map[string]func(t *testing.T, site *boundSite, at *instance, d *keyed) (next *instance){
		"a restart": func(t *testing.T, site *boundSite, _ *instance, _ *keyed) *instance {
			return site.instance(t, 0, key(1))
		},
		"new keys in front": func(t *testing.T, site *boundSite, _ *instance, _ *keyed) *instance {
			return site.instance(t, 0, key(2), key(1))
		},
		"another instance, 2 minutes ahead": func(t *testing.T, site *boundSite, _ *instance, _ *keyed) *instance {
			return site.instance(t, 2*time.Minute, key(1))
		},
		"another instance, 2 minutes behind": func(t *testing.T, site *boundSite, _ *instance, _ *keyed) *instance {
			return site.instance(t, -2*time.Minute, key(1))
		},
		"the challenge of another instance, 2 minutes ahead": func(t *testing.T, site *boundSite, at *instance, d *keyed) *instance {
			d.arrives(d.ask(site.instance(t, 2*time.Minute, key(1)), "POST", "/session/refresh", "Sec-Secure-Session-Id", d.id))
			res := d.arrives(d.ask(at, "POST", "/session/refresh", "Sec-Secure-Session-Id", d.id, "Secure-Session-Response", d.proof(d.next, false)))
			if res.StatusCode != http.StatusOK {
				t.Errorf("got %d", res.StatusCode)
			}
			return at
		},
		"the answer to a refresh is lost": func(t *testing.T, _ *boundSite, at *instance, d *keyed) *instance {
			if res := d.refresh(at); res.StatusCode != http.StatusOK {
				t.Errorf("got %d", res.StatusCode)
			}
			return at
		},
		"20 refreshes at once": func(t *testing.T, _ *boundSite, at *instance, d *keyed) *instance {
			answers := make(chan *http.Response, 20)
			for range cap(answers) {
				other := d.copies()
				other.key, other.id = d.key, d.id
				go func() { answers <- other.refresh(at) }()
			}
			for range cap(answers) {
				if res := d.arrives(<-answers); res.StatusCode != http.StatusOK {
					t.Errorf("got %d", res.StatusCode)
				}
			}
			return at
		},
		"the store fails": func(t *testing.T, site *boundSite, at *instance, d *keyed) *instance {
			site.advance(8 * time.Minute)
			site.fails.Store(true)
			if res := d.arrives(d.refresh(at)); res.StatusCode != http.StatusServiceUnavailable || len(res.Cookies()) > 0 {
				t.Errorf("refresh: %d, %d cookies", res.StatusCode, len(res.Cookies()))
			}
			site.fails.Store(false)
			delete(d.jar, shortCookieName) // which has ended in the browser, who waits before it asks again
			claim := []string{"Secure-Session-Skipped", `server_error;session_identifier="` + d.id + `"`}
			if res := d.ask(at, "GET", "/private", claim...); res.StatusCode != http.StatusOK {
				t.Errorf("meanwhile: %d", res.StatusCode)
			}
			if res := d.ask(site.instance(t, 0, key(1)), "GET", "/private", claim...); res.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("at an instance that has not failed: %d", res.StatusCode)
			}
			return at
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := newBoundSite()
			at, d := site.instance(t, 0, key(1), key(2)), newKeyed(t)
			d.bound(at)
			site.advance(3 * time.Minute)
			next := happens(t, site, at, d)
			if d.jar[shortCookieName] != "" {
				if got := d.status(next); got != http.StatusOK {
					t.Errorf("then: got %d", got)
				}
			}
			d.refreshed(next)
			if got := d.status(next); got != http.StatusOK {
				t.Errorf("after the next refresh: got %d", got)
			}
			if got := d.status(at); got != http.StatusOK {
				t.Errorf("at the first instance: got %d", got)
			}
		})
	}
}

func TestRegistrationIsLost(t *testing.T) {
	t.Parallel()
	site := newBoundSite()
	at, d := site.instance(t, 0, key(1)), newKeyed(t)
	challenge := d.signIn(at)
	if res := d.bind(at, challenge); res.StatusCode != http.StatusOK { // and does not arrive
		t.Fatalf("bind: %d", res.StatusCode)
	}
	for range 3 {
		if got := d.status(at); got != http.StatusOK {
			t.Errorf("got %d", got)
		}
		site.advance(10 * time.Minute)
	}
	other := d.copies() // the same browser with another key, after the next answer of ours
	other.bound(at)
	if got := other.status(at); got != http.StatusOK {
		t.Errorf("bound the second time: %d", got)
	}
}

func TestStoreFailsAtRegistration(t *testing.T) {
	t.Parallel()
	site := newBoundSite()
	at, d := site.instance(t, 0, key(1)), newKeyed(t)
	challenge := d.signIn(at)
	site.fails.Store(true)
	if res := d.bind(at, challenge); res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("got %d, want 503", res.StatusCode)
	}
	site.fails.Store(false)
	if got := d.status(at); got != http.StatusOK {
		t.Errorf("then: got %d", got)
	}
}

func TestRefreshCosts(t *testing.T) {
	t.Parallel()
	site := newBoundSite()
	at, d := site.instance(t, 0, key(1)), newKeyed(t)
	d.bound(at)
	site.calls.Store(0)
	site.wrote.Store(0)
	d.refreshed(at)
	if calls, wrote := site.calls.Load(), site.wrote.Load(); calls > 1 || wrote > 0 {
		t.Errorf("a refresh makes %d calls of the store, %d of them write; want one that reads", calls, wrote)
	}
}

// A proof that is shown again gives no more time than it gave at first.
func TestReplayedProof(t *testing.T) {
	t.Parallel()
	site := newBoundSite()
	at, d := site.instance(t, 0, key(1)), newKeyed(t)
	d.bound(at)
	d.arrives(d.ask(at, "POST", "/session/refresh", "Sec-Secure-Session-Id", d.id))
	proof := d.proof(d.next, false)
	thief := d.copies()
	replay := func() *http.Response {
		return thief.ask(site.instance(t, 0, key(1)), "POST", "/session/refresh", "Sec-Secure-Session-Id", d.id, "Secure-Session-Response", proof)
	}
	site.advance(2 * time.Minute)
	if res := thief.arrives(replay()); res.StatusCode != http.StatusOK || res.Cookies()[0].MaxAge != 180 {
		t.Errorf("two minutes later: %d, %v", res.StatusCode, res.Cookies())
	}
	site.advance(5*time.Minute + 30*time.Second)
	if got := thief.status(at); got == http.StatusOK {
		t.Error("the replay outlives the proof")
	}
	if res := replay(); res.StatusCode != http.StatusForbidden {
		t.Errorf("once its challenge is old: %d, want 403", res.StatusCode)
	}
}

func TestSignOutEndsTheBinding(t *testing.T) {
	t.Parallel()
	site := newBoundSite()
	at, d := site.instance(t, 0, key(1)), newKeyed(t)
	d.bound(at)
	d.arrives(d.ask(at, "POST", "/logout"))
	if len(d.jar) > 0 {
		t.Errorf("what is left: %v", d.jar)
	}
	if res := d.arrives(d.refresh(at)); res.StatusCode != http.StatusOK || d.id != "" || len(res.Cookies()) > 0 {
		t.Errorf("the refresh after it: %d, the browser keeps %q", res.StatusCode, d.id)
	}
}

func TestBindingIsOffered(t *testing.T) {
	t.Parallel()
	site := newBoundSite()
	at, d := site.instance(t, 0, key(1)), newKeyed(t)
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/login", nil)
	r.Header.Set("Origin", "http://site.example")
	r.Host = "site.example"
	w := httptest.NewRecorder()
	at.ServeHTTP(w, r)
	if got := w.Header().Get("Secure-Session-Registration"); got != "" || w.Code != http.StatusOK {
		t.Errorf("over plain HTTP: %d, offered %q", w.Code, got)
	}
	d.bound(at)
	if res := d.ask(at, "GET", "/private"); res.Header.Get("Secure-Session-Registration") != "" {
		t.Error("offered in an answer of the host's")
	}
}

func TestBindDevicesIsChecked(t *testing.T) {
	t.Parallel()
	manager, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		t.Fatal(err)
	}
	keys := session.NewKeys(key(1))
	for what, cfg := range map[string]middleware.Config{
		"no keys":      {BindDevices: "/session"},
		"no path":      {BindDevices: "session", CookieKeys: keys},
		"a slash":      {BindDevices: "/session/", CookieKeys: keys},
		"another host": {BindDevices: "//evil", CookieKeys: keys},
		"a quote":      {BindDevices: `/"`, CookieKeys: keys},
		"plain HTTP":   {BindDevices: "/session", CookieKeys: keys, InsecureCookie: true},
		"a domain":     {BindDevices: "/session", CookieKeys: keys, CookieName: "__Secure-s", CookieDomain: "example.com"},
		"foreign": {BindDevices: "/session", CookieKeys: keys, Foreign: &middleware.Foreign{
			Whose: func(*http.Request) (string, string) { return "", "" }}},
	} {
		if _, err := middleware.New(manager, cfg); err == nil || !strings.Contains(err.Error(), "BindDevices") && what != "foreign" {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

// A request of a bound session is as quiet as any other.
func TestBoundLoadAllocates(t *testing.T) {
	h, r, w := boundRequest(t)
	if n := need.Allocations(func() { clear(w.h); h.ServeHTTP(w, r) }); n > 2 {
		t.Errorf("got %v allocations, want 2", n)
	}
}

func boundRequest(t testing.TB) (http.Handler, *http.Request, discard) {
	manager, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		t.Fatal(err)
	}
	mw, err := middleware.New(manager, middleware.Config{BindDevices: "/session", CookieKeys: session.NewKeys(key(1))})
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
			t.Fatal(err)
		}
	})
	mux.Handle("/private", mw.Require(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	d := newKeyed(t)
	d.bound(mw.Load(mux))
	r := httptest.NewRequest("GET", "/", nil)
	for name, value := range d.jar {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	h := mw.Load(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s, ok := session.FromContext(r.Context()); !ok || !s.IsBound() {
			t.Fatal("not signed in, or not bound")
		}
	}))
	w := discard{make(http.Header)}
	for range 2 {
		h.ServeHTTP(w, r)
		clear(w.h)
	}
	return h, r, w
}

func BenchmarkLoadBound(b *testing.B) {
	h, r, w := boundRequest(b)
	b.ReportAllocs()
	for b.Loop() {
		clear(w.h)
		h.ServeHTTP(w, r)
	}
}
