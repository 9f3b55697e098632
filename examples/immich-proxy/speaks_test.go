package main

import (
	"html/template"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/signedin/signedin/examples/internal/hosttest"
	"github.com/signedin/signedin/middleware/immich"
	"github.com/signedin/signedin/session/locale/catalog"
)

// Everything that is said about Immich is said in each language: the page, its remarks,
// the question for the password with its answers, and the link to it all.
func TestSpeaks(t *testing.T) {
	fake, err := newFake()
	if err != nil {
		t.Fatal(err)
	}
	defer fake.close()
	p := start(t, flags{addr: "127.0.0.1:0", devices: "/devices", target: fake.url, db: filepath.Join(t.TempDir(), "db"), lead: true})
	defer p.End(t)
	past := *p
	past.Program = &hosttest.Program{Site: fake.url}
	for range 2 {
		past.login(desk)
	}
	form := regexp.MustCompile(`name="form" value="([^"]+)"`)
	for _, tag := range append(catalog.Tags(), "en") {
		l, mine := catalog.Get(tag), p.login(desk) // who may be wrong a few times
		get := func(method, path, body string, more ...string) string {
			t.Helper()
			_, got := p.do(method, path, body, append([]string{"Cookie", mine, "User-Agent", desk, "Accept", "text/html", "Accept-Language", tag}, more...)...)
			if want := `<html lang="` + tag + `"`; !strings.Contains(got, want) && !strings.HasPrefix(path, "/api") {
				t.Errorf("%s: no %s on %s: %s", tag, want, path, got)
			}
			return got
		}
		wants := func(page, where string, names ...string) {
			t.Helper()
			for _, name := range names {
				beside, _, _ := strings.Cut(immich.Say(l, name, 2, ""), "\u2068") // without what is filled in, and its marks
				if want := template.HTMLEscapeString(regexp.MustCompile(`[:：].*`).ReplaceAllString(beside, "")); !strings.Contains(page, want) {
					t.Errorf("%s: %s has no %q: %s", tag, where, want, page)
				}
			}
		}
		wants(get("GET", "/devices", ""), "the page", "unseen.text")
		confirm := get("GET", "/devices-confirm", "")
		wants(confirm, "the form", "confirm.password", "confirm.button")
		if !strings.Contains(confirm, `dir="`+l.Dir()+`">`) {
			t.Errorf("%s: not %s: %s", tag, l.Dir(), confirm)
		}
		token := form.FindStringSubmatch(confirm)
		if token == nil {
			t.Fatalf("no form: %s", confirm)
		}
		wants(get("POST", "/devices-confirm", url.Values{"form": {token[1]}, "password": {fakePassword + "!"}}.Encode(), "Content-Type", "application/x-www-form-urlencoded"),
			"the answer", "confirm.wrong")
		wants(strings.ReplaceAll(get("GET", "/api/server/config", "", "Sec-Fetch-Mode", "cors"), `\u0026`, "&"), "the link", "lead")
	}
}
