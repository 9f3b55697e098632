package middleware_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

// downStore is a store that answers nothing once it is down.
type downStore struct {
	session.Store
	down bool
}

func (d *downStore) Create(ctx context.Context, s *session.Session) error {
	if d.down {
		return errors.New("connection refused: db-7.internal")
	}
	return d.Store.Create(ctx, s)
}

// TestFail has the answer to each way in which a sign-in ends without one, as the host of
// README gives it.
func TestFail(t *testing.T) {
	store := &downStore{Store: memstore.New()}
	manager, err := session.New(store, session.Config{
		UserStatus: func(_ context.Context, userID string) error {
			if userID == "left" {
				return session.ErrDisabled
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	pages := middleware.Pages{SignIn: "/login", Confirm: "/confirm"}
	mw, err := middleware.New(manager, middleware.Config{Refuse: pages.Refuse})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, userID string
		header       http.Header
		during       func() // the password is checked
		status       int
		code, text   string
	}{
		{name: "another site's form", userID: "alice", header: http.Header{"Sec-Fetch-Site": {"cross-site"}},
			status: http.StatusForbidden, code: "cross-origin", text: "Another website has sent you here"},
		{name: "a new password meanwhile", userID: "alice", during: func() {
			if _, err := manager.RevokeAll(t.Context(), "alice", session.ReasonPasswordChanged); err != nil {
				t.Error(err)
			}
		}, status: http.StatusConflict, code: "outdated", text: "sign in again"},
		{name: "a user who has left", userID: "left", status: http.StatusForbidden, code: "user-disabled", text: "ask those who run this site"},
		{name: "the store is down", userID: "alice", during: func() { store.down = true },
			status: http.StatusServiceUnavailable, code: "service-unavailable", text: "in a moment"},
	} {
		for _, accept := range []string{"text/html", "application/json"} {
			store.down = false
			r := httptest.NewRequest("POST", "/login", nil)
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			r.Header.Set("Accept", accept)
			for name, v := range c.header {
				r.Header[name] = v
			}
			w := httptest.NewRecorder()
			ticket, err := manager.BeginSignIn(t.Context(), c.userID)
			if c.during != nil {
				c.during()
			}
			if err == nil {
				_, _, err = mw.SignIn(w, r, ticket, session.StartOptions{})
			}
			mw.Fail(w, r, err)
			said := w.Body.String()
			want := c.text
			if accept != "text/html" {
				want = `"code":"` + c.code + `"`
			}
			if w.Code != c.status || !strings.Contains(said, want) || strings.Contains(said, "db-7") || len(w.Result().Cookies()) > 0 {
				t.Errorf("%s, %s: got %d %v, %s, want %d and %q (%v)", c.name, accept, w.Code, w.Header(), said, c.status, want, err)
			}
		}
	}
	if n := mw.Stats().Unavailable.Store; n != 2 {
		t.Errorf("%d answers were counted as trouble, want 2", n)
	}
	for err, status := range map[error]int{
		middleware.ErrSignInRequired: 303, middleware.ErrRecentAuthRequired: 303, session.ErrSuspended: 303, session.ErrNotProved: 303,
		middleware.ErrUnconfirmed: 401, session.ErrNotFound: 404, session.ErrInvalidName: 400, session.ErrNotOlder: 403,
		middleware.ErrInsecureCookie: 500,
	} {
		r := httptest.NewRequest("GET", "/photos", nil)
		r.Header.Set("Accept", "text/html")
		w := httptest.NewRecorder()
		if mw.Fail(w, r, err); w.Code != status {
			t.Errorf("%v: got %d, want %d", err, w.Code, status)
		}
	}
}
