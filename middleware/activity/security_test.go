package activity_test

import (
	"context"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

func newCountry(_ context.Context, c session.Case) (session.Verdict, error) {
	return session.Verdict{Signals: []session.Signal{{
		Code: "country.new", Text: "First sign-in from Brazil.", Args: map[string]string{"country": "Brazil"},
		Level: session.LevelAlert, At: c.Visit.At,
	}}}, nil
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{})
	me := s.signIn(t, "alice")
	nonce := regexp.MustCompile(`style-src 'nonce-([A-Z0-9]{26})'`)
	seen := map[string]bool{}
	for _, tt := range [][2]string{
		{"GET", "/"}, {"GET", "/"}, {"GET", "/sign-out-others"}, {"POST", "/sign-out"}, {"GET", "/api/sessions"},
		{"GET", "/do"}, {"GET", "/rename"}, {"DELETE", "/api/sessions/x"}, {"PUT", "/"}, {"GET", "/x"},
	} {
		res, body := me.do(tt[0], base+tt[1], "")
		for name, value := range map[string]string{
			"Cache-Control": "no-store", "Vary": "Cookie, Authorization", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
		} {
			if got := res.Header.Get(name); got != value {
				t.Errorf("%v: %s: got %q, want %q", tt, name, got, value)
			}
		}
		policy := res.Header.Get("Content-Security-Policy")
		n := nonce.FindStringSubmatch(policy)
		if isPage := strings.HasPrefix(body, "<!DOCTYPE html>"); isPage != (n != nil) {
			t.Errorf("%v: page %v, policy %q", tt, isPage, policy)
		}
		allowed := ""
		if n != nil {
			allowed = "; style-src 'nonce-" + n[1] + "'"
		}
		if strings.Contains(body, "<script") { // which the list alone has
			allowed += "; script-src 'nonce-" + n[1] + "'; connect-src 'self'"
		}
		if want := "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'" + allowed; policy != want || strings.Contains(body, "<script") != (tt[0] == "GET" && tt[1] == "/") {
			t.Errorf("%v: policy %q, want %q", tt, policy, want)
		}
		if n != nil && (seen[n[1]] || !strings.Contains(body, `<style nonce="`+n[1]+`">`)) {
			t.Errorf("%v: nonce %q was used before, or is not in the page", tt, n[1])
		}
		if n != nil {
			seen[n[1]] = true
		}
	}
	res, _ := (&client{Client: s.Client(), site: s, t: t}).do("GET", base+"/", "")
	want(t, res, http.StatusUnauthorized)
	if res.Header.Get("Referrer-Policy") != "same-origin" || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("without a session: %v", res.Header)
	}
}

var payloads = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `</style><script>alert(1)</script>`,
	`</bdi></h3><a href=javascript:alert(1)>`, `{{.Form}}`, `<!--`, `]]>`, `%s%d%!x`, "`${alert(1)}`", `<svg/onload=alert(1)>`,
	`&lt;script&gt;`, `javascript:alert(1)`, `</textarea><iframe srcdoc=x>`, `" style="position:fixed`, `<base href=//evil.example>`,
}

// What clients, users and databases say stays text, wherever it is shown: the
// pages have the same elements as with harmless texts.
func TestHostileTextsAreInert(t *testing.T) {
	t.Parallel()
	harmless := filledPages(t, "x")
	for _, p := range payloads {
		for i, page := range filledPages(t, p) {
			if got, expected := tags(page), tags(harmless[i]); got != expected {
				t.Errorf("%q changes the elements of a page:\n%s\nwant\n%s", p, got, expected)
			}
		}
	}
}

// filledPages returns the pages with text in every place that takes some.
func filledPages(t *testing.T, text string) []string {
	t.Helper()
	s := newSite(t, activity.Config{Title: text, Attribution: text, Home: text, LinkKeys: linkKeys}, session.Config{
		Device: func(device.Hints) device.Device {
			return device.Device{Kind: device.Kind(text), Browser: text, OS: text, Model: text, App: text, AppVersion: text}
		},
		Locator: geo.LocatorFunc(func(context.Context, netip.Addr) (geo.Location, error) {
			return geo.Location{Country: text, City: text, CountryCode: text}, nil
		}),
		Assessor: session.AssessorFunc(func(_ context.Context, c session.Case) (session.Verdict, error) {
			return session.Verdict{Signals: []session.Signal{{Code: text, Text: text, At: c.Visit.At}}}, nil
		}),
	})
	me := s.signIn(t, "alice")
	s.pass(time.Second)
	other, gone := s.signIn(t, "alice"), s.signIn(t, "alice")
	for _, c := range []*client{me, other, gone} {
		want(t, first(c.submit("/rename", "id", c.id(), "name", text)), http.StatusSeeOther)
	}
	want(t, first(gone.submit("/sign-out", "id", gone.id())), http.StatusSeeOther)
	_, others := me.do("GET", base+"/sign-out-others", "")
	about, err := s.manager.List(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	_, link := me.do("GET", s.page.Link(about[0]), "")
	return []string{me.page(""), others, link}
}

var (
	tag       = regexp.MustCompile(`<(/?[a-zA-Z]+|!--)((?:\s+[a-zA-Z-]+(?:="[^"]*")?)*)`)
	attribute = regexp.MustCompile(`="[^"]*"`)
)

// tags returns the names of a page's elements and attributes, without values.
func tags(page string) string {
	var b strings.Builder
	for _, m := range tag.FindAllStringSubmatch(page, -1) {
		b.WriteString(m[1] + attribute.ReplaceAllString(m[2], "") + "\n")
	}
	return b.String()
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	manager, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		t.Fatal(err)
	}
	mw, err := middleware.New(manager, middleware.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for field, cfgs := range map[string][]activity.Config{
		"Path":           {{Path: "devices"}, {Path: "/a//b"}, {Path: "/a/../b"}, {Path: "/{id}"}, {Path: "//"}, {Path: "/a?b"}},
		"Reauthenticate": {{Reauthenticate: "https://evil.example/"}, {Reauthenticate: "//evil.example"}, {Reauthenticate: "confirm"}},
		"PasswordURL":    {{PasswordURL: "https://evil.example/"}},
		"LinkKeys":       {{LinkKeys: session.NewKeys([]byte("short"))}},
		"SignedOut":      {{SignedOut: "javascript:alert(1)"}, {SignedOut: `/\evil.example`}},
	} {
		for _, cfg := range cfgs {
			if _, err := activity.New(mw, cfg); err == nil || !strings.Contains(err.Error(), "Config."+field) {
				t.Errorf("%+v: got %v", cfg, err)
			}
		}
	}
	if _, err := activity.New(nil, activity.Config{}); err == nil {
		t.Error("no Middleware, and no error")
	}
}
