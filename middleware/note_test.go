package middleware_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

// A note is taken once: the browser forgets it with the answer. Beside an application
// that works over plain HTTP it comes over plain HTTP.
func TestNoteIsTakenOnce(t *testing.T) {
	bearer := &middleware.Foreign{Extractors: []middleware.Extractor{middleware.Bearer}}
	for what, c := range map[string]struct {
		foreign        *middleware.Foreign
		target, origin string
		plain          bool
	}{
		"https":                      {nil, "https://a.example/", "https://a.example", false},
		"http":                       {nil, "http://a.example/", "http://a.example", false}, // our session's cookie is secure, too
		"https, beside another":      {bearer, "https://a.example/", "https://a.example", false},
		"https, from a page of http": {bearer, "https://a.example/", "http://a.example", false},
		"behind a proxy of https":    {bearer, "http://a.example/", "https://a.example", false},
		"http, beside another":       {bearer, "http://a.example/", "http://a.example", true},
	} {
		s := makeSite(t, nil, session.Config{}, middleware.Config{Foreign: c.foreign})
		r := httptest.NewRequest(http.MethodPost, c.target, nil)
		r.Header.Set("Origin", c.origin)
		w := httptest.NewRecorder()
		s.mw.SendNote(w, r, "done")
		sent := w.Result().Cookies()
		if len(sent) != 1 || sent[0].Value != "done" || sent[0].MaxAge <= 0 || sent[0].Secure == c.plain {
			t.Fatalf("%s: got %v", what, sent)
		}
		r = httptest.NewRequest(http.MethodGet, c.target, nil)
		r.AddCookie(sent[0])
		if got := s.mw.ReadNote(r); got != "done" {
			t.Errorf("%s: read %q", what, got)
		}
		w = httptest.NewRecorder()
		if got := s.mw.TakeNote(w, r); got != "done" {
			t.Errorf("%s: took %q", what, got)
		}
		if gone := w.Result().Cookies(); len(gone) != 1 || gone[0].Name != sent[0].Name || gone[0].MaxAge >= 0 {
			t.Errorf("%s: the browser keeps it: got %v", what, gone)
		}
		w = httptest.NewRecorder()
		if got := s.mw.TakeNote(w, httptest.NewRequest(http.MethodGet, c.target, nil)); got != "" || len(w.Result().Cookies()) != 0 {
			t.Errorf("%s: took %q of no note, sent %v", what, got, w.Result().Cookies())
		}
	}
}
