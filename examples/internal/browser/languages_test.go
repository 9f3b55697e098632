package browser_test

import (
	"context"
	"html/template"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/locale"
	"github.com/signedin/signedin/session/locale/catalog"
)

// inPhotos is a host's own page, with a style and a script under a policy of its own.
var inPhotos = template.Must(template.New("").Parse(`<!DOCTYPE html>
<html lang="{{.Lang}}" dir="{{.Dir}}">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}} – Photos</title>
<link rel="stylesheet" href="/photos.css">
{{.Head}}
</head>
<body>
<header><strong>Photos</strong> <button>Menu</button></header>
<div class="side"><nav aria-label="Photos"><ul><li><a href="/">Albums</a></li></ul></nav>
<main>{{.Body}}</main></div>
<script nonce="{{.Nonce}}">document.querySelector("header button").textContent = "Menu (2)"</script>
</body>
</html>`))

const (
	photosStyle = `:root { color-scheme: light dark; --signedin-accent: #0b6b50; --signedin-accent-soft: #e6f4ef; --signedin-font: Georgia, serif; --signedin-width: 60rem; --signedin-page: transparent }
@media (prefers-color-scheme: dark) { :root { --signedin-accent: #7fd6b8; --signedin-accent-soft: #12352b } body { background: #101512; color: #eee } a { color: #9fe } }
body { margin: 0; font-family: Georgia, serif } header { padding: 1rem; background: #0b6b50; color: #fff } header button { border-radius: 0; padding: 2px }
.side { display: flex; flex-wrap: wrap } nav[aria-label] { padding: 1rem; flex: none } main { flex: 1; min-width: 0 } ul { list-style: square }`
	photosPolicy = "default-src 'none'; style-src 'self' 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'"
)

// accepts has the browser ask for a language.
func (p *profile) accepts(t *testing.T, language string) {
	t.Helper()
	call(t, p, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": language}})
}

// prove fills in the host's form.
func (p *profile) prove(t *testing.T, path string) {
	t.Helper()
	p.open(t, path)
	p.fill(t, `[name=password]`, password)
	p.submit(t, `button`)
}

// Long words, other directions and other letters: the list stays whole, and
// axe-core finds nothing, in the host's own page too.
func TestLanguagesAndLooks(t *testing.T) {
	t.Parallel()
	chromium := findChromium(t)
	data, err := os.ReadFile(filepath.Join(installWeb(t), "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	axe := string(data)
	h := startHost(t, session.Config{Assessor: session.AssessorFunc(func(_ context.Context, c session.Case) (session.Verdict, error) {
		if c.Visit.IP.String() != australia {
			return session.Verdict{}, nil
		}
		return session.Verdict{Level: session.LevelAlert, Signals: []session.Signal{{
			Code: "country.new", Text: "You're not usually active in Australia.", Args: map[string]string{"country": "Australia", "countryCode": "AU"},
			Level: session.LevelAlert, At: c.Visit.At,
		}}}, nil
	})})
	h.mux.HandleFunc("GET /photos.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css")
		_, _ = w.Write([]byte(photosStyle))
	})
	for at, cfg := range map[string]activity.Config{
		"/in-words/": {Stylesheet: "/photos.css", Home: "/"}, "/in-photos/": {Layout: inPhotos, Policy: photosPolicy},
	} {
		cfg.Path, cfg.Reauthenticate = at, "/confirm"
		cfg.Language = func(r *http.Request) *locale.Locale { return catalog.Match(r.Header.Get("Accept-Language")) }
		devices, err := activity.New(h.mw, cfg)
		if err != nil {
			t.Fatal(err)
		}
		h.mux.Handle(at, devices)
	}
	const day = 24 * time.Hour
	p := newProfile(t, chromium, "reader", h.URL)
	h.moved.Store(-int64(3 * day))
	p.prove(t, "/login?next=/in-words/")
	h.moved.Store(0)
	later := h.signedInAt(t, 2*day, netherlands, firefoxAgent, session.StartOptions{})
	h.signedInAt(t, time.Hour, australia, "Mozilla/5.0 (Linux; Android 16; SM-S938B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Mobile Safari/537.36", session.StartOptions{})
	p.prove(t, "/confirm?next=/in-words/")
	state := func(language, name, path string) {
		t.Helper()
		if path != "" {
			p.open(t, path)
		}
		p.picture(t, language+"-"+name)
		if name == "in-photos" { // in colours of its own
			p.axe(t, axe, language+" "+name)
			return
		}
		run(t, p, chromedp.Evaluate[chromedp.Void](axe+";undefined"))
		for _, width := range []int64{320, 360} {
			call(t, p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1})
			if wide := run(t, p, chromedp.Evaluate[int](`document.documentElement.scrollWidth - innerWidth`)); wide > 0 {
				t.Errorf("%s %s, %d px: %d px too wide", language, name, width, wide)
			}
		}
		for _, v := range run(t, p, chromedp.Evaluate[[]string](axeRun, chromedp.EvalAwaitPromise)) {
			t.Errorf("%s %s: %s", language, name, v)
		}
	}

	p.accepts(t, "en")
	p.open(t, "/in-photos/") // under its own policy
	if got := p.text(t, "header button"); got != "Menu (2)" {
		t.Errorf("the script of the host's page did not run: %q", got)
	}
	if got := run(t, p, chromedp.Evaluate[string](`getComputedStyle(document.querySelector(".signedin h1")).fontFamily + getComputedStyle(document.querySelector(".signedin .do a")).color + getComputedStyle(document.querySelector("header button")).borderRadius`)); got != "Georgia, serifrgb(11, 107, 80)0px" {
		t.Errorf("the styles of the host and of the list: %s", got)
	}
	for _, said := range p.heard() {
		if strings.Contains(said, "ContentSecurityPolicy") || strings.Contains(said, "Content Security Policy") {
			t.Errorf("the host's page: %s", said)
		}
	}
	call(t, p, page.SetBypassCSP, page.SetBypassCSPParams{Enabled: true})
	state("en", "in-photos", "/in-photos/")

	p.accepts(t, "ar,en;q=0.5")
	if got := run(t, p, chromedp.Evaluate[string](`document.dir + document.documentElement.lang`)); got != "ltren" {
		t.Errorf("before: %s", got)
	}
	state("ar", "list", "/in-words/")
	if got := run(t, p, chromedp.Evaluate[string](`document.dir + document.documentElement.lang + getComputedStyle(document.querySelector("main")).direction`)); got != "rtlarrtl" {
		t.Errorf("Arabic: %s", got)
	}
	run(t, p, chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach(d => d.open = true)`))
	state("ar", "details", "")
	state("ar", "in-photos", "/in-photos/")
	id := later.ID.String()
	state("ar", "others", "/in-words/sign-out-others")
	state("ar", "rename", "/in-words/rename?id="+id)
	p.fill(t, `input[name=name]`, "\u202e")
	p.submit(t, `form.name button`)
	state("ar", "rename-wrong", "")
	state("ar", "ask", "/in-words/do?do=sign-out&id="+id)
	state("ar", "no-page", "/in-words/nothing")
	p.accepts(t, "de-AT")
	state("de", "list", "/in-words/")
	run(t, p, chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach(d => d.open = true)`))
	state("de", "details", "")
	p.accepts(t, "ja")
	state("ja", "list", "/in-words/")
	p.accepts(t, "ar")
	p.open(t, "/in-words/")
	p.submit(t, `#look ~ ul [name=not-me]`)
	state("ar", "not-me", "")
	p.open(t, "/in-words/")
	p.submit(t, signOut(id))
	state("ar", "signed-out", "")
	call(t, p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
}
