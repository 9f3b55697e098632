package middleware_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

var (
	navigates = []string{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Site", "same-origin", "Accept", "text/html"}
	htmx      = []string{"HX-Request", "true", "Sec-Fetch-Mode", "cors", "Accept", "*/*", "HX-Current-URL", "https://site.example/rss/photos?page=2"}
	turbo     = []string{"X-Turbo-Request-Id", "1", "Sec-Fetch-Mode", "cors", "Accept", "text/vnd.turbo-stream.html, text/html, application/xhtml+xml"}
)

// Where people are sent, and what they come back to.
func TestPages(t *testing.T) {
	t.Parallel()
	whole := middleware.Pages{SignIn: "/rss/login", Confirm: "/rss/confirm", Recover: "/rss/recover?by=mail"}
	for _, tt := range []struct {
		name, method, target string
		err                  error
		pages                middleware.Pages
		header               []string
		status               int
		to                   string
	}{
		{"a page", "GET", "/rss/photos?page=2", middleware.ErrSignInRequired, whole, navigates, 303, "/rss/login?next=%2Frss%2Fphotos%3Fpage%3D2"},
		{"a browser of old", "GET", "/rss/photos", middleware.ErrSignInRequired, whole, []string{"Accept", "text/html"}, 303, "/rss/login?next=%2Frss%2Fphotos"},
		{"an absolute target", "GET", "http://site.example/rss/photos", middleware.ErrSignInRequired, whole, navigates, 303, "/rss/login?next=%2Frss%2Fphotos"},
		{"a form", "POST", "/rss/photos/delete", middleware.ErrSignInRequired, whole, append(navigates, "Referer", "https://site.example/rss/photos?page=2"), 303, "/rss/login?next=%2Frss%2Fphotos%3Fpage%3D2"},
		{"a form behind a proxy that changes Host", "POST", "/rss/delete", middleware.ErrSignInRequired, whole, append(navigates, "Referer", "https://other.example/rss/photos"), 303, "/rss/login?next=%2Frss%2Fphotos"},
		{"another site's form", "POST", "/rss/delete", middleware.ErrSignInRequired, whole, []string{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Site", "cross-site", "Referer", "https://evil.example/rss/photos"}, 303, "/rss/login"},
		{"a form without a Referer", "POST", "/rss/delete", middleware.ErrSignInRequired, whole, navigates, 303, "/rss/login"},
		{"a referer that is no path", "POST", "/rss/delete", middleware.ErrSignInRequired, whole, append(navigates, "Referer", "https://site.example//evil.example"), 303, "/rss/login"},
		{"a recent proof", "GET", "/rss/keys", middleware.ErrRecentAuthRequired, whole, navigates, 303, "/rss/confirm?next=%2Frss%2Fkeys"},
		{"a recent proof, and no page for it", "GET", "/rss/keys", middleware.ErrRecentAuthRequired, middleware.Pages{SignIn: "/login"}, navigates, 401, ""},
		{"doubt", "GET", "/rss/password", middleware.ErrUnconfirmed, whole, navigates, 303, "/rss/recover?by=mail&next=%2Frss%2Fpassword"},
		{"doubt, and no page for it", "GET", "/rss/password", middleware.ErrUnconfirmed, middleware.Pages{SignIn: "/login"}, navigates, 401, ""},
		{"suspended", "GET", "/rss/photos", session.ErrSuspended, whole, navigates, 303, "/rss/login?next=%2Frss%2Fphotos"},
		{"a path that was shortened", "GET", "/photos", middleware.ErrSignInRequired, middleware.Pages{SignIn: "/rss/login", Base: "/rss"}, navigates, 303, "/rss/login?next=%2Frss%2Fphotos"},
		{"htmx", "GET", "/rss/photos/list", middleware.ErrSignInRequired, whole, htmx, 401, "/rss/login?next=%2Frss%2Fphotos%3Fpage%3D2"},
		{"htmx, a form", "POST", "/rss/photos/delete", middleware.ErrRecentAuthRequired, whole, htmx, 401, "/rss/confirm?next=%2Frss%2Fphotos%3Fpage%3D2"},
		{"Turbo", "GET", "/rss/photos", middleware.ErrSignInRequired, whole, turbo, 303, "/rss/login?next=%2Frss%2Fphotos"},
		{"Turbo, a form", "POST", "/rss/delete", middleware.ErrSignInRequired, whole, append(turbo, "Referer", "https://site.example/rss/photos"), 303, "/rss/login?next=%2Frss%2Fphotos"},
		{"a program", "GET", "/rss/photos", middleware.ErrSignInRequired, whole, []string{"Accept", "application/json"}, 401, ""},
		{"a script", "GET", "/rss/photos", middleware.ErrSignInRequired, whole, []string{"Sec-Fetch-Mode", "cors", "Accept", "text/html"}, 401, ""},
		{"trouble", "GET", "/rss/photos", middleware.ErrSignInRequired, whole, navigates, 503, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(tt.method, tt.target, nil)
			r.Host = "site.example"
			for i := 0; i < len(tt.header); i += 2 {
				r.Header.Set(tt.header[i], tt.header[i+1])
			}
			status := tt.status
			if status == http.StatusSeeOther {
				status = http.StatusUnauthorized
			}
			w := httptest.NewRecorder()
			http.StripPrefix("/rss", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				tt.pages.Refuse(w, r, status, tt.err)
			})).ServeHTTP(w, prefixed(r))
			to := w.Header().Get("Location") + w.Header().Get("HX-Redirect")
			if w.Code != tt.status || to != tt.to {
				t.Errorf("got %d, to %q, want %d, to %q", w.Code, to, tt.status, tt.to)
			}
		})
	}
}

// prefixed gives a path that a proxy has shortened the prefix that the test
// takes away.
func prefixed(r *http.Request) *http.Request {
	if !strings.HasPrefix(r.URL.Path, "/rss") {
		r.URL.Path = "/rss" + r.URL.Path
	}
	return r
}

// A frame of Turbo cannot show another page: it is told to load the whole one.
func TestPagesInAFrame(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("GET", "/photos/list", nil)
	r.Header.Set("Turbo-Frame", "photos")
	w := httptest.NewRecorder()
	middleware.ToSignIn("/login")(w, r, 401, middleware.ErrSignInRequired)
	if w.Code != 401 || !strings.Contains(w.Body.String(), `<meta name="turbo-visit-control" content="reload"><meta http-equiv="refresh" content="0; url=/`) {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

// RequireRecentAuth behind a sign-in page that sends signed-in users on is no
// endless way.
func TestRecentAuthIsNoLoop(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("GET", "/keys", nil)
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	w := httptest.NewRecorder()
	middleware.ToSignIn("/login")(w, r, 401, middleware.ErrRecentAuthRequired)
	if w.Code != 401 || w.Header().Get("Location") != "" || !strings.Contains(w.Body.String(), "Please confirm that it is you") {
		t.Errorf("got %d %v %s", w.Code, w.Header(), w.Body)
	}
}

// People get pages, programs problems with stable codes.
func TestProblem(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status       int
		err          error
		code, detail string
		page         string
	}{
		{404, nil, "not-found", "", "There is no such page"},
		{404, session.ErrNotFound, "session-not-found", "no such session", "There is no such page"},
		{405, nil, "method-not-allowed", "", "There is nothing to see here"},
		{403, middleware.ErrCrossOrigin, "cross-origin", middleware.ErrCrossOrigin.Error(), "Another website"},
		{400, fmt.Errorf("%w: too long", session.ErrInvalidName), "invalid-name", "invalid name: too long", "That did not work"},
		{502, nil, "bad-gateway", "", "does not answer"},
		{500, fmt.Errorf("secret"), "internal-server-error", "", "Something went wrong"},
		{503, fmt.Errorf("secret"), "service-unavailable", "", "Try again"},
		{418, nil, "i'm-a-teapot", "", "That did not work"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		w := httptest.NewRecorder()
		middleware.Problem(w, r, tt.status, tt.err)
		var got struct {
			Type, Title, Code, Detail string
			Status                    int
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != tt.status || got.Status != tt.status || got.Code != tt.code || got.Type != "urn:signedin:"+tt.code || got.Title == "" {
			t.Errorf("%d %v: got %d %s", tt.status, tt.err, w.Code, w.Body)
		}
		if tt.code != "session-not-found" && got.Detail != tt.detail {
			t.Errorf("%d %v: detail %q", tt.status, tt.err, got.Detail)
		}
		r.Header.Set("Sec-Fetch-Mode", "navigate")
		w = httptest.NewRecorder()
		middleware.Problem(w, r, tt.status, tt.err)
		if w.Code != tt.status || w.Header().Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(w.Body.String(), tt.page) || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%d %v: a person gets %d %s", tt.status, tt.err, w.Code, w.Body)
		}
	}
	// The host's policy stays as it is, and we have no style then.
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	w := httptest.NewRecorder()
	w.Header().Set("Content-Security-Policy", "default-src 'none'")
	middleware.Problem(w, r, 404, nil)
	if w.Header().Get("Content-Security-Policy") != "default-src 'none'" || strings.Contains(w.Body.String(), "<style") {
		t.Errorf("got %v %s", w.Header(), w.Body)
	}
}
