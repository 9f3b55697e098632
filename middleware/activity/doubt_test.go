package activity_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/session"
)

// prove has the user of c prove again who they are.
func (c *client) prove(methods ...string) {
	c.t.Helper()
	res, body := c.do("POST", "/prove?by="+strings.Join(methods, ","), "")
	want(c.t, res, http.StatusOK)
	_ = body
}

// moved is an account whose old browser is in Amsterdam now, where the Assessor
// finds it strange.
func moved(t *testing.T, cfg activity.Config) *account {
	t.Helper()
	a := newAccount(t, cfg)
	a.old.header = amsterdam
	a.old.page("")
	return a
}

// A session that has moved is told so, whether or not there is something to see,
// and sees it after the password.
func TestDoubtOfOneThatMoved(t *testing.T) {
	t.Parallel()
	a := moved(t, activity.Config{Reauthenticate: "/confirm", RecoveryURL: "/recover"})
	page := a.old.page("")
	wantInOrder(t, page, "What looks unusual is not shown yet", "This device was itself used in an unusual way.", `href="/confirm?next=%2Faccount%2Fdevices%2F"`, "Confirm that it is you", "This device")
	for _, secret := range []string{"question", "needs a look", "Check this", "Please check", "Not me", "by e-mail"} {
		if strings.Contains(hidden.ReplaceAllString(page, ""), secret) {
			t.Errorf("in doubt, the page tells %q", secret)
		}
	}
	a.pass(time.Second)
	a.old.prove("pwd")
	page = a.old.page("")
	wantInOrder(t, page, "2 devices need a look.", "This device", "You&#39;re not usually active in Netherlands.", "This was me", "Please check", "This was me", "Not me – sign it out")
	if strings.Contains(page, "not shown yet") {
		t.Error("still in doubt")
	}
	// The device itself: what the mail about a move says can be done on it.
	wantDone(t, a.old, first(a.old.submit("/was-me", "id", a.old.id())), "We will remember")
}

func TestNotMeHere(t *testing.T) {
	t.Parallel()
	a := moved(t, activity.Config{})
	mine := a.old.id()
	want(t, first(a.old.submit("/not-me", "id", mine)), http.StatusSeeOther) // not older
	if !a.old.signedIn() {
		t.Fatal("signed out while in doubt")
	}
	a.pass(time.Second)
	a.old.prove("pwd")
	res, page := a.old.submit("/not-me", "id", mine)
	want(t, res, http.StatusOK)
	wantInOrder(t, page, "This device is signed out", `href="/password"`)
	if a.old.signedIn() || !strings.Contains(strings.Join(res.Header["Set-Cookie"], "\n"), "Max-Age=0") {
		t.Error("still signed in")
	}
	if got := a.later.list("/api/history")[0]; got["reason"] != "denied" {
		t.Errorf("got %v", got)
	}
}

// A sign-in in doubt takes more than the password, and the page says what.
func TestDoubtOfASignIn(t *testing.T) {
	t.Parallel()
	for _, quiet := range []bool{false, true} { // whether there is something else to see
		a := newAccount(t, activity.Config{Reauthenticate: "/confirm", RecoveryURL: "/recover"})
		if quiet {
			want(t, first(a.old.submit("/sign-out-others")), http.StatusSeeOther)
			a.strange = a.signIn(t, "alice", amsterdam...)
		}
		for range 2 {
			wantInOrder(t, a.strange.page(""), "not shown yet", "it takes more than the password here", `href="/confirm`, `href="/recover"`)
			a.pass(time.Second)
			a.strange.prove("pwd")
		}
		a.strange.prove("pwd", "otp")
		if page := a.strange.page(""); strings.Contains(page, "not shown yet") {
			t.Errorf("in doubt after a second factor: %s", page)
		}
	}
	b := newAccount(t, activity.Config{})
	wantInOrder(t, b.strange.page(""), "say at the sign-in that you have forgotten your password")
}

// The mail's link is a proof in the session that it is about, and there alone.
func TestLinkProves(t *testing.T) {
	t.Parallel()
	a := newAccount(t, activity.Config{})
	path, sealed := a.link(t)
	for name, c := range map[string]*client{"nobody": a.reader(t), "an older one": a.old, "a younger one": a.later} {
		if _, page := c.do("GET", path, ""); strings.Contains(page, "This was me") {
			t.Errorf("%s may say that it was them", name)
		}
		v := url.Values{"t": {sealed}, "was-me": {"1"}}
		if m := formField.FindStringSubmatch(a.old.page("")); c == a.old {
			v.Set("form", m[1])
		}
		want(t, first(c.do("POST", base+"/link", v.Encode(), "Content-Type", "application/x-www-form-urlencoded")), http.StatusGone)
	}
	_, page := a.strange.do("GET", path, "", "Sec-Fetch-Site", "cross-site") // from the mail
	wantInOrder(t, page, "If it was you, on this device, say so", `name="was-me"`, "Not me")
	v := url.Values{"t": {sealed}, "was-me": {"1"}, "form": {formField.FindStringSubmatch(page)[1]}}
	a.pass(time.Second)
	res, page := a.strange.do("POST", base+"/link", v.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	want(t, res, http.StatusOK)
	wantInOrder(t, page, "Thank you", `href="/password"`)
	if page := a.strange.page(""); strings.Contains(page, "not shown yet") || !a.old.signedIn() {
		t.Errorf("still in doubt: %s", page)
	}
}

// In doubt, a session cannot tell from the order, the flags, the counts or the
// API whether another one looks unusual.
func TestDoubtLearnsNothing(t *testing.T) {
	t.Parallel()
	look := func(judge session.Assessor) string {
		cfg := strangers()
		in := cfg.Assessor
		cfg.Assessor = session.AssessorFunc(func(ctx context.Context, c session.Case) (session.Verdict, error) {
			if c.Session.Last.Device.App == "flagged" && judge != nil {
				return judge.Assess(ctx, c)
			}
			return in.Assess(ctx, c)
		})
		s := newSite(t, activity.Config{Reauthenticate: "/confirm"}, cfg)
		me := s.signIn(t, "alice")
		for _, agent := range []string{"desktop", "phone flagged", "tablet", "phone flagged"} {
			s.pass(time.Minute)
			s.signIn(t, "alice", "User-Agent", agent)
		}
		s.pass(time.Minute)
		me.header = amsterdam
		page, api := me.page(""), me.list("/api/sessions")
		var order strings.Builder
		for _, one := range api {
			order.WriteString(one["signedInAt"].(string) + one["label"].(string) + "\n")
		}
		return tags(page) + order.String()
	}
	if a, b := look(nil), look(session.AssessorFunc(newCountry)); a != b {
		t.Errorf("the page of a session in doubt is another when others look unusual:\n%s\nand\n%s", a, b)
	}
}
