package activity_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/middleware/sessiontest"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

// A host that has patterns with methods can mount the page.
func TestRegister(t *testing.T) {
	manager, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		t.Fatal(err)
	}
	mw, err := middleware.New(manager, middleware.Config{})
	if err != nil {
		t.Fatal(err)
	}
	h, err := activity.New(mw, activity.Config{})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) })
	h.Register(mux)
	site := mw.Load(mux)
	c, err := sessiontest.SignIn(mw, "alice", sessiontest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		method, path string
		code         int
	}{
		{"GET", "/", 418}, {"GET", "/account", 418}, {"GET", "/account/devices", 200}, {"HEAD", "/account/devices", 200},
		{"GET", "/account/devices/api/sessions", 200}, {"PUT", "/account/devices", 405},
		{"DELETE", "/account/devices/api/sessions/x", 404}, {"POST", "/account/devices/api/sessions/revoke-others", 200},
	} {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, c.Request(want.method, want.path, nil))
		if w.Code != want.code {
			t.Errorf("%s %s: %d, want %d: %s", want.method, want.path, w.Code, want.code, w.Body)
		}
	}
}
