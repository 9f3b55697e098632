package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/signedin/signedin/examples/internal/hosttest"
	"github.com/signedin/signedin/store/storetest/need"
)

// program is an immich-proxy that runs.
type program struct {
	*hosttest.Program
	t *testing.T
}

// start returns once the program serves. Under the race detector it skips the test: that
// makes SQLite in Go 20 times slower, and the proxy itself has tests without it.
func start(t *testing.T, f flags) *program {
	t.Helper()
	if need.RaceDetector {
		t.Skip("SKIPPED: a program on SQLite in Go, under the race detector")
	}
	p, err := hosttest.Launch(t, func(ctx context.Context, stdout, stderr io.Writer) error { return run(ctx, f, stdout, stderr) })
	if err != nil {
		t.Fatal(err)
	}
	return &program{p, t}
}

// do sends a request as a page of the site does; headers alternate with their
// values.
func (p *program) do(method, path, body string, headers ...string) (*http.Response, string) {
	p.t.Helper()
	return read(p.t, hosttest.Send(p.t, hosttest.Plain, method, p.Site+path, body, append([]string{"Sec-Fetch-Site", "same-origin"}, headers...)...))
}

// read returns an answer and its body.
func read(t *testing.T, res *http.Response) (*http.Response, string) {
	t.Helper()
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(got)
}

func (p *program) check(want int, method, path, body string, headers ...string) (*http.Response, string) {
	p.t.Helper()
	res, got := p.do(method, path, body, headers...)
	if res.StatusCode != want {
		p.t.Errorf("%s %s: got %s: %s, want %d", method, path, res.Status, got, want)
	}
	return res, got
}

// login returns the Cookie header of a new session of Immich.
func (p *program) login(agent string) string {
	p.t.Helper()
	res, _ := p.check(http.StatusCreated, "POST", "/api/auth/login", `{"email":"`+fakeEmail+`","password":"`+fakePassword+`"}`,
		"Content-Type", "application/json", "User-Agent", agent)
	if c := cookieOf(res); c != "" {
		return "immich_access_token=" + c
	}
	p.t.Fatal("no cookie")
	return ""
}

// cookieOf returns the token that a sign-in was answered with.
func cookieOf(res *http.Response) string {
	for _, c := range res.Cookies() {
		if c.Name == "immich_access_token" {
			return c.Value
		}
	}
	return ""
}

const (
	desk  = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
	phone = "immich-android/3.1.0"
)

// The whole way through: two devices sign in to Immich, one sees both and signs
// the other out.
func TestFake(t *testing.T) {
	p := start(t, flags{addr: "127.0.0.1:0", devices: "/devices", fake: true})
	if told := strings.Join(p.Told, "\n"); !strings.Contains(told, fakeEmail) || !strings.Contains(told, fakePassword) || !strings.Contains(told, "API key") {
		t.Errorf("got %s", told)
	}
	if res, _ := p.check(http.StatusSeeOther, "GET", "/devices", "", "Accept", "text/html"); res.Header.Get("Location") != "/auth/login" {
		t.Errorf("who is not signed in goes to %q", res.Header.Get("Location"))
	}
	if _, got := p.check(http.StatusOK, "GET", "/auth/login", ""); !strings.Contains(got, "stand-in of Immich") {
		t.Errorf("got %s", got)
	}
	p.check(http.StatusUnauthorized, "GET", "/devices/api/sessions", "")
	mine, other := p.login(desk), p.login(phone)
	p.check(http.StatusOK, "POST", "/api/auth/validateToken", "", "Cookie", other, "User-Agent", phone)
	_, page := p.check(http.StatusOK, "GET", "/devices", "", "Cookie", mine, "User-Agent", desk, "Accept", "text/html")
	for _, want := range []string{"Firefox", "Immich", "Device activity", "IP2Location"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q on the page: %s", want, page)
		}
	}
	id := p.otherID(mine)
	p.check(http.StatusNoContent, "DELETE", "/devices/api/sessions/"+id, "", "Cookie", mine, "User-Agent", desk)
	if _, got := p.check(http.StatusUnauthorized, "POST", "/api/auth/validateToken", "", "Cookie", other, "User-Agent", phone); got != `{"message":"Invalid user token"}` && got != `{"message":"Authentication required"}` {
		t.Errorf("got %s, want Immich's own words", got)
	}
	p.check(http.StatusNotFound, "GET", "/devices-else", "", "Cookie", mine) // Immich's
	p.End(t)
	if p.Stderr.Len() > 0 {
		t.Errorf("it wrote: %s", &p.Stderr)
	}
}

// A proxy in front whose headers are not believed, since nobody has said that it is one,
// is said once to be there, and is nobody's place.
func TestProxyThatIsNotTrusted(t *testing.T) {
	p := start(t, flags{addr: "127.0.0.1:0", devices: "/devices", fake: true})
	forwarded := []string{"X-Forwarded-For", "8.8.8.8"}
	sign := func(agent string) string {
		res, _ := p.check(http.StatusCreated, "POST", "/api/auth/login", `{"email":"`+fakeEmail+`","password":"`+fakePassword+`"}`,
			append(forwarded, "Content-Type", "application/json", "User-Agent", agent)...)
		return "immich_access_token=" + cookieOf(res)
	}
	mine := sign(desk)
	sign(phone)
	_, page := p.check(http.StatusOK, "GET", "/devices", "", append(forwarded, "Cookie", mine, "User-Agent", desk, "Accept", "text/html")...)
	for _, never := range []string{"127.0.0.1", "8.8.8.8", "The computer that the site runs on"} {
		if strings.Contains(page, never) {
			t.Errorf("%s is on the page: %s", never, page)
		}
	}
	if n := strings.Count(page, "Location unknown"); n != 2 {
		t.Errorf("%d places are unknown: %s", n, page)
	}
	p.End(t)
	if log := p.Stderr.String(); strings.Count(log, "\n") != 1 || !strings.Contains(log, "X-Forwarded-For comes from 127.0.0.1, which is not trusted") {
		t.Errorf("it wrote: %s", log)
	}
}

// Browsers that are signed in to Immich are no apps, and its app is one.
func TestBrowsersAndApps(t *testing.T) {
	p := start(t, flags{addr: "127.0.0.1:0", devices: "/devices", fake: true})
	defer p.End(t)
	mine := p.login(desk)
	p.login("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0")
	p.login(phone)
	_, page := p.check(http.StatusOK, "GET", "/devices", "", "Cookie", mine, "User-Agent", desk)
	for icon, title := range map[string]string{"desktop": "Firefox on Windows", "app": "Immich app on Android"} { // all are new, and asked about
		if !regexp.MustCompile(`#i-` + icon + `"/></svg><div class=what><h3 id=l\d+><bdi>` + title).MatchString(page) {
			t.Errorf("%s is no %s: %s", title, icon, page)
		}
	}
}

// otherID returns the ID of the session that is not the one of the cookie.
func (p *program) otherID(cookie string) string {
	p.t.Helper()
	_, body := p.check(http.StatusOK, "GET", "/devices/api/sessions", "", "Cookie", cookie, "User-Agent", desk)
	var list []struct {
		ID      string
		Current bool
	}
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		p.t.Fatal(err)
	}
	for _, s := range list {
		if !s.Current {
			return s.ID
		}
	}
	p.t.Fatalf("got %s, want another", body)
	return ""
}

// The page that asks for the password has Immich check it.
func TestConfirm(t *testing.T) {
	p := start(t, flags{addr: "127.0.0.1:0", devices: "/my/devices", fake: true})
	defer p.End(t)
	cookie := p.login(desk)
	_, page := p.check(http.StatusOK, "GET", "/my/devices-confirm?next=/my/devices/sign-out-others", "", "Cookie", cookie, "User-Agent", desk)
	token := regexp.MustCompile(`name="form" value="([^"]+)"`).FindStringSubmatch(page)
	if token == nil || !strings.Contains(page, fakeEmail) {
		t.Fatalf("got %s", page)
	}
	for _, c := range []struct {
		form, password string
		want           int
	}{
		{token[1], "wrong", http.StatusUnauthorized},
		{"", fakePassword, http.StatusForbidden},
		{token[1], fakePassword, http.StatusSeeOther},
	} {
		form := url.Values{"form": {c.form}, "password": {c.password}, "next": {"/my/devices/sign-out-others"}}
		res, _ := p.check(c.want, "POST", "/my/devices-confirm", form.Encode(), "Cookie", cookie, "User-Agent", desk, "Content-Type", "application/x-www-form-urlencoded")
		if to := res.Header.Get("Location"); c.want == http.StatusSeeOther && to != "/my/devices/sign-out-others" {
			t.Errorf("it leads to %q", to)
		}
	}
	for n := range maxTries + 1 {
		want := http.StatusUnauthorized
		if n == maxTries {
			want = http.StatusTooManyRequests
		}
		form := url.Values{"form": {token[1]}, "password": {"wrong"}}
		p.check(want, "POST", "/my/devices-confirm", form.Encode(), "Cookie", cookie, "User-Agent", desk, "Content-Type", "application/x-www-form-urlencoded")
	}
	// What was started to check it is gone.
	if _, list := p.check(http.StatusOK, "GET", "/api/sessions", "", "Cookie", cookie, "User-Agent", desk); strings.Count(list, `"id"`) != 1 {
		t.Errorf("got %s, want one session", list)
	}
}

// What cannot be started makes nothing, and says in one line what is wrong.
func TestRefused(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	const addr, target = "127.0.0.1:0", "http://127.0.0.1:1"
	for name, c := range map[string]struct {
		flags flags
		made  bool // the database is opened before it is known
		want  string
	}{
		"no target":     {flags{addr: addr}, false, "give -target"},
		"two targets":   {flags{addr: addr, target: target, fake: true}, false, "give -target"},
		"address taken": {flags{addr: taken.Addr().String(), target: target}, false, "-addr: listen tcp"},
		"proxies":       {flags{addr: addr, target: target, proxies: "nonsense"}, false, `-trusted-proxies: "nonsense" is no prefix`},
		"no URL":        {flags{addr: addr, target: "127.0.0.1:2283"}, true, "-target: "},
		"no path":       {flags{addr: addr, target: target, devices: "devices"}, true, "-devices: "},
		"Immich's path": {flags{addr: addr, target: target, devices: "/"}, false, "-devices: "},
	} {
		dir := t.TempDir()
		c.flags.db = filepath.Join(dir, "immich-proxy.db")
		err := run(t.Context(), c.flags, io.Discard, io.Discard)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
		if made, _ := os.ReadDir(dir); len(made) > 0 && !c.made {
			t.Errorf("%s: made %v", name, made)
		}
	}
}

// A restart keeps the devices; Immich down is 502, and signs nobody out.
func TestRestart(t *testing.T) {
	fake, err := newFake()
	if err != nil {
		t.Fatal(err)
	}
	defer fake.close()
	f := flags{addr: "127.0.0.1:0", devices: "/devices", target: fake.url, db: filepath.Join(t.TempDir(), "immich-proxy.db")}
	p := start(t, f)
	mine := p.login(desk)
	p.login(phone)
	p.End(t)
	p = start(t, f)
	p.otherID(mine)
	fake.server.Refuse(http.StatusBadGateway)
	p.check(http.StatusBadGateway, "GET", "/api/users/me", "", "Cookie", mine)
	fake.server.Refuse(0)
	p.check(http.StatusOK, "GET", "/api/users/me", "", "Cookie", mine)
	p.End(t)
}

// The page says what Immich's own list has that ours has not.
func TestRemarks(t *testing.T) {
	fake, err := newFake()
	if err != nil {
		t.Fatal(err)
	}
	defer fake.close()
	p := start(t, flags{addr: "127.0.0.1:0", devices: "/devices", target: fake.url, db: filepath.Join(t.TempDir(), "db")})
	defer p.End(t)
	mine := p.login(desk)
	past := *p
	past.Program = &hosttest.Program{Site: fake.url}
	past.login(desk)
	_, page := p.check(http.StatusOK, "GET", "/devices", "", "Cookie", mine, "User-Agent", desk, "Accept", "text/html")
	if want := "Immich has 1 more device that has not come by here: Firefox"; !strings.Contains(page, want) {
		t.Errorf("no %s on %s", want, page)
	}
}

// A switch leads from what Immich has of its own to the page.
func TestLead(t *testing.T) {
	for _, leads := range []bool{false, true} {
		p := start(t, flags{addr: "127.0.0.1:0", devices: "/devices", fake: true, lead: leads})
		const own = "/user-settings?isOpen=app-settings+authorized-devices"
		res, _ := p.do("GET", own, "", "Accept", "text/html")
		if got := res.Header.Get("Location"); (got == "/devices") != leads {
			t.Errorf("%v: it leads to %q", leads, got)
		}
		for _, other := range []string{"/user-settings", "/user-settings?isOpen=password"} {
			if res, _ := p.do("GET", other, "", "Accept", "text/html"); res.Header.Get("Location") != "" {
				t.Errorf("%s leads to %q", other, res.Header.Get("Location"))
			}
		}
		_, config := p.check(http.StatusOK, "GET", "/api/server/config", "", "Sec-Fetch-Mode", "cors")
		var is struct {
			LoginPageMessage string
			TrashDays        int
		}
		if err := json.Unmarshal([]byte(config), &is); err != nil || strings.Contains(is.LoginPageMessage, `href="/devices"`) != leads || is.TrashDays != 30 {
			t.Errorf("%v: got %s, %v", leads, config, err)
		}
		if _, app := p.check(http.StatusOK, "GET", "/api/server/config", ""); strings.Contains(app, "/devices") {
			t.Errorf("the app gets %s", app)
		}
		p.End(t)
	}
}
