package middleware_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

// Somebody copied a cookie and rotated it first. The owner, who is out, signs in
// anew: that ends what the thief has.
func TestThiefRotatesFirst(t *testing.T) {
	a := newAging(t, session.Config{}, middleware.Config{})
	owner := newBrowser(a.site)
	owner.send(t, "POST", "/login?user=alice", own...).deliver()
	thief := newBrowser(a.site)
	thief.jar = map[string]string{"__Host-session": owner.jar["__Host-session"]}
	a.later(25 * time.Hour)
	thief.send(t, "GET", "/me", pages...).deliver()
	for range 2 {
		if res := thief.send(t, "GET", "/me"); res.StatusCode != 200 {
			t.Fatalf("the thief: got %d", res.StatusCode)
		}
		a.later(session.RotationGrace)
	}
	if res := owner.send(t, "GET", "/me", pages...); res.StatusCode != 401 {
		t.Fatalf("the owner: got %d", res.StatusCode)
	}
	if res := thief.send(t, "GET", "/me"); res.StatusCode != 401 {
		t.Errorf("the thief, once that is noticed: got %d", res.StatusCode)
	}
	owner.send(t, "POST", "/login?user=alice", own...).deliver()
	if res := owner.send(t, "GET", "/me"); res.StatusCode != 200 {
		t.Errorf("the owner, signed in anew: got %d", res.StatusCode)
	}
	all, err := a.manager.List(t.Context(), "alice")
	if err != nil || len(all) != 1 {
		t.Errorf("got %d live sessions, want 1 (%v)", len(all), err)
	}
}

// Another site's form takes nothing away, with a session or without, by any
// method.
func TestSignOutFromElsewhere(t *testing.T) {
	a := newAging(t, session.Config{}, middleware.Config{})
	a.mux.HandleFunc("GET /logout", func(w http.ResponseWriter, r *http.Request) {
		if a.mw.SignOut(w, r) != nil {
			w.WriteHeader(http.StatusForbidden)
		}
	})
	cookie := a.signIn(t, "")
	for what, header := range map[string][]string{
		"no cookie, another site":    {"Sec-Fetch-Site", "cross-site"},
		"no cookie, another host":    {"Sec-Fetch-Site", "same-site"},
		"no cookie, other origin":    {"Origin", "https://evil.example"},
		"no cookie, nothing said":    nil,
		"a link on another site":     {"Sec-Fetch-Site", "cross-site", "Cookie", cookie},
		"a link, and nothing said":   {"Cookie", cookie},
		"a link on another host":     {"Sec-Fetch-Site", "same-site", "Cookie", cookie},
		"a cookie that is malformed": {"Sec-Fetch-Site", "cross-site", "Cookie", "__Host-session=x"},
	} {
		for _, method := range []string{"POST", "GET"} {
			res, _ := a.do(t, a.client(t), method, "/logout", header...)
			if res.StatusCode < 400 || res.Header.Get("Set-Cookie") != "" {
				t.Errorf("%s %s: got %d, Set-Cookie %q", method, what, res.StatusCode, res.Header.Get("Set-Cookie"))
			}
		}
	}
	a.wantStatus(t, "after all that", cookie, 200)
	res, _ := a.do(t, a.client(t), "GET", "/logout", "Cookie", cookie, "Sec-Fetch-Site", "same-origin")
	if c := res.Cookies(); res.StatusCode != 200 || len(c) != 1 || c[0].MaxAge >= 0 {
		t.Errorf("a link of one's own: got %d, %v", res.StatusCode, c)
	}
	a.wantStatus(t, "signed out", cookie, 401)
}

// A cookie that somebody else has set beside ours keeps the user out, is told of,
// and a new sign-in gets them in again.
func TestTossedCookie(t *testing.T) {
	var tossed []session.Event
	a := newAging(t, session.Config{Observers: []session.Observer{session.ObserverFunc(func(_ context.Context, e session.Event) {
		if e.Kind == session.EventTossed {
			tossed = append(tossed, e)
		}
	})}}, middleware.Config{})
	good, planted := a.signIn(t, ""), a.signIn(t, "")
	both := good + "; " + planted
	for range 3 {
		a.wantStatus(t, "two of one name", both, 401)
	}
	if n := a.mw.Stats().Tossed; n != 3 || len(tossed) != 1 || len(tossed[0].IDs) != 2 {
		t.Errorf("got %d counted, events %v", n, tossed)
	}
	a.later(time.Minute)
	a.wantStatus(t, "a minute later", both, 401)
	if len(tossed) != 2 {
		t.Errorf("got %d events, want 2", len(tossed))
	}
	res, _ := a.do(t, a.client(t), "POST", "/login?user=alice", "Cookie", both, "Sec-Fetch-Site", "same-origin")
	fresh := res.Cookies()[0]
	a.wantStatus(t, "signed in anew", both+"; "+fresh.Name+"="+fresh.Value, 200)
	if all, err := a.manager.List(t.Context(), "alice"); err != nil || len(all) != 1 {
		t.Errorf("what was shown before lives on: %d sessions, %v", len(all), err)
	}
	// Of two users' cookies under two names neither counts.
	alice, bob := a.signIn(t, ""), a.with(t, alien, "POST", "/login?user=bob", own...).Cookies()[0]
	a.wantStatus(t, "two users", alice+"; "+bob.Name+"="+bob.Value, 401)
	// Twice by one user, as by a second click on "Sign in": the later one.
	first, second := a.with(t, alien, "POST", "/login?user=eve", own...).Cookies()[0], a.with(t, alien, "POST", "/login?user=eve", own...).Cookies()[0]
	a.wantStatus(t, "one user, twice", first.Name+"="+first.Value+"; "+second.Name+"="+second.Value, 200)
}

// alien is a cookie that this host never made.
var alien = "__Host-session=" + session.TokenPrefix + strings.Repeat("A", 64)

// A shared computer keeps nothing.
func TestSharedLeavesNothing(t *testing.T) {
	a := newAging(t, session.Config{}, middleware.Config{})
	a.mux.Handle("GET /mine", a.mw.Require(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {})))
	shared, usual := a.signIn(t, "&shared"), a.signIn(t, "")
	for cookie, want := range map[string]string{shared: "no-store", usual: "private"} {
		for _, path := range []string{"/mine", "/me"} {
			if got := a.with(t, cookie, "GET", path).Header.Get("Cache-Control"); got != want {
				t.Errorf("%s: got %q, want %q", path, got, want)
			}
		}
		clear := a.with(t, cookie, "POST", "/logout", own...).Header.Get("Clear-Site-Data")
		if isShared := want == "no-store"; (clear == `"cache", "storage"`) != isShared || !isShared && clear != "" {
			t.Errorf("shared %v: got Clear-Site-Data %q", isShared, clear)
		}
	}
}

// Two instances get new keys one after the other, in the three steps that the
// README has, and nobody is signed out: not a browser that comes to both in turn,
// nor one that was away.
func TestKeysAreReplaced(t *testing.T) {
	next := func(k byte) middleware.Config { return middleware.Config{CookieKeys: session.NewKeys(key(k))} }
	both := func(first, second byte) middleware.Config {
		return middleware.Config{CookieKeys: session.NewKeys(key(first), key(second))}
	}
	a := newAging(t, session.Config{}, next(1))
	one, two := a.mw, a.mw
	instance := func(cfg middleware.Config) *middleware.Middleware {
		mw, err := middleware.New(a.manager, cfg)
		if err != nil {
			t.Fatal(err)
		}
		return mw
	}
	visitor, away := newBrowser(a.site), newBrowser(a.site)
	for _, b := range []*browser{visitor, away} {
		b.send(t, "POST", "/login?user=alice&remember", own...).deliver()
	}
	who := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	visit := func(step string, b *browser, mws ...*middleware.Middleware) {
		for i, mw := range mws {
			a.Config.Handler = mw.Require(who)
			res := b.send(t, "GET", "/me", pages...)
			if res.deliver(); res.StatusCode == http.StatusFound {
				res = b.send(t, "GET", "/me", pages...)
			}
			if res.StatusCode != http.StatusTeapot {
				t.Errorf("%s, instance %d: got %d", step, i+1, res.StatusCode)
			}
			a.later(time.Minute)
		}
	}
	for i, cfg := range []middleware.Config{both(1, 2), both(2, 1)} {
		one = instance(cfg)
		visit(fmt.Sprintf("step %d, half way", i+1), visitor, one, two, one, two)
		two = instance(cfg)
		visit(fmt.Sprintf("step %d", i+1), visitor, one, two)
	}
	visit("who was away", away, one, two) // and is sealed anew by that
	one = instance(next(2))
	visit("step 3, half way", visitor, one, two, one, two)
	two = instance(next(2))
	visit("step 3", visitor, one, two)
	visit("who was away", away, one, two)
	if n := one.Stats().Unopened + two.Stats().Unopened; n != 0 {
		t.Errorf("%d cookies did not open", n)
	}
	// Thrown away after a leak: what was sealed with it is of no use.
	leaked := a.mw
	a.Config.Handler = leaked.Load(a.mux)
	b := newBrowser(a.site)
	b.send(t, "POST", "/login?user=alice", own...).deliver()
	a.Config.Handler = one.Require(who)
	if res := b.send(t, "GET", "/me"); res.StatusCode != 401 || one.Stats().Unopened != 1 {
		t.Errorf("sealed with the key that leaked: got %d, %d counted", res.StatusCode, one.Stats().Unopened)
	}
}

// What does not open is told of once a minute, however much of it comes.
func TestUnopenedIsLogged(t *testing.T) {
	log := new(lines)
	a := newAging(t, session.Config{Logger: log.logger()}, middleware.Config{CookieKeys: session.NewKeys(key(1))})
	for range 100 {
		a.wantStatus(t, "another application's", "__Host-session=hello", 401)
	}
	if n := a.mw.Stats().Unopened; n != 100 || log.n != 1 {
		t.Errorf("got %d counted, %d logged", n, log.n)
	}
	a.later(time.Minute)
	a.wantStatus(t, "another application's", "__Host-session=hello", 401)
	if log.n != 2 {
		t.Errorf("got %d logged, want 2", log.n)
	}
}

// Sixty rotations under 32 requests at once, a third of whose answers are lost,
// sign nobody out.
func TestRotationsUnderLoad(t *testing.T) {
	a := newAging(t, session.Config{Limits: session.Limits{Idle: 100 * 24 * time.Hour, Absolute: 100 * 24 * time.Hour}}, middleware.Config{CookieKeys: session.NewKeys(key(1))})
	b := newBrowser(a.site)
	b.send(t, "POST", "/login?user=alice&remember", own...).deliver()
	out, rotations := 0, 0
	for round := range 60 {
		a.later(25 * time.Hour)
		for range 3 { // due, seen, and seen again
			cookies := b.cookies()
			all := make([]*http.Response, 32)
			var wg sync.WaitGroup
			for i := range all {
				wg.Go(func() { all[i] = serve(t, a.site, cookies, "GET", "/me", pages...) })
			}
			wg.Wait()
			for i, res := range all {
				if res.StatusCode == 401 {
					out++
				}
				if res.Header.Get("Set-Cookie") != "" {
					rotations++
				}
				if (i+round)%3 != 0 {
					answer{res, b}.deliver()
				}
			}
			a.later(session.RotationGrace)
		}
	}
	if out != 0 || rotations < 60 || a.manager.Stats().Reused != 0 {
		t.Errorf("%d requests were signed out, %d rotations, %d reused", out, rotations, a.manager.Stats().Reused)
	}
}
