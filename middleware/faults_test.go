package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
)

var errFire = errors.New("the disk is on fire")

// fault fails one call of a store: the one with its number, before its effect
// or after it.
type fault struct {
	*storetest.Hooked
	session.Profiles

	mu        sync.Mutex
	at, calls int
	late      bool
}

func newFault(late bool) *fault {
	store := memstore.New()
	f := &fault{Profiles: store, late: late}
	f.Hooked = &storetest.Hooked{Store: store,
		Before: func(string) error { return f.fail(1, false) },
		After:  func(string) error { return f.fail(0, true) }}
	return f
}

func (f *fault) fail(count int, late bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls += count
	if f.calls == f.at && f.late == late {
		return errFire
	}
	return nil
}

// arm has the n-th call fail from now on, none if n is 0. It returns how many
// there were.
func (f *fault) arm(n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	calls := f.calls
	f.at, f.calls = n, 0
	return calls
}

// faultySite is a host whose store may fail, and two browsers of one user.
type faultySite struct {
	*site
	fault     *fault
	elapsed   atomic.Int64
	me, other *http.Client
}

func newFaultySite(t *testing.T, late bool) *faultySite {
	t.Helper()
	f := &faultySite{fault: newFault(late)}
	start := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	f.site = newSite(t, f.fault, session.Config{ProfileKeys: session.NewKeys(key(7)), Now: func() time.Time { return start.Add(time.Duration(f.elapsed.Load())) }},
		middleware.Config{CookieKeys: session.NewKeys(key(8))})
	host := func(route string, do func(http.ResponseWriter, *http.Request) error) {
		f.mux.HandleFunc("POST "+route, func(w http.ResponseWriter, r *http.Request) {
			if err := do(w, r); err != nil { // as a host would answer
				w.Header().Set("Retry-After", "2")
				http.Error(w, "try again", http.StatusServiceUnavailable)
			}
		})
	}
	host("/sign-in", func(w http.ResponseWriter, r *http.Request) error {
		ticket, err := f.manager.BeginSignIn(r.Context(), "alice")
		if err == nil {
			_, _, err = f.mw.SignIn(w, r, ticket, session.StartOptions{})
		}
		return err
	})
	host("/confirm", func(w http.ResponseWriter, r *http.Request) error {
		_, err := f.mw.Reauthenticated(w, r, session.Proof{})
		return err
	})
	host("/password", func(w http.ResponseWriter, r *http.Request) error {
		_, err := f.mw.RevokeOthers(w, r, session.ReasonPasswordChanged)
		return err
	})
	host("/rotate", f.mw.Rotate)
	host("/sign-out", f.mw.SignOut)
	host("/forget", func(w http.ResponseWriter, r *http.Request) error {
		s, _ := session.FromContext(r.Context())
		return f.manager.ForgetDevice(r.Context(), s.UserID, s.ID)
	})
	f.mux.HandleFunc("GET /public", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })
	f.me, f.other = f.client(t), f.client(t)
	for _, c := range []*http.Client{f.me, f.other} {
		if res, _ := f.do(t, c, "POST", "/sign-in"); res.StatusCode != http.StatusOK {
			t.Fatalf("sign-in: %d", res.StatusCode)
		}
	}
	return f
}

func (f *faultySite) signedIn(t *testing.T, c *http.Client) bool {
	t.Helper()
	res, _ := f.page(t, c, "GET", "/me")
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusUnauthorized {
		t.Errorf("once the store is back: got %d", res.StatusCode)
	}
	return res.StatusCode == http.StatusOK
}

// page does what a browser does for a person: it follows an answer of ours that has
// it ask again.
func (f *faultySite) page(t *testing.T, c *http.Client, method, path string) (*http.Response, string) {
	t.Helper()
	res, body := f.do(t, c, method, path, navigation...)
	if res.StatusCode == http.StatusFound {
		if got := res.Header.Get("Location"); got != path || method != "GET" {
			t.Errorf("%s %s: sent to %q", method, path, got)
		}
		return f.do(t, c, method, path, navigation...)
	}
	return res, body
}

var navigation = []string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "navigate"}

// routes are what browsers ask for. Afterwards me and the other are signed in
// or not.
var routes = map[string]struct {
	method, path       string
	later              time.Duration // after the sign-in
	mineEnds, otherEnd bool
	last               int  // how many sessions there are in the end
	ghost              bool // or one more: the sign-in stands though the session before it did not end
}{
	"sign in again":       {method: "POST", path: "/sign-in", last: 2, ghost: true},
	"load":                {method: "GET", path: "/public", last: 2},
	"load, due to rotate": {method: "GET", path: "/public", later: 25 * time.Hour, last: 2},
	"require":             {method: "GET", path: "/me", last: 2},
	"require, and flush":  {method: "GET", path: "/me", later: 2 * time.Minute, last: 2},
	"prove again":         {method: "POST", path: "/confirm", last: 2},
	"rotate":              {method: "POST", path: "/rotate", last: 2},
	"forget the device":   {method: "POST", path: "/forget", last: 2},
	"change the password": {method: "POST", path: "/password", otherEnd: true, last: 1},
	"sign out":            {method: "POST", path: "/sign-out", mineEnds: true, last: 1},
}

// TestEveryCallFails has the n-th call of the store fail, for every n of every
// route, before its effect or after it: the answer is the usual one or 503, no
// cookie is touched by a 503, nobody is signed out, and what is tried again
// ends as it should.
func TestEveryCallFails(t *testing.T) {
	for name, route := range routes {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, after the effect %v", name, late), func(t *testing.T) {
				t.Parallel()
				for n := 1; ; n++ {
					f := newFaultySite(t, late)
					f.elapsed.Store(int64(route.later))
					f.fault.arm(n)
					res, body := f.page(t, f.me, route.method, route.path)
					happened := f.fault.arm(0) >= n
					wantTroubleOrNot(t, res, body, route.mineEnds)
					if res.StatusCode == http.StatusServiceUnavailable {
						if !route.mineEnds && !f.signedIn(t, f.me) {
							t.Error("signed out by trouble")
						}
						res, _ = f.page(t, f.me, route.method, route.path)
					}
					if res.StatusCode != http.StatusOK {
						t.Errorf("tried again: got %d", res.StatusCode)
					}
					if n := f.sessions(t); n != route.last && (!route.ghost || n != route.last+1) {
						t.Errorf("sessions in the end: got %d, want %d", n, route.last)
					}
					f.wantInTheEnd(t, !route.mineEnds, !route.otherEnd)
					if t.Failed() || !happened && n == 1 {
						t.Fatalf("when call %d failed, of those that there are: %v", n, happened)
					}
					if !happened {
						return
					}
				}
			})
		}
	}
}

func wantTroubleOrNot(t *testing.T, res *http.Response, body string, mayClear bool) {
	t.Helper()
	cookies := strings.Join(res.Header["Set-Cookie"], "\n")
	switch res.StatusCode {
	case http.StatusOK:
		if strings.Contains(cookies, "Max-Age=0") && !mayClear {
			t.Errorf("a cookie is cleared: %s", cookies)
		}
	case http.StatusServiceUnavailable:
		if cookies != "" || res.Header.Get("Retry-After") == "" {
			t.Errorf("503 with Set-Cookie %q and Retry-After %q, want none and some", cookies, res.Header.Get("Retry-After"))
		}
	default:
		t.Errorf("got %d, want 200 or 503", res.StatusCode)
	}
	if strings.Contains(body, errFire.Error()) {
		t.Errorf("the client is told of it: %s", body)
	}
}

func (f *faultySite) sessions(t *testing.T) int {
	t.Helper()
	all, err := f.manager.List(context.WithoutCancel(t.Context()), "alice")
	if err != nil {
		t.Error(err)
	}
	return len(all)
}

func (f *faultySite) wantInTheEnd(t *testing.T, mine, other bool) {
	t.Helper()
	if got := f.signedIn(t, f.me); got != mine {
		t.Errorf("signed in, in the end: got %v, want %v", got, mine)
	}
	if got := f.signedIn(t, f.other); got != other {
		t.Errorf("the other one signed in, in the end: got %v, want %v", got, other)
	}
	if n := f.manager.Hub().Open(); n != 0 {
		t.Errorf("%d requests are still open", n)
	}
}
