package middleware_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

// site is a host with the routes that the tests need, on real TLS, since the
// cookie is Secure.
type site struct {
	*httptest.Server
	manager *session.Manager
	mw      *middleware.Middleware
	mux     *http.ServeMux
}

func newSite(t *testing.T, store session.Store, scfg session.Config, cfg middleware.Config) *site {
	t.Helper()
	s := makeSite(t, store, scfg, cfg)
	s.Server = httptest.NewTLSServer(s.mw.Load(s.mux))
	t.Cleanup(s.Close)
	return s
}

// makeSite is newSite without its server.
func makeSite(t testing.TB, store session.Store, scfg session.Config, cfg middleware.Config) *site {
	t.Helper()
	if store == nil {
		store = memstore.New()
	}
	manager, err := session.New(store, scfg)
	if err != nil {
		t.Fatal(err)
	}
	mw, err := middleware.New(manager, cfg)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{manager: manager, mw: mw, mux: http.NewServeMux()}
	s.mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		ticket, err := manager.BeginSignIn(r.Context(), r.URL.Query().Get("user"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		opts := session.StartOptions{Carrier: session.Carrier(r.URL.Query().Get("carrier")), Persistent: r.URL.Query().Has("remember"), Shared: r.URL.Query().Has("shared")}
		_, token, err := mw.SignIn(w, r, ticket, opts)
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		io.WriteString(w, token.Reveal())
	})
	s.mux.Handle("/me", mw.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		me, _ := session.FromContext(r.Context())
		io.WriteString(w, me.UserID)
	})))
	s.mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		if err := mw.SignOut(w, r); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	return s
}

// client is a browser: a cookie jar of its own.
func (s *site) client(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Transport: s.Client().Transport, Jar: jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (s *site) do(t *testing.T, c *http.Client, method, path string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

const sameOrigin = "Sec-Fetch-Site"

func TestSignInAndOut(t *testing.T) {
	for _, keys := range []session.Keys{{}, session.NewKeys([]byte(strings.Repeat("0123456789abcdef", 2)))} {
		s := newSite(t, nil, session.Config{}, middleware.Config{CookieKeys: keys})
		c := s.client(t)
		if res, _ := s.do(t, c, "GET", "/me"); res.StatusCode != 401 {
			t.Fatalf("before sign-in: %d", res.StatusCode)
		}
		if res, body := s.do(t, c, "POST", "/login?user=alice"); res.StatusCode != 200 || body != "" {
			t.Fatalf("sign-in: %d %q", res.StatusCode, body)
		}
		if res, body := s.do(t, c, "GET", "/me"); res.StatusCode != 200 || body != "alice" {
			t.Fatalf("after sign-in: %d %q", res.StatusCode, body)
		}
		if res, _ := s.do(t, c, "POST", "/logout"); res.StatusCode != http.StatusForbidden {
			t.Fatalf("sign-out without a proof of origin: %d", res.StatusCode)
		}
		if res, _ := s.do(t, c, "POST", "/logout", sameOrigin, "same-origin"); res.StatusCode != 200 {
			t.Fatalf("sign-out: %d", res.StatusCode)
		}
		if res, _ := s.do(t, c, "GET", "/me"); res.StatusCode != 401 {
			t.Fatalf("after sign-out: %d", res.StatusCode)
		}
	}
}
