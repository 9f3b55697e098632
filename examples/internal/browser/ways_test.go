package browser_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/signedin/signedin/session"
)

// agents are devices of all kinds.
var agents = []string{
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0",
	"Mozilla/5.0 (Linux; Android 14; SM-X910) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/27.0 Chrome/125.0.0.0 Safari/537.36",
	"immich-android/3.1.0", "curl/8.5.0", "Mozilla/5.0 (PlayStation; PlayStation 5/9.00) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.4 Safari/605.1.15",
	"Photos/3.2.1 (Android 15; Pixel 8)",
}

// withDevices signs in n devices, one of which is a stranger, and the browser.
func withDevices(t *testing.T, n int) (*host, *profile) {
	t.Helper()
	chromium := findChromium(t)
	h := startHost(t, session.Config{Assessor: strangers})
	p := newProfile(t, chromium, "desk", h.URL)
	for i := range n {
		opts := session.StartOptions{Persistent: true}
		if i%8 > 3 {
			opts.Carrier = session.CarrierBearer
		}
		if i == 2 {
			opts.Name = "Mum’s tablet in the kitchen beside the big window, cracked 🧑‍🍳"
		}
		ip := []string{netherlands, brazil, "2001:7fb:fe00:1234:5678:9abc:def0:1234"}[i%3]
		if i == 1 {
			ip = australia
		}
		agent := agents[i%len(agents)]
		if i >= 8 && i%4 != 0 { // so that not all are twins
			agent = fmt.Sprintf("%s/3.2.1 (Android 15; Pixel %d)", []string{"Gallery", "Memories", "Albums", "Scanner", "Backup"}[i%5], 3+i%7)
		}
		h.signedInAt(t, time.Duration(n-i)*time.Hour, ip, agent, opts)
	}
	h.moved.Add(-int64(time.Minute))
	h.hostSignIn(t, p)
	h.moved.Add(int64(time.Minute))
	return h, p
}

// strangers come from Australia.
var strangers = session.AssessorFunc(func(_ context.Context, c session.Case) (session.Verdict, error) {
	if c.Visit.IP.String() != australia {
		return session.Verdict{}, nil
	}
	return session.Verdict{Level: session.LevelAlert, Signals: []session.Signal{
		{Code: "country.new", Text: "You're not usually active in Australia.", Level: session.LevelAlert, At: c.Visit.At},
	}}, nil
})

func (h *host) hostSignIn(t *testing.T, p *profile) {
	t.Helper()
	p.open(t, devices)
	p.fill(t, `[name=password]`, password)
	p.submit(t, `button`)
	p.settle(t, devices)
}

// One sign-out of another device is one click, and two and a password where the
// last proof is old.
func TestClicks(t *testing.T) {
	h, p := withDevices(t, 4)
	rows := p.rows(t)
	for _, tt := range []struct {
		ago               time.Duration
		clicks, passwords int
	}{{time.Minute, 1, 0}, {time.Hour, 2, 1}} {
		h.moved.Add(int64(tt.ago))
		c := &counter{profile: p}
		c.open(t, listPage)
		id := rows[len(rows)-1-tt.passwords].ID
		c.click(t, signOut(id))
		if tt.passwords > 0 {
			c.confirm(t)
		}
		if got := p.where(t); got != listPage+"#done" {
			t.Errorf("%v after the proof, the clicks led to %s", tt.ago, got)
		}
		if got := p.text(t, `#done`); !strings.HasSuffix(got, "was signed out.") {
			t.Errorf("the page says %q", got)
		}
		if slices.ContainsFunc(p.rows(t), func(r row) bool { return r.ID == id }) {
			t.Error("it is still there")
		}
		t.Logf("%v after the last proof, signing another device out took %d clicks and %d passwords", tt.ago, c.clicks, c.passwords)
		if c.clicks != tt.clicks || c.passwords != tt.passwords {
			t.Errorf("want %d and %d", tt.clicks, tt.passwords)
		}
	}
}

func (p *profile) press(t *testing.T, keys ...string) {
	t.Helper()
	for _, k := range keys {
		run(t, p, chromedp.KeyEvent(k))
	}
}

// A stop is where Tab leads.
type stop struct {
	Name, ID, Tag string
	Seen          bool    // has an outline, and is in the window
	Y             float64 // where its row begins
}

const stopScript = `(() => {
	const e = document.activeElement, s = getComputedStyle(e), b = e.getBoundingClientRect()
	const name = (e.getAttribute("aria-labelledby") ?? "").split(" ").filter(Boolean).map(id => document.getElementById(id)?.textContent).join(" ") || e.textContent
	const row = e.closest("li") ?? e
	return {Name: name.trim(), ID: e.id, Tag: e.localName, Y: row.getBoundingClientRect().top + scrollY,
		Seen: s.outlineStyle != "none" && parseFloat(s.outlineWidth) >= 2 && b.bottom > 0 && b.top < innerHeight}
})()`

func (p *profile) tab(t *testing.T) stop {
	t.Helper()
	p.press(t, kb.Tab)
	return run(t, p, chromedp.Evaluate[stop](stopScript))
}

// Everything can be done with the keyboard alone: Tab stops at each thing that
// can be pressed, once, from top to bottom; where it is can be seen; and after an
// action it goes on where it was.
func TestKeyboard(t *testing.T) {
	_, p := withDevices(t, 8)
	p.open(t, listPage)
	want := p.count(t, `main a, main button:not(.none), main input:not([type=hidden]), main summary, nav a`)
	var stops []stop
	for len(stops) <= want {
		s := p.tab(t)
		if s.Tag == "body" {
			break
		}
		stops = append(stops, s)
		if !s.Seen {
			t.Errorf("at %s %q, it cannot be seen where one is", s.Tag, s.Name)
		}
	}
	if len(stops) != want {
		t.Errorf("Tab stops %d times, and there are %d things to press: %+v", len(stops), want, stops)
	}
	names := make(map[string]bool)
	for i, s := range stops {
		if i > 0 && s.Y < stops[i-1].Y {
			t.Errorf("Tab goes up, from %q to %q", stops[i-1].Name, s.Name)
		}
		if names[s.Name] {
			t.Errorf("two stops are called %q", s.Name)
		}
		names[s.Name] = true
	}
	i := slices.IndexFunc(stops, func(s stop) bool { return strings.HasPrefix(s.Name, "Sign out") && strings.Contains(s.Name, "iPhone") })
	if i < 0 {
		t.Fatalf("no button for the iPhone among %+v", stops)
	}

	p.open(t, listPage)
	for range i - 1 { // the box is two before the button
		p.press(t, kb.Tab)
	}
	p.press(t, " ", kb.Enter) // selects, and then sends nothing
	if got := p.where(t); got != listPage || p.count(t, `[name=id]:checked`) != 1 {
		t.Errorf("Enter on a box led to %s", got)
	}
	p.press(t, kb.Tab, kb.Tab, kb.Enter)
	p.settle(t, listPage+"#done")
	if got := p.text(t, `#done`); got != "Safari on iPhone was signed out." {
		t.Errorf("the page says %q", got)
	}
	if got := run(t, p, chromedp.Evaluate[string](`document.activeElement.id`)); got != "done" {
		t.Errorf("the focus is on %q", got)
	}
	before := run(t, p, chromedp.Evaluate[float64](`document.querySelector("#done").getBoundingClientRect().top + scrollY`))
	if s := p.tab(t); s.Y < before || s.Y > before+200 {
		t.Errorf("after the action, Tab goes to %q, %.0f px from what was done", s.Name, s.Y-before)
	}
}

func (p *profile) media(t *testing.T, media string, features ...string) {
	t.Helper()
	params := emulation.SetEmulatedMediaParams{Media: media}
	for pair := range slices.Chunk(features, 2) {
		params.Features = append(params.Features, &emulation.MediaFeature{Name: pair[0], Value: pair[1]})
	}
	call(t, p, emulation.SetEmulatedMedia, params)
}

func (p *profile) size(t *testing.T, width, height int64, scale float64) {
	t.Helper()
	call(t, p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: scale})
}

// shot takes the page as it is.
func (p *profile) shot(t *testing.T, name string) {
	t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	whole := true
	png := call(t, p, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: &whole}).Data
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		t.Fatal(err)
	}
}

// shows checks that the page says all that there is to know, in this order.
func (p *profile) shows(t *testing.T, how string, texts ...string) {
	t.Helper()
	all := run(t, p, chromedp.Evaluate[string](`document.body.innerText`))
	rest := all
	for _, text := range texts {
		_, after, found := strings.Cut(rest, text)
		if !found {
			t.Errorf("%s: %q is missing, or not in its place:\n%s", how, text, all)
			return
		}
		rest = after
	}
}

// lines counts the lines of each row, without that of its actions, which it
// counts too.
const linesScript = `[...document.querySelectorAll("li.device:not(.flagged), ul.ended > li")].map(li => {
	const lines = (root, but) => {
		const tops = new Set(), walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT), range = document.createRange()
		for (let n; n = walk.nextNode();) {
			if (!n.data.trim() || but && but.contains(n) || !n.parentElement.checkVisibility()) continue
			range.selectNodeContents(n)
			for (const r of range.getClientRects()) if (r.width > 1) tops.add(Math.round(r.bottom / 8))
		}
		return tops.size
	}
	const act = li.querySelector(".do")
	return {Label: li.querySelector("h3").innerText, Lines: lines(li, act), Actions: act ? lines(act) : 1, Height: li.offsetHeight}
})`

// The page is whole in every way in which people look at it.
func TestEveryWay(t *testing.T) {
	h, p := withDevices(t, 100)
	gone := h.signedInAt(t, 25*time.Hour, brazil, agents[2], session.StartOptions{})
	if err := h.manager.Revoke(t.Context(), email, gone.ID, session.ReasonSignedOutRemote); err != nil {
		t.Fatal(err)
	}
	facts := []string{"Device activity", "1 device needs a look", "This device", "Chrome on Linux", "Please check", "Chrome on Windows", "Australia", australia, "Check this", "Apps", "Gallery app on Pixel", "Netherlands", netherlands, "Last connected", "Recently signed out", "Firefox on Mac"}
	p.open(t, listPage)
	p.fill(t, `[name=q]`, "pixel 5")
	p.press(t, kb.Enter)
	p.settle(t, listPage+"?q=pixel+5")
	p.shows(t, "searched", "100 other devices", "devices are like that", "on Pixel 5")
	p.picture(t, "way-search")
	p.open(t, listPage)
	p.picture(t, "way-100")

	p.media(t, "", "forced-colors", "active")
	p.shot(t, "way-forced")
	if n := run(t, p, chromedp.Evaluate[string](`[...document.querySelectorAll(".badge, button:not(.none), .button, .flagged, .notice, .card")].filter(e => e.checkVisibility()).filter(e => {
		const s = getComputedStyle(e)
		return s.borderLeftStyle != "solid" || parseFloat(s.borderLeftWidth) < 1 || s.borderLeftColor == s.backgroundColor || /^rgba.*, 0\)$/.test(s.borderLeftColor)
	}).map(e => e.outerHTML.slice(0, 80)).join()`)); n != "" {
		t.Errorf("in forced colours these have no shape: %s", n)
	}

	p.media(t, "print")
	p.shot(t, "way-print")
	p.shows(t, "printed", facts...)
	if n := run(t, p, chromedp.Evaluate[int](`[...document.querySelectorAll("button, .button, input, .do a, nav")].filter(e => e.checkVisibility()).length`)); n != 0 {
		t.Errorf("%d things to press are printed", n)
	}
	p.media(t, "")

	p.size(t, 320, 256, 4) // 400 % of 1280 x 1024
	if wide := run(t, p, chromedp.Evaluate[int](`document.documentElement.scrollWidth - innerWidth`)); wide > 0 {
		t.Errorf("at 400 %% the page is %d px too wide", wide)
	}
	p.shows(t, "at 400 %", facts...)

	p.size(t, 360, 780, 1)
	type lines struct {
		Label                  string
		Lines, Actions, Height int
	}
	most := 0
	for _, l := range run(t, p, chromedp.Evaluate[[]lines](linesScript)) {
		most = max(most, l.Height)
		if l.Lines > 5 || l.Actions > 1 {
			t.Errorf("%q has %d lines and %d of actions at 360 px, want at most 5 and 1", l.Label, l.Lines, l.Actions)
		}
	}
	whole := run(t, p, chromedp.Evaluate[int](`document.documentElement.scrollHeight`))
	t.Logf("of 100 sessions, the highest row has %d px at 360 px, and the page %d", most, whole)

	call(t, p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	p.open(t, listPage)
	p.shows(t, "without script", facts...)
	if got := run(t, p, chromedp.Evaluate[string](`document.querySelector("time[data-x]").textContent`)); !strings.HasSuffix(got, " UTC") {
		t.Errorf("without script an exact time is %q", got)
	}

	p.size(t, 1280, 900, 1)
	run(t, p, chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("style").forEach(e => e.remove())`))
	p.shot(t, "way-no-css")
	p.shows(t, "without a style", facts...)
	all := run(t, p, chromedp.Evaluate[string](`document.body.innerText`))
	if strings.Contains(all, "Netherlands"+netherlands) || strings.Contains(all, "RenameSign out") {
		t.Errorf("without a style words run together: %s", all)
	}
	if tall := run(t, p, chromedp.Evaluate[int](`Math.max(...[...document.querySelectorAll("svg")].map(e => e.getBoundingClientRect().height))`)); tall > 64 {
		t.Errorf("without a style an icon is %d px high", tall)
	}
	call(t, p, emulation.ClearDeviceMetricsOverride, cdp.Empty{})
}
