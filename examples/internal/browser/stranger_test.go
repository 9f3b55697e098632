package browser_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

const (
	netherlands = "193.0.6.139"    // the RIPE NCC
	australia   = "203.119.101.61" // the APNIC

	firefoxAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
)

// at puts the browser at an address, as a trusted proxy tells.
func (p *profile) at(t *testing.T, ip string) {
	t.Helper()
	call(t, p, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"X-Forwarded-For": ip}})
}

// text returns what the page shows there, in one line.
func (p *profile) text(t *testing.T, selector chromedp.CSS) string {
	t.Helper()
	return strings.Join(strings.Fields(run(t, p, chromedp.Text(selector))), " ")
}

// latestMail opens the e-mail that the site would have sent last, and returns
// it and how many there are.
func (p *profile) latestMail(t *testing.T) (mail string, n int) {
	t.Helper()
	p.open(t, "/outbox")
	n = run(t, p, chromedp.Evaluate[int](`document.querySelectorAll("a[href^='?mail=']").length`))
	if n == 0 {
		return "", 0
	}
	p.submit(t, `a[href^="?mail="]`)
	return p.text(t, `pre`), n
}

// Somebody who knows the password, after a wrong one, signs in from another
// country with another browser. An e-mail says so; the first browser says so,
// and why, and signs it out; another e-mail says that.
func TestStranger(t *testing.T) {
	chromium := findChromium(t)
	site, _ := startProgram(t, "quickstart", "-trusted-proxies", "127.0.0.1/32")
	alice := newProfile(t, chromium, "Alice", site)
	alice.at(t, netherlands)
	alice.signIn(t, true)
	if mail, n := alice.latestMail(t); n != 0 {
		t.Errorf("%d e-mails about nothing: %s", n, mail)
	}

	stranger := newProfile(t, chromium, "the stranger", site)
	stranger.at(t, australia)
	call(t, stranger, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: firefoxAgent})
	stranger.open(t, "/login")
	stranger.fill(t, `input[name=email]`, email)
	stranger.fill(t, `input[name=password]`, "a guess")
	stranger.submit(t, `form button`)
	stranger.signIn(t, false)

	alice.checkAlert(t)
	alice.checkQuestion(t)
	if rows := stranger.rows(t); len(rows) != 2 {
		t.Errorf("the stranger sees %v", rows)
	}
	if run(t, stranger, chromedp.Evaluate[bool](`document.querySelector(".badge, .question") != null`)) {
		t.Error("the stranger is told what looks wrong")
	}

	alice.open(t, devices)
	if got := alice.submit(t, `[name=not-me]`); got != "/password?after=not-me" {
		t.Errorf("Not me led to %s", got)
	}
	if got := alice.text(t, `.notice`); !strings.Contains(got, "It is signed out.") {
		t.Errorf("the page says %q", got)
	}
	alice.open(t, devices)
	if got := alice.text(t, `.notice`); !strings.Contains(got, "Firefox on Windows was signed out. Whoever it was may know your password: please change it now.") {
		t.Errorf("the list says %q", got)
	}
	alice.picture(t, "not-me")
	if got := stranger.open(t, devices); !strings.HasPrefix(got, "/login") {
		t.Errorf("the stranger is on %s", got)
	}
	if rows := alice.rows(t); len(rows) != 1 || !rows[0].Current {
		t.Errorf("signed in are %v", rows)
	}
	if mail, n := alice.latestMail(t); n != 2 || !strings.Contains(mail, "Subject: A device was signed out of signedin quickstart") || !strings.Contains(mail, "Firefox on Windows, in Australia") {
		t.Errorf("of %d e-mails, the last is: %s", n, mail)
	}
	alice.picture(t, "outbox-denied")
}

// checkAlert looks at the one e-mail that there is.
func (p *profile) checkAlert(t *testing.T) {
	t.Helper()
	mail, n := p.latestMail(t)
	p.picture(t, "outbox-alert")
	for _, want := range []string{
		"To: " + email + " Subject: Please check a sign-in to signedin quickstart ", "You're not usually active in Australia.",
		"Firefox on Windows, in Australia (approximate)", "press “Not me”",
	} {
		if n != 1 || !strings.Contains(mail, want) {
			t.Errorf("of %d e-mails, the last does not say %q: %s", n, want, mail)
		}
	}
	if link := regexp.MustCompile(`https?:|www\.`).FindString(mail); link != "" {
		t.Errorf("there is a link in %s", mail)
	}
	if wide := run(t, p, chromedp.Evaluate[int](`document.documentElement.scrollWidth - innerWidth`)); wide > 0 {
		t.Errorf("the page is %d px too wide", wide)
	}
}

const question = `#look ~ ul .question`

// checkQuestion looks at what the page asks about the other browser.
func (p *profile) checkQuestion(t *testing.T) {
	t.Helper()
	p.open(t, devices)
	p.picture(t, "stranger")
	if got := p.text(t, `.looks`); got != "1 device needs a look. Go there" {
		t.Errorf("the top says %q", got)
	}
	if got := p.text(t, question+` p`); got != "Check this New device New location Active in 2 countries" {
		t.Errorf("the badges say %q", got)
	}
	why := p.text(t, question+` ul`)
	for _, want := range []string{"You're not usually active in Australia.", "A device you don't usually use: Firefox on Windows."} {
		if strings.Count(why, want) != 1 {
			t.Errorf("the reasons are %q, want %q once", why, want)
		}
	}
	p.picture(t, "stranger-why")
	p.quiet(t)
}
