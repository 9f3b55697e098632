package middleware_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// What no browser sends is refused with what the protocol says, and changes nothing.
func TestBadBindings(t *testing.T) {
	t.Parallel()
	site := newBoundSite()
	at := site.instance(t, 0, key(1))
	d, other, fresh := newKeyed(t), newKeyed(t), newKeyed(t)
	d.bound(at)
	old := other.signIn(at)
	site.advance(4 * time.Minute)
	offer := fresh.signIn(at)
	d.refreshed(at)
	renew := func(who *keyed, header ...string) *http.Response {
		return who.ask(at, "POST", "/session/refresh", header...)
	}
	d.arrives(renew(d, "Sec-Secure-Session-Id", d.id))
	signed := d.proof(d.next, false)
	foreignID := strings.ToUpper(d.id)
	const unknown = "01a22a5c-5ea6-743f-a4fe-d9e016311080"
	for _, c := range []struct {
		what string
		do   func() *http.Response
		want int
	}{
		{"bind: GET", func() *http.Response { return fresh.ask(at, "GET", "/session/bind") }, 405},
		{"another route", func() *http.Response { return fresh.ask(at, "POST", "/session/other") }, 404},
		{"bind: no proof", func() *http.Response { return fresh.ask(at, "POST", "/session/bind") }, 400},
		{"bind: another origin", func() *http.Response {
			return fresh.ask(at, "POST", "/session/bind", "Secure-Session-Response", fresh.proof(offer, true), "Sec-Fetch-Site", "cross-site")
		}, 400},
		{"bind: no key in the proof", func() *http.Response {
			return fresh.ask(at, "POST", "/session/bind", "Secure-Session-Response", fresh.proof(offer, false))
		}, 400},
		{"bind: twice", func() *http.Response {
			p := fresh.proof(offer, true)
			return fresh.ask(at, "POST", "/session/bind", "Secure-Session-Response", p, "Secure-Session-Response", p)
		}, 400},
		{"bind: a challenge that is old", func() *http.Response { return other.bind(at, old) }, 400},
		{"bind: a challenge of another session", func() *http.Response { return other.bind(at, offer) }, 400},
		{"bind: a challenge for something else", func() *http.Response { return d.bind(at, d.next) }, 400},
		{"bind: made up", func() *http.Response { return fresh.bind(at, "made-up") }, 400},
		{"bind: without a session", func() *http.Response { return newKeyed(t).bind(at, offer) }, 401},
		{"refresh: no ID", func() *http.Response { return renew(d, "Secure-Session-Response", signed) }, 400},
		{"refresh: an ID in another form", func() *http.Response { return renew(d, "Sec-Secure-Session-Id", foreignID) }, 400},
		{"refresh: no ID of ours", func() *http.Response { return renew(d, "Sec-Secure-Session-Id", `"s1"`) }, 400},
		{"refresh: two IDs", func() *http.Response {
			return renew(d, "Sec-Secure-Session-Id", d.id, "Sec-Secure-Session-Id", d.id)
		}, 400},
		{"refresh: another session's ID", func() *http.Response {
			return renew(d, "Sec-Secure-Session-Id", unknown, "Secure-Session-Response", signed)
		}, 403},
		{"refresh: a key in the proof", func() *http.Response {
			return renew(d, "Sec-Secure-Session-Id", d.id, "Secure-Session-Response", d.proof(d.next, true))
		}, 400},
		{"refresh: made up", func() *http.Response {
			return renew(d, "Sec-Secure-Session-Id", d.id, "Secure-Session-Response", d.proof("made-up", false))
		}, 403},
		{"refresh: the challenge of a binding", func() *http.Response {
			return renew(fresh, "Sec-Secure-Session-Id", d.id, "Secure-Session-Response", d.proof(offer, false))
		}, 403},
		{"refresh: another key", func() *http.Response {
			return renew(d, "Sec-Secure-Session-Id", d.id, "Secure-Session-Response", other.proof(d.next, false))
		}, 400},
	} {
		site.wrote.Store(0)
		res := c.do()
		if res.StatusCode != c.want {
			t.Errorf("%s: got %d, want %d", c.what, res.StatusCode, c.want)
		}
		if n := site.wrote.Load(); n > 0 {
			t.Errorf("%s: %d writes", c.what, n)
		}
		for _, k := range res.Cookies() {
			t.Errorf("%s: sets %s", c.what, k.Name)
		}
	}
	if got := d.status(at); got != http.StatusOK {
		t.Errorf("after all of it: %d", got)
	}
}

// Whoever has the cookie of a bound session cannot put another key in its place.
func TestKeyIsNotReplacedByACopy(t *testing.T) {
	t.Parallel()
	site := newBoundSite()
	at, d := site.instance(t, 0, key(1)), newKeyed(t)
	challenge := d.signIn(at)
	if res := d.arrives(d.bind(at, challenge)); res.StatusCode != http.StatusOK {
		t.Fatal(res.Status)
	}
	if got := d.status(at); got != http.StatusOK {
		t.Fatal(got)
	}
	if res := d.copies().bind(at, challenge); res.StatusCode != http.StatusConflict {
		t.Errorf("got %d, want 409", res.StatusCode)
	}
	if res := d.bind(at, challenge); res.StatusCode != http.StatusOK {
		t.Errorf("the same key again: got %d", res.StatusCode)
	}
	d.refreshed(at)
}
