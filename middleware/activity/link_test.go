package activity_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/session"
)

// path returns a link about the strange session, and its sealed part.
func (a *account) link(t *testing.T) (path, sealed string) {
	t.Helper()
	all, err := a.manager.List(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.ID.String() == a.id {
			path = a.page.Link(s)
		}
	}
	u, err := url.Parse(path)
	if err != nil || u.Path != base+"/link" {
		t.Fatalf("%q: %v", path, err)
	}
	return path, u.Query().Get("t")
}

// reader is somebody with a link and no session.
func (s *site) reader(t *testing.T) *client {
	return &client{site: s, t: t, Client: &http.Client{Transport: s.Client().Transport}}
}

func (c *client) post(path, sealed string) (*http.Response, string) {
	c.t.Helper()
	return c.do("POST", path, url.Values{"t": {sealed}}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

func TestLink(t *testing.T) {
	t.Parallel()
	a := newAccount(t, activity.Config{})
	want(t, first(a.old.submit("/rename", "id", a.id, "name", "Secret name")), http.StatusSeeOther)
	path, sealed := a.link(t)
	c := a.reader(t)
	for range 3 { // of which some are a mail scanner's
		want(t, first(c.do("HEAD", path, "")), http.StatusOK)
		res, page := c.do("GET", path, "")
		want(t, res, http.StatusOK)
		wantInOrder(t, page, "Was this you?", "Near Amsterdam, Netherlands<", "Signed in <time", ">1 minute ago<", "4 May 2026, 03:03 UTC", "If it was you, there is nothing to do", "Not me – sign it out")
		for _, secret := range []string{"Secret name", "198.51.100", "alice", "This was me", "VPN", a.id} {
			if strings.Contains(page, secret) {
				t.Errorf("the page shows %q", secret)
			}
		}
		if h := res.Header; h.Get("Cache-Control") != "no-store" || h.Get("Referrer-Policy") != "strict-origin" || h.Get("Set-Cookie") != "" ||
			!strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'; form-action 'self'; frame-ancestors 'none'") {
			t.Errorf("headers %v", h)
		}
	}
	if !a.strange.signedIn() {
		t.Fatal("opening the link has signed out")
	}
	res, page := c.post(base+"/link", sealed)
	want(t, res, http.StatusOK)
	wantInOrder(t, page, "It is signed out", "change it now", `href="/password"`)
	if a.strange.signedIn() || !a.old.signedIn() || !a.later.signedIn() {
		t.Error("not exactly one is signed out")
	}
	ended := a.old.list("/api/history")[0]
	if ended["reason"] != "denied" || ended["endedBy"] != "system" {
		t.Errorf("got %v", ended)
	}
	for _, method := range []string{"GET", "POST"} {
		res, page := c.do(method, path, url.Values{"t": {sealed}}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
		want(t, res, http.StatusGone)
		wantInOrder(t, page, "cannot be used any more", "Nothing was changed.")
	}
	want(t, first(c.do("GET", base+"/", "")), http.StatusUnauthorized) // it signs nobody in
}

func TestLinksThatAreDead(t *testing.T) {
	t.Parallel()
	a := newAccount(t, activity.Config{})
	path, sealed := a.link(t)
	c := a.reader(t)
	changed := "A" + sealed[1:]
	if changed == sealed {
		changed = "B" + sealed[1:]
	}
	for _, bad := range []string{"", "x", sealed[:len(sealed)-1], sealed + "A", strings.ToUpper(sealed), changed, sealed + "\n", strings.Repeat("A", 5000)} {
		if res, _ := c.post(base+"/link", bad); res.StatusCode == http.StatusOK {
			t.Errorf("%.20q: got %d", bad, res.StatusCode)
		}
	}
	other := newSite(t, activity.Config{LinkKeys: session.NewKeys(bytes.Repeat([]byte("another "), 4))}, session.Config{})
	want(t, first(other.reader(t).post(base+"/link", sealed)), http.StatusGone)
	a.pass(7*24*time.Hour - 2*time.Minute)
	a.strange.signedIn()
	want(t, first(c.do("GET", path, "")), http.StatusOK)
	a.pass(3 * time.Minute)
	a.strange.signedIn()
	want(t, first(c.do("GET", path, "")), http.StatusGone)
	want(t, first(c.post(base+"/link", sealed)), http.StatusGone)
	if !a.strange.signedIn() {
		t.Error("a dead link has signed out")
	}

	b := newAccount(t, activity.Config{})
	_, sealed = b.link(t)
	want(t, first(b.old.submit("/was-me", "id", b.id)), http.StatusSeeOther)
	want(t, first(b.reader(t).post(base+"/link", sealed)), http.StatusGone) // answered
	none := newSite(t, activity.Config{}, session.Config{})
	if none.page.Link(&session.Session{}) != "" {
		t.Error("a link without a key")
	}
	want(t, first(none.reader(t).do("GET", base+"/link", "")), http.StatusUnauthorized)
}

func TestLinkTrouble(t *testing.T) {
	t.Parallel()
	a := newAccount(t, activity.Config{})
	path, sealed := a.link(t)
	a.store.revoke.Store(true)
	res, page := a.reader(t).post(base+"/link", sealed)
	a.store.revoke.Store(false)
	want(t, res, http.StatusServiceUnavailable)
	wantInOrder(t, page, "Nothing was signed out")
	a.store.list.Store(true)
	want(t, first(a.reader(t).do("GET", path, "")), http.StatusServiceUnavailable)
	a.store.list.Store(false)
	want(t, first(a.reader(t).post(base+"/link", sealed)), http.StatusOK) // it was not used up
}

// Who has a link has no session by which another system could be told.
func TestLinkElsewhere(t *testing.T) {
	t.Parallel()
	a := newAccount(t, activity.Config{Ended: func(*http.Request, session.ID) error { return errStore }})
	_, sealed := a.link(t)
	res, page := a.reader(t).post(base+"/link", sealed)
	want(t, res, http.StatusOK)
	wantInOrder(t, page, "Only signed out here", "that device may still be signed in", `href="/password"`)
	if a.strange.signedIn() {
		t.Error("not even here")
	}
}

// The page shows the sign-in that the mail was about, wherever the session is
// by now.
func TestLinkShowsTheSignIn(t *testing.T) {
	a := newAccount(t, activity.Config{})
	a.pass(time.Hour)
	path, _ := a.link(t)
	asked := func() string {
		_, page := a.reader(t).do("GET", path, "")
		_, page, _ = strings.Cut(page, `<div class="asked">`)
		page, _, _ = strings.Cut(page, "<time")
		return page
	}
	before := asked()
	a.strange.header = []string{"User-Agent", "desktop", "X-Test-IP", "203.0.113.9"}
	a.strange.page("")
	if after := asked(); after != before || !strings.Contains(before, "Amsterdam") {
		t.Errorf("got %s, and %s before the session moved", after, before)
	}
}

// The page of a link stood open over a change of the session's secret: what is
// pressed there is asked again, and not done.
func TestOutdatedLinkForm(t *testing.T) {
	t.Parallel()
	a := newAccount(t, activity.Config{})
	path, sealed := a.link(t)
	_, page := a.strange.do("GET", path, "", "Sec-Fetch-Site", "cross-site")
	form := formField.FindStringSubmatch(page)[1]
	a.pass(time.Second)
	a.strange.prove("pwd")
	say := func(form string) (*http.Response, string) {
		v := url.Values{"t": {sealed}, "was-me": {"1"}, "form": {form}}
		return a.strange.do("POST", base+"/link", v.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	}
	wantRedirect(t, first(say(form)), path)
	_, page = a.strange.do("GET", path, "")
	wantInOrder(t, page, "If it was you, on this device, say so", `name="was-me"`)
	if page := a.strange.page(""); !strings.Contains(page, "not shown yet") {
		t.Error("done without a question")
	}
	want(t, first(say("x"+form)), http.StatusGone) // not even made up well
	want(t, first(say(formField.FindStringSubmatch(page)[1])), http.StatusOK)
}

// Two instances get new keys one after the other: the links of each open on both at
// every step. After a leak the key is left out, and what it sealed is void.
func TestLinkKeysAreReplaced(t *testing.T) {
	t.Parallel()
	a := newAccount(t, activity.Config{})
	all, err := a.manager.List(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	mw, err := middleware.New(a.manager, middleware.Config{})
	if err != nil {
		t.Fatal(err)
	}
	old, next := bytes.Repeat([]byte("old key "), 4), bytes.Repeat([]byte("next key"), 4)
	instance := func(keys ...[]byte) *activity.Handler {
		h, err := activity.New(mw, activity.Config{LinkKeys: session.NewKeys(keys...)})
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	open := func(step string, by *activity.Handler, link string, status int) {
		t.Helper()
		w := httptest.NewRecorder()
		if by.ServeHTTP(w, httptest.NewRequest("GET", link, nil)); w.Code != status {
			t.Errorf("%s: got %d, want %d", step, w.Code, status)
		}
	}
	one, two := instance(old), instance(old)
	mailed := one.Link(all[0])
	both := func(step string) {
		t.Helper()
		for _, from := range []*activity.Handler{one, two} {
			for _, to := range []*activity.Handler{one, two} {
				open(step, to, from.Link(all[0]), http.StatusOK)
			}
		}
	}
	for i, keys := range [][][]byte{{old, next}, {next, old}} {
		one = instance(keys...)
		both(fmt.Sprintf("step %d, half way", i+1))
		two = instance(keys...)
		both(fmt.Sprintf("step %d", i+1))
		open("mailed before", one, mailed, http.StatusOK)
	}
	one = instance(next)
	both("step 3, half way")
	two = instance(next)
	both("step 3")
	open("sealed with a key that is gone", two, mailed, http.StatusGone)
}
