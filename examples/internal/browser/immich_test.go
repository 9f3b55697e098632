package browser_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/signedin/signedin/store/storetest/need"
)

// What the clients say that they are.
const (
	firefox = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0"
	safari  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1"
)

// quietFor is how long a client that was signed out is watched.
const quietFor = 10 * time.Second

// installClients installs Immich's own clients and a Node.js that is new enough
// for them, and returns the folder. It skips the test where npm is missing.
func installClients(t *testing.T) string {
	t.Helper()
	npm := need.Program(t, "npm")
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", "client.mjs"} {
		text, err := os.ReadFile(filepath.Join("immich", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), npm, "ci", "--no-audit", "--no-fund", "--loglevel=error")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	return dir
}

func nodeIn(dir string) string { return filepath.Join(dir, "node_modules", "node", "bin", "node") }

// heard is what a client tells.
type heard struct {
	Event    string
	At       int64 // milliseconds of Unix time
	Status   int
	Text     string
	Sessions []string
	Body     json.RawMessage
}

// client is Immich's SDK and socket.io's client, in a process of their own.
type client struct {
	t     *testing.T
	name  string
	in    io.Writer
	heard chan heard
}

func newClient(t *testing.T, dir, name, site, agent string) *client {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), nodeIn(dir), "client.mjs", site, email, password, agent)
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &client{t, name, in, make(chan heard, 1000)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var h heard
			if err := json.Unmarshal(lines.Bytes(), &h); err != nil {
				t.Errorf("%s says %s: %v", name, lines.Bytes(), err)
				continue
			}
			c.heard <- h
		}
	}()
	t.Cleanup(func() {
		_, _ = io.WriteString(in, "quit\n")
		<-ended
		_ = cmd.Wait()
	})
	t.Logf("%s: Node.js %s", name, c.expect("ready").Text)
	return c
}

// expect waits for the next that is told, which must be the event.
func (c *client) expect(event string) heard {
	c.t.Helper()
	select {
	case h := <-c.heard:
		if h.Event != event {
			c.t.Fatalf("%s: got %+v %s, want %s", c.name, h, h.Body, event)
		}
		return h
	case <-time.After(patience):
		c.t.Fatalf("%s: no %s came", c.name, event)
	}
	return heard{}
}

// do gives a command and returns what came of it.
func (c *client) do(command string) heard {
	c.t.Helper()
	c.say(command)
	h := c.expect(command)
	c.t.Logf("%s: %s: %d %s%s%s", c.name, command, h.Status, h.Text, strings.Join(h.Sessions, "; "), h.Body)
	return h
}

func (c *client) say(command string) {
	c.t.Helper()
	if _, err := io.WriteString(c.in, command+"\n"); err != nil {
		c.t.Fatal(err)
	}
}

// ok gives a command that must succeed.
func (c *client) ok(command, text string) heard {
	c.t.Helper()
	h := c.do(command)
	if h.Status != http.StatusOK || h.Text != text {
		c.t.Errorf("%s: %s: got %d %q, want %q", c.name, command, h.Status, h.Text, text)
	}
	return h
}

func (c *client) connect() {
	c.t.Helper()
	c.say("socket")
	c.expect("connect")
	c.t.Logf("%s: the socket is connected", c.name)
}

// silent fails the test if the client has told anything.
func (c *client) silent() bool {
	c.t.Helper()
	silent := len(c.heard) == 0
	for len(c.heard) > 0 {
		h := <-c.heard
		c.t.Errorf("%s: got %+v, want silence", c.name, h)
	}
	return silent
}

// cli runs Immich's command line, and checks what it writes.
func cli(t *testing.T, dir, site, key, want string, args ...string) {
	t.Helper()
	args = append([]string{filepath.Join("node_modules", "@immich", "cli", "bin", "immich"), "--url", site + "/api", "--key", key}, args...)
	cmd := exec.CommandContext(t.Context(), nodeIn(dir), args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	t.Logf("immich %s:\n%s", strings.Join(args[5:], " "), out)
	if err != nil || !strings.Contains(string(out), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

// photos writes pictures, or what may pass for them, for the command line.
func photos(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for i := range 3 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.jpg", i)), fmt.Appendf(nil, "picture %d", i), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// immichSignIn signs in as a person does.
func (p *profile) immichSignIn(t *testing.T) {
	t.Helper()
	if got := p.open(t, "/devices"); got != "/auth/login" {
		t.Fatalf("%s: signed out, the page led to %s", p.name, got)
	}
	p.picture(t, "immich-login")
	p.fill(t, "#email", email)
	p.fill(t, "#password", password)
	if got := p.submit(t, "form button"); got != "/photos" {
		t.Fatalf("%s: the sign-in led to %s", p.name, got)
	}
	p.waitFor(t, `document.querySelector("#live").innerText == "Connected"`)
	p.picture(t, "immich-photos")
}

// waitFor waits until an expression is true.
func (p *profile) waitFor(t *testing.T, condition string) {
	t.Helper()
	for end := time.Now().Add(patience); !run(t, p, chromedp.Evaluate[bool](condition)); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: never: %s", p.name, condition)
		}
	}
}

func (p *profile) immichRows(t *testing.T) []row {
	t.Helper()
	p.open(t, "/devices")
	return run(t, p, chromedp.Evaluate[[]row](rowsScript))
}

// confirm proves by Immich's password who is there.
func (p *profile) confirm(t *testing.T) {
	t.Helper()
	p.open(t, "/devices-confirm?next=/devices")
	p.picture(t, "immich-confirm")
	p.fill(t, "input[name=password]", password)
	if got := p.submit(t, "form button"); got != "/devices" {
		t.Fatalf("%s: the password led to %s", p.name, got)
	}
}

// signOut signs out another device, and returns when the browser sent the form,
// in milliseconds of Unix time.
func (p *profile) signOut(t *testing.T, id string) (sent int64) {
	t.Helper()
	run(t, p, chromedp.Evaluate[chromedp.Void](`addEventListener("submit", () => { sessionStorage.sent = Date.now() })`))
	p.submit(t, signOut(id))
	return run(t, p, chromedp.Evaluate[int64](`Number(sessionStorage.sent)`))
}

// Immich's own clients through the proxy: they sign in, and one is signed out
// on the page of the devices.
func TestImmichClients(t *testing.T) {
	t.Parallel()
	chromium := findChromium(t)
	dir := installClients(t)
	site, told := startProgram(t, "immich-proxy", "-fake")
	i := slices.IndexFunc(told, func(s string) bool { return strings.HasPrefix(s, "API key") })
	if i < 0 {
		t.Fatalf("got %q, want an API key", told)
	}
	_, key, _ := strings.Cut(told[i], ": ")

	laptop, tablet := newClient(t, dir, "laptop", site, firefox), newClient(t, dir, "tablet", site, safari)
	for _, c := range []*client{laptop, tablet} {
		c.ok("login", email)
		c.ok("me", email)
	}
	if h := laptop.do("list"); len(h.Sessions) != 2 {
		t.Errorf("got %q, want two sessions", h.Sessions)
	}
	laptop.ok("upload", "created")
	laptop.ok("upload", "duplicate")
	laptop.connect()
	pictures := photos(t)
	cli(t, dir, site, key, "3.1.0", "server-info")
	cli(t, dir, site, key, "Successfully uploaded 3 new assets", "upload", pictures)
	cli(t, dir, site, key, "3 duplicates", "upload", pictures)

	desk := newProfile(t, chromium, "desk", site)
	desk.immichSignIn(t)
	rows := desk.immichRows(t)
	t.Logf("devices: %+v", rows)
	if len(rows) != 3 || !rows[0].Current {
		t.Fatalf("got %+v, want three, this one first", rows)
	}
	desk.picture(t, "immich-devices")
	desk.confirm(t)
	gone := find(t, desk.immichRows(t), "Firefox")
	sent := desk.signOut(t, gone)
	event, cut := laptop.expect("on_session_delete"), laptop.expect("disconnect")
	t.Logf("laptop: the event came %d ms after the form was sent, the disconnect %d ms (%s)", event.At-sent, cut.At-sent, cut.Text)
	if cut.Text != "io server disconnect" {
		t.Errorf("got %q, want the server's own disconnect", cut.Text)
	}
	desk.picture(t, "immich-signed-out")
	time.Sleep(quietFor) // the clients are real, and so is the time they would take
	if laptop.silent() {
		t.Logf("laptop: 0 reconnects in %v", quietFor)
	}
	checkRefused(t, laptop)
	laptop.ok("login", email) // with the dead cookie in the jar
	laptop.ok("me", email)
	laptop.connect()
	tablet.ok("me", email)

	checkWebClient(t, desk, newProfile(t, chromium, "lamp", site))
}

// find returns the ID of another device whose label begins like that.
func find(t *testing.T, rows []row, label string) string {
	t.Helper()
	i := slices.IndexFunc(rows, func(r row) bool { return !r.Current && strings.HasPrefix(r.Label, label) })
	if i < 0 {
		t.Fatalf("no other %s in %+v", label, rows)
	}
	return rows[i].ID
}

// checkRefused checks that the client gets Immich's own 401.
func checkRefused(t *testing.T, c *client) {
	t.Helper()
	h := c.do("me")
	var body struct{ Message string }
	if err := json.Unmarshal(h.Body, &body); err != nil || h.Status != http.StatusUnauthorized ||
		body.Message != "Authentication required" && body.Message != "Invalid user token" {
		t.Errorf("got %d %s, want Immich's own 401", h.Status, h.Body)
	}
}

// checkWebClient signs out a browser that shows the photos: it goes to the
// sign-in page by itself, and can sign in again.
func checkWebClient(t *testing.T, desk, lamp *profile) {
	t.Helper()
	lamp.immichSignIn(t)
	gone := find(t, desk.immichRows(t), "Chrom")
	sent := desk.signOut(t, gone)
	lamp.waitFor(t, `location.pathname == "/auth/login"`)
	t.Logf("lamp: on the sign-in page at most %d ms after the form was sent", time.Now().UnixMilli()-sent)
	lamp.immichSignIn(t)
	desk.quiet(t)
}
