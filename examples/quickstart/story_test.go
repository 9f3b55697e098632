package main

import (
	"html"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/signedin/signedin/examples/internal/demo"
)

// A week in Spain, with a table of countries: the journey of known devices is worth
// a mail at most, and the stranger in the middle of it is found all the same, by a
// mail that one click answers.
func TestWeekInSpain(t *testing.T) {
	f := flags{addr: "127.0.0.1:0", db: filepath.Join(t.TempDir(), "quickstart.db"), insecure: true, proxies: "127.0.0.1/32", demo: true}
	p := start(t, f)
	var journey, stranger []string
	for _, mail := range mails(t, f.db+".outbox") {
		flat := strings.Join(strings.Fields(mail), " ")
		switch {
		case !strings.Contains(mail, "To: "+demo.Emails[1]):
		case strings.Contains(flat, "Brazil"):
			stranger = append(stranger, flat)
		case strings.Contains(flat, "Spain"):
			journey = append(journey, flat)
		}
	}
	if len(journey) > 1 {
		t.Errorf("of the journey: got %d mails, want at most one: %q", len(journey), journey)
	}
	if len(stranger) != 1 || !strings.Contains(stranger[0], "You're not usually active in Brazil") {
		t.Errorf("of the stranger: got %d mails, want one: %q", len(stranger), stranger)
	}

	// At home again, on the laptop that the site knows.
	bob := newBrowser(t, p, demoStory.home, demoOffice.UserAgent)
	bob.signIn(t, demo.Emails[1], demo.Password, http.StatusSeeOther)
	asked := func() (list string, form string) {
		_, list = bob.do(t, http.MethodGet, demo.Devices, "")
		found := regexp.MustCompile(`name="form" value="([^"]+)"`).FindStringSubmatch(list)
		if found == nil {
			t.Fatalf("no form in %s", list)
		}
		return list, html.UnescapeString(found[1])
	}
	list, form := asked()
	button := regexp.MustCompile(`name="not-me" value="([^"]+)"`)
	id := ""
	for _, device := range strings.Split(list, "<li class=\"device") {
		if found := button.FindStringSubmatch(device); found != nil && strings.Contains(device, "Brazil") {
			id = found[1]
		} else if found != nil && strings.Contains(device, "Check this") {
			t.Errorf("a device of the user's own is to be checked: %s", device)
		}
	}
	if id == "" {
		t.Fatalf("the stranger cannot be answered: %s", list)
	}
	res, _ := bob.do(t, http.MethodPost, demo.Devices+"/act", url.Values{"form": {form}, "not-me": {id}}.Encode())
	if res.StatusCode != http.StatusSeeOther {
		t.Errorf("the click: got %s", res.Status)
	}
	if list, _ = asked(); strings.Contains(list, `name="not-me" value="`+id) || strings.Contains(list, `name="sign-out" value="`+id) {
		t.Error("one click, and the stranger is still in")
	}
	p.End(t)
}
