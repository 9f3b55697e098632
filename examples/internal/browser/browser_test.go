package browser_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

const (
	email    = "alice@example.com"
	password = "correct horse battery"
	devices  = "/account/devices"
)

// startProgram starts an example on a database of its own, and returns where it
// is and what it told before. At the end of the test it must end as it should.
func startProgram(t *testing.T, name string, args ...string) (site string, told []string) {
	t.Helper()
	cmd := exec.Command(build(t, name), append([]string{"-addr", "127.0.0.1:0", "-db", filepath.Join(t.TempDir(), "example.db")}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		kill := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		defer kill.Stop()
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for line := range strings.Lines(stderr.String()) {
			restarted := os.Getenv("IMMICH_RESTART") != "" && strings.Contains(line, `msg="immich: `)
			if !strings.Contains(line, "level=INFO") && !restarted {
				t.Errorf("%s wrote: %s", name, line)
			}
		}
	})
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if at, ok := strings.CutPrefix(lines.Text(), "Open "); ok {
			go io.Copy(io.Discard, stdout)
			return at, told
		}
		told = append(told, lines.Text())
	}
	t.Fatalf("%s did not start: %s", name, &stderr)
	return "", nil
}

// app is a program that signed in with a bearer token.
type app struct{ site, token string }

const appAgent = "Photos/3.2.1 (Android 15; Pixel 8)"

func newApp(t *testing.T, site string) *app {
	t.Helper()
	a := &app{site: site}
	var out struct {
		Token   string
		Session struct{ Carrier string }
	}
	res := a.do(t, http.MethodPost, "/api/token", fmt.Sprintf(`{"email":%q,"password":%q}`, email, password))
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil || res.StatusCode != http.StatusCreated || out.Session.Carrier != "bearer" {
		t.Fatalf("token: %s, %v", res.Status, err)
	}
	a.token = out.Token
	return a
}

func (a *app) do(t *testing.T, method, path, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, a.site+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("User-Agent", appAgent)
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// id returns the ID of the app's session.
func (a *app) id(t *testing.T) string {
	t.Helper()
	res := a.do(t, http.MethodGet, "/api/me", "")
	defer res.Body.Close()
	var me struct{ SessionID string }
	if err := json.NewDecoder(res.Body).Decode(&me); err != nil || me.SessionID == "" {
		t.Fatalf("who am I: %s, %v", res.Status, err)
	}
	return me.SessionID
}

func (a *app) get(t *testing.T, path string) int {
	t.Helper()
	res := a.do(t, http.MethodGet, path, "")
	defer res.Body.Close()
	return res.StatusCode
}

func (p *profile) signIn(t *testing.T, remember bool) {
	t.Helper()
	if got := p.open(t, devices); got != "/login?next=%2Faccount%2Fdevices" {
		t.Fatalf("%s: signed out, the page led to %s", p.name, got)
	}
	p.fill(t, `input[name=email]`, email)
	p.fill(t, `input[name=password]`, password)
	if remember {
		run(t, p, chromedp.Click(chromedp.CSS(`input[name=remember]`)))
	}
	if got := p.submit(t, `form button`); got != devices {
		t.Fatalf("%s: the sign-in led to %s", p.name, got)
	}
}

// me returns the ID of the profile's session.
func (p *profile) me(t *testing.T) string {
	t.Helper()
	p.open(t, "/api/me")
	var me struct{ SessionID string }
	if err := json.Unmarshal([]byte(run(t, p, chromedp.Text(chromedp.CSS("body")))), &me); err != nil {
		t.Fatal(err)
	}
	return me.SessionID
}

// row is a live session as the page shows it.
type row struct {
	ID, Label string
	Current   bool
}

func (p *profile) rows(t *testing.T) []row {
	t.Helper()
	p.open(t, devices)
	return run(t, p, chromedp.Evaluate[[]row](rowsScript))
}

const rowsScript = `[...document.querySelectorAll("li.device")].map(li => ({
	ID: li.querySelector("[name=sign-out]").value, Label: li.querySelector("h3").innerText, Current: li.ariaCurrent == "true"}))`

// checkCookie returns the cookie of the session. Whatever other cookies we set
// are as well protected.
func (p *profile) checkCookie(t *testing.T, persistent bool) *network.Cookie {
	t.Helper()
	for _, c := range p.cookies(t) {
		if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HTTPOnly || c.SameSite != network.CookieSameSiteLax || c.Path != "/" || c.Domain != "127.0.0.1" {
			t.Errorf("%s has the cookie %s, Secure %v, HttpOnly %v, SameSite %s, Path %s, Domain %s", p.name, c.Name, c.Secure, c.HTTPOnly, c.SameSite, c.Path, c.Domain)
		}
	}
	c := p.cookie(t)
	if c == nil {
		t.Fatalf("%s has no cookie", p.name)
	}
	if c.Session == persistent {
		t.Errorf("%s: the cookie goes with the browser: %v; keep me signed in: %v", p.name, c.Session, persistent)
	}
	return c
}

// cookie returns the cookie of the session, nil if there is none. After a new
// proof it has another name, since an answer that comes late must not take it
// away.
func (p *profile) cookie(t *testing.T) (cookie *network.Cookie) {
	t.Helper()
	for _, c := range p.cookies(t) {
		if c.Name == "__Host-session" && cookie == nil || strings.HasPrefix(c.Name, "__Host-session.") {
			cookie = c
		}
	}
	return cookie
}

// stream opens /events in a tab of its own, since the policy of our pages lets
// no script fetch anything. The channel tells when the stream has ended.
func (p *profile) stream(t *testing.T) <-chan time.Time {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(p.ctx)
	t.Cleanup(closeTab)
	tab := &profile{ctx: ctx, name: p.name + "'s stream", site: p.site}
	if err := chromedp.Do(ctx); err != nil { // opens the tab
		t.Fatal(err)
	}
	call(t, tab, page.SetBypassCSP, page.SetBypassCSPParams{Enabled: true})
	tab.open(t, "/")
	first := run(t, tab, chromedp.Evaluate[string](`fetch("/events").then(async r => {
		const reader = r.body.getReader(), decoder = new TextDecoder()
		const first = decoder.decode((await reader.read()).value)
		window.ended = (async () => {
			try {
				while (!(await reader.read()).done) {}
				return "by an end"
			} catch (e) {
				return "by " + e
			}
		})()
		return first
	})`, chromedp.EvalAwaitPromise))
	if !strings.HasPrefix(first, "data: ") {
		t.Fatalf("the stream began with %q", first)
	}
	ended := make(chan time.Time, 1)
	go func() {
		how, err := chromedp.Run(ctx, chromedp.Evaluate[string](`window.ended`, chromedp.EvalAwaitPromise))
		at := time.Now()
		if err != nil && ctx.Err() == nil {
			how = err.Error()
		}
		t.Log("the stream in the browser ended ", how)
		ended <- at
	}()
	return ended
}

// stream opens /events as a program does.
func (a *app) stream(t *testing.T) <-chan time.Time {
	t.Helper()
	res := a.do(t, http.MethodGet, "/events", "")
	in := bufio.NewReader(res.Body)
	if line, err := in.ReadString('\n'); err != nil || !strings.HasPrefix(line, "data: ") {
		t.Fatalf("the stream began with %q, %v", line, err)
	}
	ended := make(chan time.Time, 1)
	go func() {
		defer res.Body.Close()
		_, _ = io.Copy(io.Discard, in)
		ended <- time.Now()
	}()
	return ended
}

func wait(t *testing.T, what string, since time.Time, ended <-chan time.Time) {
	t.Helper()
	select {
	case at := <-ended:
		t.Logf("%s ended %.1f ms after the click", what, float64(at.Sub(since).Microseconds())/1000)
	case <-time.After(patience):
		t.Fatalf("%s goes on", what)
	}
}

// The whole way through: two browsers and an app sign in; one browser signs the
// other out; a change of the password leaves one.
func TestQuickstart(t *testing.T) {
	chromium := findChromium(t)
	site, _ := startProgram(t, "quickstart")

	desk := newProfile(t, chromium, "desk", site)
	desk.open(t, "/login")
	desk.picture(t, "login")
	desk.signIn(t, true)
	desk.checkCookie(t, true)
	lamp := newProfile(t, chromium, "lamp", site)
	lamp.signIn(t, false)
	before := lamp.checkCookie(t, false)
	phone := newApp(t, site)

	mine, theirs := desk.me(t), lamp.me(t)
	rows := desk.rows(t)
	t.Logf("devices: %+v", rows)
	if len(rows) != 3 || rows[0].ID != mine || !rows[0].Current || rows[1].Current || rows[2].Current {
		t.Fatalf("got %+v, want three, this one first and marked", rows)
	}
	for _, r := range rows {
		want := "Chrom" // Chrome, or Chromium
		if r.ID != mine && r.ID != theirs {
			want = "Photos"
		}
		if !strings.HasPrefix(r.Label, want) {
			t.Errorf("the label is %q, want %s...", r.Label, want)
		}
	}

	desk.open(t, "/")
	desk.picture(t, "home")
	desk.open(t, "/confirm?next="+devices)
	desk.picture(t, "confirm")
	desk.open(t, devices+"/sign-out-others")
	desk.picture(t, "sign-out-others")

	inBrowser := lamp.stream(t)
	desk.open(t, devices)
	desk.picture(t, "devices-before")
	clicked := time.Now()
	if got := desk.submit(t, signOut(theirs)); got != devices+"/#done" {
		t.Errorf("sign out led to %s", got)
	}
	if got := desk.text(t, "#done"); !strings.HasPrefix(got, "Chrom") || !strings.HasSuffix(got, "was signed out.") {
		t.Errorf("the page says %q", got)
	}
	if got := run(t, desk, chromedp.Evaluate[string](`document.activeElement.id`)); got != "done" {
		t.Errorf("the focus is on %q", got)
	}
	wait(t, "the other browser's stream", clicked, inBrowser)
	desk.picture(t, "devices-signed-out")
	if got := lamp.open(t, "/"); got != "/login" {
		t.Errorf("the browser that was signed out is on %s", got)
	}
	lamp.picture(t, "login-after")
	if got := cookieOnly(t, site, before); got != http.StatusUnauthorized {
		t.Errorf("its cookie: got %d", got)
	}
	if got := phone.get(t, "/api/me"); got != http.StatusOK {
		t.Errorf("the app: got %d", got)
	}

	inApp := phone.stream(t)
	lamp.signIn(t, true) // once more, so that two have to go
	lamp.checkCookie(t, true)
	old := desk.checkCookie(t, true)
	desk.open(t, "/password")
	desk.picture(t, "password")
	desk.fill(t, `input[name=new]`, "a new horse battery")
	clicked = time.Now()
	desk.submit(t, `form button`)
	if got := run(t, desk, chromedp.Text(chromedp.CSS(`[role=status]`))); !strings.Contains(got, "2 other devices were signed out") {
		t.Errorf("got %q", got)
	}
	wait(t, "the app's stream", clicked, inApp)
	desk.picture(t, "password-changed")
	if got := phone.get(t, "/api/me"); got != http.StatusUnauthorized {
		t.Errorf("the app: got %d", got)
	}
	if got := lamp.open(t, devices); !strings.HasPrefix(got, "/login") {
		t.Errorf("the other browser is on %s", got)
	}
	if now := desk.checkCookie(t, true); now.Value == old.Value {
		t.Error("the browser kept its old secret")
	}
	if rows := desk.rows(t); len(rows) != 1 || !rows[0].Current || rows[0].ID != mine {
		t.Errorf("got %+v, want this one only", rows)
	}
	desk.picture(t, "devices")
	desk.open(t, "/")
	if got := desk.submit(t, `form button`); got != "/login" {
		t.Errorf("sign-out led to %s", got)
	}
	if desk.cookie(t) != nil {
		t.Error("sign-out left the cookie")
	}
	desk.quiet(t)
	lamp.quiet(t)
}

func signOut(id string) chromedp.CSS { return chromedp.CSS(`[name=sign-out][value="` + id + `"]`) }

// cookieOnly sends a copy of the cookie, as a thief would.
func cookieOnly(t *testing.T, site string, c *network.Cookie) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, site+"/api/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}
