package middleware_test

import (
	"net/http"
	"testing"
	"time"
)

// TestBoundGoesOn: the user stays signed in, whatever happens to servers and answers.
func TestBoundGoesOn(t *testing.T) {
	t.Parallel()
	for name, happens := range map[string]func(t *testing.T, site *boundSite, at *instance, d *keyed) (next *instance){
		"a restart": func(t *testing.T, site *boundSite, _ *instance, _ *keyed) *instance {
			return site.instance(t, 0, key(1))
		},
		"new keys in front": func(t *testing.T, site *boundSite, _ *instance, _ *keyed) *instance {
			return site.instance(t, 0, key(2), key(1))
		},
		"another instance, 2 minutes ahead": func(t *testing.T, site *boundSite, _ *instance, _ *keyed) *instance {
			return site.instance(t, 2*time.Minute, key(1))
		},
		"another instance, 2 minutes behind": func(t *testing.T, site *boundSite, _ *instance, _ *keyed) *instance {
			return site.instance(t, -2*time.Minute, key(1))
		},
		"the challenge of another instance, 2 minutes ahead": func(t *testing.T, site *boundSite, at *instance, d *keyed) *instance {
			d.arrives(d.ask(site.instance(t, 2*time.Minute, key(1)), "POST", "/session/refresh", "Sec-Secure-Session-Id", d.id))
			res := d.arrives(d.ask(at, "POST", "/session/refresh", "Sec-Secure-Session-Id", d.id, "Secure-Session-Response", d.proof(d.next, false)))
			if res.StatusCode != http.StatusOK {
				t.Errorf("got %d", res.StatusCode)
			}
			return at
		},
		"the answer to a refresh is lost": func(t *testing.T, _ *boundSite, at *instance, d *keyed) *instance {
			if res := d.refresh(at); res.StatusCode != http.StatusOK {
				t.Errorf("got %d", res.StatusCode)
			}
			return at
		},
		"20 refreshes at once": func(t *testing.T, _ *boundSite, at *instance, d *keyed) *instance {
			answers := make(chan *http.Response, 20)
			for range cap(answers) {
				other := d.copies()
				other.key, other.id = d.key, d.id
				go func() { answers <- other.refresh(at) }()
			}
			for range cap(answers) {
				if res := d.arrives(<-answers); res.StatusCode != http.StatusOK {
					t.Errorf("got %d", res.StatusCode)
				}
			}
			return at
		},
		"the store fails": func(t *testing.T, site *boundSite, at *instance, d *keyed) *instance {
			site.advance(8 * time.Minute)
			site.fails.Store(true)
			if res := d.arrives(d.refresh(at)); res.StatusCode != http.StatusServiceUnavailable || len(res.Cookies()) > 0 {
				t.Errorf("refresh: %d, %d cookies", res.StatusCode, len(res.Cookies()))
			}
			site.fails.Store(false)
			delete(d.jar, shortCookieName) // which has ended in the browser, who waits before it asks again
			claim := []string{"Secure-Session-Skipped", `server_error;session_identifier="` + d.id + `"`}
			if res := d.ask(at, "GET", "/private", claim...); res.StatusCode != http.StatusOK {
				t.Errorf("meanwhile: %d", res.StatusCode)
			}
			if res := d.ask(site.instance(t, 0, key(1)), "GET", "/private", claim...); res.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("at an instance that has not failed: %d", res.StatusCode)
			}
			return at
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := newBoundSite()
			at, d := site.instance(t, 0, key(1), key(2)), newKeyed(t)
			d.bound(at)
			site.advance(3 * time.Minute)
			next := happens(t, site, at, d)
			if d.jar[shortCookieName] != "" {
				if got := d.status(next); got != http.StatusOK {
					t.Errorf("then: got %d", got)
				}
			}
			d.refreshed(next)
			if got := d.status(next); got != http.StatusOK {
				t.Errorf("after the next refresh: got %d", got)
			}
			if got := d.status(at); got != http.StatusOK {
				t.Errorf("at the first instance: got %d", got)
			}
		})
	}
}

func TestRegistrationIsLost(t *testing.T) {
	t.Parallel()
	site := newBoundSite()
	at, d := site.instance(t, 0, key(1)), newKeyed(t)
	challenge := d.signIn(at)
	if res := d.bind(at, challenge); res.StatusCode != http.StatusOK { // and does not arrive
		t.Fatalf("bind: %d", res.StatusCode)
	}
	for range 3 {
		if got := d.status(at); got != http.StatusOK {
			t.Errorf("got %d", got)
		}
		site.advance(10 * time.Minute)
	}
	other := d.copies() // the same browser with another key, after the next answer of ours
	other.bound(at)
	if got := other.status(at); got != http.StatusOK {
		t.Errorf("bound the second time: %d", got)
	}
}

func TestStoreFailsAtRegistration(t *testing.T) {
	t.Parallel()
	site := newBoundSite()
	at, d := site.instance(t, 0, key(1)), newKeyed(t)
	challenge := d.signIn(at)
	site.fails.Store(true)
	if res := d.bind(at, challenge); res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("got %d, want 503", res.StatusCode)
	}
	site.fails.Store(false)
	if got := d.status(at); got != http.StatusOK {
		t.Errorf("then: got %d", got)
	}
}

func TestRefreshCosts(t *testing.T) {
	t.Parallel()
	site := newBoundSite()
	at, d := site.instance(t, 0, key(1)), newKeyed(t)
	d.bound(at)
	site.calls.Store(0)
	site.wrote.Store(0)
	d.refreshed(at)
	if calls, wrote := site.calls.Load(), site.wrote.Load(); calls > 1 || wrote > 0 {
		t.Errorf("a refresh makes %d calls of the store, %d of them write; want one that reads", calls, wrote)
	}
}
