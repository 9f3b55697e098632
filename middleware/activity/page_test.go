package activity_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/session"
)

func TestPageShowsWhoIsSignedIn(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{Home: "/photos", Attribution: "Places by Example Maps"}, described())
	phone := s.signInApp(t, "alice", "User-Agent", "phone Immich", "X-Test-IP", "198.51.100.7")
	old := s.signIn(t, "alice", "User-Agent", "tablet")
	s.pass(3 * time.Hour)
	me := s.signIn(t, "alice", "User-Agent", "desktop")
	want(t, first(old.submit("/sign-out", "id", old.id())), http.StatusSeeOther)
	want(t, first(me.submit("/rename", "id", phone.id(), "name", "Mum's phone")), http.StatusSeeOther)
	s.pass(5 * time.Minute)

	page := me.page("")
	wantInOrder(t, page,
		`<a href="/photos">`, "<h1>Device activity</h1>",
		"This device", `aria-current="true"`, "203.0.113.9", "Active now", `Signed in <time datetime="2026-05-04T06:02Z" data-x>4 May 2026, 06:02 UTC</time>`, "Signs out by itself on 11 May unless used",
		"1 other device is signed in.", "Sign out all other devices",
		">Apps<", "Mum&#39;s phone", "Near Amsterdam, Netherlands<", "198.51.100.7",
		`Last connected <time datetime="2026-05-04T06:02Z">5 minutes ago</time>`,
		"Recently signed out", "Signed out on the device itself", "203.0.113.…",
		"Places are approximate", "Places by Example Maps")
	if strings.Contains(page, ">Browsers<") {
		t.Error("a heading without a device under it")
	}
}

func first(res *http.Response, _ string) *http.Response { return res }

var (
	hidden      = regexp.MustCompile(`<input type="hidden"[^>]*>|<style[^>]*>(?s:.*?)</style>|<script(?s:.*?)</script>|<svg(?s:.*?)</svg>| (id|value|aria-labelledby|action|href)="[^"]*"`)
	looksLikeID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-`)
)

func TestPageShowsNoInternals(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{})
	s.signIn(t, "alice", "User-Agent", "Mozilla/5.0 (Raw) Gecko")
	me := s.signIn(t, "alice")
	for _, path := range []string{"/", "/do?do=sign-out&id=" + me.id(), "/rename?id=" + me.id(), "/sign-out-others"} {
		_, page := me.do("GET", base+path, "")
		page = hidden.ReplaceAllString(page, "")
		if looksLikeID.MatchString(page) || strings.Contains(strings.ToLower(page), "token") || strings.Contains(page, "Gecko") {
			t.Errorf("%s shows internals:\n%s", path, page)
		}
	}
}

func TestSignOutOne(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{})
	me, other := s.signIn(t, "alice"), s.signIn(t, "alice")
	wantDone(t, me, first(me.submit("/sign-out", "id", other.id())), "was signed out.")
	if other.signedIn() {
		t.Fatal("still signed in")
	}
	wantInOrder(t, me.page(""), "No other device", "Signed out from another device")
}

func TestSignOutThisDevice(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{SignedOut: "/bye"}, session.Config{})
	me := s.signIn(t, "alice")
	s.pass(time.Hour) // no recent proof is asked for
	res, _ := me.submit("/sign-out", "id", me.id())
	wantRedirect(t, res, "/bye")
	if c := res.Header.Get("Set-Cookie"); !strings.Contains(c, "Max-Age=0") {
		t.Errorf("the cookie is not taken away: %q", c)
	}
	if me.signedIn() {
		t.Fatal("still signed in")
	}
}

// The button is on the page, and does it (ASVS 5.0 7.4.4).
func TestSignOutButton(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{SignedOut: "/bye"}, session.Config{})
	me := s.signIn(t, "alice")
	page := me.page("")
	mine := strings.Index(page, "This device")
	form := regexp.MustCompile(`<form[^>]* method="?post"?[^>]* action="([^"]+)"`).FindStringSubmatch(page)
	button := regexp.MustCompile(`<button name="(sign-out)" value="([^"]+)"[^>]*>Sign out</button>`).FindStringSubmatch(page[max(mine, 0):])
	if mine < 0 || form == nil || button == nil || button[2] != me.id() {
		t.Fatalf("no button: %v, %v in %s", form, button, page)
	}
	v := url.Values{"form": {formField.FindStringSubmatch(page)[1]}, button[1]: {button[2]}}
	wantRedirect(t, first(me.do("POST", form[1], v.Encode(), "Content-Type", "application/x-www-form-urlencoded")), "/bye")
	if me.signedIn() {
		t.Error("still signed in")
	}
}

// The page's own stream and the requests of its script keep no session alive.
func TestOpenPageKeepsNothingAlive(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{Preset: session.PresetAAL3})
	me := s.signIn(t, "alice")
	script, err := os.ReadFile("script.js")
	if err != nil || !strings.Contains(string(script), `"Signedin-Background": "1"`) {
		t.Fatalf("the script does not say so: %v", err)
	}
	minutes := 0
	for ; minutes < 30; minutes++ {
		s.pass(time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		req, _ := http.NewRequestWithContext(ctx, "GET", s.URL+base+"/events", nil)
		req.Header.Set("Accept", "text/event-stream")
		res, err := me.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		res.Body.Close()
		if res, _ := me.do("GET", base+"/", "", "Sec-Fetch-Mode", "cors", "Signedin-Background", "1"); res.StatusCode == http.StatusUnauthorized {
			break
		}
	}
	if minutes != 14 {
		t.Errorf("signed in for %d minutes, want 14", minutes)
	}
}

func TestSignOutOthersAsksFirst(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{})
	me, browser, app := s.signIn(t, "alice"), s.signIn(t, "alice"), s.signInApp(t, "alice")
	bob := s.signIn(t, "bob")
	res, page := me.do("GET", base+"/sign-out-others", "")
	want(t, res, http.StatusOK)
	wantInOrder(t, page, "Sign out all other devices?", "2 other devices are signed in.", "This device stays signed in.", `method="post"`, "Cancel")
	if !browser.signedIn() || !app.signedIn() {
		t.Fatal("asking signed somebody out")
	}
	wantDone(t, me, first(me.submit("/sign-out-others")), "All other devices are signed out.")
	if browser.signedIn() || app.signedIn() {
		t.Fatal("another device is still signed in")
	}
	if !me.signedIn() || !bob.signedIn() {
		t.Fatal("somebody else was signed out")
	}
	_, page = me.do("GET", base+"/sign-out-others", "")
	wantInOrder(t, page, "No other device is signed in.")
	if strings.Contains(page, "<form") {
		t.Error("nothing to sign out, and still a form")
	}
}

// A click is no proof of who somebody is: it must not make the last one last
// longer.
func TestSignOutOthersIsNoProof(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{})
	me := s.signIn(t, "alice")
	s.pass(10 * time.Minute)
	want(t, first(me.submit("/sign-out-others")), http.StatusSeeOther)
	s.pass(10 * time.Minute)
	want(t, first(me.submit("/sign-out-others")), http.StatusUnauthorized)
}

func TestRename(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{})
	me := s.signIn(t, "alice")
	wantDone(t, me, first(me.submit("/rename", "id", me.id(), "name", "Kitchen")), "The name is saved")
	wantInOrder(t, me.page(""), "<bdi>Kitchen</bdi>")
	long := strings.Repeat("é", 65)
	res, page := me.submit("/rename", "id", me.id(), "name", long)
	want(t, res, http.StatusUnprocessableEntity)
	wantInOrder(t, page, "Rename Kitchen", `role="alert"`, "That name cannot be used.", `value="`+long+`"`, `aria-invalid="true"`) // what was typed is still there
	wantDone(t, me, first(me.submit("/rename", "id", me.id(), "name", "")), "The name is saved")
	if strings.Contains(me.page(""), "Kitchen") {
		t.Error("the name is still there")
	}
}

func TestStaleProof(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ action, next string }{
		{"/sign-out", "%2Fdo%3Fdo%3Dsign-out%26id%3D"},
		{"/rename", "%2Fdo%3Fdo%3Drename%26id%3D"},
		{"/sign-out-others", "%2Fdo%3Fdo%3Dsign-out-others"},
	} {
		for _, hook := range []string{"", "/confirm?for=devices"} {
			s := newSite(t, activity.Config{Reauthenticate: hook}, session.Config{})
			me, other := s.signIn(t, "alice"), s.signIn(t, "alice")
			id := other.id()
			s.pass(16 * time.Minute)
			res, page := me.submit(tt.action, "id", id, "name", "x")
			if hook == "" {
				want(t, res, http.StatusUnauthorized)
				wantInOrder(t, page, "Please sign in again", "Nothing was changed.")
				if got := res.Header.Get("WWW-Authenticate"); got != `Bearer error="insufficient_user_authentication", max_age="900"` {
					t.Errorf("WWW-Authenticate: %s", got)
				}
			} else {
				want(t, res, http.StatusUnauthorized)
				wantInOrder(t, page, "Nothing was changed", `href="/confirm?for=devices&amp;next=%2Faccount%2Fdevices`+tt.next)
				wantRedirect(t, first(me.do("GET", base+"/sign-out-others", "")), "/confirm?for=devices&next=%2Faccount%2Fdevices%2Fsign-out-others")
			}
			if !other.signedIn() || other.list("/api/sessions")[0]["name"] != "" {
				t.Errorf("%s: changed another session", tt.action)
			}
			// One's own is always allowed.
			wantDone(t, me, first(me.submit("/rename", "id", me.id(), "name", "mine")), "The name is saved")
		}
	}
}

func TestForms(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{})
	me, other := s.signIn(t, "alice"), s.signIn(t, "alice")
	id := other.id()
	theirs := formField.FindStringSubmatch(other.page(""))[1]
	for _, action := range []string{"/sign-out", "/sign-out-others", "/rename"} {
		for _, form := range []string{"", "x", theirs} {
			res, page := me.submit(action, "id", id, "form", form, "name", "x")
			want(t, res, http.StatusForbidden)
			wantInOrder(t, page, "Nothing was changed.")
		}
		for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Sec-Fetch-Site", "", "Origin", "https://evil.example"}, {"Sec-Fetch-Site", "", "Origin", "null"}} {
			form := formField.FindStringSubmatch(me.page(""))[1]
			header = append(header, "Content-Type", "application/x-www-form-urlencoded")
			want(t, first(me.do("POST", base+action, "form="+form+"&id="+id, header...)), http.StatusForbidden)
		}
		res, _ := me.do("POST", base+action, "form="+strings.Repeat("x", 5<<10), "Content-Type", "application/x-www-form-urlencoded")
		want(t, res, http.StatusRequestEntityTooLarge)
		want(t, first(me.do("POST", base+action, "form=%zz", "Content-Type", "application/x-www-form-urlencoded")), http.StatusForbidden)
		want(t, first(me.do("POST", base+action, `{}`, "Content-Type", "application/json")), http.StatusForbidden)
	}
	if !other.signedIn() {
		t.Fatal("signed out")
	}
}

func TestFormsOnForeignSessions(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{})
	me, bob := s.signIn(t, "alice"), s.signIn(t, "bob")
	for _, action := range []string{"/sign-out", "/rename"} {
		for _, id := range []string{bob.id(), "01890a5d-ac96-774b-bcce-b302099a8057", "", "me", strings.Repeat("0", 36)} {
			wantDone(t, me, first(me.submit(action, "id", id, "name", "x")), "That device is not signed in any more.")
		}
	}
	if !bob.signedIn() || bob.list("/api/sessions")[0]["name"] != "" {
		t.Fatal("changed somebody else's session")
	}
}

// Nobody else makes us say what is not true: a link, or a cookie that was planted.
func TestNoticesAreOurs(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{})
	me, bob := s.signIn(t, "alice"), s.signIn(t, "bob")
	if said := notice(me.page("?notice=signed-out-others")); said != "" {
		t.Errorf("by a link: %q", said)
	}
	res, _ := bob.submit("/sign-out-others")
	want(t, res, http.StatusSeeOther)
	for _, value := range []string{res.Cookies()[0].Value, "x", "", "e30"} {
		_, page := me.do("GET", base+"/", "", "Cookie", "__Host-session-note="+value)
		if said := notice(page); said != "" {
			t.Errorf("by a cookie: %q", said)
		}
	}
	s.pass(11 * time.Minute)
	if said := notice(bob.page("")); said != "" {
		t.Errorf("after 11 minutes: %q", said)
	}
}

func TestTroubleOnThePage(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{})
	me, other := s.signIn(t, "alice"), s.signIn(t, "alice")
	id := other.id()
	for _, tt := range []struct {
		action string
		id     string
	}{{"/sign-out", id}, {"/sign-out", me.id()}, {"/sign-out-others", ""}} {
		s.store.revoke.Store(true)
		res, page := me.submit(tt.action, "id", tt.id)
		s.store.revoke.Store(false)
		want(t, res, http.StatusServiceUnavailable)
		wantInOrder(t, page, "That did not work", "nothing was signed out", "try again")
		if res.Header.Get("Retry-After") == "" || res.Header.Get("Set-Cookie") != "" {
			t.Errorf("headers: %v", res.Header)
		}
	}
	s.store.list.Store(true)
	res, page := me.do("GET", base+"/", "")
	s.store.list.Store(false)
	want(t, res, http.StatusServiceUnavailable)
	wantInOrder(t, page, "nothing was signed out")
	if strings.Contains(page, "fire") {
		t.Error("the page shows the error")
	}
	if !other.signedIn() || !me.signedIn() {
		t.Fatal("signed out")
	}
}

// An open page that renews itself while a form is on its way does not take what is
// to be said after it.
func TestScriptTakesNoNotice(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{})
	me, other := s.signIn(t, "alice"), s.signIn(t, "alice")
	res, _ := me.submit("/act", "sign-out", other.id())
	_, page := me.do("GET", base+"/", "", "Signedin-Background", "1")
	if notice(page) != "" || !strings.Contains(page, "No other device is signed in.") {
		t.Errorf("the script gets %s", page)
	}
	wantDone(t, me, res, "was signed out.")
}

// A client that goes before its answer is made is no trouble; a store that fails
// is.
func TestLogIsOfTrouble(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := newSite(t, activity.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}, session.Config{})
	me := s.signIn(t, "alice")
	s.store.list.Store(true)
	defer s.store.list.Store(false)
	address, _ := url.Parse(s.URL)
	for _, gone := range []bool{true, false} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r := httptest.NewRequestWithContext(ctx, "GET", s.URL+base+"/", nil)
		for _, c := range me.Jar.Cookies(address) {
			r.AddCookie(c)
		}
		s.store.listing = func() {
			if gone {
				cancel()
			}
		}
		w := httptest.NewRecorder()
		s.page.ServeHTTP(w, r)
		if logged := log.Len() > 0; w.Code != http.StatusServiceUnavailable || logged == gone {
			t.Errorf("client gone: %v: %d, the log has %q", gone, w.Code, &log)
		}
	}
}

func TestSharedComputerIsMarked(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{})
	me := s.signIn(t, "alice")
	if strings.Contains(me.page(""), "Shared computer") {
		t.Error("there is none")
	}
	ticket, err := s.manager.BeginSignIn(t.Context(), "alice")
	if err == nil {
		_, _, err = s.manager.Start(t.Context(), ticket, session.Origin{}, session.StartOptions{Shared: true})
	}
	if err != nil {
		t.Fatal(err)
	}
	if page := me.page(""); strings.Count(page, `<span class="badge">Shared computer</span>`) != 1 {
		t.Errorf("got %s", page)
	}
	if all := me.list("/api/sessions"); all[0]["shared"] != false || all[1]["shared"] != true {
		t.Errorf("got %v", all)
	}
}

// What another system says of the same devices stands above the list, and is not told
// in a session that is in doubt.
func TestRemarks(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{Remarks: func(*http.Request) []string { return []string{"one <b>more</b> elsewhere"} }}, described())
	c := s.signIn(t, "ada")
	if got := c.page(""); !strings.Contains(got, "one &lt;b&gt;more&lt;/b&gt; elsewhere") {
		t.Errorf("got %s", got)
	}
}
