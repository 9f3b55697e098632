package browser_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

const (
	brazil   = "200.160.0.8" // NIC.br
	listPage = devices + "/"
)

// counter counts what a person has to do.
type counter struct {
	*profile
	clicks, passwords int
}

func (c *counter) click(t *testing.T, selector chromedp.CSS) string {
	t.Helper()
	c.clicks++
	return c.submit(t, selector)
}

// settle waits until the page that goes on by itself has done so.
func (p *profile) settle(t *testing.T, path string) {
	t.Helper()
	for end := time.Now().Add(patience); !strings.HasPrefix(p.where(t), path); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s is on %s, not %s", p.name, p.where(t), path)
		}
	}
	run(t, p, chromedp.WaitVisible(chromedp.CSS(`h1`)))
}

func (c *counter) confirm(t *testing.T) string {
	t.Helper()
	c.settle(t, "/confirm")
	c.fill(t, `input[name=password]`, password)
	c.passwords++
	return c.click(t, `form button`)
}

// quickstartWithStranger has alice at home, and a stranger who knows her
// password.
func quickstartWithStranger(t *testing.T) (alice, stranger *profile) {
	t.Helper()
	chromium := findChromium(t)
	site, _ := startProgram(t, "quickstart", "-trusted-proxies", "127.0.0.1/32")
	alice = newProfile(t, chromium, "Alice", site)
	alice.at(t, netherlands)
	alice.signIn(t, true)
	stranger = newProfile(t, chromium, "the stranger", site)
	stranger.at(t, australia)
	call(t, stranger, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: firefoxAgent})
	stranger.open(t, "/login")
	stranger.fill(t, `input[name=email]`, email)
	stranger.fill(t, `input[name=password]`, "a guess")
	stranger.submit(t, `form button`)
	stranger.signIn(t, false)
	return alice, stranger
}

// The mail about a stranger reaches its reader on a journey, on the device that
// they always use: it is in doubt itself, says so, and after the password shows
// what there is.
func TestJourneyAbroad(t *testing.T) {
	alice, stranger := quickstartWithStranger(t)
	alice.at(t, brazil)
	if mail, _ := alice.latestMail(t); !strings.Contains(mail, "Not me") {
		t.Fatalf("the mail is %s", mail)
	}
	c := &counter{profile: alice}
	c.open(t, "/")
	c.click(t, `a[href="/account/devices"]`)
	alice.picture(t, "journey-1-doubt")
	if got := alice.text(t, `#doubt`); got != "What looks unusual is not shown yet" {
		t.Fatalf("the page says %q", got)
	}
	if run(t, alice, chromedp.Evaluate[bool](`document.querySelector(".badge, .question, .looks") != null`)) {
		t.Error("the page tells what looks unusual before")
	}
	c.click(t, `a[href^="/confirm"]`)
	if got := c.confirm(t); got != listPage {
		t.Errorf("the proof led to %s", got)
	}
	alice.picture(t, "journey-2-shown")
	c.click(t, `#look ~ ul [name=not-me]`)
	alice.picture(t, "journey-3-password")
	alice.fill(t, `input[name=new]`, "a new horse battery")
	c.click(t, `form button`)
	if got := alice.text(t, `[role=status]`); !strings.Contains(got, "Your password has changed.") {
		t.Errorf("the page says %q", got)
	}
	if got := stranger.open(t, devices); !strings.HasPrefix(got, "/login") {
		t.Errorf("the stranger is on %s", got)
	}
	t.Logf("from the start page to signed out and the password changed: %d clicks, %d password", c.clicks, c.passwords)
	if c.clicks > 5 || c.passwords > 1 {
		t.Errorf("%d clicks and %d passwords, want at most 5 and 1", c.clicks, c.passwords)
	}
	alice.quiet(t)
}

// Who signs in anew abroad is in doubt, and the password is not enough: the page
// leads to an e-mail, and the change of the password ends the stranger.
func TestSignInAbroad(t *testing.T) {
	_, stranger := quickstartWithStranger(t)
	c := &counter{profile: stranger} // to the site, the owner abroad looks the same
	c.open(t, devices)
	stranger.picture(t, "abroad-1-doubt")
	if got := stranger.text(t, `[aria-labelledby=doubt]`); !strings.Contains(got, "it takes more than the password") {
		t.Errorf("the page says %q", got)
	}
	if got := stranger.open(t, "/password"); !strings.HasPrefix(got, "/recover") {
		t.Errorf("in doubt, the password leads to %s", got)
	}
	c.open(t, devices)
	c.click(t, `a[href="/recover"]`)
	if got := run(t, stranger, chromedp.Evaluate[string](`document.querySelector("[name=email]").value`)); got != email {
		t.Errorf("the address is %q", got)
	}
	c.click(t, `form button`)
	mail, _ := stranger.latestMail(t)
	link := regexp.MustCompile(`/recover\?t=\S+`).FindString(mail)
	if link == "" {
		t.Fatalf("the mail is %s", mail)
	}
	c.clicks++ // on the link in the mail
	stranger.open(t, link)
	stranger.fill(t, `input[name=new]`, "a new horse battery")
	c.click(t, `form button`)
	if got := stranger.text(t, `[role=status]`); !strings.Contains(got, "All other devices were signed out.") {
		t.Errorf("the page says %q", got)
	}
	stranger.open(t, devices)
	if run(t, stranger, chromedp.Evaluate[bool](`document.querySelector("#doubt") != null`)) {
		t.Error("still in doubt")
	}
	t.Logf("from the list, in doubt, to the password changed: %d clicks", c.clicks)
	if c.clicks > 5 {
		t.Errorf("%d clicks", c.clicks)
	}
}
