package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
)

// patience is for a machine that does much else: a test that waits for ever tells
// nothing.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	middleware.BePatient(patience)
	os.Exit(m.Run())
}

// watched is an application whose tokens are the names of its users.
type watched struct {
	manager *session.Manager
	mw      *middleware.Middleware
	store   *storetest.Hooked
	adopted atomic.Int64
	trouble atomic.Bool
}

func watch(t *testing.T, f middleware.Foreign) *watched {
	t.Helper()
	a := &watched{store: &storetest.Hooked{Store: memstore.New()}}
	var err error
	if a.manager, err = session.New(a.store, session.Config{}); err != nil {
		t.Fatal(err)
	}
	if f.Extractors == nil {
		f.Extractors = []middleware.Extractor{middleware.Header("X-Token"), middleware.Query("token"), middleware.Bearer, middleware.Cookie("sid")}
	}
	if f.Adopt == nil {
		f.Adopt = a.whose
	}
	f.InsecurePassEnded = f.Ended == nil // get tells what became of it
	if a.mw, err = middleware.New(a.manager, middleware.Config{Foreign: &f}); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *watched) whose(_ *http.Request, token string) (session.Adoption, error) {
	a.adopted.Add(1)
	if a.trouble.Load() {
		return session.Adoption{}, errors.New("the application does not answer")
	}
	if !strings.HasPrefix(token, "user-") {
		return session.Adoption{}, session.ErrUnknown
	}
	return session.Adoption{UserID: strings.TrimPrefix(token, "user-")}, nil
}

// get returns the status and whose session the handler saw.
func (a *watched) get(wrap func(http.Handler) http.Handler, method, target string, header ...string) (int, string) {
	who := "not asked"
	h := wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		who = "nobody"
		if s, ok := session.FromContext(r.Context()); ok {
			who = s.UserID
		}
		if err := a.mw.LoadError(r); err != nil {
			who += ", " + err.Error()
		}
	}))
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, who
}

func TestForeignExtractors(t *testing.T) {
	t.Parallel()
	a := watch(t, middleware.Foreign{})
	const unread = "nobody, session: malformed token"
	for name, tt := range map[string]struct {
		target string
		header []string
		want   string
	}{
		"none":               {"/", nil, "nobody"},
		"header":             {"/", []string{"X-Token", "user-ada"}, "ada"},
		"query":              {"/?token=user-ada", nil, "ada"},
		"bearer":             {"/", []string{"Authorization", "bearer user-ada"}, "ada"},
		"cookie":             {"/", []string{"Cookie", "a=b; sid=user-ada"}, "ada"},
		"first decides":      {"/?token=user-bob", []string{"X-Token", "user-ada", "Cookie", "sid=user-cy"}, "ada"},
		"no falling back":    {"/?token=bad", []string{"Cookie", "sid=user-cy"}, "nobody, session: no such session"},
		"two headers":        {"/", []string{"X-Token", "user-ada", "X-Token", "user-bob"}, unread},
		"two parameters":     {"/?token=user-ada&token=user-bob", nil, unread},
		"two bearers":        {"/", []string{"Authorization", "Bearer user-ada", "Authorization", "Bearer user-ada"}, unread},
		"parameter, cut":     {"/?token=user-ada#x", nil, unread},
		"parameter, half":    {"/?a;token=user-ada", nil, unread},
		"parameter, bad":     {"/?token=user-ada%zz", nil, unread},
		"parameter, percent": {"/?%74oken=user-ada", nil, "ada"},
		"parameter, space":   {"/?token=+user-ada", nil, unread},
		"cookie, quoted":     {"/", []string{"Cookie", `sid="user-ada"`}, unread},
		"cookie, space":      {"/", []string{"Cookie", "sid =user-ada"}, unread},
		"cookie, odd space":  {"/", []string{"Cookie", "a=b; \xa0sid=user-ada"}, unread},
		"another cookie":     {"/", []string{"Cookie", "sidebar=x; asid=y; sid"}, "nobody"},
		"bearer, space":      {"/", []string{"Authorization", "Bearer  user-ada"}, unread},
		"bearer, tab":        {"/", []string{"Authorization", "Bearer\tuser-ada"}, unread},
		"bearers":            {"/", []string{"Authorization", "Bearers user-ada"}, "nobody"},
		"header, odd space":  {"/", []string{"X-Token", "\xa0user-ada"}, unread},
		"many parameters":    {"/?token=user-ada" + strings.Repeat("&x", 12_000), nil, "ada"},
		"others' are odd":    {"/?a=1;2&b=%zz", []string{"Cookie", "sid=user-ada"}, "ada"},
		"two cookies":        {"/", []string{"Cookie", "sid=user-ada; sid=user-bob"}, unread},
		"empty is present":   {"/?token=", []string{"Cookie", "sid=user-ada"}, unread},
		"basic is no bearer": {"/", []string{"Authorization", "Basic x", "Cookie", "sid=user-ada"}, "ada"},
		"too long":           {"/", []string{"X-Token", "user-" + strings.Repeat("a", 9000)}, unread},
	} {
		if status, got := a.get(a.mw.Load, "GET", tt.target, tt.header...); status != 200 || got != tt.want {
			t.Errorf("%s: got %d %q, want %q", name, status, got, tt.want)
		}
	}
}

func TestForeignIsAdoptedOnceAndEndsForGood(t *testing.T) {
	t.Parallel()
	a := watch(t, middleware.Foreign{})
	for range 3 {
		a.get(a.mw.Load, "GET", "/?token=user-ada")
	}
	if n := a.adopted.Load(); n != 1 {
		t.Errorf("asked %d times, want once", n)
	}
	if _, err := a.manager.RevokeAll(t.Context(), "ada", session.ReasonAdmin); err != nil {
		t.Fatal(err)
	}
	if _, got := a.get(a.mw.Load, "GET", "/?token=user-ada"); got != "nobody, session: revoked" {
		t.Errorf("after a revocation: got %q", got)
	}
	if status, _ := a.get(a.mw.Require, "GET", "/?token=user-ada"); status != 401 {
		t.Errorf("Require: got %d", status)
	}
}

func TestForeignTrouble(t *testing.T) {
	t.Parallel()
	for _, pass := range []bool{false, true} {
		a := watch(t, middleware.Foreign{InsecurePassOnTrouble: pass})
		a.trouble.Store(true) // the application's
		if status, got := a.get(a.mw.Load, "GET", "/?token=user-ada"); status != 200 || got != "nobody, session: no such session" {
			t.Errorf("not known whose it is: got %d %q", status, got)
		}
		a.trouble.Store(false)
		a.store.Before = func(method string) error {
			if method == "Create" {
				return errors.New("down")
			}
			return nil
		}
		if status, got := a.get(a.mw.Load, "GET", "/?token=user-ada"); status != 200 || got != "nobody, session: no such session" {
			t.Errorf("not stored: got %d %q", status, got)
		}
		a.store.Before = func(string) error { return errors.New("down") }
		status, got := a.get(a.mw.Load, "GET", "/?token=user-ada")
		if want := (map[bool]int{false: 503, true: 200})[pass]; status != want || pass && got != "nobody" {
			t.Errorf("pass %v: got %d %q", pass, status, got)
		}
		a.store.Before = nil
		if _, got := a.get(a.mw.Load, "GET", "/?token=user-ada"); got != "ada" {
			t.Errorf("afterwards: got %q", got)
		}
	}
}

// The origin is the application's to judge on its routes, and ours on ours.
func TestForeignOrigin(t *testing.T) {
	t.Parallel()
	a := watch(t, middleware.Foreign{})
	cookie, header := []string{"Cookie", "sid=user-ada"}, []string{"X-Token", "user-ada"}
	for name, tt := range map[string]struct {
		wrap   func(http.Handler) http.Handler
		method string
		header []string
		want   int
	}{
		"theirs":                 {a.mw.Load, "POST", cookie, 200},
		"ours, cookie":           {a.mw.Require, "POST", cookie, 403},
		"ours inside of theirs":  {func(h http.Handler) http.Handler { return a.mw.Load(a.mw.Require(h)) }, "POST", cookie, 403},
		"ours, cookie, GET":      {a.mw.Require, "GET", cookie, 200},
		"ours, cookie, same":     {a.mw.Require, "POST", append(cookie[:2:2], "Sec-Fetch-Site", "same-origin"), 200},
		"ours, cookie, another":  {a.mw.Require, "POST", append(cookie[:2:2], "Sec-Fetch-Site", "same-site"), 403},
		"ours, header":           {a.mw.Require, "POST", header, 200},
		"ours, recent, not seen": {a.mw.RequireRecentAuth(0), "GET", header, 401},
	} {
		if status, _ := a.get(tt.wrap, tt.method, "/", tt.header...); status != tt.want {
			t.Errorf("%s: got %d, want %d", name, status, tt.want)
		}
	}
}

func TestForeignConfigIsChecked(t *testing.T) {
	t.Parallel()
	m, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		t.Fatal(err)
	}
	some := []middleware.Extractor{middleware.Bearer}
	for _, cfg := range []middleware.Config{
		{Foreign: &middleware.Foreign{}},
		{Foreign: &middleware.Foreign{Extractors: some, Whose: func(*http.Request) (string, string) { return "", "" }}},
		{Foreign: &middleware.Foreign{Extractors: []middleware.Extractor{nil}}},
		{Foreign: &middleware.Foreign{Extractors: some}, CookieName: "x"},
		{Foreign: &middleware.Foreign{Extractors: some}, TokenHeaders: []string{"X-A"}},
	} {
		if _, err := middleware.New(m, cfg); err == nil || !strings.Contains(err.Error(), "Foreign") {
			t.Errorf("%+v: got %v", cfg, err)
		}
	}
}

// A handler that asked for it may still answer when its session has ended.
func TestLastWords(t *testing.T) {
	t.Parallel()
	a := watch(t, middleware.Foreign{})
	if middleware.LastWords(t.Context(), nil) {
		t.Error("a request without a session got last words")
	}
	said := make(chan error, 1)
	server := httptest.NewServer(a.mw.Load(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		me, _ := session.FromContext(r.Context())
		var say func(error)
		if me.UserID == "talker" {
			say = func(cause error) { said <- cause }
		}
		if !middleware.LastWords(r.Context(), say) {
			t.Error("no last words")
		}
		if _, err := a.manager.RevokeAll(context.Background(), me.UserID, session.ReasonAdmin); err != nil {
			t.Error(err)
		}
		<-r.Context().Done()
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprint(w, "bye")
	})))
	t.Cleanup(server.Close)
	server.Client().Timeout = patience
	for _, user := range []string{"ada", "talker"} {
		res, err := server.Client().Get(server.URL + "?token=user-" + user)
		if err != nil || res.StatusCode != http.StatusTeapot {
			t.Fatalf("%s: got %v, %v", user, res, err)
		}
		body, err := io.ReadAll(res.Body)
		if res.Body.Close(); string(body) != "bye" || err != nil {
			t.Errorf("%s: got %q, %v", user, body, err)
		}
	}
	select {
	case got := <-said:
		if got != session.ErrRevoked {
			t.Errorf("got cause %v", got)
		}
	case <-time.After(patience):
		t.Error("the last words were not said")
	}
}
