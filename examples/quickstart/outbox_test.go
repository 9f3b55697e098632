package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/signedin/signedin/examples/internal/demo"
	"github.com/signedin/signedin/examples/internal/hosttest"
)

// browser is a client at an address, which a proxy tells of.
type browser struct {
	http.Client
	site, ip, agent string
}

func newBrowser(t *testing.T, p *program, ip, agent string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{site: p.Site, ip: ip, agent: agent}
	b.Jar = jar
	b.CheckRedirect = hosttest.Plain.CheckRedirect
	return b
}

func (b *browser) do(t *testing.T, method, path, body string) (*http.Response, string) {
	t.Helper()
	header := []string{"User-Agent", b.agent, "X-Forwarded-For", b.ip}
	if method == http.MethodPost {
		header = append(header, "Content-Type", "application/x-www-form-urlencoded", "Origin", b.site)
	}
	res := hosttest.Send(t, &b.Client, method, b.site+path, body, header...)
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(page)
}

func (b *browser) signIn(t *testing.T, email, password string, want int) {
	t.Helper()
	form := url.Values{"email": {email}, "password": {password}}
	if res, page := b.do(t, http.MethodPost, "/login", form.Encode()); res.StatusCode != want {
		t.Fatalf("sign-in: got %s %s, want %d", res.Status, page, want)
	}
}

// mails returns what is in the folder.
func mails(t *testing.T, dir string) (all []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.eml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		mail, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(mail))
	}
	return all
}

const (
	windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
	android = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"

	netherlands = "193.0.6.139"    // the RIPE NCC
	australia   = "203.119.101.61" // the APNIC
)

// Somebody signs in from another country with another browser, after some wrong
// passwords: the outbox has one e-mail, which says so, and its reader is not the
// one of another user.
func TestOutbox(t *testing.T) {
	f := flags{addr: "127.0.0.1:0", db: filepath.Join(t.TempDir(), "quickstart.db"), insecure: true, proxies: "127.0.0.1/32"}
	p := start(t, f)
	dir := f.db + ".outbox"
	mine := newBrowser(t, p, netherlands, windows)
	mine.signIn(t, demo.Emails[0], demo.Password, http.StatusSeeOther)
	mine.signIn(t, demo.Emails[0], demo.Password, http.StatusSeeOther) // again, by the same browser
	if all := mails(t, dir); len(all) > 0 {
		t.Fatalf("an e-mail about nothing: %s", all[0])
	}
	theirs := newBrowser(t, p, australia, android)
	for range 3 {
		theirs.signIn(t, demo.Emails[0], "guess", http.StatusUnauthorized)
	}
	theirs.signIn(t, demo.Emails[0], demo.Password, http.StatusSeeOther)
	all := mails(t, dir)
	if len(all) != 1 {
		t.Fatalf("got %d e-mails, want 1", len(all))
	}
	head, body, _ := strings.Cut(all[0], "\n\n")
	for _, want := range []string{"To: alice@example.com\n", "Subject: Please check a sign-in to signedin quickstart\n", "Date: "} {
		if !strings.Contains(head, want) {
			t.Errorf("%q is missing in %s", want, head)
		}
	}
	flat := strings.Join(strings.Fields(body), " ")
	for _, want := range []string{
		"You're not usually active in Australia.", "A device you don't usually use: Chrome on Android.", "3 wrong passwords were tried just before.",
		"Chrome on Android, in Australia (approximate)", "Firefox on Windows, in the Netherlands (approximate)",
	} {
		if !strings.Contains(flat, want) {
			t.Errorf("%q is missing in %s", want, body)
		}
	}
	if regexp.MustCompile(`https?:|www\.`).MatchString(all[0]) {
		t.Errorf("there is a link in %s", all[0])
	}

	_, page := mine.do(t, http.MethodGet, "/outbox", "")
	link := regexp.MustCompile(`href="(\?mail=[^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(link) != 1 {
		t.Fatalf("got %s", page)
	}
	if res, page := mine.do(t, http.MethodGet, "/outbox"+link[0][1], ""); res.StatusCode != http.StatusOK || !strings.Contains(page, "You&#39;re not usually active in Australia.") {
		t.Errorf("got %s %s", res.Status, page)
	}
	bob := newBrowser(t, p, netherlands, windows)
	bob.signIn(t, demo.Emails[1], demo.Password, http.StatusSeeOther)
	for path, want := range map[string]int{"/outbox" + link[0][1]: 404, "/outbox?mail=..%2F..%2Fquickstart.db": 404, "/outbox": 200} {
		if res, page := bob.do(t, http.MethodGet, path, ""); res.StatusCode != want || strings.Contains(page, "Australia") {
			t.Errorf("bob at %s: got %s %s", path, res.Status, page)
		}
	}
	if res, _ := newBrowser(t, p, netherlands, windows).do(t, http.MethodGet, "/outbox", ""); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("nobody: got %s", res.Status)
	}
	p.End(t)

	// What was told is told no more, even after a restart.
	p = start(t, f)
	newBrowser(t, p, australia, android).signIn(t, demo.Emails[0], demo.Password, http.StatusSeeOther)
	mine.site = p.Site
	mine.signIn(t, demo.Emails[0], demo.Password, http.StatusSeeOther)
	if n := len(mails(t, dir)); n != 1 {
		t.Errorf("got %d e-mails after a restart, want the one", n)
	}
	p.End(t)
}
