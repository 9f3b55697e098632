package activity_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/session"
)

var linkKeys = [][]byte{bytes.Repeat([]byte("link key"), 4)}

// strangers finds sign-ins from Amsterdam suspicious, and of another device
// whose name says so.
func strangers() session.Config {
	cfg := described()
	cfg.ProfileKeys = [][]byte{bytes.Repeat([]byte("profile "), 4)}
	cfg.Assessor = session.AssessorFunc(func(_ context.Context, c session.Case) (session.Verdict, error) {
		if c.Visit.IP.String() != "198.51.100.7" {
			return session.Verdict{}, nil
		}
		say := func(code, text string) session.Signal {
			return session.Signal{Code: code, Text: text, Level: session.LevelAlert, At: c.Visit.At}
		}
		return session.Verdict{Level: session.LevelAlert, Provisional: c.SignIn, Signals: []session.Signal{
			say("country.new", "You haven't been active in Netherlands before."),
			say("network.hosting", "The connection came through a VPN or data centre."),
		}}, nil
	})
	return cfg
}

var amsterdam = []string{"X-Test-IP", "198.51.100.7", "User-Agent", "desktop"}

// account is alice's: an old browser at home, one that looks wrong, and one
// that came later.
type account struct {
	*site
	old, strange, later *client
	id                  string // of the strange one
}

func newAccount(t *testing.T, cfg activity.Config) *account {
	t.Helper()
	cfg.LinkKeys, cfg.PasswordURL = linkKeys, "/password"
	a := &account{site: newSite(t, cfg, strangers())}
	a.old = a.signIn(t, "alice")
	a.pass(time.Minute)
	a.strange = a.signIn(t, "alice", amsterdam...)
	a.pass(time.Minute)
	a.later = a.signIn(t, "alice")
	a.id = a.strange.id()
	return a
}

func TestQuestion(t *testing.T) {
	t.Parallel()
	a := newAccount(t, activity.Config{})
	page := a.old.page("")
	wantInOrder(t, page, "Near Amsterdam, Netherlands (approximate)", "<details class=\"question\">", "<summary",
		`<span class="badge strong">Check this</span>`, `<span class="badge">New device</span>`, `<span class="badge">New location</span>`, `<span class="badge">New network</span>`,
		"It signed in for the first time.", "You haven&#39;t been active in Netherlands before.", "came through a VPN",
		`formaction="/account/devices/was-me">This was me<`, `formaction="/account/devices/not-me">Not me – sign it out<`)
	wantInOrder(t, strings.ReplaceAll(a.later.page(""), "Recently", ""), "Check this", "Something about this sign-in was unusual.", "Not me")
	for _, secret := range []string{"New location", "haven&#39;t been active", "This was me"} {
		if strings.Contains(a.later.page(""), secret) {
			t.Errorf("a younger session is told %q", secret)
		}
	}
	for _, secret := range []string{"question", "Check this", "New device", "New location", "VPN", "This was me", "Not me"} {
		if page := a.strange.page(""); strings.Contains(hidden.ReplaceAllString(page, ""), secret) && secret != "VPN" {
			t.Errorf("who is in question is told %q:\n%s", secret, page)
		}
	}
	for _, c := range []*client{a.strange, a.later} {
		for _, s := range append(c.list("/api/sessions"), c.list("/api/history")...) {
			if fmt.Sprint(s["signals"]) != "[]" || s["canConfirm"] != false {
				t.Errorf("the API tells %v", s)
			}
			if c == a.strange && fmt.Sprint(s["badges"], s["canDeny"]) != "[] false" {
				t.Errorf("the API tells who is in question %v", s)
			}
		}
	}
	// What the host answers to a sign-in says nothing either.
	all, err := a.manager.List(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if got := fmt.Sprintf("%+v", activity.JSON(s, s)); strings.Contains(got, "country.new") {
			t.Errorf("JSON tells %s", got)
		}
	}
	// Nor when it is over.
	want(t, first(a.later.submit("/sign-out", "id", a.id)), http.StatusSeeOther)
	if got := fmt.Sprint(a.later.list("/api/history")); strings.Contains(got, "country.new") {
		t.Errorf("the history tells a younger session %s", got)
	}
}

func TestWasMe(t *testing.T) {
	t.Parallel()
	a := newAccount(t, activity.Config{})
	for name, c := range map[string]*client{"itself": a.strange, "a younger one": a.later} {
		wantRedirect(t, first(c.submit("/was-me", "id", a.id)), base+"/?notice=not-older")
		res, body := c.do("POST", base+"/api/sessions/"+a.id+"/confirm", "")
		want(t, res, http.StatusForbidden)
		wantProblem(t, res, body)
		if got := a.old.list("/api/sessions"); !strings.Contains(fmt.Sprint(got), "country.new") {
			t.Fatalf("%s has confirmed", name)
		}
	}
	wantRedirect(t, first(a.old.submit("/was-me", "id", a.id)), base+"/?notice=was-me")
	wantInOrder(t, a.old.page("?notice=was-me"), `role="status"`, "We will remember it.")
	if page := a.old.page(""); strings.Contains(page, "New location") || strings.Contains(page, "Check this") {
		t.Error("the badges are still there")
	}
	if !a.strange.signedIn() {
		t.Error("signed out")
	}
}

var shownField = regexp.MustCompile(`name="shown" value="([^"]+)"`)

// What came up after the page was made is not answered by it.
func TestWasMeIsAboutWhatWasShown(t *testing.T) {
	t.Parallel()
	a := newAccount(t, activity.Config{})
	shown := shownField.FindStringSubmatch(a.old.page(""))[1]
	a.pass(time.Minute)
	a.strange.do("GET", base+"/", "", "X-Test-IP", "192.0.2.1")
	a.strange.do("GET", base+"/", "")
	wantRedirect(t, first(a.old.submit("/was-me", "id", a.id, "shown", shown)), base+"/?notice=look-again")
	if !strings.Contains(fmt.Sprint(a.old.list("/api/sessions")), "country.new") {
		t.Error("it was confirmed")
	}
	shown = shownField.FindStringSubmatch(a.old.page(""))[1]
	wantRedirect(t, first(a.old.submit("/was-me", "id", a.id, "shown", shown)), base+"/?notice=was-me")
}

func TestNotMe(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]func(*account) *client{
		"an older one": func(a *account) *client { return a.old }, "a younger one": func(a *account) *client { return a.later },
	} {
		a := newAccount(t, activity.Config{})
		c := by(a)
		wantRedirect(t, first(a.strange.submit("/not-me", "id", c.id())), base+"/?notice=not-older")
		wantRedirect(t, first(c.submit("/not-me", "id", a.id)), base+"/?notice=not-me")
		if a.strange.signedIn() || !a.old.signedIn() || !a.later.signedIn() {
			t.Fatalf("%s: not exactly one is signed out", name)
		}
		wantInOrder(t, c.page("?notice=not-me"), "It is signed out.", "please change it now", `href="/password">Change password<`, "because you said that it wasn&#39;t you")
		wantRedirect(t, first(c.submit("/not-me", "id", a.id)), base+"/?notice=gone")
		wantRedirect(t, first(c.submit("/was-me", "id", a.id)), base+"/?notice=gone")
	}
}

func TestAnswersByAPI(t *testing.T) {
	t.Parallel()
	a := newAccount(t, activity.Config{})
	res, body := a.old.do("POST", base+"/api/sessions/"+a.id+"/confirm", "")
	want(t, res, http.StatusOK)
	wantInOrder(t, body, `"id":"`+a.id, `"badges":[],"signals":[],"suspended":false,"canConfirm":false`)
	res, body = a.old.do("POST", base+"/api/sessions/"+a.id+"/deny", "")
	want(t, res, http.StatusOK)
	if body != `{"passwordUrl":"/password"}`+"\n" {
		t.Errorf("got %s", body)
	}
	want(t, first(a.old.do("POST", base+"/api/sessions/"+a.id+"/deny", "")), http.StatusNotFound)
	want(t, first(a.old.do("POST", base+"/api/sessions/"+a.id+"/confirm", "")), http.StatusNotFound)
	want(t, first(a.strange.do("GET", base+"/api/sessions", "")), http.StatusUnauthorized)
}

// The answers are held to what holds for signing out: a form of one's own, the
// same origin, a recent proof, and one's own sessions.
func TestAnswersAreGuarded(t *testing.T) {
	t.Parallel()
	a := newAccount(t, activity.Config{Reauthenticate: "/prove"})
	bob := a.signIn(t, "bob")
	for _, action := range []string{"/was-me", "/not-me", "/review", "/forget"} {
		want(t, first(a.old.submit(action, "id", a.id, "form", "x")), http.StatusForbidden)
		want(t, first(a.old.do("POST", base+action, "id="+a.id, "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "cross-site")), http.StatusForbidden)
	}
	for _, action := range []string{"/was-me", "/not-me"} {
		wantRedirect(t, first(bob.submit(action, "id", a.id)), base+"/?notice=gone")
	}
	for _, path := range []string{"/confirm", "/deny"} {
		want(t, first(bob.do("POST", base+"/api/sessions/"+a.id+path, "")), http.StatusNotFound)
		want(t, first(a.old.do("POST", base+"/api/sessions/"+a.id+path, "", "Sec-Fetch-Site", "cross-site")), http.StatusForbidden)
	}
	a.pass(16 * time.Minute)
	for _, action := range []string{"/was-me", "/not-me", "/forget"} {
		res, page := a.old.submit(action, "id", a.id)
		want(t, res, http.StatusUnauthorized)
		wantInOrder(t, page, "Nothing was changed", `href="/prove?next=`)
	}
	for _, tt := range [][2]string{{"POST", "/sessions/" + a.id + "/confirm"}, {"POST", "/sessions/" + a.id + "/deny"}, {"DELETE", "/known-devices"}} {
		want(t, first(a.old.do(tt[0], base+"/api"+tt[1], "")), http.StatusUnauthorized)
	}
	if !a.strange.signedIn() || !strings.Contains(fmt.Sprint(a.old.list("/api/sessions")), "country.new") {
		t.Error("something was changed")
	}
}

func TestSuspendedIsShown(t *testing.T) {
	t.Parallel()
	cfg := strangers()
	cfg.OnHigh = session.ActionSuspend
	cfg.Assessor = session.AssessorFunc(func(_ context.Context, c session.Case) (session.Verdict, error) {
		if c.Visit.IP.String() != "198.51.100.7" {
			return session.Verdict{}, nil
		}
		return session.Verdict{Level: session.LevelHigh, Signals: []session.Signal{{Code: "device.other", Text: "Another device.", Level: session.LevelHigh, At: c.Visit.At}}}, nil
	})
	s := newSite(t, activity.Config{}, cfg)
	me, stolen := s.signIn(t, "alice"), s.signIn(t, "alice")
	id := stolen.id()
	s.pass(time.Minute)
	want(t, first(stolen.do("GET", base+"/", "", "X-Test-IP", "198.51.100.7")), http.StatusUnauthorized)
	wantInOrder(t, me.page(""), "Check this", "Unusual change", "Another device.", "We have paused it.")
	if got := me.list("/api/sessions")[1]; got["suspended"] != true || got["id"] != id {
		t.Errorf("got %v", got)
	}
	if !me.signedIn() || stolen.signedIn() {
		t.Fatal("not exactly one is suspended")
	}
	wantRedirect(t, first(me.submit("/was-me", "id", id)), base+"/?notice=was-me")
	if !stolen.signedIn() {
		t.Error("still suspended")
	}
}

func TestFade(t *testing.T) {
	t.Parallel()
	cfg := strangers()
	cfg.Limits = session.Limits{Idle: 1000 * time.Hour * 24, Absolute: 1000 * time.Hour * 24, Rotation: -1}
	s := newSite(t, activity.Config{}, cfg)
	me := s.signIn(t, "alice")
	s.pass(time.Minute)
	s.signIn(t, "alice", amsterdam...)
	s.pass(29 * 24 * time.Hour)
	wantInOrder(t, me.page(""), "Check this")
	s.pass(2 * 24 * time.Hour)
	if strings.Contains(me.page(""), "Check this") {
		t.Error("still there after 31 days")
	}
}

func TestForget(t *testing.T) {
	t.Parallel()
	a := newAccount(t, activity.Config{})
	wantInOrder(t, a.old.page(""), "Known browsers", "Forget them")
	wantRedirect(t, first(a.strange.submit("/forget")), base+"/?notice=not-older")
	want(t, first(a.strange.do("DELETE", base+"/api/known-devices", "")), http.StatusForbidden)
	wantRedirect(t, first(a.old.submit("/forget")), base+"/?notice=forgotten")
	want(t, first(a.old.do("DELETE", base+"/api/known-devices", "")), http.StatusNoContent)
	if strings.Contains(a.strange.page(""), "Known browsers") {
		t.Error("who is in question may forget")
	}
}

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
		wantInOrder(t, page, "Was this you?", "Near Amsterdam, Netherlands (approximate)", "Signed in 1 minute ago (2026-05-04 03:03 UTC)", "If it was you, there is nothing to do", "Not me – sign it out")
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
	other := newSite(t, activity.Config{LinkKeys: [][]byte{bytes.Repeat([]byte("another "), 4)}}, session.Config{})
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

func TestReviewCard(t *testing.T) {
	t.Parallel()
	cfg := strangers()
	cfg.Limits = session.Limits{Idle: 1000 * time.Hour * 24, Absolute: 1000 * time.Hour * 24, Rotation: -1}
	s := newSite(t, activity.Config{}, cfg)
	me, old := s.signIn(t, "alice"), s.signIn(t, "alice")
	want(t, first(old.submit("/rename", "id", old.id(), "name", "Attic")), http.StatusSeeOther)
	if strings.Contains(me.page(""), "class=\"review\"") {
		t.Error("asked at once")
	}
	s.pass(31 * 24 * time.Hour)
	strange := s.signIn(t, "alice", amsterdam...)
	wantInOrder(t, me.page(""), "1 device has not been used for a month.", "Attic", "Sign them out", "Keep them")
	if got := me.get("/api/review"); got["reason"] != "idle" || len(got["sessions"].([]any)) != 1 || got["text"] == "" {
		t.Errorf("got %v", got)
	}
	if got := strange.get("/api/review"); got["reason"] != "" || strings.Contains(strange.page(""), "class=\"review\"") {
		t.Errorf("who is in question is asked: %v", got)
	}
	// Nor do they answer for the user, who would not be asked for a month.
	wantRedirect(t, first(strange.submit("/review", "answer", "mine")), base+"/?notice=not-older")
	wantRedirect(t, first(strange.submit("/review", "answer", "sign-out")), base+"/?notice=not-idle")
	want(t, first(strange.do("POST", base+"/api/review", "")), http.StatusForbidden)
	if got := me.get("/api/review"); got["reason"] != "idle" {
		t.Errorf("asked no more: %v", got)
	}
	again := s.signIn(t, "alice")
	wantRedirect(t, first(again.submit("/review", "answer", "mine")), base+"/?notice=reviewed")
	if got := me.get("/api/review"); got["reason"] != "" {
		t.Errorf("asked again: %v", got)
	}
	s.pass(31 * 24 * time.Hour)
	newer := s.signIn(t, "alice")
	for _, c := range []*client{me, old, strange, again} {
		c.signedIn()
	}
	wantInOrder(t, newer.page(""), "Are these all yours?", "5 devices are signed in", "All mine", "Not now")
	want(t, first(newer.do("POST", base+"/api/review", "")), http.StatusNoContent)
	s.pass(31 * 24 * time.Hour)
	last := s.signIn(t, "alice")
	wantRedirect(t, first(last.submit("/review", "answer", "sign-out")), base+"/?notice=signed-out-idle")
	if old.signedIn() || !last.signedIn() {
		t.Error("the idle ones are not signed out, or others are")
	}
}
