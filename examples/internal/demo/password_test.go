package demo_test

import (
	"strings"
	"testing"

	"github.com/signedin/signedin/examples/internal/demo"
)

// The other devices cannot be signed out: then the password stays as it was.
func TestPasswordChangeFails(t *testing.T) {
	h, store := newHost(t)
	mine, other := h.browser(t), h.browser(t)
	h.signIn(t, mine, demo.Password)
	h.signIn(t, other, demo.Password)
	store.broken = true
	if res, _ := h.do(t, mine, "POST", "/password", form("current", demo.Password, "new", "the new password")); res.StatusCode != 503 {
		t.Errorf("got %d, want 503", res.StatusCode)
	}
	store.broken = false
	if got, _ := h.signIn(t, h.browser(t), demo.Password); got != 303 {
		t.Errorf("the old password: got %d, want 303", got)
	}
	if res, _ := h.do(t, mine, "GET", "/api/me", ""); res.StatusCode != 200 {
		t.Errorf("this device: got %d, want 200", res.StatusCode)
	}
}

// Where sessions are elsewhere, the password has changed, and the page says
// what has not.
func TestPasswordChangeApart(t *testing.T) {
	h, store := newHostWith(t, nil)
	mine := h.browser(t)
	h.signIn(t, mine, demo.Password)
	store.broken = true
	res, body := h.do(t, mine, "POST", "/password", form("current", demo.Password, "new", "the new password"))
	if res.StatusCode != 503 || !strings.Contains(body, "could not be signed out") {
		t.Errorf("got %d %s", res.StatusCode, body)
	}
	store.broken = false
	if got, _ := h.signIn(t, h.browser(t), "the new password"); got != 303 {
		t.Errorf("the new password: got %d, want 303", got)
	}
	if res, body = h.do(t, mine, "POST", "/password", form("current", "the new password", "new", "another password")); res.StatusCode != 200 {
		t.Errorf("again: got %d %s", res.StatusCode, body)
	}
}
