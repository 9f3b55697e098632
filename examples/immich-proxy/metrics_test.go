package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/signedin/signedin/examples/internal/hosttest"
)

// Who looks after the program learns of what was answered 502 or 503, and why.
func TestMetrics(t *testing.T) {
	fake, err := newFake()
	if err != nil {
		t.Fatal(err)
	}
	defer fake.close()
	at := freeAddr(t)
	p := start(t, flags{addr: "127.0.0.1:0", devices: "/devices", target: fake.url, metrics: at, db: filepath.Join(t.TempDir(), "db")})
	cookie := p.login(desk)
	fake.server.CutSockets()
	get := func(path string) string {
		_, body := read(t, hosttest.Send(t, hosttest.Plain, "GET", "http://"+at+path, ""))
		return body
	}
	if got := get("/healthz"); got != "ok\n" {
		t.Errorf("got %q", got)
	}
	fake.http.Close()
	p.check(http.StatusBadGateway, "GET", "/api/users/me", "", "Cookie", cookie)
	p.check(http.StatusBadGateway, "GET", "/api/users/me", "", "Cookie", cookie)
	for _, want := range []string{"signedin_unavailable_total{cause=\"immich\"} 2\n", "signedin_unavailable_total{cause=\"timeout\"} 0\n", "signedin_sessions_started_total 1\n"} {
		if got := get("/metrics"); !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	p.End(t)
	if n := strings.Count(p.Stderr.String(), "no answer"); n != 1 {
		t.Errorf("logged %d times: %s", n, &p.Stderr)
	}
}
