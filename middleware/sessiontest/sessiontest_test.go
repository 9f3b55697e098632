package sessiontest_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/sessiontest"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

func newSite(t *testing.T, sessions session.Config, cfg middleware.Config) (*middleware.Middleware, http.Handler) {
	t.Helper()
	manager, err := session.New(memstore.New(), sessions)
	if err != nil {
		t.Fatal(err)
	}
	mw, err := middleware.New(manager, cfg)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", mw.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, _ := session.FromContext(r.Context())
		_, _ = w.Write([]byte(s.UserID))
	})))
	mux.HandleFunc("POST /password", func(w http.ResponseWriter, r *http.Request) {
		if _, err := mw.RevokeOthers(w, r, session.ReasonPasswordChanged); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	mux.Handle("/recent", mw.RequireRecentAuth(time.Hour)(http.NotFoundHandler()))
	return mw, mw.Load(mux)
}

func do(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func signIn(t *testing.T, mw *middleware.Middleware, cfg sessiontest.Config) *sessiontest.Client {
	t.Helper()
	c, err := sessiontest.SignIn(mw, "alice", cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAs(t *testing.T) {
	key := session.NewKeys(append(bytes.Repeat([]byte{1}, 31), 2))
	for name, cfg := range map[string]middleware.Config{
		"zero": {}, "keys": {CookieKeys: key}, "insecure": {InsecureCookie: true},
		"at home": {InsecureCookie: true, InsecureNetworks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}},
	} {
		mw, site := newSite(t, session.Config{}, cfg)
		w := do(site, sessiontest.As(mw, "alice", httptest.NewRequest("POST", "/albums", nil)))
		if w.Code != 200 || w.Body.String() != "alice" {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		r := httptest.NewRequest("POST", "/albums", nil)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		if w := do(site, sessiontest.As(mw, "alice", r)); w.Code != 403 {
			t.Errorf("%s, from another site: %d", name, w.Code)
		}
	}
}

func TestClient(t *testing.T) {
	clock := sessiontest.NewClock(time.Time{})
	home := netip.MustParseAddr("198.51.100.7")
	mw, site := newSite(t, session.Config{Now: clock.Now, Locator: sessiontest.Places(map[netip.Addr]geo.Location{
		home: {City: "Amsterdam", CountryCode: "NL", Country: "Netherlands"},
	})}, middleware.Config{})
	c := signIn(t, mw, sessiontest.Config{IP: home, UserAgent: "curl/8.5.0"})
	list, err := mw.Manager().List(t.Context(), "alice")
	if err != nil || len(list) != 1 || list[0].First.Device.String() != "curl (command line)" || list[0].First.Location.String() != "Amsterdam, Netherlands" {
		t.Fatalf("%v, %+v", err, list)
	}
	other := signIn(t, mw, sessiontest.Config{})
	w := do(site, c.Request("POST", "/password", nil))
	c.Keep(w.Result())
	if w := do(site, c.Request("GET", "/", nil)); w.Code != 200 {
		t.Errorf("with the new cookie: %d", w.Code)
	}
	if w := do(site, other.Request("GET", "/", nil)); w.Code != 401 {
		t.Errorf("the other: %d", w.Code)
	}
	if w := do(site, c.Request("GET", "/recent", nil)); w.Code != 404 {
		t.Errorf("recent: %d", w.Code)
	}
	clock.Advance(2 * time.Hour)
	if w := do(site, c.Request("GET", "/recent", nil)); w.Code != 401 {
		t.Errorf("two hours later: %d", w.Code)
	}
}

func TestHTTP(t *testing.T) {
	mw, site := newSite(t, session.Config{}, middleware.Config{})
	server := httptest.NewServer(site)
	defer server.Close()
	for _, opts := range []session.StartOptions{{}, {Carrier: session.CarrierBearer}} {
		client := signIn(t, mw, sessiontest.Config{Options: opts}).HTTP(server.Client())
		for _, path := range []string{"/albums", "/password", "/albums"} {
			res, err := client.Post(server.URL+path, "", nil)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode != 200 {
				t.Errorf("%s %s: %d", opts.Carrier, path, res.StatusCode)
			}
		}
	}
}

func TestForeignIsRefused(t *testing.T) {
	mw, _ := newSite(t, session.Config{}, middleware.Config{Foreign: &middleware.Foreign{
		Extractors: []middleware.Extractor{middleware.Bearer},
	}})
	if _, err := sessiontest.SignIn(mw, "alice", sessiontest.Config{}); err == nil {
		t.Error("signed in where another system issues the tokens")
	}
	if _, err := sessiontest.SignIn(mw, "", sessiontest.Config{}); err == nil {
		t.Error("nobody was signed in")
	}
}
