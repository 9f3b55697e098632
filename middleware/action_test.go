package middleware_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
)

// What asks for a proof of its own is done once for each, and not for an earlier one.
func TestRequireProof(t *testing.T) {
	store := &storetest.Hooked{Store: memstore.New()}
	s := newSite(t, store, session.Config{}, middleware.Config{Refuse: middleware.Pages{SignIn: "/login", Confirm: "/confirm"}.Refuse})
	done := 0
	s.mux.Handle("POST /transfer/{id}", s.mw.RequireProof(func(r *http.Request) string { return "transfer " + r.PathValue("id") })(
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) { done++ })))
	s.mux.HandleFunc("POST /confirm", func(w http.ResponseWriter, r *http.Request) {
		if _, err := s.mw.Reauthenticated(w, r, session.Proof{Methods: []string{"pwd"}, For: r.URL.Query().Get("for")}); err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
		}
	})
	b := newBrowser(s)
	if res := b.send(t, "POST", "/transfer/1", own...); res.StatusCode != 401 || done != 0 {
		t.Errorf("nobody: got %d", res.StatusCode)
	}
	b.send(t, "POST", "/login?user=alice", own...).deliver()
	res := b.send(t, "POST", "/transfer/1", own...) // proved a moment ago, by the sign-in
	if challenge := res.Header.Get("WWW-Authenticate"); res.StatusCode != 401 || !strings.Contains(challenge, `max_age="0"`) || done != 0 {
		t.Errorf("without a proof of its own: got %d, %s", res.StatusCode, challenge)
	}
	res = b.send(t, "POST", "/transfer/1", append(pages, "Referer", s.URL+"/transfer")...)
	if to := res.Header.Get("Location"); res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, "/confirm?for=transfer+1") {
		t.Errorf("a person: got %d to %s", res.StatusCode, to)
	}
	b.send(t, "POST", "/confirm?for=transfer+1", own...).deliver()
	for _, try := range []struct {
		path string
		want int
	}{{"/transfer/2", 401}, {"/transfer/1", 200}, {"/transfer/1", 401}} {
		if res := b.send(t, "POST", try.path, own...); res.StatusCode != try.want {
			t.Errorf("%s: got %d, want %d", try.path, res.StatusCode, try.want)
		}
	}
	b.send(t, "POST", "/confirm?for=transfer+1", own...).deliver()
	store.Before = func(method string) error {
		if method == "Update" {
			return errors.New("down")
		}
		return nil
	}
	if res := b.send(t, "POST", "/transfer/1", own...); res.StatusCode != 503 || done != 1 {
		t.Errorf("in trouble: got %d, done %d times", res.StatusCode, done)
	}
}

// AAL3: a page that polls for hours, marked by the host, by its header, as an event
// stream or as fetched in advance, does not keep its session alive.
func TestBackground(t *testing.T) {
	for what, header := range map[string][]string{
		"a route of the host": nil, "our header": {"Signedin-Background", "1"},
		"an event stream": {"Accept", "text/event-stream"}, "in advance": {"Sec-Purpose", "prefetch;prerender"}, "somebody": {"Accept", "text/html"},
	} {
		a := newAging(t, session.Config{Preset: session.PresetAAL3}, middleware.Config{Background: func(r *http.Request) bool { return r.URL.Path == "/poll" }})
		a.mux.HandleFunc("GET /poll", func(w http.ResponseWriter, r *http.Request) {
			if _, ok := session.FromContext(r.Context()); !ok {
				w.WriteHeader(http.StatusUnauthorized)
			}
		})
		path := "/me"
		if header == nil {
			path = "/poll"
		}
		cookie := a.signIn(t, "")
		minutes := 0
		for ; minutes < 60; minutes++ {
			a.later(time.Minute)
			if res := a.with(t, cookie, "GET", path, header...); res.StatusCode == http.StatusUnauthorized {
				break
			}
		}
		if want := map[bool]int{true: 60, false: 14}[what == "somebody"]; minutes != want {
			t.Errorf("%s: signed in for %d minutes, want %d", what, minutes, want)
		}
	}
}

// No request makes a session but a sign-in (ASVS 5.0 7.6.2; Django CVE-2015-5143).
func TestNoSessionForAnonymous(t *testing.T) {
	store := &storetest.Hooked{Store: memstore.New()}
	writes := 0
	store.Before = func(method string) error {
		switch method {
		case "Get", "GetMany", "List", "Generation", "CountLive":
		default:
			writes++
		}
		return nil
	}
	a := newSite(t, store, session.Config{}, middleware.Config{CookieKeys: session.NewKeys(key(1)), TokenHeaders: []string{"X-Token"}})
	a.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if _, ok := session.FromContext(r.Context()); ok {
			t.Error("a session")
		}
		io.WriteString(w, "hello")
	})
	forged := session.TokenPrefix + strings.Repeat("A", 64)
	for _, path := range []string{"/", "/page", "/me", "/logout"} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"} {
			for _, header := range [][]string{
				nil, pages, own, {"Cookie", "__Host-session=x"}, {"Cookie", "__Host-session=" + forged}, {"Cookie", "__Host-session=a; __Host-session=b"},
				{"Authorization", "Bearer " + forged}, {"X-Token", forged}, {"Cookie", "__Host-session-device=x; sessionid=abc"},
			} {
				res, _ := a.do(t, a.client(t), method, path, header...)
				for _, c := range res.Cookies() {
					if c.MaxAge >= 0 {
						t.Errorf("%s %s %v: got %v", method, path, header, c)
					}
				}
			}
		}
	}
	if writes != 0 || a.manager.Stats().Started != 0 {
		t.Errorf("%d writes, %d started", writes, a.manager.Stats().Started)
	}
}
