package browser_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"

	"github.com/signedin/signedin/store/storetest/need"
)

// patience is for a machine that does much else. No figure depends on it.
const patience = 2 * time.Minute

// findChromium skips the test where there is none, unless the environment says
// that there must be one.
func findChromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	need.Missing(t, "no chromium, chromium-browser or google-chrome on the PATH: the pages were NOT tested in a browser")
	return ""
}

// profile is one tab of the browser with cookies of its own.
type profile struct {
	ctx  context.Context
	name string
	site string

	mu         sync.Mutex
	complaints []string // what the browser wrote to its console
}

func newProfile(t *testing.T, chromium, name, site string) *profile {
	t.Helper()
	ctx, quit := chromedp.NewContext(theChromium(t, chromium), chromedp.WithNewBrowserContext())
	t.Cleanup(quit)
	p := &profile{ctx: ctx, name: name, site: site}
	if err := chromedp.Listen(ctx, p.listen); err != nil { // opens the window
		t.Fatal(err)
	}
	call(t, p, log.Enable, cdp.Empty{})
	call(t, p, audits.Enable, cdp.Empty{})
	return p
}

// userAgent returns what the browser says on a desk: without a screen it says
// HeadlessChrome, and is a bot to us.
func userAgent(t *testing.T, chromium string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), chromium, "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	major := regexp.MustCompile(`\d+`).FindString(string(out))
	return "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/" + major + ".0.0.0 Safari/537.36"
}

// listen collects what a developer would see in red.
func (p *profile) listen(event any) {
	var text string
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level != log.EntryLevelError && e.Entry.Level != log.EntryLevelWarning {
			return
		}
		text = fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
	case *runtime.EventExceptionThrown:
		text = e.ExceptionDetails.Text
	case *runtime.EventConsoleAPICalled:
		text = fmt.Sprintf("console.%s", e.Type)
	case *audits.EventIssueAdded:
		details, _ := json.Marshal(e.Issue.Details)
		text = fmt.Sprintf("issue %s: %s", e.Issue.Code, details)
	default:
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.complaints = append(p.complaints, text)
}

// quiet fails the test if the browser complained about anything. To be sure
// that we would have heard, it then provokes the page's policy.
func (p *profile) quiet(t *testing.T) {
	t.Helper()
	for _, c := range p.heard() {
		t.Errorf("%s complains: %s", p.name, c)
	}
	before := len(p.heard())
	run(t, p, chromedp.Evaluate[chromedp.Void](`document.body.append(Object.assign(document.createElement("img"), {src: "/x.png"}))`))
	for end := time.Now().Add(patience); len(p.heard()) == before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s broke the policy, and nobody complained", p.name)
		}
	}
}

func (p *profile) heard() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.complaints)
}

func (p *profile) within() (context.Context, context.CancelFunc) {
	return context.WithTimeout(p.ctx, patience)
}

// run does one thing in the browser and returns what that gives.
func run[T any](t *testing.T, p *profile, a chromedp.Action[T]) T {
	t.Helper()
	ctx, cancel := p.within()
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		t.Fatalf("%s: %v", p.name, err)
	}
	return v
}

func call[P, R any](t *testing.T, p *profile, cmd cdp.Command[P, R], params P) R {
	t.Helper()
	return run(t, p, func(_ context.Context, tab *chromedp.Target) (R, error) {
		ctx, cancel := p.within()
		defer cancel()
		return cdp.Call(ctx, tab, cmd, params)
	})
}

// open goes to a page and returns the path it ended up on, with the query.
func (p *profile) open(t *testing.T, path string) string {
	t.Helper()
	run(t, p, chromedp.Navigate(p.site+path))
	return p.where(t)
}

func (p *profile) where(t *testing.T) string {
	t.Helper()
	return strings.TrimPrefix(run(t, p, chromedp.Location()), p.site)
}

// submit clicks what leads to another page, and waits for that.
func (p *profile) submit(t *testing.T, selector chromedp.CSS) string {
	t.Helper()
	ctx, cancel := p.within()
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(selector)); err != nil {
		t.Fatalf("%s: click on %s, on %s: %v", p.name, selector, p.where(t), err)
	}
	return p.where(t)
}

func (p *profile) fill(t *testing.T, selector chromedp.CSS, text string) {
	t.Helper()
	run(t, p, chromedp.Clear(selector))
	run(t, p, chromedp.SendKeys(selector, text))
}

func (p *profile) cookies(t *testing.T) []*network.Cookie {
	t.Helper()
	ctx, cancel := p.within()
	defer cancel()
	c := chromedp.FromContext(p.ctx)
	got, err := cdp.Call(ctx, c.Browser, storage.GetCookies, storage.GetCookiesParams{BrowserContextID: c.BrowserContextID})
	if err != nil {
		t.Fatalf("%s: %v", p.name, err)
	}
	return got.Cookies
}

// picture takes the page as it is on a desk, on a phone and in the dark.
func (p *profile) picture(t *testing.T, name string) {
	t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, form := range []struct {
		name          string
		width, height int64
		phone         bool
		scheme        string
	}{
		{"desktop", 1280, 900, false, "light"}, {"phone", 360, 780, true, "light"},
		{"dark", 1280, 900, false, "dark"}, {"phone-dark", 360, 780, true, "dark"},
	} {
		call(t, p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: form.width, Height: form.height, DeviceScaleFactor: 1, Mobile: form.phone,
		})
		call(t, p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: form.scheme}},
		})
		whole := true
		png := call(t, p, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: &whole}).Data
		if err := os.WriteFile(filepath.Join(dir, name+"-"+form.name+".png"), png, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	call(t, p, emulation.ClearDeviceMetricsOverride, cdp.Empty{})
	call(t, p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
}
