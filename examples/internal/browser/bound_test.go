package browser_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/storetest/need"
)

// signInBound signs a profile in, and waits until its session is bound to the browser.
func (p *profile) signInBound(t *testing.T, h *boundHost) *session.Session {
	t.Helper()
	bound := h.count(&h.bound)
	p.open(t, "/login")
	p.fill(t, `input[name=email]`, email)
	p.fill(t, `input[name=password]`, password)
	p.submit(t, `form button`)
	h.wait(t, "registration", &h.bound, bound+1)
	for end := time.Now().Add(patience); ; { // until the browser has the answer
		p.open(t, "/private")
		all, err := h.manager.List(t.Context(), email)
		if err != nil {
			t.Fatal(err)
		}
		if len(all) > 0 && all[0].IsBound() {
			return all[0]
		}
		if time.Now().After(end) {
			t.Fatal("the browser has not shown the short cookie")
		}
	}
}

// fetches asks for a page so often at once, and returns each status once.
func (p *profile) fetches(t *testing.T, n int) string {
	t.Helper()
	return run(t, p, chromedp.Evaluate[string](`Promise.all(Array.from({length: `+strings.Repeat("1+", n-1)+`1}, () => fetch("/private").then(r => r.status, e => ""+e)))
		.then(all => [...new Set(all)].join(" "))`, chromedp.EvalAwaitPromise))
}

// watch opens what stays open, and counts what comes of it in the page.
func (p *profile) watch(t *testing.T) {
	t.Helper()
	run(t, p, chromedp.Evaluate[string](`new Promise(opened => {
		window.seen = {stream: 0, socket: 0, streamEnds: 0, socketEnds: 0, uploaded: ""}
		fetch("/events").then(async r => {
			const reader = r.body.getReader()
			for (;;) { const {done} = await reader.read(); if (done) break; seen.stream++ }
		}).catch(() => {}).then(() => { seen.streamEnds++ })
		const s = new WebSocket("wss://" + location.host + "/socket")
		s.onopen = () => { s.send("x"); opened("open") }
		s.onmessage = () => { seen.socket++; setTimeout(() => s.readyState == 1 && s.send("x"), 100) }
		s.onclose = () => { seen.socketEnds++ }
	})`, chromedp.EvalAwaitPromise))
}

type seen struct {
	Stream, Socket, StreamEnds, SocketEnds int
	Uploaded                               string
}

func (p *profile) seen(t *testing.T) seen {
	t.Helper()
	return run(t, p, chromedp.Evaluate[seen](`({Stream: seen.stream, Socket: seen.socket, StreamEnds: seen.streamEnds, SocketEnds: seen.socketEnds, Uploaded: seen.uploaded})`))
}

// eventually waits for something in a page.
func (p *profile) eventually(t *testing.T, what string, is func(seen) bool) seen {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		s := p.seen(t)
		if is(s) {
			return s
		}
		if time.Now().After(end) {
			t.Fatalf("%s: %s does not come: %+v", p.name, what, s)
		}
	}
}

// cookiesOf returns copies of a profile's cookies, as malware makes them.
func (p *profile) cookieParams(t *testing.T) (all []*network.CookieParam) {
	t.Helper()
	for _, c := range p.cookies(t) {
		expires := cdp.TimeSinceEpoch(c.Expires)
		all = append(all, &network.CookieParam{Name: c.Name, Value: c.Value, URL: p.site + "/", Path: "/", Secure: c.Secure, HTTPOnly: c.HTTPOnly,
			SameSite: c.SameSite, Expires: expires})
	}
	return all
}

// Two profiles of a real Chromium, the second with copies of all cookies of the first:
// it is out for ever once the short cookie has ended, and the first goes on.
func TestCopiedCookiesAreWorthNothing(t *testing.T) {
	need.Heavy(t)
	const lifetime, longest = 16 * time.Second, 30 * time.Second // long enough for a machine that does much else
	h := startBoundHost(t, session.Config{BoundLifetime: lifetime, BoundOpen: longest})
	browser := boundChromium(t, h.ca)
	a, b := boundProfile(t, browser, "A", h.url), boundProfile(t, browser, "B", h.url)
	signedIn := a.signInBound(t, h)

	a.watch(t)
	opened := time.Now()
	copied := a.cookieParams(t)
	b.setCookies(t, copied)
	thief := newThief(t, h, copied)
	if got := thief.get(t); got != http.StatusOK {
		t.Errorf("both cookies, at once: got %d", got)
	}
	if got := b.open(t, "/private"); got != "/private" {
		t.Errorf("B is on %s", got)
	}
	b.watch(t)
	first := h.count(&h.refreshes)

	run(t, a, chromedp.Evaluate[chromedp.Void](`fetch("/upload", {method: "POST", body: new Blob([new Uint8Array(200 << 20)])}).then(r => r.text(), e => ""+e).then(s => { seen.uploaded = s })`))
	for h.count(&h.refreshes) < first+3 || a.seen(t).Uploaded == "" || thief.get(t) == http.StatusOK {
		if got := a.fetches(t, 64); got != "200" {
			t.Fatalf("A asks 64 times at once: got %s", got)
		}
		time.Sleep(300 * time.Millisecond) // leaves the machine to others
		if time.Since(opened) > patience {
			t.Fatalf("%d refreshes, uploaded %q, the thief gets %d", h.count(&h.refreshes)-first, a.seen(t).Uploaded, thief.get(t))
		}
	}
	refused := time.Since(opened)
	t.Logf("copies were refused after %.1f s, A has renewed %d times since", refused.Seconds(), h.count(&h.refreshes)-first)
	if s := a.seen(t); s.Uploaded != "209715200" {
		t.Errorf("A's upload: %q", s.Uploaded)
	}
	if got := b.fetches(t, 1); got != "401" {
		t.Errorf("B's script gets %s, want 401", got)
	}
	for _, p := range []*profile{a, b} {
		s := p.eventually(t, "the end of stream and socket", func(s seen) bool { return s.StreamEnds+s.SocketEnds == 2 })
		t.Logf("%s's stream and socket have ended %.1f s after they were opened, %d and %d messages", p.name, time.Since(opened).Seconds(), s.Stream, s.Socket)
		if s.Stream == 0 || s.Socket == 0 {
			t.Errorf("%s saw nothing", p.name)
		}
	}
	if got := b.open(t, "/private"); got != "/login?next=%2Fprivate" {
		t.Errorf("B is on %s, want the sign-in", got)
	}
	if got := a.open(t, "/private"); got != "/private" {
		t.Errorf("A is on %s", got)
	}
	if all, err := h.manager.List(t.Context(), email); err != nil || len(all) != 1 || all[0].ID != signedIn.ID {
		t.Errorf("%d sessions, %v", len(all), err)
	}
}

// setCookies puts copies into a profile.
func (p *profile) setCookies(t *testing.T, all []*network.CookieParam) {
	t.Helper()
	c := chromedp.FromContext(p.ctx)
	ctx, cancel := p.within()
	defer cancel()
	if _, err := cdp.Call(ctx, c.Browser, storage.SetCookies, storage.SetCookiesParams{Cookies: all, BrowserContextID: c.BrowserContextID}); err != nil {
		t.Fatal(err)
	}
}

// spoil puts another value into the short cookie, or with "" takes it away.
func (p *profile) spoil(t *testing.T, value string) {
	t.Helper()
	const name = "__Host-session-bound"
	if value == "" {
		url := p.site + "/"
		call(t, p, network.DeleteCookies, network.DeleteCookiesParams{Name: name, URL: url})
		return
	}
	for _, c := range p.cookieParams(t) {
		if c.Name == name {
			c.Value = value
			p.setCookies(t, []*network.CookieParam{c})
		}
	}
}

// Where the short cookie is not as it should be, the browser renews it before it goes
// on: on its way from another site too, and with the body of what it sends. A
// sign-out ends both who have the cookies, and what the browser had of the session.
func TestBoundBrowserGoesOn(t *testing.T) {
	need.Heavy(t)
	h := startBoundHost(t, session.Config{})
	browser := boundChromium(t, h.ca)
	a, b := boundProfile(t, browser, "A", h.url), boundProfile(t, browser, "B", h.url)
	a.signInBound(t, h)
	check := func(what string, do func() string, want string) {
		t.Helper()
		before := h.count(&h.refreshes)
		if got := do(); got != want {
			t.Errorf("%s: got %s, want %s", what, got, want)
		}
		if h.count(&h.refreshes) == before {
			t.Errorf("%s: not renewed", what)
		}
	}
	check("a page, expired", func() string { a.spoil(t, ""); return a.open(t, "/private") }, "/private")
	check("a page that the server does not take", func() string { a.spoil(t, "made-up"); return a.open(t, "/private") }, "/private")
	check("64 requests that the server does not take", func() string { a.spoil(t, "made-up"); return a.fetches(t, 64) }, "200")
	check("a form that the server does not take", func() string {
		a.spoil(t, "made-up")
		return run(t, a, chromedp.Evaluate[string](`fetch("/echo", {method: "POST", body: "the body"}).then(r => r.text(), e => ""+e)`, chromedp.EvalAwaitPromise))
	}, "the body")
	check("a link of another site, expired", func() string {
		run(t, a, chromedp.Navigate(strings.Replace(h.url, "localhost", "127.0.0.1", 1)+"/elsewhere"))
		a.spoil(t, "")
		return a.submit(t, "a")
	}, "/private")
	check("a socket, expired", func() string {
		a.spoil(t, "")
		return run(t, a, chromedp.Evaluate[string](`new Promise(done => {
			const s = new WebSocket("wss://" + location.host + "/socket")
			s.onopen = () => done("open")
			s.onerror = () => fetch("/private").then(() => { // it is asked again, as pages do
				const again = new WebSocket("wss://" + location.host + "/socket")
				again.onopen = () => done("open")
				again.onerror = () => done("refused")
			})
		})`, chromedp.EvalAwaitPromise))
	}, "open")

	b.setCookies(t, a.cookieParams(t))
	for _, p := range []*profile{a, b} {
		p.open(t, "/private")
		p.watch(t)
	}
	run(t, a, chromedp.Evaluate[float64](`fetch("/logout", {method: "POST"}).then(r => r.status)`, chromedp.EvalAwaitPromise))
	out := time.Now()
	for _, p := range []*profile{a, b} {
		p.eventually(t, "the end of stream and socket", func(s seen) bool { return s.StreamEnds+s.SocketEnds == 2 })
		t.Logf("%s's ended within %.2f s", p.name, time.Since(out).Seconds())
		if got := p.fetches(t, 1); got != "401" {
			t.Errorf("%s gets %s after the sign-out, want 401", p.name, got)
		}
	}
	h.wait(t, "the end of the browser's session", &h.ended, 1)
	a.open(t, "/private")
	a.fetches(t, 3)
	if got := h.count(&h.ended); got != 1 {
		t.Errorf("the browser was told %d times to forget, want once", got)
	}
}

// thief is a program with the copies.
type thief struct {
	client  *http.Client
	site    string
	cookies []*network.CookieParam
}

func newThief(t *testing.T, h *boundHost, cookies []*network.CookieParam) *thief {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(h.ca)
	return &thief{&http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, h.url, cookies}
}

func (f *thief) get(t *testing.T) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.site+"/private", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range f.cookies {
		req.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	res, err := f.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}
