package middleware_test

import (
	"net/http"
	"testing"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

// The cookie that follows a transaction of the host's is the new one.
func TestCookieAfterCommit(t *testing.T) {
	s := newSite(t, nil, session.Config{}, middleware.Config{})
	proof := session.Proof{Methods: []string{"pwd"}, RevokeOthers: session.ReasonPasswordChanged}
	for path, change := range map[string]func(http.ResponseWriter, *http.Request) error{
		"/password": func(w http.ResponseWriter, r *http.Request) error {
			re, err := s.mw.Reauthenticated(w, r, proof)
			if !re.Token.IsZero() {
				t.Error("the token of a cookie is returned")
			}
			return err
		},
		"/rotate": s.mw.Rotate,
	} {
		s.mux.Handle("POST "+path, s.mw.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, pending := session.Hold(r.Context())
			if err := change(w, r.WithContext(ctx)); err != nil {
				t.Error(err)
			}
			if w.Header().Get("Set-Cookie") != "" {
				t.Error("a cookie before the commit")
			}
			pending.Committed()
		})))
		c := s.client(t)
		s.do(t, c, "POST", "/login?user=alice")
		if res, _ := s.do(t, c, "POST", path, sameOrigin, "same-origin"); len(res.Cookies()) != 1 {
			t.Errorf("%s: got %d cookies, want 1", path, len(res.Cookies()))
		}
		if res, _ := s.do(t, c, "GET", "/me"); res.StatusCode != 200 {
			t.Errorf("after %s: got %d, want 200", path, res.StatusCode)
		}
	}
}
