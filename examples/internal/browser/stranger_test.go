package browser_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// from is a program that signs in from an address, as a trusted proxy tells.
type from struct{ site, ip, agent string }

// signIn signs in with a bearer token, of which nothing is kept.
func (f from) signIn(t *testing.T) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.site+"/api/token",
		strings.NewReader(fmt.Sprintf(`{"email":%q,"password":%q}`, email, password)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("User-Agent", f.agent)
	req.Header.Set("X-Forwarded-For", f.ip)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusCreated {
		t.Fatalf("sign-in: %s", res.Status)
	}
}

// Somebody who knows the password signs in from another country with another
// device. The first device says so, why, and signs it out.
func TestStranger(t *testing.T) {
	chromium := findChromium(t)
	site, _ := startProgram(t, "quickstart", "-trusted-proxies", "127.0.0.0/8")
	p := newProfile(t, chromium, "Alice", site)
	call(t, p, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"X-Forwarded-For": "145.131.0.1"}})
	p.signIn(t, true)
	from{site, "8.8.8.8", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"}.signIn(t)

	p.open(t, devices)
	const question = `.question summary`
	if got := run(t, p, chromedp.Text(chromedp.CSS(question))); !strings.Contains(got, "Check this") || !strings.Contains(got, "New location") {
		t.Errorf("the badges say %q", got)
	}
	run(t, p, chromedp.Click(chromedp.CSS(question)))
	if got := run(t, p, chromedp.Text(chromedp.CSS(`.question ul`))); !strings.Contains(got, "You haven't been active in United States before.") {
		t.Errorf("the reasons are %q", got)
	}
	p.picture(t, "stranger")
	p.quiet(t)
	if got := p.submit(t, `[formaction$="/not-me"]`); got != devices+"/?notice=not-me" {
		t.Errorf("Not me led to %s", got)
	}
	if got := run(t, p, chromedp.Text(chromedp.CSS(`.notice`))); !strings.Contains(got, "It is signed out.") {
		t.Errorf("the page says %q", got)
	}
	p.picture(t, "not-me")
	if got := p.submit(t, `.notice a`); got != "/password" {
		t.Errorf("the notice led to %s", got)
	}
	if rows := p.rows(t); len(rows) != 1 || !rows[0].Current {
		t.Errorf("signed in are %v", rows)
	}
}
