package middleware_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

// host is an application with a table of sessions of its own, which knows nothing
// of ours. With each visit to /renew it puts a new token in the place of the old
// one.
type host struct {
	t       *testing.T
	manager *session.Manager
	mw      *middleware.Middleware
	mu      sync.Mutex
	users   map[string]string // by token
	ended   []error
	before  func(context.Context) // a sign-in, nil for nothing
}

func newHost(t *testing.T, f middleware.Foreign) *host {
	t.Helper()
	h := &host{t: t, users: make(map[string]string)}
	var err error
	if h.manager, err = session.New(memstore.New(), session.Config{}); err != nil {
		t.Fatal(err)
	}
	f.Whose = func(r *http.Request) (name, userID string) {
		c, err := r.Cookie("own")
		if err != nil {
			return "", ""
		}
		return c.Value, h.user(c.Value)
	}
	if h.mw, err = middleware.New(h.manager, middleware.Config{Foreign: &f}); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *host) user(token string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.users[token]
}

// issue stores a token, in the place of another one.
func (h *host) issue(user, old string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	token := rand.Text()
	h.users[token] = user
	delete(h.users, old)
	return token
}

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token := ""
	if c, err := r.Cookie("own"); err == nil {
		token = c.Value
	}
	user := h.user(token)
	switch {
	case user == "" && r.URL.Path != "/login":
		w.WriteHeader(http.StatusUnauthorized)
	case r.URL.Path == "/renew":
		next := h.issue(user, token)
		_, err := h.manager.Renewed(r.Context(), session.ForeignCredential(token), session.ForeignCredential(next))
		if err != nil {
			h.t.Error(err)
		}
		http.SetCookie(w, &http.Cookie{Name: "own", Value: next})
	case r.URL.Path == "/login":
		if h.before != nil {
			h.before(r.Context())
		}
		next := h.issue(r.FormValue("user"), token)
		if _, err := h.mw.Adopt(w, r, next, session.Adoption{UserID: r.FormValue("user"), SignedIn: true}); err != nil {
			h.t.Error(err)
		}
		http.SetCookie(w, &http.Cookie{Name: "own", Value: next})
	case r.URL.Path == "/logout":
		if err := h.mw.SignOut(w, r); err != nil {
			h.t.Error(err)
		}
		h.mu.Lock()
		delete(h.users, token)
		h.mu.Unlock()
	}
}

// get returns the status and the new token of the answer.
func (h *host) get(path, token string) (status int, renewed string) {
	h.t.Helper()
	r, w := httptest.NewRequest("GET", path, nil), httptest.NewRecorder()
	if token != "" {
		r.AddCookie(&http.Cookie{Name: "own", Value: token})
	}
	h.mw.Load(h).ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		renewed = c.Value
	}
	return w.Code, renewed
}

func (h *host) devices() []*session.Session {
	h.t.Helper()
	live, err := h.manager.List(h.t.Context(), "ada")
	if err != nil {
		h.t.Fatal(err)
	}
	return live
}

// A revoked token reaches no route of the application, so it cannot have a new one
// put in its place.
func TestForeignEndedReachesNoRoute(t *testing.T) {
	t.Parallel()
	h := newHost(t, middleware.Foreign{})
	token := h.issue("ada", "")
	if status, _ := h.get("/", token); status != 200 {
		t.Fatalf("got %d", status)
	}
	live := h.devices()
	if err := h.manager.Revoke(t.Context(), "ada", live[0].ID, session.ReasonSignedOutRemote); err != nil {
		t.Fatal(err)
	}
	if status, next := h.get("/renew", token); status != 401 || next != "" {
		t.Errorf("got %d, renewed %q", status, next)
	}
	if status, _ := h.get("/", "nobody's"); status != 401 { // by the application
		t.Errorf("unknown: got %d", status)
	}
	if live := h.devices(); len(live) != 0 {
		t.Errorf("got %d devices", len(live))
	}
}

// The application renews a token: the same device, before and after, and its own
// sign-out ends it.
func TestForeignRenewedByItsHost(t *testing.T) {
	t.Parallel()
	h := newHost(t, middleware.Foreign{})
	old := h.issue("ada", "")
	h.get("/", old)
	first := h.devices()[0].ID
	token := old
	for range 3 {
		status, next := h.get("/renew", token)
		if status != 200 || next == "" {
			t.Fatalf("got %d, %q", status, next)
		}
		if status, _ := h.get("/", next); status != 200 {
			t.Fatalf("renewed: got %d", status)
		}
		token = next
	}
	if live := h.devices(); len(live) != 1 || live[0].ID != first {
		t.Fatalf("got %d devices", len(live))
	}
	h.get("/logout", token)
	if live := h.devices(); len(live) != 0 {
		t.Errorf("after its sign-out: got %d devices", len(live))
	}
	over, err := h.manager.History(t.Context(), "ada", 0)
	if err != nil || len(over) != 1 || over[0].Ended.Reason != session.ReasonSignedOut {
		t.Errorf("history: got %d, %v", len(over), err)
	}
}

// Ended answers in the application's words, and is told why.
func TestForeignEndedAnswers(t *testing.T) {
	t.Parallel()
	var h *host
	h = newHost(t, middleware.Foreign{Ended: func(w http.ResponseWriter, r *http.Request, err error) {
		h.ended = append(h.ended, err)
		http.Redirect(w, r, "/login", http.StatusSeeOther)
	}})
	token := h.issue("ada", "")
	h.get("/", token)
	if _, err := h.manager.RevokeAll(t.Context(), "ada", session.ReasonAdmin); err != nil {
		t.Fatal(err)
	}
	if status, _ := h.get("/", token); status != http.StatusSeeOther {
		t.Errorf("got %d", status)
	}
	if len(h.ended) != 1 || !errors.Is(h.ended[0], session.ErrRevoked) {
		t.Errorf("told: %v", h.ended)
	}
}

// A sign-in of the application's is there at once. By the same user it is a new
// proof in the same session, by another one a new session in its place.
func TestForeignSignsIn(t *testing.T) {
	t.Parallel()
	h := newHost(t, middleware.Foreign{})
	_, token := h.get("/login?user=ada", "")
	first := h.devices()
	if len(first) != 1 || first[0].AuthenticatedAt.Equal(session.AuthTimeUnknown) {
		t.Fatalf("got %+v", first)
	}
	// A change of the password, by a call that knows nothing of the request, is no
	// reason to refuse the sign-in that follows.
	h.before = func(context.Context) {
		if _, err := h.manager.RevokeAllExcept(t.Context(), "ada", first[0].ID, session.ReasonPasswordChanged); err != nil {
			t.Error(err)
		}
	}
	_, again := h.get("/login?user=ada", token)
	if live := h.devices(); len(live) != 1 || live[0].ID != first[0].ID {
		t.Fatalf("again: got %+v", live)
	}
	if status, _ := h.get("/", again); status != 200 {
		t.Errorf("again: got %d", status)
	}
	// Nor is the end of all of them, as after a forgotten password.
	h.before = func(ctx context.Context) {
		if _, err := h.manager.RevokeAll(ctx, "ada", session.ReasonPasswordChanged); err != nil {
			t.Error(err)
		}
	}
	_, again = h.get("/login?user=ada", again)
	if live := h.devices(); len(live) != 1 || live[0].ID == first[0].ID {
		t.Fatalf("after all were ended: got %+v", live)
	}
	h.before = nil
	h.get("/login?user=bob", again)
	if live := h.devices(); len(live) != 0 {
		t.Errorf("after another user's sign-in: got %+v", live)
	}
	if live, err := h.manager.List(t.Context(), "bob"); err != nil || len(live) != 1 {
		t.Errorf("the other user: got %+v, %v", live, err)
	}
}

// What the application does to its own session is noticed where it can be seen
// afterwards: nothing has to be called.
func TestForeignIsSettled(t *testing.T) {
	t.Parallel()
	manager, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		t.Fatal(err)
	}
	name, user := "one", "ada" // of the only session
	mw, err := middleware.New(manager, middleware.Config{Foreign: &middleware.Foreign{
		Whose: func(*http.Request) (string, string) { return name, user },
	}})
	if err != nil {
		t.Fatal(err)
	}
	do := func(change func(w http.ResponseWriter, r *http.Request)) {
		mw.Load(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { change(w, r) })).
			ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	}
	live := func(user string) []*session.Session {
		all, err := manager.List(t.Context(), user)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	do(func(http.ResponseWriter, *http.Request) { name = "two" })
	do(func(w http.ResponseWriter, r *http.Request) {
		name = "three"
		if _, err := mw.Adopt(w, r, "", session.Adoption{SignedIn: true}); err != nil {
			t.Error(err)
		}
	})
	first := live("ada")
	if len(first) != 1 || first[0].AuthenticatedAt.Equal(session.AuthTimeUnknown) {
		t.Fatalf("renewed: got %+v", first)
	}
	if standing, s, err := manager.Standing(t.Context(), session.ForeignCredential("three")); standing != session.StandingLive || s.ID != first[0].ID || err != nil {
		t.Errorf("got %v, %v, %v", standing, s, err)
	}
	do(func(http.ResponseWriter, *http.Request) { name, user = "four", "bob" })
	if len(live("ada")) != 0 {
		t.Error("another user signed in, and the session lives on")
	}
	do(func(http.ResponseWriter, *http.Request) {})
	if len(live("bob")) != 1 {
		t.Error("the other user has no session")
	}
	do(func(http.ResponseWriter, *http.Request) { name, user = "", "" }) // its table cannot be read, say
	if len(live("bob")) != 1 {
		t.Error("trouble signed somebody out")
	}
	// A name that was made while the session was revoked is as dead.
	name, user = "four", "bob"
	func() {
		defer func() { _ = recover() }() // the request is cut
		do(func(http.ResponseWriter, *http.Request) {
			name = "five"
			if err := manager.Revoke(t.Context(), "bob", live("bob")[0].ID, session.ReasonSignedOutRemote); err != nil {
				t.Error(err)
			}
		})
	}()
	do(func(http.ResponseWriter, *http.Request) { t.Error("a name from after the end reached a route") })
	if len(live("bob")) != 0 {
		t.Error("a name from after the end was adopted")
	}
}
