package main

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/signedin/signedin/examples/internal/demo"
	"github.com/signedin/signedin/examples/internal/hosttest"
)

// A browser that did not keep the cookie is told so, and what to do.
func TestCookieNotKept(t *testing.T) {
	p := start(t, flags{addr: "127.0.0.1:0", db: filepath.Join(t.TempDir(), "quickstart.db")})
	form := url.Values{"email": {demo.Emails[0]}, "password": {demo.Password}, "next": {demo.Devices}}
	res := hosttest.Send(t, hosttest.Plain, http.MethodPost, p.Site+"/login", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	res.Body.Close()
	at := res.Header.Get("Location")
	for host, want := range map[string]string{"": "-insecure-cookie", "192.0.2.2:8080": "put HTTPS in front"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.Site+at, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		res, err := hosttest.Plain.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		page, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if !strings.Contains(string(page), "did not keep the sign-in") || !strings.Contains(string(page), want) {
			t.Errorf("%q: got %s", host, page)
		}
	}
	kept := hosttest.Send(t, hosttest.Plain, http.MethodGet, p.Site+at, "", "Cookie", res.Cookies()[0].Name+"="+res.Cookies()[0].Value)
	kept.Body.Close()
	if got := kept.Header.Get("Location"); got != demo.Devices {
		t.Errorf("a browser that kept it is led to %q", got)
	}
	p.End(t)
}

// What is printed can be opened.
func TestReachable(t *testing.T) {
	for _, tt := range [][2]string{{"0.0.0.0", "127.0.0.1:80"}, {"::", "127.0.0.1:80"}, {"192.0.2.1", "192.0.2.1:80"}, {"::1", "[::1]:80"}} {
		if got := reachable(&net.TCPAddr{IP: net.ParseIP(tt[0]), Port: 80}); got != tt[1] {
			t.Errorf("%s: got %s", tt[0], got)
		}
	}
}

// In a demonstration there is something to see.
func TestDemoHasAStranger(t *testing.T) {
	p := start(t, flags{addr: "127.0.0.1:0", db: filepath.Join(t.TempDir(), "quickstart.db"), demo: true})
	c := p.cookie(t)
	res := p.get(t, demo.Devices, c)
	page, _ := io.ReadAll(res.Body)
	res.Body.Close()
	for _, want := range []string{"Check this", "Firefox on Linux", "Not me – sign it out", "Near Lisbon, Portugal", "Office", "Last active"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("no %q", want)
		}
	}
	p.End(t)
}

// Who has forgotten the password chooses a new one by e-mail: the link works once,
// and all sessions end.
func TestRecover(t *testing.T) {
	file := filepath.Join(t.TempDir(), "quickstart.db")
	p := start(t, flags{addr: "127.0.0.1:0", db: file})
	c := p.cookie(t)
	post := func(path string, form url.Values) (int, string) {
		res := hosttest.Send(t, hosttest.Plain, http.MethodPost, p.Site+path, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
		defer res.Body.Close()
		page, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(page)
	}
	_, known := post("/recover", url.Values{"email": {demo.Emails[0]}})
	_, unknown := post("/recover", url.Values{"email": {"nobody@example.com"}})
	if known != unknown {
		t.Error("the page tells who has an account")
	}
	all := mails(t, file+".outbox")
	if len(all) != 1 {
		t.Fatalf("%d e-mails", len(all))
	}
	link := regexp.MustCompile(`/recover\?t=(\S+)`).FindStringSubmatch(all[0])
	if link == nil {
		t.Fatalf("no link in %s", all[0])
	}
	token, _ := url.QueryUnescape(link[1])
	for bad, want := range map[string]int{"x": http.StatusGone, token + "x": http.StatusGone} {
		if got, _ := post("/reset", url.Values{"t": {bad}, "new": {"a new horse battery"}}); got != want {
			t.Errorf("%.5s...: got %d", bad, got)
		}
	}
	if got, page := post("/reset", url.Values{"t": {token}, "new": {"a new horse battery"}}); got != http.StatusOK || !strings.Contains(page, "All devices were signed out.") {
		t.Errorf("got %d %s", got, page)
	}
	if got, _ := post("/reset", url.Values{"t": {token}, "new": {"another horse battery"}}); got != http.StatusGone {
		t.Errorf("once more: got %d", got)
	}
	res := p.get(t, "/api/me", c)
	res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("the session from before: got %s", res.Status)
	}
	p.End(t)
}
