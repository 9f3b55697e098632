package browser_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/signedin/signedin/store/storetest/need"
)

// After Back, the page is asked for again: a device that was signed out does not
// show as signed in (Chromium keeps pages in memory).
func TestBack(t *testing.T) {
	chromium := findChromium(t)
	site, _ := startProgram(t, "quickstart")
	desk, lamp := newProfile(t, chromium, "desk", site), newProfile(t, chromium, "lamp", site)
	desk.signIn(t, true)
	lamp.signIn(t, true)
	id := lamp.me(t)
	desk.open(t, listPage)
	desk.submit(t, signOut(id))
	run(t, desk, chromedp.Evaluate[chromedp.Void](`history.back()`))
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		gone := run(t, desk, chromedp.Evaluate[bool](`document.readyState == "complete" && !location.hash && !document.querySelector('[name=sign-out][value="`+id+`"]')`))
		if gone {
			break
		}
		if time.Now().After(end) {
			t.Fatal("after Back, the device that was signed out shows as signed in")
		}
	}
	desk.quiet(t)
}

// What is changed elsewhere appears by itself, with what was selected kept.
func TestPageKeepsUp(t *testing.T) {
	chromium := findChromium(t)
	site, _ := startProgram(t, "quickstart")
	desk := newProfile(t, chromium, "desk", site)
	desk.signIn(t, true)
	newApp(t, site) // of one there is nothing to select
	phone := newApp(t, site)
	desk.open(t, listPage)
	run(t, desk, chromedp.Click(chromedp.CSS(`[name=id][value="`+phone.id(t)+`"]`)))
	lamp := newProfile(t, chromium, "lamp", site)
	lamp.signIn(t, true)
	at := time.Now()
	for end := time.Now().Add(patience); desk.count(t, "li.device") != 4; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the sign-in did not appear")
		}
	}
	t.Logf("it appeared within %v", time.Since(at))
	if desk.count(t, "[name=id]:checked") != 1 {
		t.Error("what was selected is not any more")
	}
	if got := desk.submit(t, `[name=sign-out-several]`); got != devices+"/#done" {
		t.Errorf("led to %s", got)
	}
	if phone.get(t, "/api/me") != 401 {
		t.Error("the app is still signed in")
	}
	newApp(t, site)
	for end := time.Now().Add(patience); desk.count(t, "li.device") != 4; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the app did not appear")
		}
	}
	if got := run(t, desk, chromedp.Evaluate[string](`document.activeElement.id`)); got != "done" {
		t.Errorf("what was done has lost the focus to %q", got)
	}
	// The session of the page itself ends: the page goes to the sign-in.
	mine := desk.me(t)
	lamp.open(t, listPage)
	desk.open(t, listPage)
	lamp.submit(t, signOut(mine))
	desk.settle(t, "/login")
}

func (p *profile) count(t *testing.T, selector string) int {
	t.Helper()
	return run(t, p, chromedp.Evaluate[int](`document.querySelectorAll(`+"`"+selector+"`"+`).length`))
}

// A click on a page whose session has ended is done after the sign-in.
func TestClickSurvivesTheSession(t *testing.T) {
	chromium := findChromium(t)
	site, _ := startProgram(t, "quickstart")
	desk, lamp := newProfile(t, chromium, "desk", site), newProfile(t, chromium, "lamp", site)
	desk.signIn(t, true)
	lamp.signIn(t, true)
	phone := newApp(t, site)
	theirs, mine := lamp.me(t), desk.me(t)
	all := lamp.rows(t)
	var app string
	for _, r := range all {
		if r.ID != theirs && r.ID != mine {
			app = r.ID
		}
	}
	run(t, lamp, chromedp.Evaluate[chromedp.Void](`window.EventSource = null`))
	desk.open(t, listPage)
	call(t, lamp, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	lamp.open(t, listPage)
	desk.submit(t, signOut(theirs))
	c := &counter{profile: lamp}
	if got := c.click(t, signOut(app)); !strings.HasPrefix(got, "/login?next=") {
		t.Fatalf("led to %s", got)
	}
	lamp.fill(t, `input[name=email]`, email)
	lamp.fill(t, `input[name=password]`, password)
	if got := c.click(t, `form button`); got != devices+"/#done" {
		t.Errorf("the sign-in led to %s", got)
	}
	if phone.get(t, "/api/me") != 401 {
		t.Error("the app is still signed in")
	}
}

// installWeb installs what folder web pins, once, and returns its node_modules.
func installWeb(t *testing.T) string {
	t.Helper()
	npm := need.Program(t, "npm")
	shared.mu.Lock()
	defer shared.mu.Unlock()
	dir := filepath.Join(shared.dir, "web")
	modules := filepath.Join(dir, "node_modules")
	if _, err := os.Stat(modules); err == nil {
		return modules
	}
	if err := os.CopyFS(dir, os.DirFS("web")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	return modules
}

// Light and wide, and dark and narrow, by all rules; else by those that colours
// and sizes matter to.
const axeRun = `axe.run({resultTypes: ["violations"], runOnly: matchMedia("(prefers-color-scheme: dark)").matches == innerWidth < 500 ?
	["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] :
	{type: "rule", values: ["color-contrast", "link-in-text-block", "target-size", "scrollable-region-focusable"]}}).then(r =>
	r.violations.map(v => v.id + ": " + v.nodes.map(n => n.html).join(" | ")))`

// axe looks for faults of the page as it is, light and dark, wide and narrow,
// and returns in how many of these it looked.
func (p *profile) axe(t *testing.T, source, state string) (looked int) {
	t.Helper()
	run(t, p, chromedp.Evaluate[chromedp.Void](source+";undefined"))
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{1280, 360} {
			call(t, p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1})
			call(t, p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
				{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
			}})
			for _, v := range run(t, p, chromedp.Evaluate[[]string](axeRun, chromedp.EvalAwaitPromise)) {
				t.Errorf("%s, %s, %d px: %s", state, scheme, width, v)
			}
			if wide := run(t, p, chromedp.Evaluate[int](`document.documentElement.scrollWidth - innerWidth`)); wide > 0 {
				t.Errorf("%s, %d px: %d px too wide", state, width, wide)
			}
			looked++
		}
	}
	// As narrow as can be, in both directions.
	call(t, p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 320, Height: 700, DeviceScaleFactor: 1})
	dir := run(t, p, chromedp.Evaluate[string](`document.dir`))
	for _, d := range []string{"rtl", "ltr"} {
		run(t, p, chromedp.Evaluate[chromedp.Void](`document.dir = "`+d+`"`))
		if wide := run(t, p, chromedp.Evaluate[int](`document.documentElement.scrollWidth - innerWidth`)); wide > 0 {
			t.Errorf("%s, %s, 320 px: %d px too wide", state, d, wide)
		}
		if d != dir {
			for _, v := range run(t, p, chromedp.Evaluate[[]string](axeRun, chromedp.EvalAwaitPromise)) {
				t.Errorf("%s, %s: %s", state, d, v)
			}
			looked++
		}
	}
	run(t, p, chromedp.Evaluate[chromedp.Void](`document.dir = "`+dir+`"`))
	call(t, p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 1280, Height: 900, DeviceScaleFactor: 1})
	return looked
}

// uniqueNames checks that no two things that can be pressed are called the same.
const doubleNames = `(() => {
	const name = e => (e.getAttribute("aria-labelledby") ?? "").split(" ").filter(Boolean).map(id => document.getElementById(id)?.textContent).join(" ") || e.labels?.[0]?.textContent.trim() || e.textContent.trim()
	const all = [...document.querySelectorAll("main button:not(.none), main a, main summary, main [type=checkbox]")].map(name)
	return all.filter((n, i) => all.indexOf(n) != i)
})()`

// Every state of the pages, looked at by axe-core.
func TestAccessible(t *testing.T) {
	t.Parallel()
	chromium := findChromium(t)
	data, err := os.ReadFile(filepath.Join(installWeb(t), "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	axe, looked := string(data), 0
	site, _ := startProgram(t, "quickstart", "-demo", "-trusted-proxies", "127.0.0.1/32")
	p := newProfile(t, chromium, "Alice", site)
	p.at(t, "203.0.113.7")
	call(t, p, page.SetBypassCSP, page.SetBypassCSPParams{Enabled: true})
	state := func(name, path string) {
		t.Helper()
		if path != "" {
			p.open(t, path)
		}
		p.picture(t, "state-"+name)
		looked += p.axe(t, axe, name)
		if double := run(t, p, chromedp.Evaluate[[]string](doubleNames)); len(double) > 0 {
			t.Errorf("%s: more than one is called %q", name, double)
		}
	}
	state("login", "/login")
	state("recover", "/recover")
	p.signIn(t, true)
	state("home", "/")
	state("list", listPage)
	run(t, p, chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach(d => d.open = true)`))
	state("details", "")
	state("others", devices+"/sign-out-others")
	me := p.me(t)
	rows := p.rows(t)
	var other string
	for _, r := range rows {
		if r.ID != me && strings.Contains(r.Label, "Office") {
			other = r.ID
		}
	}
	state("rename", devices+"/rename?id="+other)
	run(t, p, chromedp.Evaluate[chromedp.Void](`document.querySelector("[name=name]").value = "\u202e"`)) // which no key types
	p.submit(t, `form.name button`)
	if got := p.text(t, `.warn`); !strings.HasPrefix(got, "That name cannot be used.") {
		t.Errorf("of a bad name, the page says %q", got)
	}
	state("rename-wrong", "")
	state("ask", devices+"/do?do=sign-out&id="+other)
	state("no-page", devices+"/nothing")
	state("form-only", devices+"/act")
	state("password", "/password?after=not-me")
	state("outbox", "/outbox")
	state("problem", "/nothing")
	p.open(t, listPage)
	p.submit(t, signOut(other))
	if got := p.text(t, `#done`); got != "Office was signed out." {
		t.Errorf("the page says %q", got)
	}
	state("signed-out", "")
	p.open(t, listPage)
	p.submit(t, `#look ~ ul [name=not-me]`)
	state("not-me", listPage)
	abroad := newProfile(t, chromium, "abroad", site)
	p.at(t, "192.0.2.77")
	p.open(t, listPage)
	state("moved", "")
	_ = abroad
	t.Logf("axe-core looked %d times", looked)
}
