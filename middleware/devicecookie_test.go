package middleware_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

// deviceOf returns the device cookie of an answer, nil if it has none.
func deviceOf(res *http.Response) *http.Cookie {
	for _, c := range res.Cookies() {
		if strings.HasSuffix(c.Name, "-device") {
			return c
		}
	}
	return nil
}

func TestDeviceCookie(t *testing.T) {
	keep := session.Config{ProfileKeys: session.NewKeys(key(9))}
	s := newSite(t, nil, keep, middleware.Config{CookieKeys: session.NewKeys(key(1))})
	signIn := func(query string, header ...string) *http.Cookie {
		res, _ := s.do(t, s.client(t), "POST", "/login?user="+query, header...)
		return deviceOf(res)
	}
	seen := map[session.ID]bool{}
	latest := func(user string) *session.Session {
		all, err := s.manager.List(t.Context(), user)
		if err != nil || len(all) == 0 {
			t.Fatal(all, err)
		}
		var newest *session.Session // since the last time
		for _, one := range all {
			if !seen[one.ID] {
				newest, seen[one.ID] = one, true
			}
		}
		return newest
	}
	first := signIn("alice")
	if first == nil || first.Name != "__Host-session-device" || first.MaxAge != 400*24*60*60 || !first.Secure || !first.HttpOnly || first.SameSite != http.SameSiteLaxMode {
		t.Fatalf("got %v", first)
	}
	if got := latest("alice").Familiarity; got != session.FamiliarityNew {
		t.Errorf("first sign-in: got %q", got)
	}
	again := signIn("alice", "Cookie", first.Name+"="+first.Value)
	if again == nil || latest("alice").Familiarity != session.FamiliarityKnown {
		t.Errorf("again: got %v, %q", again, latest("alice").Familiarity)
	}
	signIn("bob", "Cookie", first.Name+"="+first.Value)
	if got := latest("bob").Familiarity; got != session.FamiliarityNew {
		t.Errorf("bob in alice's browser: got %q", got)
	}
	for name, line := range map[string]string{
		"cut": first.Name + "=" + first.Value[1:], "twice": first.Name + "=" + first.Value + "; " + first.Name + "=" + first.Value,
		"the session's": first.Name + "=" + strings.Repeat("A", 69),
	} {
		if c := signIn("alice", "Cookie", line); c == nil || latest("alice").Familiarity == session.FamiliarityKnown {
			t.Errorf("%s: got %v, %q", name, c, latest("alice").Familiarity)
		}
	}
	if got := s.status(t, http.Header{"Cookie": {"__Host-session=" + first.Value}}); got != 401 {
		t.Errorf("the device cookie as a session: got %d", got)
	}
	if c := signIn("alice&shared"); c != nil {
		t.Errorf("a shared computer got %v", c)
	}
	if c := signIn("alice&carrier=bearer"); c != nil {
		t.Errorf("an app got %v", c)
	}
}

func TestDeviceCookieIsOffWithoutKeysAndBySwitch(t *testing.T) {
	keep := session.Config{ProfileKeys: session.NewKeys(key(9))}
	sealed := session.NewKeys(key(1))
	for name, c := range map[string]struct {
		scfg session.Config
		cfg  middleware.Config
	}{
		"no cookie keys": {keep, middleware.Config{}}, "no profiles": {session.Config{}, middleware.Config{CookieKeys: sealed}},
		"switched off": {keep, middleware.Config{CookieKeys: sealed, NoDeviceCookie: true}},
	} {
		s := newSite(t, nil, c.scfg, c.cfg)
		if res, _ := s.do(t, s.client(t), "POST", "/login?user=alice"); deviceOf(res) != nil || len(res.Cookies()) != 1 {
			t.Errorf("%s: got %v", name, res.Cookies())
		}
	}
}

func TestAskHints(t *testing.T) {
	for name, c := range map[string]struct {
		cfg           middleware.Config
		ask, critical string
	}{
		"default":  {middleware.Config{}, device.AcceptCH, ""},
		"critical": {middleware.Config{CriticalHints: true}, device.AcceptCH, device.AcceptCH},
		"off":      {middleware.Config{NoHints: true, CriticalHints: true}, "", ""},
	} {
		s := newSite(t, nil, session.Config{}, c.cfg)
		s.mux.Handle("GET /login", s.mw.AskHints(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
		res, _ := s.do(t, s.client(t), "GET", "/login")
		if got := res.Header.Get("Accept-CH"); got != c.ask {
			t.Errorf("%s: got Accept-CH %q", name, got)
		}
		if got := res.Header.Get("Critical-CH"); got != c.critical {
			t.Errorf("%s: got Critical-CH %q", name, got)
		}
		if res, _ = s.do(t, s.client(t), "GET", "/me"); res.Header.Get("Accept-CH") != "" {
			t.Errorf("%s: asked on another page", name)
		}
	}
}
