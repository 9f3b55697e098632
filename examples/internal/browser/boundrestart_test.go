package browser_test

import (
	"crypto/rand"
	"testing"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/storetest/need"
)

// Another instance, on the same store and with a new key before the old one, takes
// over, as after a restart in which keys were rotated; then the store fails while the
// browser renews. Nobody is signed out.
func TestBoundBrowserSurvivesTheServer(t *testing.T) {
	need.Heavy(t)
	h := startBoundHost(t, session.Config{})
	a := boundProfile(t, boundChromium(t, h.ca), "A", h.url)
	signedIn := a.signInBound(t, h)
	goesOn := func(what string) {
		t.Helper()
		a.spoil(t, "")
		before := h.count(&h.refreshes)
		if got := a.open(t, "/private"); got != "/private" {
			t.Errorf("%s: A is on %s", what, got)
		}
		if got := a.fetches(t, 8); got != "200" {
			t.Errorf("%s: A's scripts get %s", what, got)
		}
		if h.count(&h.refreshes) == before {
			t.Errorf("%s: not renewed", what)
		}
	}
	next := make([]byte, len(h.key))
	_, _ = rand.Read(next)
	h.start(t, session.Config{}, next, h.key)
	if got := a.fetches(t, 8); got != "200" {
		t.Errorf("both cookies of the instance before: A's scripts get %s", got)
	}
	goesOn("another instance, with a new key")

	a.spoil(t, "")
	h.fails.Store(true)
	if got := a.fetches(t, 2); got != "503" {
		t.Errorf("while the store fails: A's scripts get %s, want 503", got)
	}
	h.fails.Store(false)
	if got := a.open(t, "/private"); got != "/private" {
		t.Errorf("once the store is back: A is on %s", got)
	}
	h.start(t, session.Config{}, next)
	goesOn("an instance without the old key")
	if all, err := h.manager.List(t.Context(), email); err != nil || len(all) != 1 || all[0].ID != signedIn.ID || !all[0].IsBound() {
		t.Errorf("got %+v, %v, want the one session, bound", all, err)
	}
}
