package activity_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/session"
)

var linkKeys = session.NewKeys(bytes.Repeat([]byte("link key"), 4))

// strangers finds sign-ins from Amsterdam suspicious, and of another device
// whose name says so.
func strangers() session.Config {
	cfg := described()
	cfg.ProfileKeys = session.NewKeys(bytes.Repeat([]byte("profile "), 4))
	cfg.Assessor = session.AssessorFunc(func(_ context.Context, c session.Case) (session.Verdict, error) {
		if c.Visit.IP.String() != "198.51.100.7" {
			return session.Verdict{}, nil
		}
		say := func(code, text string) session.Signal {
			return session.Signal{Code: code, Text: text, Level: session.LevelAlert, At: c.Visit.At}
		}
		return session.Verdict{Level: session.LevelAlert, Provisional: c.SignIn, Signals: []session.Signal{
			say("country.new", "You're not usually active in Netherlands."),
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
	return newAccountOf(t, cfg, strangers())
}

func newAccountOf(t *testing.T, cfg activity.Config, scfg session.Config) *account {
	t.Helper()
	cfg.LinkKeys, cfg.PasswordURL = linkKeys, "/password"
	a := &account{site: newSite(t, cfg, scfg)}
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
	wantInOrder(t, page, "1 device needs a look.", `href="#look"`, "This device", "Please check", "Near Amsterdam, Netherlands<", `<div class="question">`,
		`<span class="badge strong">Check this</span>`, `<span class="badge">New device</span>`, `<span class="badge">New location</span>`, `<span class="badge">New network</span>`,
		"It signed in for the first time, as far as we know.", "You&#39;re not usually active in Netherlands.", "came through a VPN",
		`name="was-me" value="`+a.id, ">This was me<", `name="not-me" value="`+a.id, ">Not me – sign it out<")
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
		wantDone(t, c, first(c.submit("/was-me", "id", a.id)), "That cannot be answered here.")
		res, body := c.do("POST", base+"/api/sessions/"+a.id+"/confirm", "")
		want(t, res, http.StatusForbidden)
		wantProblem(t, res, body)
		if got := a.old.list("/api/sessions"); !strings.Contains(fmt.Sprint(got), "country.new") {
			t.Fatalf("%s has confirmed", name)
		}
	}
	wantDone(t, a.old, first(a.old.submit("/was-me", "id", a.id)), "We will remember")
	if page := a.old.page(""); strings.Contains(page, "New location") || strings.Contains(page, "Check this") {
		t.Error("the badges are still there")
	}
	if !a.strange.signedIn() {
		t.Error("signed out")
	}
}

var shownField = regexp.MustCompile(`name="was-me" value="[^."]+\.([^"]+)"`)

// What came up after the page was made is not answered by it.
func TestWasMeIsAboutWhatWasShown(t *testing.T) {
	t.Parallel()
	a := newAccount(t, activity.Config{})
	shown := shownField.FindStringSubmatch(a.old.page(""))[1]
	a.pass(time.Minute)
	a.strange.do("GET", base+"/", "", "X-Test-IP", "192.0.2.1")
	a.strange.do("GET", base+"/", "")
	wantDone(t, a.old, first(a.old.submit("/was-me", "id", a.id, "shown", shown)), "Please look again.")
	if !strings.Contains(fmt.Sprint(a.old.list("/api/sessions")), "country.new") {
		t.Error("it was confirmed")
	}
	shown = shownField.FindStringSubmatch(a.old.page(""))[1]
	wantDone(t, a.old, first(a.old.submit("/was-me", "id", a.id, "shown", shown)), "We will remember")
}

func TestNotMe(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]func(*account) *client{
		"an older one": func(a *account) *client { return a.old }, "a younger one": func(a *account) *client { return a.later },
	} {
		a := newAccount(t, activity.Config{})
		c := by(a)
		wantDone(t, a.strange, first(a.strange.submit("/not-me", "id", c.id())), "That cannot be answered here.")
		wantRedirect(t, first(c.submit("/not-me", "id", a.id)), "/password?after=not-me")
		page := c.page("")
		if got := notice(page); got != "Android (2) was signed out. Whoever it was may know your password: please change it now." {
			t.Errorf("got %q", got)
		}
		if a.strange.signedIn() || !a.old.signedIn() || !a.later.signedIn() {
			t.Fatalf("%s: not exactly one is signed out", name)
		}
		wantInOrder(t, page, `role="alert"`, `href="/password">Change password<`, "because you said that it wasn&#39;t you")
		wantDone(t, c, first(c.submit("/not-me", "id", a.id)), "That device is not signed in any more.")
		wantDone(t, c, first(c.submit("/was-me", "id", a.id)), "That device is not signed in any more.")
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
		wantDone(t, bob, first(bob.submit(action, "id", a.id)), "That device is not signed in any more.")
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
	wantDone(t, me, first(me.submit("/was-me", "id", id)), "We will remember")
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
	wantDone(t, a.strange, first(a.strange.submit("/forget")), "That cannot be answered here.")
	want(t, first(a.strange.do("DELETE", base+"/api/known-devices", "")), http.StatusForbidden)
	wantDone(t, a.old, first(a.old.submit("/forget")), "The known browsers are forgotten.")
	want(t, first(a.old.do("DELETE", base+"/api/known-devices", "")), http.StatusNoContent)
	if strings.Contains(a.strange.page(""), "Known browsers") {
		t.Error("who is in question may forget")
	}
}

func TestReviewCard(t *testing.T) {
	t.Parallel()
	cfg := strangers()
	cfg.Limits = session.Limits{Idle: 1000 * time.Hour * 24, Absolute: 1000 * time.Hour * 24, Rotation: -1}
	s := newSite(t, activity.Config{Help: "/help"}, cfg)
	me, old := s.signIn(t, "alice"), s.signIn(t, "alice")
	want(t, first(old.submit("/rename", "id", old.id(), "name", "Attic")), http.StatusSeeOther)
	if strings.Contains(me.page(""), "card review") {
		t.Error("asked at once")
	}
	s.pass(31 * 24 * time.Hour)
	strange := s.signIn(t, "alice", amsterdam...)
	wantInOrder(t, me.page(""), "1 device has not been used for a month.", "Attic", "Sign them out", "Keep them")
	if got := me.get("/api/review"); got["reason"] != "idle" || len(got["sessions"].([]any)) != 1 || got["text"] == "" {
		t.Errorf("got %v", got)
	}
	if got := strange.get("/api/review"); got["reason"] != "" || strings.Contains(strange.page(""), "card review") {
		t.Errorf("who is in question is asked: %v", got)
	}
	// Nor do they answer for the user, who would not be asked for a month.
	wantDone(t, strange, first(strange.submit("/review", "answer", "mine")), "That cannot be answered here.")
	wantDone(t, strange, first(strange.submit("/review", "answer", "sign-out")), "Nothing was signed out: the list")
	want(t, first(strange.do("POST", base+"/api/review", "")), http.StatusForbidden)
	if got := me.get("/api/review"); got["reason"] != "idle" {
		t.Errorf("asked no more: %v", got)
	}
	again := s.signIn(t, "alice")
	wantDone(t, again, first(again.submit("/review", "answer", "mine")), "Thank you.")
	if got := me.get("/api/review"); got["reason"] != "" {
		t.Errorf("asked again: %v", got)
	}
	s.pass(31 * 24 * time.Hour)
	newer := s.signIn(t, "alice")
	for _, c := range []*client{me, old, strange, again} {
		c.signedIn()
	}
	const twoSteps = "Two-step verification keeps others out"
	wantInOrder(t, newer.page(""), "Are these all yours?", "5 devices are signed in", twoSteps, "Get help", "All mine", "Not now")
	newer.prove("pwd", "otp")
	if strings.Contains(newer.page(""), twoSteps) {
		t.Error("who uses two steps is told to")
	}
	want(t, first(newer.do("POST", base+"/api/review", "")), http.StatusNoContent)
	s.pass(31 * 24 * time.Hour)
	last := s.signIn(t, "alice")
	wantDone(t, last, first(last.submit("/review", "answer", "sign-out")), "The unused devices are signed out.")
	if old.signedIn() || !last.signedIn() {
		t.Error("the idle ones are not signed out, or others are")
	}
}

// Who reads of a sign-in in a mail and signs in to look finds the button that
// the mail speaks of, and no reason.
func TestNoticeSeenByAYounger(t *testing.T) {
	cfg := strangers()
	cfg.Assessor = session.AssessorFunc(func(_ context.Context, c session.Case) (session.Verdict, error) {
		if c.Visit.IP.String() != "198.51.100.7" {
			return session.Verdict{}, nil
		}
		return session.Verdict{Level: session.LevelNotice, Signals: []session.Signal{{Code: "device.new", Text: "A new device.", Level: session.LevelNotice, At: c.Visit.At}}}, nil
	})
	s := newSite(t, activity.Config{}, cfg)
	s.signIn(t, "alice", amsterdam...)
	s.pass(time.Minute)
	me := s.signIn(t, "alice")
	page := me.page("")
	if !strings.Contains(page, "New sign-in") || !strings.Contains(page, "Not me") || strings.Contains(page, "A new device.") || strings.Contains(page, "This was me") {
		t.Errorf("got %s", page)
	}
}

// What needs a look stands on the first page, however many have signed in since.
func TestLooksStandOnTheFirstPage(t *testing.T) {
	t.Parallel()
	a := newAccount(t, activity.Config{})
	for range 55 {
		a.signIn(t, "alice")
	}
	if page := a.old.page(""); !strings.Contains(page, `name="was-me" value="`+a.id) {
		t.Error("the one that looks unusual is not on the first page")
	}
}
