package middleware_test

import (
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// browser holds cookies, and is given the answers to its requests in any order.
type browser struct {
	site *site
	jar  map[string]string
}

func newBrowser(s *site) *browser { return &browser{s, make(map[string]string)} }

// answer is one that has not arrived yet.
type answer struct {
	*http.Response
	to *browser
}

// send has the site answer a request with the cookies that the browser has now.
func (b *browser) send(t testing.TB, method, path string, header ...string) answer {
	t.Helper()
	return answer{serve(t, b.site, b.cookies(), method, path, header...), b}
}

func serve(t testing.TB, s *site, cookies, method, path string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	if cookies != "" {
		r.Header.Set("Cookie", cookies)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.Config.Handler.ServeHTTP(w, r)
	return w.Result()
}

// cookies returns the header that shows what the browser has.
func (b *browser) cookies() string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(b.jar)) {
		all = append(all, name+"="+b.jar[name])
	}
	return strings.Join(all, "; ")
}

// deliver gives the browser the cookies of the answer.
func (a answer) deliver() {
	for _, c := range a.Cookies() {
		if c.MaxAge < 0 {
			delete(a.to.jar, c.Name)
		} else {
			a.to.jar[c.Name] = c.Value
		}
	}
}

// lines counts the lines of a log.
type lines struct{ n int }

func (l *lines) Write(b []byte) (int, error) { l.n++; return len(b), nil }

func (l *lines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }
