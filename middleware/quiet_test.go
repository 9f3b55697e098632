package middleware_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

// finding counts the reads of a store in memory.
type finding struct {
	*memstore.Store
	gets int
}

func (f *finding) Get(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
	f.gets++
	return f.Store.Get(ctx, id)
}

// A request of which nothing is new looks nothing up in the store, and is refused
// as soon as anything has changed there.
func TestQuietRequest(t *testing.T) {
	for _, keys := range []session.Keys{{}, session.NewKeys(key(1))} {
		store := &finding{Store: memstore.New()}
		manager, err := session.New(store, session.Config{})
		if err != nil {
			t.Fatal(err)
		}
		mw, err := middleware.New(manager, middleware.Config{CookieKeys: keys})
		if err != nil {
			t.Fatal(err)
		}
		var me *session.Session
		h := mw.Load(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { me, _ = session.FromContext(r.Context()) }))
		signIn := func(user string) *http.Request {
			w := httptest.NewRecorder()
			ticket, err := manager.BeginSignIn(t.Context(), user)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := mw.SignIn(w, httptest.NewRequest("POST", "/", nil), ticket, session.StartOptions{}); err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36")
			for _, c := range w.Result().Cookies() {
				r.AddCookie(c)
			}
			return r
		}
		serve := func(r *http.Request) string {
			me = nil
			h.ServeHTTP(httptest.NewRecorder(), r)
			if me == nil {
				return ""
			}
			return me.UserID
		}
		for name, end := range map[string]func(s *session.Session) error{
			"Revoke": func(s *session.Session) error {
				return manager.Revoke(t.Context(), s.UserID, s.ID, session.ReasonAdmin)
			},
			"RevokeAll": func(s *session.Session) error {
				_, err := manager.RevokeAll(t.Context(), s.UserID, session.ReasonAdmin)
				return err
			},
			"by the store": func(s *session.Session) error {
				_, err := store.Revoke(t.Context(), session.Revocation{UserID: s.UserID, All: true})
				return err
			},
			"RevokeEveryone":  func(s *session.Session) error { return manager.RevokeEveryone(t.Context(), session.ReasonEveryone) },
			"Erase":           func(s *session.Session) error { return manager.Erase(t.Context(), s.UserID) },
			"replaced secret": func(s *session.Session) error { _, _, err := manager.Rotate(t.Context(), s.UserID, s.ID); return err },
		} {
			user := fmt.Sprint("user of ", name)
			r := signIn(user)
			for range 2 {
				if got := serve(r); got != user {
					t.Fatalf("%s: got %q", name, got)
				}
			}
			before := store.gets
			for range 5 {
				serve(r)
				if s, err := mw.FromRequest(r); err != nil || s.UserID != user {
					t.Fatalf("%s: FromRequest: %v, %v", name, s, err)
				}
			}
			if n := store.gets - before; n != 0 || me == nil {
				t.Errorf("%s: ten requests read the store %d times", name, n)
			}
			if err := end(me); err != nil {
				t.Fatal(err)
			}
			if got := serve(r); got != "" {
				t.Errorf("%s: let in afterwards", name)
			}
			if _, err := mw.FromRequest(r); err != middleware.ErrSignInRequired {
				t.Errorf("%s: FromRequest afterwards: %v", name, err)
			}
		}
	}
}
