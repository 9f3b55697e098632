package middleware_test

import (
	"net/http/httptest"
	"testing"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

// The web views of Android name their app; a script's XMLHttpRequest says
// nothing, and would only make each second request look new.
func TestRequestedWith(t *testing.T) {
	t.Parallel()
	manager, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		t.Fatal(err)
	}
	mw, err := middleware.New(manager, middleware.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ header, want, title string }{
		{"", "", "App on Pixel 9"},
		{"XMLHttpRequest", "", "App on Pixel 9"},
		{"org.telegram.messenger", "org.telegram.messenger", "Telegram app on Pixel 9"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("User-Agent", "Mozilla/5.0 (Linux; Android 15; Pixel 9; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/140.0.0.0 Mobile Safari/537.36")
		if c.header != "" {
			r.Header.Set("X-Requested-With", c.header)
		}
		hints := mw.Origin(r).Hints
		if title := device.Parse(hints).Title(); hints.RequestedWith != c.want || title != c.title {
			t.Errorf("%q: got %q, %q, want %q, %q", c.header, hints.RequestedWith, title, c.want, c.title)
		}
	}
}
