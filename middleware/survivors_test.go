package middleware_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/securecookie"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

// Each of these is what a mutant survived that would have let something through.

// The seal has no end of its own: the session decides.
func TestSealDoesNotExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := makeSite(t, nil, session.Config{Limits: session.Limits{Rotation: -1}}, middleware.Config{CookieKeys: session.NewKeys(key(1))})
		h := s.mw.Load(s.mux)
		ask := func(method, path, cookie string) *http.Response {
			r := httptest.NewRequestWithContext(t.Context(), method, "https://example.com"+path, nil)
			r.Header.Set("Cookie", cookie)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w.Result()
		}
		cookie := pairOf(t, ask("POST", "/login?user=alice&remember", ""))
		for day := range 29 {
			time.Sleep(24 * time.Hour)
			// Another instance, which has not seen it open.
			other, err := middleware.New(s.manager, middleware.Config{CookieKeys: session.NewKeys(key(1))})
			if err != nil {
				t.Fatal(err)
			}
			h = other.Require(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			if ask("GET", "/me", cookie).StatusCode != 200 {
				t.Fatalf("signed out on day %d", day+1)
			}
		}
	})
}

func TestMemoryIsBounded(t *testing.T) {
	if hashes, sessions := middleware.Remembered(100_000); hashes > 65_536 || hashes < 60_000 || sessions > 4096 {
		t.Errorf("%d hashes and %d sessions are remembered", hashes, sessions)
	}
}

// Who knows the ID of a session and no secret makes no form token for it.
func TestZeroSecretMakesNoFormToken(t *testing.T) {
	s := &session.Session{ID: session.ID{7}, Secrets: session.Secrets{Current: session.SecretHash{1}}}
	if middleware.ValidFormToken(s, middleware.FormToken(&session.Session{ID: s.ID})) {
		t.Error("accepted")
	}
	if !middleware.ValidFormToken(s, middleware.FormToken(s)) {
		t.Error("its own is refused")
	}
}

// A session whose sign-in was believed, and that moved suspiciously, is not confirmed.
func TestRequireConfirmedOfAMove(t *testing.T) {
	for _, action := range []session.Action{session.ActionTell, session.ActionChallenge} {
		s := newSite(t, nil, session.Config{OnHigh: action, Assessor: session.AssessorFunc(func(_ context.Context, c session.Case) (session.Verdict, error) {
			if c.SignIn {
				return session.Verdict{}, nil
			}
			return session.Verdict{Level: session.LevelHigh, Signals: []session.Signal{{Code: "country.new", Level: session.LevelHigh, At: c.Visit.At}}}, nil
		})}, middleware.Config{ClientIP: func(r *http.Request) (netip.Addr, bool) {
			ip, err := netip.ParseAddr(r.Header.Get("X-Test-IP"))
			return ip, err == nil
		}})
		s.mux.Handle("/believed", s.mw.RequireConfirmed(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
		c := s.client(t)
		s.do(t, c, "POST", "/login?user=alice", "X-Test-IP", "198.51.100.7")
		if res, _ := s.do(t, c, "GET", "/believed", "X-Test-IP", "198.51.100.7"); res.StatusCode != 200 {
			t.Errorf("before: got %d", res.StatusCode)
		}
		time.Sleep(2 * time.Millisecond) // what looks wrong comes after the proof
		for _, from := range []string{"203.0.113.9", "198.51.100.7"} {
			if res, _ := s.do(t, c, "GET", "/believed", "X-Test-IP", from); res.StatusCode != 401 {
				t.Errorf("action %v, from %s: got %d", action, from, res.StatusCode)
			}
		}
	}
}

// Two headers with tokens are none, whatever cookie comes with them.
func TestTwoTokenHeaders(t *testing.T) {
	s := newSite(t, nil, session.Config{}, middleware.Config{TokenHeaders: []string{"X-App-Token"}})
	value, _ := signedIn(t, s, "")
	_, token := signedIn(t, s, "&carrier=bearer")
	cookie := "__Host-session=" + value
	if got := s.status(t, http.Header{"Cookie": {cookie}}); got != 200 {
		t.Fatalf("the cookie: got %d", got)
	}
	for _, h := range []http.Header{
		{"X-App-Token": {token, token}, "Cookie": {cookie}}, {"X-App-Token": {token, ""}, "Cookie": {cookie}},
	} {
		if got := s.status(t, h); got != 401 {
			t.Errorf("%v: got %d", h, got)
		}
	}
	if got := s.status(t, http.Header{"X-App-Token": {token}}); got != 200 {
		t.Errorf("one: got %d", got)
	}
}

// A sign-in of a cookie leaves the session of an app that sends the request alone.
func TestCookieSignInLeavesTheBearer(t *testing.T) {
	s := newSite(t, nil, session.Config{}, middleware.Config{})
	_, token := signedIn(t, s, "&carrier=bearer")
	s.do(t, s.client(t), "POST", "/login?user=alice", "Authorization", "Bearer "+token)
	if got := s.status(t, http.Header{"Authorization": {"Bearer " + token}}); got != 200 {
		t.Errorf("the app: got %d", got)
	}
}

// Both Load and SignIn look at where an insecure cookie may be sent.
func TestInsecureCookieIsCheckedTwice(t *testing.T) {
	s := makeSite(t, nil, session.Config{}, middleware.Config{InsecureCookie: true})
	far := context.WithValue(t.Context(), http.LocalAddrContextKey, addr("203.0.113.1:80"))
	w := httptest.NewRecorder()
	s.mw.Load(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("Load lets it through") })).
		ServeHTTP(w, httptest.NewRequestWithContext(far, "GET", "http://example.com/", nil))
	if w.Code != 500 {
		t.Errorf("Load: got %d", w.Code)
	}
	ticket, err := s.manager.BeginSignIn(t.Context(), "alice")
	check(t, err)
	w = httptest.NewRecorder()
	if _, _, err := s.mw.SignIn(w, httptest.NewRequestWithContext(far, "POST", "http://example.com/login", nil), ticket, session.StartOptions{}); err == nil || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("SignIn: got %v", err)
	}
}

type addr string

func (a addr) Network() string { return "tcp" }
func (a addr) String() string  { return string(a) }

// A device cookie that is sealed and of another length is none.
func TestDeviceCookieOfAnotherLength(t *testing.T) {
	s := newSite(t, nil, session.Config{ProfileKeys: session.NewKeys(key(2))}, middleware.Config{CookieKeys: session.NewKeys(key(1))})
	codec := securecookie.New(key(1), nil).SetSerializer(securecookie.NopEncoder{})
	for _, n := range []int{0, 8, 15, 17, 64} {
		value, err := codec.Encode("__Host-session-device", []byte(strings.Repeat("x", n)))
		check(t, err)
		res, body := s.do(t, s.client(t), "POST", "/login?user=alice", "Cookie", "__Host-session-device="+value)
		if res.StatusCode != 200 || deviceOf(res) == nil || deviceOf(res).Value == value {
			t.Errorf("%d bytes: got %d %s", n, res.StatusCode, body)
		}
	}
}
