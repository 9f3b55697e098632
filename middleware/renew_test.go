package middleware_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

// aging is a site whose clock is moved by hand.
type aging struct {
	*site
	ahead atomic.Int64
}

func newAging(t *testing.T, scfg session.Config, cfg middleware.Config) *aging {
	t.Helper()
	a := new(aging)
	start := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	scfg.Now = func() time.Time { return start.Add(time.Duration(a.ahead.Load())) }
	a.site = newSite(t, nil, scfg, cfg)
	for _, name := range []string{"confirm", "password", "rotate"} {
		a.mux.HandleFunc("POST /"+name, func(w http.ResponseWriter, r *http.Request) {
			var err error
			switch name {
			case "confirm":
				_, err = a.mw.Reauthenticated(w, r, session.Proof{})
			case "password":
				_, err = a.mw.RevokeOthers(w, r, session.ReasonPasswordChanged)
			case "rotate":
				err = a.mw.Rotate(w, r)
			}
			if err != nil {
				http.Error(w, err.Error(), http.StatusConflict)
			}
		})
	}
	a.mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })
	a.mux.HandleFunc("GET /asset", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		w.Header().Set("Vary", "Accept-Encoding")
		io.WriteString(w, "asset")
	})
	return a
}

func (a *aging) later(d time.Duration) { a.ahead.Add(int64(d)) }

// pairOf returns the cookie of ours in an answer, as a request shows it.
func pairOf(t *testing.T, res *http.Response) string {
	t.Helper()
	c := res.Cookies()
	if len(c) != 1 || c[0].MaxAge < 0 {
		t.Fatalf("got cookies %v, want one", c)
	}
	return c[0].Name + "=" + c[0].Value
}

func (a *aging) signIn(t *testing.T, query string, header ...string) (cookie string) {
	t.Helper()
	res, body := a.do(t, a.client(t), "POST", "/login?user=alice"+query, header...)
	if res.StatusCode != 200 {
		t.Fatalf("sign-in: %d %s", res.StatusCode, body)
	}
	return pairOf(t, res)
}

func (a *aging) with(t *testing.T, cookie, method, path string, header ...string) *http.Response {
	t.Helper()
	res, _ := a.do(t, a.client(t), method, path, append([]string{"Cookie", cookie}, header...)...)
	return res
}

func (a *aging) wantStatus(t *testing.T, what, cookie string, want int) {
	t.Helper()
	if res := a.with(t, cookie, "GET", "/me"); res.StatusCode != want {
		t.Errorf("%s: got %d, want %d", what, res.StatusCode, want)
	}
}

var (
	own   = []string{"Sec-Fetch-Site", "same-origin"}
	pages = []string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "navigate"}
)

// What is due travels in an answer of our own and in no other.
func TestRotationTravelsAlone(t *testing.T) {
	for name, keys := range map[string]session.Keys{"bare": {}, "sealed": session.NewKeys(key(1))} {
		t.Run(name, func(t *testing.T) {
			a := newAging(t, session.Config{}, middleware.Config{CookieKeys: keys})
			first := a.signIn(t, "&remember")
			a.later(25 * time.Hour)
			for what, req := range map[string][]string{
				"asset by a page":        {"/asset", "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"},
				"asset, no headers":      {"/asset"},
				"script":                 {"/me", "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors", "Accept", "text/html"},
				"part of a video":        {"/me", "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "navigate", "Range", "bytes=0-"},
				"plain HTTP, no page":    {"/me", "Accept", "image/png"},
				"no header that says so": {"/me"},
			} {
				res := a.with(t, first, "GET", req[0], req[1:]...)
				if res.StatusCode != 200 || res.Header.Get("Set-Cookie") != "" {
					t.Errorf("%s: got %d and Set-Cookie %q", what, res.StatusCode, res.Header.Get("Set-Cookie"))
				}
			}
			if res := a.with(t, first, "HEAD", "/me", pages...); res.Header.Get("Set-Cookie") != "" {
				t.Error("an answer without a body has a cookie")
			}
			res := a.with(t, first, "GET", "/asset?v=1&x=%2F", pages...)
			if res.StatusCode != http.StatusFound || res.Header.Get("Location") != "/asset?v=1&x=%2F" || res.Header.Get("Cache-Control") != "no-store" {
				t.Fatalf("a page: got %d, %v", res.StatusCode, res.Header)
			}
			second := pairOf(t, res)
			if second == first || strings.Split(second, "=")[0] != "__Host-session" || res.Cookies()[0].MaxAge == 0 {
				t.Errorf("got %v, after %s", res.Cookies()[0], first)
			}
			if res := a.with(t, first, "GET", "/asset", pages...); res.StatusCode != 200 {
				t.Errorf("at once again: got %d, want the page", res.StatusCode)
			}
			a.later(time.Minute) // the answer was lost
			if res := a.with(t, first, "GET", "/", "Accept", "text/html"); res.StatusCode != 302 || pairOf(t, res) == first {
				t.Errorf("a retry: got %d", res.StatusCode)
			}
			a.wantStatus(t, "the first", first, 200)
			a.wantStatus(t, "the second", second, 200)
			a.later(session.RotationGrace)
			a.wantStatus(t, "the second", second, 200)
			res = a.with(t, first, "GET", "/me", pages...)
			if res.StatusCode != 401 || res.Header.Get("Set-Cookie") != "" {
				t.Errorf("a retired cookie: got %d and %q: it must not take the new one away", res.StatusCode, res.Header.Get("Set-Cookie"))
			}
		})
	}
}

// Scripts have a route of their own.
func TestRotationRoute(t *testing.T) {
	a := newAging(t, session.Config{}, middleware.Config{})
	a.mux.Handle("POST /session", a.mw.Rotation())
	first := a.signIn(t, "")
	if res := a.with(t, first, "POST", "/session", own...); res.StatusCode != 204 || res.Header.Get("Set-Cookie") != "" {
		t.Errorf("not due: got %d, %v", res.StatusCode, res.Header)
	}
	if res := a.with(t, first, "POST", "/session", "Sec-Fetch-Site", "cross-site"); res.StatusCode != 403 {
		t.Errorf("from another site: got %d", res.StatusCode)
	}
	a.later(25 * time.Hour)
	res := a.with(t, first, "POST", "/session", own...)
	if res.StatusCode != 204 || res.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("due: got %d, %v", res.StatusCode, res.Header)
	}
	a.wantStatus(t, "the next one", pairOf(t, res), 200)
	if res, _ := a.do(t, a.client(t), "POST", "/session", own...); res.StatusCode != 401 {
		t.Errorf("without a session: got %d", res.StatusCode)
	}
}

// A host that takes a prefix off, or has its pages behind two slashes, sends nobody
// elsewhere.
func TestSamePlace(t *testing.T) {
	a := newAging(t, session.Config{}, middleware.Config{})
	stripped := http.StripPrefix("/app", a.mw.Load(http.NotFoundHandler()))
	a.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/app/"):
			stripped.ServeHTTP(w, r)
		default:
			a.mw.Load(a.mux).ServeHTTP(w, r)
		}
	})
	for path, want := range map[string]string{
		"/app/x?y":           "/app/x?y",
		"//evil.example/%2F": "./%2F",
		"//evil.example":     "./evil.example",
		"/\\evil.example/a":  "/%5Cevil.example/a",
	} {
		cookie := a.signIn(t, "")
		a.later(25 * time.Hour)
		res, _ := a.do(t, a.client(t), "GET", path, append([]string{"Cookie", cookie}, pages...)...)
		if got := res.Header.Get("Location"); res.StatusCode != 302 || got != want {
			t.Errorf("%s: got %d to %q, want %q", path, res.StatusCode, got, want)
		}
	}
}

// Every answer to a credential says that it is, and what it depends on.
func TestCacheHeaders(t *testing.T) {
	a := newAging(t, session.Config{}, middleware.Config{TokenHeaders: []string{"x-app-token"}})
	cookie := a.signIn(t, "")
	_, token := signedIn(t, a.site, "&carrier=bearer")
	const all = "Cookie, Authorization, X-App-Token"
	for what, c := range map[string]struct {
		header  []string
		control string
	}{
		"nobody":          {nil, ""},
		"cookie":          {[]string{"Cookie", cookie}, "private"},
		"dead cookie":     {[]string{"Cookie", cookie[:len(cookie)-4] + "AAAA"}, "private"},
		"bearer":          {[]string{"Authorization", "Bearer " + token}, "private"},
		"own header":      {[]string{"X-App-Token", token}, "private"},
		"basic, nobody's": {[]string{"Authorization", "Basic eDp5"}, ""},
	} {
		res, _ := a.do(t, a.client(t), "GET", "/", c.header...)
		if got := res.Header.Get("Cache-Control"); got != c.control || res.Header.Get("Vary") != all {
			t.Errorf("%s: got Cache-Control %q, Vary %q", what, got, res.Header.Get("Vary"))
		}
	}
	if n := a.mw.Stats().Public; n != 0 {
		t.Errorf("%d answers counted as public", n)
	}
	a.with(t, cookie, "GET", "/asset")
	a.do(t, a.client(t), "GET", "/asset")
	if n := a.mw.Stats().Public; n != 1 {
		t.Errorf("got %d answers counted as public, want 1: that to the cookie", n)
	}
	a.mux.HandleFunc("GET /callback", func(w http.ResponseWriter, r *http.Request) {
		ticket, err := a.manager.BeginSignIn(r.Context(), "carol")
		if err == nil {
			_, _, err = a.mw.SignIn(w, r, ticket, session.StartOptions{})
		}
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Cache-Control", "public")
		w.Header().Set("Vary", "Accept-Encoding")
	})
	if res, _ := a.do(t, a.client(t), "GET", "/callback"); !slices.Contains(res.Header.Values("Cache-Control"), "no-store") || len(res.Cookies()) != 1 {
		t.Errorf("a handler that publishes its sign-in: got %v", res.Header)
	}
	without := newAging(t, session.Config{}, middleware.Config{NoBearer: true})
	if res, _ := without.do(t, without.client(t), "GET", "/"); res.Header.Get("Vary") != "Cookie" {
		t.Errorf("NoBearer: got Vary %q", res.Header.Get("Vary"))
	}
	cookie = without.signIn(t, "")
	if res := without.with(t, cookie, "GET", "/me", "Authorization", "Bearer sid1_x"); res.StatusCode != 200 {
		t.Errorf("NoBearer: got %d", res.StatusCode)
	}
}

func TestDeadCookieIsTakenFromAPageOnly(t *testing.T) {
	a := newAging(t, session.Config{}, middleware.Config{})
	for what, c := range map[string]struct {
		header []string
		taken  bool
	}{
		"page": {pages, true}, "page over plain HTTP": {[]string{"Accept", "text/html"}, true},
		"script": {[]string{"Sec-Fetch-Mode", "cors"}, false}, "nothing said": {nil, false},
	} {
		cookie := a.signIn(t, "")
		if _, err := a.manager.RevokeAll(t.Context(), "alice", session.ReasonAdmin); err != nil {
			t.Fatal(err)
		}
		res := a.with(t, cookie, "GET", "/asset", c.header...)
		if taken := len(res.Cookies()) > 0 && res.Cookies()[0].MaxAge < 0; taken != c.taken || taken != (res.StatusCode == 302) {
			t.Errorf("%s: got %d and %v", what, res.StatusCode, res.Cookies())
		}
	}
	unknown := "__Host-session=" + session.TokenPrefix + strings.Repeat("A", 64)
	if res := a.with(t, unknown, "GET", "/me", pages...); res.StatusCode != 401 || len(res.Cookies()) != 0 {
		t.Errorf("a cookie of another store: got %d and %v", res.StatusCode, res.Cookies())
	}
}

// The answer to a tab that found the cookie dead comes after that to another tab,
// which has signed in.
func TestLateClearing(t *testing.T) {
	a := newAging(t, session.Config{}, middleware.Config{})
	b := newBrowser(a.site)
	b.send(t, "POST", "/login?user=alice", own...).deliver()
	if _, err := a.manager.RevokeAll(t.Context(), "alice", session.ReasonAdmin); err != nil {
		t.Fatal(err)
	}
	late := b.send(t, "GET", "/me", pages...)
	b.send(t, "POST", "/login?user=alice", own...).deliver()
	late.deliver()
	if res := b.send(t, "GET", "/me"); res.StatusCode != 200 {
		t.Errorf("signed in, then an older answer: got %d", res.StatusCode)
	}
}

// A slow answer, rotated before a confirmation, comes after it.
func TestLateAnswer(t *testing.T) {
	for _, change := range []string{"confirm", "password", "rotate"} {
		a := newAging(t, session.Config{}, middleware.Config{})
		b := newBrowser(a.site)
		b.send(t, "POST", "/login?user=alice", own...).deliver()
		a.later(25 * time.Hour)
		late := b.send(t, "GET", "/me", pages...)
		b.send(t, "POST", "/"+change, own...).deliver()
		late.deliver()
		if res := b.send(t, "GET", "/me"); res.StatusCode != 200 {
			t.Errorf("after %s, then an older answer: got %d", change, res.StatusCode)
		}
		// The cookies before it go with a later page, once.
		a.later(time.Minute)
		tidy := b.send(t, "GET", "/me", pages...)
		tidy.deliver()
		if tidy.StatusCode != 302 || len(b.jar) != 1 {
			t.Errorf("after %s: got %d, %d cookies left", change, tidy.StatusCode, len(b.jar))
		}
		if res := b.send(t, "GET", "/me", pages...); res.StatusCode != 200 || a.manager.Stats().Reused != 0 {
			t.Errorf("after that: got %d, %d reused", res.StatusCode, a.manager.Stats().Reused)
		}
	}
}
