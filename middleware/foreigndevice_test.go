package middleware_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

// A foreign token that comes in a cookie comes from something that keeps cookies:
// its device is recognised by ours. One in a header is not sent any.
func TestForeignDeviceCookie(t *testing.T) {
	t.Parallel()
	manager, err := session.New(memstore.New(), session.Config{ProfileKeys: session.NewKeys(key(9))})
	if err != nil {
		t.Fatal(err)
	}
	mw, err := middleware.New(manager, middleware.Config{CookieKeys: session.NewKeys(key(1)), Foreign: &middleware.Foreign{
		Extractors: []middleware.Extractor{middleware.Header("X-Token"), middleware.Cookie("sid")},
		Adopt: func(*http.Request, string) (session.Adoption, error) {
			return session.Adoption{UserID: "ada", SignedIn: true}, nil
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	get := func(header ...string) (*http.Cookie, *session.Session) {
		r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
		for i := 0; i < len(header); i += 2 {
			r.Header.Add(header[i], header[i+1])
		}
		var s *session.Session
		mw.Load(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { s, _ = session.FromContext(r.Context()) })).ServeHTTP(w, r)
		if s == nil {
			t.Fatalf("%v: no session", header)
		}
		return deviceOf(w.Result()), s
	}
	sent, first := get("Cookie", "sid=one")
	if sent == nil || first.Familiarity != session.FamiliarityNew {
		t.Fatalf("a browser: got %v, %q", sent, first.Familiarity)
	}
	if _, s := get("Cookie", "sid=two; "+sent.Name+"="+sent.Value); s.Familiarity != session.FamiliarityKnown {
		t.Errorf("again: got %q", s.Familiarity)
	}
	if sent, s := get("X-Token", "three"); sent != nil || s.DeviceKey != (session.DeviceKey{}) {
		t.Errorf("in a header: got %v, %v", sent, s.DeviceKey)
	}
}
