package activity_test

import (
	"encoding/json"
	"html"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/session/locale"
	"github.com/signedin/signedin/session/risk"
)

var (
	filledIn = regexp.MustCompile(`%(\[\d\])?[sd]|\{\w+\}`)
	letters  = regexp.MustCompile(`\pL`)
	anyTag   = regexp.MustCompile(`<[^>]*>`)
	words    = regexp.MustCompile(`[A-Za-z]{2,}`)
	foreign  = regexp.MustCompile(`<bdi lang="en">[^<]*</bdi>`) // which says so
	shown    = regexp.MustCompile(` (placeholder|alt|title|aria-label)="([^"]*)"`)
)

// nobodys is a language without a Latin letter.
func nobodys() *locale.Locale {
	all := activity.Texts()
	maps.Copy(all, middleware.Texts())
	maps.Copy(all, locale.Texts())
	for code, text := range risk.Sentences() {
		all["signal."+code] = text
	}
	for name, text := range all {
		var b strings.Builder
		for {
			at := filledIn.FindStringIndex(text)
			if at == nil {
				b.WriteString(letters.ReplaceAllString(text, "ж"))
				break
			}
			b.WriteString(letters.ReplaceAllString(text[:at[0]], "ж") + text[at[0]:at[1]])
			text = text[at[1]:]
		}
		all[name] = b.String()
	}
	all["country.NL"], all["time.date"], all["time.day"] = "Ж", "{d}.{m}.{y}", "{d}.{m}."
	return &locale.Locale{Tag: "x-nobodys", Texts: all}
}

// No word of a page is English in another language, in no state.
func TestNoEnglishIsLeft(t *testing.T) {
	t.Parallel()
	l := nobodys()
	a := newAccount(t, activity.Config{Language: func(*http.Request) *locale.Locale { return l }})
	names := regexp.MustCompile(`^(Amsterdam|Netherlands|UTC|GMT|Go|Immich|Pixel|iPad|Safari|Chrome|Firefox|Windows|Linux|Android|iOS|macOS|Mac)$`)
	look := func(state, page string) {
		t.Helper()
		if !strings.Contains(page, "ж") {
			t.Fatalf("%s: no page in this language:\n%s", state, page)
		}
		text := foreign.ReplaceAllString(hidden.ReplaceAllString(page, ""), "")
		for _, m := range shown.FindAllStringSubmatch(text, -1) {
			text += " " + m[2]
		}
		for _, word := range words.FindAllString(html.UnescapeString(anyTag.ReplaceAllString(text, " ")), -1) {
			if !names.MatchString(word) {
				t.Errorf("%s: %q is left", state, word)
			}
		}
	}
	want(t, first(a.later.submit("/sign-out", "id", a.later.id())), http.StatusSeeOther)
	look("list", a.old.page(""))
	look("in doubt", a.strange.page(""))
	for _, path := range []string{"/sign-out-others", "/rename?id=" + a.id, "/do?do=sign-out&id=" + a.id, "/do?do=not-me&id=" + a.id, "/nothing", "/act", "/?after=x", "/?q=zzz"} {
		_, page := a.old.do("GET", base+path, "", "Accept", "text/html")
		look(path, page)
	}
	link, sealed := a.link(t)
	_, page := a.reader(t).do("GET", link, "")
	look("link", page)
	for _, done := range [][]string{{"/rename", "name", "\u202e"}, {"/was-me"}, {"/sign-out"}, {"/sign-out-several"}, {"/sign-out-others"}, {"/forget"}, {"/review", "answer", "mine"}} {
		fields := append([]string{"id", a.id}, done[1:]...)
		if res, page := a.old.submit(done[0], fields...); res.StatusCode == http.StatusSeeOther {
			look(done[0], a.old.page(""))
		} else {
			look(done[0], page)
		}
	}
	_, page = a.reader(t).post(base+"/link", sealed)
	look("link, too late", page)
	a.store.list.Store(true)
	_, page = a.old.do("GET", base+"/", "", "Accept", "text/html")
	look("trouble", page)
	a.store.list.Store(false)
	a.pass(24 * time.Hour)
	_, page = a.old.submit("/sign-out-others")
	look("proof", page)

	nobody := &client{site: a.site, t: t, Client: a.reader(t).Client}
	for _, to := range []struct {
		c            *client
		method, path string
		status       int
	}{
		{nobody, "GET", "/api/sessions", 401}, {nobody, "POST", "/script.js", 405}, {nobody, "PUT", "/link", 405}, {nobody, "POST", "/api/openapi.yaml", 405},
		{a.old, "DELETE", "/api/sessions/" + a.id, 401}, {a.old, "GET", "/api/sessions?limit=1&after=x", 400}, {a.old, "PATCH", "/api/sessions/" + a.old.id(), 415},
		{a.old, "GET", "/api/nothing", 404}, {a.old, "PUT", "/api/history", 405},
	} {
		state := to.method + " " + to.path
		res, body := to.c.do(to.method, base+to.path, "")
		var told struct{ Title, Detail string }
		if err := json.Unmarshal([]byte(body), &told); err != nil || res.StatusCode != to.status {
			t.Errorf("%s: %d %s", state, res.StatusCode, body)
			continue
		}
		look(state, told.Title+" "+strings.ReplaceAll(told.Detail, "application/json", ""))
	}
	_, page = a.old.do("POST", base+"/rename", "", "Accept", "text/html", "Sec-Fetch-Site", "cross-site")
	look("another site", page)
}
