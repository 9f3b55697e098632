package middleware_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

// whose answers with the user whose session FromContext returns.
func whose(w http.ResponseWriter, r *http.Request) {
	s, _ := session.FromContext(r.Context())
	fmt.Fprint(w, s.UserID)
}

// One Middleware inside of another's, as an application's behind a portal that
// has sessions of its own, judges for itself.
func TestSessionOfAnotherMiddleware(t *testing.T) {
	t.Parallel()
	portal := watch(t, middleware.Foreign{Extractors: []middleware.Extractor{middleware.Header("X-Portal")}})
	app := watch(t, middleware.Foreign{Extractors: []middleware.Extractor{middleware.Header("X-App")}})
	get := func(h http.Handler, user string) (int, string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("X-Portal", "user-host")
		if user != "" {
			r.Header.Set("X-App", "user-"+user)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	inner := app.mw.Require(http.HandlerFunc(whose))
	for name, h := range map[string]http.Handler{
		"inside":      portal.mw.Load(inner),
		"outside too": app.mw.Load(portal.mw.Load(inner)),
	} {
		if status, got := get(h, "ada"); status != 200 || got != "ada" {
			t.Errorf("%s: got %d, the session of %q", name, status, got)
		}
		if status, _ := get(h, ""); status != 401 {
			t.Errorf("%s: with the portal's session alone: got %d", name, status)
		}
	}
	if _, err := app.manager.RevokeAll(t.Context(), "ada", session.ReasonAdmin); err != nil {
		t.Fatal(err)
	}
	if status, _ := get(portal.mw.Load(inner), "ada"); status != 401 {
		t.Errorf("revoked: got %d", status)
	}
}
