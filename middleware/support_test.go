package middleware_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/sessiontest"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/notice"
	"github.com/signedin/signedin/session/risk"
	"github.com/signedin/signedin/store/memstore"
)

// Support looks at an account beside its own session, by a cookie of another name:
// the user sees it, and nobody is mailed.
func TestSupport(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	var mails []notice.Notice
	sender, err := notice.New(store, func(_ context.Context, n notice.Notice) error {
		if n.UserID == "ada" {
			mails = append(mails, n)
		}
		return nil
	}, notice.Config{})
	if err != nil {
		t.Fatal(err)
	}
	rules, err := risk.New(risk.Config{})
	if err != nil {
		t.Fatal(err)
	}
	clock := sessiontest.NewClock(time.Time{})
	manager, err := session.New(store, session.Config{Now: clock.Now, Observers: []session.Observer{sender},
		Assessor: rules, ProfileKeys: session.NewKeys(key(9)), MaxPerUser: 1})
	if err != nil {
		t.Fatal(err)
	}
	mw, err := middleware.New(manager, middleware.Config{CookieKeys: session.NewKeys(key(1))})
	if err != nil {
		t.Fatal(err)
	}
	support, err := middleware.New(manager, middleware.Config{CookieName: "__Host-support", CookieKeys: session.NewKeys(key(2))})
	if err != nil {
		t.Fatal(err)
	}
	ada, err := sessiontest.SignIn(mw, "ada", sessiontest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Hour)
	before := len(mails)
	staff, err := sessiontest.SignIn(mw, "staff", sessiontest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("POST /support/view", mw.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		me, _ := session.FromContext(r.Context())
		ticket, err := manager.BeginSignIn(r.Context(), r.FormValue("user"))
		if err == nil {
			_, _, err = support.SignIn(w, r, ticket, session.StartOptions{Support: me.UserID})
		}
		if err != nil {
			t.Error(err)
		}
	})))
	seen := ""
	mux.Handle("GET /photos", mw.Load(support.Load(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, _ := session.FromContext(r.Context())
		seen = s.UserID + " by " + s.Support()
	}))))
	mux.Handle("POST /password", support.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := support.RevokeOthers(w, r, session.ReasonPasswordChanged); !errors.Is(err, session.ErrNotOlder) {
			t.Errorf("a new password by support: got %v", err)
		}
	})))
	mux.Handle("GET /keys", support.RequireRecentAuth(0)(http.NotFoundHandler()))
	mux.Handle("GET /sure", support.RequireConfirmed(http.NotFoundHandler()))
	do := func(c *sessiontest.Client, method, path string) int {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, c.Request(method, path, nil))
		c.Keep(w.Result())
		return w.Code
	}
	if got := do(staff, "POST", "/support/view?user=ada"); got != 200 {
		t.Fatalf("got %d", got)
	}
	if do(staff, "GET", "/photos"); seen != "ada by staff" {
		t.Errorf("got %q", seen)
	}
	if do(ada, "GET", "/photos"); seen != "ada by " {
		t.Errorf("the user, though there may be one device only: got %q", seen)
	}
	live, err := manager.List(t.Context(), "ada")
	if err != nil || len(live) != 2 {
		t.Fatalf("got %d devices, %v", len(live), err)
	}
	var theirs *session.Session
	for _, s := range live {
		if s.Support() != "" {
			theirs = s
		}
	}
	if theirs == nil || theirs.Label() != "Support" || theirs.DeviceKey != (session.DeviceKey{}) || theirs.InQuestion() {
		t.Errorf("got %+v", theirs)
	}
	do(staff, "POST", "/password")
	for _, path := range []string{"/keys", "/sure"} {
		if got := do(staff, "GET", path); got != http.StatusUnauthorized {
			t.Errorf("%s: got %d", path, got)
		}
	}
	// Another network, another browser: still nobody is told.
	r := staff.Request("GET", "/photos", nil)
	r.RemoteAddr, r.Header = "[2001:db8::7]:443", r.Header.Clone()
	r.Header.Set("User-Agent", "curl/8.5.0")
	clock.Advance(10 * time.Minute)
	mux.ServeHTTP(httptest.NewRecorder(), r)
	if len(mails) != before {
		t.Errorf("mailed: %+v", mails[before:])
	}
	clock.Advance(time.Hour)
	if seen = ""; do(staff, "GET", "/photos") != 200 || seen != "staff by " {
		t.Errorf("after an hour: got %q", seen)
	}
}

// After a new password the session in hand is the new one: a form that is rendered
// in the same answer can be sent.
func TestSessionInHandIsTheNewOne(t *testing.T) {
	t.Parallel()
	manager, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		t.Fatal(err)
	}
	mw, err := middleware.New(manager, middleware.Config{})
	if err != nil {
		t.Fatal(err)
	}
	ada, err := sessiontest.SignIn(mw, "ada", sessiontest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(w http.ResponseWriter, r *http.Request) error{
		"password": func(w http.ResponseWriter, r *http.Request) error {
			_, err := mw.RevokeOthers(w, r, session.ReasonPasswordChanged)
			return err
		},
		"proof": func(w http.ResponseWriter, r *http.Request) error {
			_, err := mw.Reauthenticated(w, r, session.Proof{})
			return err
		},
		"rotation": mw.Rotate,
	} {
		form := ""
		h := mw.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/change" {
				if err := change(w, r); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
			type other struct{}
			s, _ := session.FromContext(context.WithValue(r.Context(), other{}, 1))
			if own, _ := session.FromContext(r.Context()); own != s {
				t.Errorf("%s: two sessions in one context", name)
			}
			if r.URL.Path == "/change" {
				form = middleware.FormToken(s)
			} else if !middleware.ValidFormToken(s, form) {
				t.Errorf("%s: the form of the same answer is of no use", name)
			}
		}))
		for _, path := range []string{"/change", "/send"} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, ada.Request("POST", path, nil))
			ada.Keep(w.Result())
			if w.Code != 200 {
				t.Fatalf("%s %s: got %d", name, path, w.Code)
			}
		}
	}
}
