package middleware_test

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/locale"
)

// nobodys is a language without a Latin letter.
func nobodys() *locale.Locale {
	texts := middleware.Texts()
	for name, text := range texts {
		texts[name] = regexp.MustCompile(`\pL`).ReplaceAllString(text, "ж")
	}
	return &locale.Locale{Tag: "x-nobodys", RightToLeft: true, Texts: texts}
}

var (
	anyTag  = regexp.MustCompile(`(?s)<style.*</style>|<[^>]*>`)
	english = regexp.MustCompile(`[A-Za-z]{2,}`)
)

// No word of a problem is English in another language, on a page or for a program.
func TestProblemsAreInTheLanguage(t *testing.T) {
	t.Parallel()
	l := nobodys()
	s := makeSite(t, nil, session.Config{}, middleware.Config{Language: func(*http.Request) *locale.Locale { return l }})
	errs := []error{
		nil, middleware.ErrSignInRequired, middleware.ErrRecentAuthRequired, &middleware.ActionError{Action: "transfer"}, middleware.ErrUnconfirmed,
		middleware.ErrCrossOrigin, session.ErrSuspended,
	}
	for _, reason := range []session.Reason{
		session.ReasonExpired, session.ReasonPasswordChanged, session.ReasonSignedOut, session.ReasonSignedOutRemote, session.ReasonSignedOutOthers,
		session.ReasonDenied, session.ReasonReplaced, session.ReasonEvicted, session.ReasonEveryone, session.ReasonAdmin,
	} {
		errs = append(errs, fmt.Errorf("sign in again: %w", &session.EndedError{Err: session.ErrRevoked, Reason: reason}))
	}
	for _, status := range []int{400, 401, 403, 404, 405, 413, 418, 429, 500, 502, 503} {
		for _, err := range errs {
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Accept", "text/html")
			w := httptest.NewRecorder()
			s.mw.Problem(w, r, status, err)
			page := w.Body.String()
			if !strings.Contains(page, `<html lang="x-nobodys" dir="rtl">`) || !strings.Contains(page, "ж") {
				t.Errorf("%d %v: no page in this language:\n%s", status, err, page)
			}
			if left := english.FindAllString(html.UnescapeString(anyTag.ReplaceAllString(page, " ")), -1); left != nil {
				t.Errorf("%d %v: the page says %q", status, err, left)
			}

			r.Header.Del("Accept")
			w = httptest.NewRecorder()
			s.mw.Problem(w, r, status, err)
			var told struct{ Title, Detail, Code string }
			if err := json.Unmarshal(w.Body.Bytes(), &told); err != nil {
				t.Fatal(err)
			}
			if told.Code == "" || told.Title == "" || (told.Detail == "") != (err == nil || status >= 500) {
				t.Errorf("%d %v: got %+v", status, err, told)
			}
			if english.MatchString(told.Title + told.Detail) {
				t.Errorf("%d %v: a program is told %+v", status, err, told)
			}
		}
	}
}

// What stops a request speaks the language too, which may be one that the user has
// chosen; and a part of the site may have its own.
func TestRefusalsAreInTheLanguage(t *testing.T) {
	t.Parallel()
	users := nobodys()
	users.Tag = "x-users"
	s := makeSite(t, nil, session.Config{}, middleware.Config{Language: func(r *http.Request) *locale.Locale {
		if _, ok := session.FromContext(r.Context()); ok {
			return users
		}
		return nobodys()
	}})
	signedIn := httptest.NewRecorder()
	s.mw.Load(s.mux).ServeHTTP(signedIn, httptest.NewRequest("POST", "https://site.example/login?user=alice", nil))
	cookie := signedIn.Result().Cookies()[0]
	confirmed := s.mw.RequireProof(func(*http.Request) string { return "it" })(http.NotFoundHandler())
	for _, tt := range []struct {
		name, method string
		h            http.Handler
		cookie       bool
		status       int
		lang         string
	}{
		{"nobody", "GET", s.mux, false, 401, "x-nobodys"},
		{"from another site", "POST", s.mw.Load(s.mux), true, 403, "x-nobodys"},
		{"without a proof", "GET", confirmed, true, 401, "x-users"},
		{"a part with its own", "GET", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.mux.ServeHTTP(w, middleware.WithLanguage(r, func(*http.Request) *locale.Locale { return nil }))
		}), false, 401, "en"},
	} {
		r := httptest.NewRequest(tt.method, "https://site.example/me", nil)
		r.Header.Set("Accept", "text/html")
		if tt.cookie {
			r.AddCookie(cookie)
		}
		w := httptest.NewRecorder()
		tt.h.ServeHTTP(w, r)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), `<html lang="`+tt.lang+`"`) {
			t.Errorf("%s: got %d, want %d in %s:\n%s", tt.name, w.Code, tt.status, tt.lang, w.Body)
		}
	}
}
