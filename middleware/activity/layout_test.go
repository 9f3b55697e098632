package activity_test

import (
	"errors"
	"fmt"
	"html/template"
	"log"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/locale"
	"github.com/signedin/signedin/store/memstore"
)

var (
	nonceOf = regexp.MustCompile(`'nonce-(\w+)'`)
	hosts   = template.Must(template.New("").Parse(`<!doctype html><html lang="{{.Lang}}" dir="{{.Dir}}"><title>{{.Title}} | Photos</title>{{.Head}}<script nonce="{{.Nonce}}">hosts()</script><main>{{.Body}}</main></html>`))
)

func TestStylesheetAndLogo(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{Stylesheet: "/brand.css", Logo: "/logo.svg", Home: "/"}, session.Config{})
	me := s.signIn(t, "alice")
	res, page := me.do("GET", base+"/", "")
	policy := res.Header.Get("Content-Security-Policy")
	nonce := nonceOf.FindStringSubmatch(policy)[1]
	wantInOrder(t, page, `</style>`, `<link rel="stylesheet" nonce="`+nonce+`" href="/brand.css">`, "</head>", `<img class="logo" src="/logo.svg" alt="">`)
	if strings.Contains(policy, "unsafe") || !strings.Contains(policy, "style-src 'nonce-"+nonce+"';") || !strings.Contains(policy, "img-src 'self'") {
		t.Errorf("policy: %s", policy)
	}
	mw, err := middleware.New(s.manager, middleware.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, cfg := range []activity.Config{
		{Stylesheet: "https://elsewhere.example/x.css"}, {Stylesheet: "//elsewhere.example"}, {Logo: "logo.svg"}, {Logo: "javascript:x"},
		{Policy: "style-src 'nonce-{nonce}'"}, {Policy: "default-src 'self'", Layout: hosts}, {Policy: "style-src 'nonce-{nonce}'\r\nX: y", Layout: hosts},
	} {
		if _, err := activity.New(mw, cfg); err == nil {
			t.Errorf("%+v: no error", cfg)
		}
	}
}

func TestLayout(t *testing.T) {
	t.Parallel()
	arabic := &locale.Locale{Tag: "ar", RightToLeft: true, Texts: map[string]string{"page.title": "نشاط الأجهزة"}}
	s := newSite(t, activity.Config{
		Layout: hosts, Language: func(*http.Request) *locale.Locale { return arabic },
		Policy: "default-src 'self'; style-src 'self' 'nonce-{nonce}'; script-src 'self' 'nonce-{nonce}'; frame-ancestors https://photos.example",
	}, session.Config{})
	me, other := s.signIn(t, "alice"), s.signIn(t, "alice")
	for _, path := range []string{"/", "/rename?id=" + other.id(), "/sign-out-others", "/nothing"} {
		res, page := me.do("GET", base+path, "", "Accept", "text/html")
		nonce := nonceOf.FindStringSubmatch(res.Header.Get("Content-Security-Policy"))[1]
		want := "default-src 'self'; style-src 'self' 'nonce-" + nonce + "'; script-src 'self' 'nonce-" + nonce + "'; frame-ancestors https://photos.example; form-action 'self'; base-uri 'none'"
		if got := res.Header.Get("Content-Security-Policy"); got != want {
			t.Errorf("%s: policy %s\nwant %s", path, got, want)
		}
		wantInOrder(t, page, `<html lang="ar" dir="rtl"><title>`, ` | Photos</title><style nonce="`+nonce+`">.signedin{`, `<script nonce="`+nonce+`">hosts()`, `<main><div class="signedin" lang="ar" dir="rtl"`, "</div>", "</main></html>")
		if strings.Count(page, "<html") != 1 || strings.Count(page, "<main") != 1 || strings.Count(page, "<title>") != 1 || strings.Contains(page, ":root") || strings.Contains(page, "body{") {
			t.Errorf("%s: is no part of a page:\n%s", path, page)
		}
	}
	want(t, first(me.submit("/sign-out", "id", other.id())), http.StatusSeeOther)
	if other.signedIn() {
		t.Error("the form of the layout's page did nothing")
	}
}

func TestFragment(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{})
	if _, err := s.page.Fragment(httptest.NewRecorder(), httptest.NewRequest("GET", "/x", nil)); !errors.Is(err, middleware.ErrSignInRequired) {
		t.Errorf("without a session: %v", err)
	}
	s.signIn(t, "alice")
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/x", nil)
	page, err := s.page.Fragment(w, r.WithContext(session.NewContext(r.Context(), s.sessions("alice")[0])))
	if err != nil {
		t.Fatal(err)
	}
	body := string(page.Body)
	if !strings.HasPrefix(body, `<div class="signedin" lang="en" dir="ltr"`) || !strings.HasSuffix(strings.TrimSpace(body), "</div>") ||
		strings.Contains(body, "<style") || strings.Contains(body, "<main") || !strings.Contains(body, "This device") {
		t.Errorf("body:\n%s", body)
	}
	if !strings.Contains(page.Policy, page.Nonce) || !strings.Contains(string(page.Head), page.Nonce) || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("policy %q, head %.60q, header %v", page.Policy, page.Head, w.Header())
	}
}

// A host puts the list into its own page, and speaks a language of its own.
func ExampleConfig() {
	frisian := &locale.Locale{Tag: "fy", Texts: map[string]string{
		"page.title": "Apparaten", "page.this": "Dit apparaat", "device.on": "%s op %s", // and so on: activity.Texts
	}}
	layout := template.Must(template.New("").Parse(`<!doctype html>
<html lang="{{.Lang}}" dir="{{.Dir}}">
<title>{{.Title}} – Photos</title>
{{.Head}}
<header>Photos</header>
<main>{{.Body}}</main>
</html>`))

	manager, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		log.Fatal(err)
	}
	mw, err := middleware.New(manager, middleware.Config{})
	if err != nil {
		log.Fatal(err)
	}
	_, err = activity.New(mw, activity.Config{
		Layout: layout,
		Language: func(r *http.Request) *locale.Locale {
			if strings.HasPrefix(r.Header.Get("Accept-Language"), "fy") {
				return frisian
			}
			return nil
		},
	})
	fmt.Println(err)
	// Output: <nil>
}
