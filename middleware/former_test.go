package middleware_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
)

// moving is a host that had a table of sessions, and has two instances with ours.
type moving struct {
	t     *testing.T
	store *storetest.Hooked
	now   time.Time
	mws   []*middleware.Middleware

	mu  sync.Mutex
	old map[string]string // users by token
}

func newMoving(t *testing.T) *moving {
	t.Helper()
	h := &moving{t: t, store: &storetest.Hooked{Store: memstore.New()}, now: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC), old: map[string]string{"o1": "ada"}}
	for range 2 {
		manager, err := session.New(h.store, session.Config{Now: func() time.Time { return h.now }})
		if err != nil {
			t.Fatal(err)
		}
		mw, err := middleware.New(manager, middleware.Config{Former: &middleware.Former{
			Extractor: middleware.Cookie("sid"),
			Adopt: func(_ *http.Request, token string) (session.Adoption, error) {
				h.mu.Lock()
				defer h.mu.Unlock()
				if h.old[token] == "" {
					return session.Adoption{}, errors.New("nobody's")
				}
				return session.Adoption{UserID: h.old[token], Persistent: true}, nil
			},
			End: func(w http.ResponseWriter, r *http.Request) {
				c, _ := r.Cookie("sid")
				h.mu.Lock()
				defer h.mu.Unlock()
				delete(h.old, c.Value)
				http.SetCookie(w, &http.Cookie{Name: "sid", MaxAge: -1})
			},
		}})
		if err != nil {
			t.Fatal(err)
		}
		h.mws = append(h.mws, mw)
	}
	return h
}

// get returns the answer, and whose the page was.
func (h *moving) get(instance int, cookie string, header ...string) (*http.Response, string) {
	mw, who := h.mws[instance], ""
	r, w := httptest.NewRequest("GET", "/photos?page=2", nil), httptest.NewRecorder()
	r.Header.Set("Cookie", cookie)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	mw.Load(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if s, ok := session.FromContext(r.Context()); ok {
			who = s.UserID
		}
	})).ServeHTTP(w, r)
	return w.Result(), who
}

func (h *moving) devices() []*session.Session {
	h.t.Helper()
	live, err := h.mws[0].Manager().List(h.t.Context(), "ada")
	if err != nil {
		h.t.Fatal(err)
	}
	return live
}

// ownOf returns our cookie of an answer.
func ownOf(res *http.Response) string {
	for _, c := range res.Cookies() {
		if c.Name == "__Host-session" {
			return c.Name + "=" + c.Value
		}
	}
	return ""
}

// A browser sends six requests at once, to two instances, none of which has seen it
// yet: one device, and one cookie.
func TestFormerAtOnce(t *testing.T) {
	t.Parallel()
	h := newMoving(t)
	const n = 6
	var all, done sync.WaitGroup
	all.Add(n)
	h.store.Before = func(method string) error {
		if method == "Create" { // all have seen that there is none
			all.Done()
			all.Wait()
		}
		return nil
	}
	var mu sync.Mutex
	cookies := make(map[string]int)
	for i := range n {
		done.Go(func() {
			var header []string
			if i < 4 {
				header = pages
			}
			res, who := h.get(i%2, "sid=o1", header...)
			mu.Lock()
			defer mu.Unlock()
			switch own := ownOf(res); {
			case res.StatusCode == http.StatusFound && own != "" && i < 4:
				cookies[own]++
			case res.StatusCode != http.StatusOK || own != "" || who != "ada":
				t.Errorf("request %d: got %d, %q, %q", i, res.StatusCode, own, who)
			}
		})
	}
	done.Wait()
	h.store.Before = nil
	if live := h.devices(); len(live) != 1 || len(cookies) != 1 {
		t.Fatalf("got %d devices and cookies %v, want one of each", len(live), cookies)
	}
	for own, n := range cookies {
		if n != len(h.mws) { // one each
			t.Errorf("sent %d times", n)
		}
		if res, who := h.get(1, own, pages...); res.StatusCode != http.StatusOK || who != "ada" {
			t.Errorf("with the cookie: got %d, %q", res.StatusCode, who)
		}
	}
}

// An old cookie is no proof of who somebody is, however it is shown, and a thief
// who has a copy of it is found out once the browser has moved.
func TestFormerIsNoProof(t *testing.T) {
	t.Parallel()
	h := newMoving(t)
	mw := h.mws[0]
	res, _ := h.get(0, "sid=o1", pages...)
	own := ownOf(res)
	if own == "" || res.Header.Get("Location") != "/photos?page=2" {
		t.Fatalf("got %d, %v", res.StatusCode, res.Header)
	}
	for _, cookie := range []string{own, "sid=o1"} {
		r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
		r.Header.Set("Cookie", cookie)
		mw.RequireRecentAuth(0)(http.NotFoundHandler()).ServeHTTP(w, r)
		if w.Code != http.StatusUnauthorized {
			t.Errorf("%s: recent: got %d", cookie, w.Code)
		}
	}
	for range 3 {
		if _, who := h.get(0, own); who != "ada" {
			t.Fatal("the browser is out")
		}
		h.now = h.now.Add(session.RotationGrace)
	}
	if _, who := h.get(1, "sid=o1"); who != "" {
		t.Error("a copy of the old cookie is in")
	}
	if live := h.devices(); len(live) != 1 || live[0].Restriction != session.RestrictionSuspended {
		t.Errorf("got %+v", live)
	}
}

// Who signed out, or was signed out, is not back by an old cookie.
func TestFormerDoesNotRevive(t *testing.T) {
	t.Parallel()
	h := newMoving(t)
	h.get(0, "sid=o1") // a script's request: nothing is sent
	live := h.devices()
	if len(live) != 1 {
		t.Fatalf("got %d devices", len(live))
	}
	if err := h.mws[1].Manager().Revoke(t.Context(), "ada", live[0].ID, session.ReasonSignedOutRemote); err != nil {
		t.Fatal(err)
	}
	if _, who := h.get(0, "sid=o1", pages...); who != "" {
		t.Errorf("revoked: got %q", who)
	}
	h.old["o2"] = "ada"
	sign := func(cookie string) *http.Response {
		r, w := httptest.NewRequest("POST", "/logout", nil), httptest.NewRecorder()
		r.Header.Set("Cookie", cookie)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		h.mws[0].Load(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := h.mws[0].SignOut(w, r); err != nil {
				t.Error(err)
			}
		})).ServeHTTP(w, r)
		return w.Result()
	}
	sign("sid=o2")
	if _, who := h.get(0, "sid=o2"); who != "" || h.old["o2"] != "" {
		t.Errorf("signed out: got %q", who)
	}
	// Another origin's page gets nothing done with it.
	h.old["o3"] = "ada"
	r, w := httptest.NewRequest("POST", "/", nil), httptest.NewRecorder()
	r.Header.Set("Cookie", "sid=o3")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	h.mws[0].Load(http.NotFoundHandler()).ServeHTTP(w, r)
	if w.Code != http.StatusForbidden {
		t.Errorf("another origin: got %d", w.Code)
	}
	if _, who := h.get(0, "sid=nobody", pages...); who != "" {
		t.Errorf("nobody's: got %q", who)
	}
}

// Pages of scripts move by the route that rotates.
func TestFormerRotation(t *testing.T) {
	t.Parallel()
	h := newMoving(t)
	r, w := httptest.NewRequest("POST", "/rotate", nil), httptest.NewRecorder()
	r.Header.Set("Cookie", "sid=o1")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	h.mws[0].Rotation().ServeHTTP(w, r)
	if own := ownOf(w.Result()); w.Code != http.StatusNoContent || own == "" {
		t.Errorf("got %d, %v", w.Code, w.Header())
	} else if _, who := h.get(0, own); who != "ada" {
		t.Errorf("got %q", who)
	}
}

func TestFormerConfigIsChecked(t *testing.T) {
	t.Parallel()
	m, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := middleware.New(m, middleware.Config{Former: &middleware.Former{Extractor: middleware.Bearer}}); err == nil {
		t.Error("got no error")
	}
}
