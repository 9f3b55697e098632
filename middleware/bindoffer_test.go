package middleware_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

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
