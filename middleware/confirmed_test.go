package middleware_test

import (
	"context"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

// strangeSite finds every visit from one address very wrong. /sensitive wants a
// recent proof, /believed a session that is believed.
func strangeSite(t *testing.T, action session.Action) *site {
	t.Helper()
	s := newSite(t, nil, session.Config{OnHigh: action, Assessor: session.AssessorFunc(func(_ context.Context, c session.Case) (session.Verdict, error) {
		if c.Visit.IP.String() != "203.0.113.9" {
			return session.Verdict{}, nil
		}
		return session.Verdict{Level: session.LevelHigh, Provisional: c.SignIn,
			Signals: []session.Signal{{Code: "country.new", Text: "A new country.", At: c.Visit.At}}}, nil
	})}, middleware.Config{ClientIP: func(r *http.Request) (netip.Addr, bool) {
		ip, err := netip.ParseAddr(r.Header.Get("X-Test-IP"))
		return ip, err == nil
	}})
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") })
	s.mux.Handle("/sensitive", s.mw.RequireRecentAuth(0)(ok))
	s.mux.Handle("/believed", s.mw.RequireConfirmed(ok))
	s.mux.Handle("POST /prove", s.mw.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := s.mw.Reauthenticated(w, r, session.Proof{Methods: []string{r.URL.Query().Get("by")}}); err != nil {
			t.Error(err)
		}
	})))
	return s
}

var strange = []string{"X-Test-IP", "203.0.113.9", "Sec-Fetch-Site", "same-origin"}

func TestChallenged(t *testing.T) {
	s := strangeSite(t, session.ActionChallenge)
	c := s.client(t)
	wantStatus := func(path string, want int) {
		t.Helper()
		res, _ := s.do(t, c, "GET", path, strange...)
		if res.StatusCode != want {
			t.Errorf("%s: got %d, want %d", path, res.StatusCode, want)
		}
		if want == 401 && !strings.Contains(res.Header.Get("WWW-Authenticate"), `error="insufficient_user_authentication"`) {
			t.Errorf("%s: %v", path, res.Header)
		}
	}
	s.do(t, c, "POST", "/login?user=alice", strange...)
	wantStatus("/me", 200)
	wantStatus("/sensitive", 401) // though the password was given just now
	wantStatus("/believed", 401)
	s.do(t, c, "POST", "/prove?by=pwd", strange...)
	wantStatus("/sensitive", 200)
	wantStatus("/believed", 401) // a stolen password proves nothing twice
	s.do(t, c, "POST", "/prove?by=otp", strange...)
	wantStatus("/believed", 200)
}

// The very visit that looks wrong is refused, the cookie stays, and signing in
// anew replaces the session.
func TestSuspended(t *testing.T) {
	s := strangeSite(t, session.ActionSuspend)
	c := s.client(t)
	s.do(t, c, "POST", "/login?user=alice", "X-Test-IP", "198.51.100.7")
	for _, from := range []string{"203.0.113.9", "198.51.100.7"} {
		res, body := s.do(t, c, "GET", "/me", "X-Test-IP", from, "Sec-Fetch-Mode", "navigate")
		if res.StatusCode != 401 || !strings.Contains(body, "This device is paused") || res.Header.Get("Set-Cookie") != "" {
			t.Errorf("from %s: got %d %s %v", from, res.StatusCode, body, res.Header)
		}
	}
	if res, _ := s.do(t, c, "POST", "/login?user=alice", "X-Test-IP", "198.51.100.7"); res.StatusCode != 200 {
		t.Fatal(res.Status)
	}
	if res, _ := s.do(t, c, "GET", "/me", "X-Test-IP", "198.51.100.7"); res.StatusCode != 200 {
		t.Errorf("signed in anew: %s", res.Status)
	}
	if all, err := s.manager.List(t.Context(), "alice"); err != nil || len(all) != 1 {
		t.Errorf("%d sessions, %v", len(all), err)
	}
}
