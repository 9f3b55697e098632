package activity_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
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
		var order []string
		for _, one := range api { // which stand by the day, and by their random IDs
			order = append(order, one["signedInAt"].(string)+one["label"].(string))
		}
		slices.Sort(order)
		return tags(page) + strings.Join(order, "\n")
	}
	if a, b := look(nil), look(session.AssessorFunc(newCountry)); a != b {
		t.Errorf("the page of a session in doubt is another when others look unusual:\n%s\nand\n%s", a, b)
	}
}

// Whatever a session in doubt asks for, it reads no address, version, time or signal
// of the others, and what has ended is not told.
func TestDoubtReadsNothing(t *testing.T) {
	t.Parallel()
	cfg := strangers()
	cfg.Device = func(h device.Hints) device.Device {
		if h.UserAgent == "desktop" {
			return device.Device{Kind: device.KindDesktop, Browser: "Chrome", OS: "Windows"}
		}
		return device.Device{Kind: device.KindPhone, App: "Gallery", AppVersion: "7.77.777", Browser: "Firefox", BrowserVersion: "151.5", OS: "Android", OSVersion: "16.16", Model: "Pixel 99"}
	}
	cfg.Locator = geo.LocatorFunc(func(_ context.Context, ip netip.Addr) (geo.Location, error) {
		return geo.Location{Scope: geo.ScopeGlobal, CountryCode: "FR", Country: "France", City: "Rennes"}, nil
	})
	s := newSite(t, activity.Config{Reauthenticate: "/confirm"}, cfg)
	owner := s.signIn(t, "alice", "User-Agent", "phone", "X-Test-IP", "192.0.2.77")
	s.pass(26 * time.Hour)
	gone := s.signIn(t, "alice", "User-Agent", "phone", "X-Test-IP", "192.0.2.78")
	s.pass(time.Hour)
	want(t, first(gone.submit("/sign-out", "id", gone.id())), http.StatusSeeOther)
	s.signIn(t, "alice", amsterdam...) // looks unusual
	s.pass(time.Minute)
	owner.page("") // active a moment ago
	s.pass(13 * time.Minute)
	stranger := s.signIn(t, "alice", amsterdam...)
	secrets := []string{
		"192.0.2", "7.77", "151", "16.16", "Pixel", "Rennes", // of the owner
		"T03:", "T05:", "T06:", "03:0", "05:0", "15 minutes", "14 minutes", "13 minutes", "1 hour", "hours ago", // when
		"country.new", "usually active", "Check this", "New location", "restored", "needs a look", // what is unusual
		"signed-out", "Signed out", "192.0.2.78",
	}
	for what, get := range map[string]func() string{
		"the page":           func() string { return stranger.page("") },
		"a search":           func() string { return stranger.page("?q=Gallery") },
		"the API":            func() string { return readOf(stranger.do("GET", base+"/api/sessions", "")) },
		"a search of it":     func() string { return readOf(stranger.do("GET", base+"/api/sessions?q=Gallery", "")) },
		"the past":           func() string { return readOf(stranger.do("GET", base+"/api/history", "")) },
		"the review":         func() string { return readOf(stranger.do("GET", base+"/api/review", "")) },
		"the question of it": func() string { return readOf(stranger.do("GET", base+"/sign-out-others", "")) },
		"the question":       func() string { return readOf(stranger.do("GET", base+"/do?do=sign-out&id="+owner.id(), "")) },
		"the name":           func() string { return readOf(stranger.do("GET", base+"/rename?id="+owner.id(), "")) },
		"a new name": func() string {
			return readOf(stranger.do("PATCH", base+"/api/sessions/"+owner.id(), `{"name": "x"}`, "Content-Type", "application/json"))
		},
	} {
		text := hidden.ReplaceAllString(get(), "")
		text = regexp.MustCompile(`data-now="[^"]*"`).ReplaceAllString(text, "")
		others := withoutOwn(text, stranger.id())
		for _, secret := range secrets {
			if strings.Contains(others, secret) {
				t.Errorf("%s tells %q:\n%s", what, secret, others)
			}
		}
	}
	for _, part := range []string{"192.0.2", "Rennes", "7.77", "Pixel"} { // as an oracle
		if found := stranger.list("/api/sessions?q=" + part); len(found) != 0 {
			t.Errorf("a search for %q finds %v", part, found)
		}
	}
	stranger.prove("pwd", "otp")
	if page := stranger.page(""); !strings.Contains(page, "192.0.2.77") {
		t.Errorf("after a second factor: %s", page)
	}
}

func readOf(_ *http.Response, body string) string { return body }

// withoutOwn takes what a session is told of itself out of a page or an answer.
func withoutOwn(text, id string) string {
	var all []map[string]any
	if json.Unmarshal([]byte(text), &all) == nil {
		all = slices.DeleteFunc(all, func(s map[string]any) bool { return s["id"] == id })
		out, _ := json.Marshal(all)
		return string(out)
	}
	if before, rest, ok := strings.Cut(text, `<li class="device current"`); ok {
		_, after, _ := strings.Cut(rest, "</li>")
		return before + after
	}
	return text
}

// The stream says nothing to a session in doubt when others become unusual, not even
// by a sign of life.
func TestDoubtHearsNothing(t *testing.T) {
	t.Parallel()
	a := newAccount(t, activity.Config{})
	opened, lines := time.Now(), a.strange.rawStream()
	a.later.header = amsterdam // moves, and is in doubt from now on
	a.later.page("")
	a.old.prove("pwd")
	if _, err := a.manager.Confirm(t.Context(), "alice", uuid.MustParse(a.later.id()), uuid.MustParse(a.old.id())); err != nil {
		t.Log(err) // it may not; that it was tried is enough
	}
	select {
	case line := <-lines:
		if time.Since(opened) < 9*time.Second { // then it is a sign of life
			t.Errorf("heard %q", line)
		}
	case <-time.After(200 * time.Millisecond): // there is nothing to wait for: it may only miss something
	}
	a.signIn(t, "alice") // a device more is no secret
	line := ":"
	for line == ":" {
		line = <-lines
	}
	if line != "data: reload" {
		t.Errorf("after a sign-in: %q", line)
	}
}

// rawStream returns all lines of the page's stream after the first ones.
func (c *client) rawStream() <-chan string {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), "GET", c.site.URL+base+"/events", nil)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("X-Test-IP", "198.51.100.7")
	req.Header.Set("User-Agent", "desktop")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := c.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	want(c.t, res, http.StatusOK)
	lines, ready := make(chan string, 100), make(chan bool)
	go func() {
		defer res.Body.Close()
		in := bufio.NewScanner(res.Body)
		for n := 0; in.Scan(); n++ {
			if n == 1 {
				close(ready)
			}
			if n > 1 && in.Text() != "" {
				lines <- in.Text()
			}
		}
	}()
	<-ready
	return lines
}

// What a session in doubt is shown does not hold the moment of a sign-in in another
// form: not in the IDs, not in the cursors of the pages, nor by what stands where.
func TestDoubtReadsNoMoments(t *testing.T) {
	t.Parallel()
	begun := time.Now().UnixMilli()
	s := newSite(t, activity.Config{}, strangers())
	for range 60 {
		s.signIn(t, "alice", "User-Agent", "phone")
		s.pass(61 * time.Second)
	}
	owners, err := s.manager.List(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	moments := map[int64]bool{}
	for _, s := range owners {
		moments[s.First.At.UnixMilli()] = true
	}
	stranger := s.signIn(t, "alice", amsterdam...)
	ended := time.Now().UnixMilli()
	tells := func(b []byte) bool {
		for i := 0; i+6 <= len(b); i++ {
			at := int64(binary.BigEndian.Uint64(append([]byte{0, 0}, b[i:i+6]...)))
			if moments[at] || at >= begun && at <= ended {
				return true
			}
		}
		return false
	}
	var seen []string
	for path := base + "/api/sessions"; path != ""; {
		res, body := stranger.do("GET", path, "")
		var all []map[string]any
		if err := json.Unmarshal([]byte(body), &all); err != nil {
			t.Fatalf("%d %s", res.StatusCode, body)
		}
		for _, one := range all {
			id := uuid.MustParse(one["id"].(string))
			if id.String() == stranger.id() {
				continue
			}
			seen = append(seen, id.String())
			if tells(id[:]) {
				t.Fatalf("the ID %v tells when", id)
			}
		}
		link := res.Header.Get("Link")
		_, page := stranger.do("GET", strings.Replace(path, "/api/sessions", "/", 1), "")
		for _, m := range append(regexp.MustCompile(`after=([\w-]+)`).FindAllStringSubmatch(page+link, -1), []string{"", ""}) {
			if cursor, err := base64.RawURLEncoding.DecodeString(m[1]); err != nil || tells(cursor) {
				t.Fatalf("the cursor %q tells when: %v", m[1], err)
			}
		}
		path, _, _ = strings.Cut(strings.TrimPrefix(link, "<"), ">")
	}
	if len(seen) != 60 {
		t.Fatalf("got %d others on the pages, want 60", len(seen))
	}
	if !slices.IsSortedFunc(seen, func(a, b string) int { return strings.Compare(b, a) }) {
		t.Error("what signed in on one day stands in an order of its own")
	}
}

// What many are called together, and what is said of one, is as little as a row says.
func TestDoubtReadsNoHeadings(t *testing.T) {
	t.Parallel()
	cfg := strangers()
	cfg.Device = func(h device.Hints) device.Device {
		if h.UserAgent != "phone" {
			return device.Device{Kind: device.KindDesktop, Browser: "Chrome", OS: "Windows"}
		}
		return device.Device{Kind: device.KindPhone, App: "Gallery", OS: "Android", Model: "Pixel 99"}
	}
	s := newSite(t, activity.Config{}, cfg)
	var c *client
	for range 4 {
		c = s.signIn(t, "alice", "User-Agent", "phone")
		s.pass(time.Minute)
	}
	stranger := s.signIn(t, "alice", amsterdam...)
	if page := stranger.page(""); !strings.Contains(page, "Gallery app on Android: 4 of them") || strings.Contains(page, "Pixel 99") {
		t.Errorf("in doubt:\n%s", tags(page))
	}
	want(t, first(stranger.submit("/sign-out", "id", c.id())), http.StatusSeeOther)
	if page := stranger.page(""); strings.Contains(page, "Pixel 99") || !strings.Contains(page, "was signed out") {
		t.Errorf("after a sign-out:\n%s", tags(page))
	}
}
