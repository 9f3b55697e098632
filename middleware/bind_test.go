package middleware_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

func TestCopyOfBothCookies(t *testing.T) {
	t.Parallel()
	site := newBoundSite()
	at := site.instance(t, 0, key(1))
	d := newKeyed(t)
	d.bound(at)
	thief := d.copies()
	for minute := range 20 {
		if minute%3 == 2 {
			d.refreshed(at)
		}
		if got := d.status(at); got != http.StatusOK {
			t.Fatalf("minute %d: the owner gets %d", minute, got)
		}
		want := http.StatusOK
		if minute >= 8 {
			want = http.StatusUnauthorized
		}
		res := thief.ask(at, "GET", "/private")
		if res.StatusCode == http.StatusTemporaryRedirect { // it should renew its short cookie
			thief.arrives(res)
			if got := thief.jar[shortCookieName]; got != "" || thief.jar[longCookie] == "" {
				t.Errorf("minute %d: the thief has short %q, long %q", minute, got, thief.jar[longCookie])
			}
			res = thief.ask(at, "GET", "/private")
		}
		if res.StatusCode != want {
			t.Errorf("minute %d: the thief gets %d, want %d", minute, res.StatusCode, want)
		}
		site.advance(time.Minute)
	}
	thief.id = d.id
	if res := thief.refresh(at); res.StatusCode != http.StatusBadRequest {
		t.Errorf("a proof of the thief's key: %d, want 400", res.StatusCode)
	}
	if got := d.status(at); got != http.StatusTemporaryRedirect { // a minute has passed since
		d.refreshed(at)
		if got := d.status(at); got != http.StatusOK {
			t.Errorf("the owner at last: %d", got)
		}
	}
}

// What ErrUnbound is answered, by what asks.
func TestUnboundIsAnswered(t *testing.T) {
	t.Parallel()
	site := newBoundSite()
	at := site.instance(t, 0, key(1))
	d := newKeyed(t)
	d.bound(at)
	bare := d.copies()
	delete(bare.jar, shortCookieName)
	stale := d.copies()
	stale.jar[shortCookieName] = "made-up"
	upgrade := []string{"Upgrade", "websocket", "Connection", "Upgrade", "Origin", "https://site.example"}
	skipped := []string{"Secure-Session-Skipped", `quota_exceeded;session_identifier="` + d.id + `"`}
	for _, c := range []struct {
		what   string
		d      *keyed
		header []string
		status int
		place  string
	}{
		{"a page", bare, []string{"Sec-Fetch-Mode", "navigate"}, 303, "/login?next=%2Fprivate%3Fx%3D1"},
		{"a script", bare, []string{"Sec-Fetch-Mode", "cors"}, 401, ""},
		{"a socket", bare, upgrade, 401, ""},
		{"a page that could not", bare, append([]string{"Sec-Fetch-Mode", "navigate"}, skipped...), 503, ""},
		{"a script that could not", bare, append([]string{"Sec-Fetch-Mode", "cors"}, skipped...), 503, ""},
		{"a page with a short cookie that is none", stale, []string{"Sec-Fetch-Mode", "navigate"}, 307, "/private?x=1"},
		{"a script with one", stale, []string{"Sec-Fetch-Mode", "cors"}, 307, "/private?x=1"},
		{"a socket with one", stale, upgrade, 401, ""},
	} {
		res := c.d.ask(at, "GET", "/private?x=1", c.header...)
		if res.StatusCode != c.status || res.Header.Get("Location") != c.place {
			t.Errorf("%s: got %d to %q, want %d to %q", c.what, res.StatusCode, res.Header.Get("Location"), c.status, c.place)
		}
		var body struct{ Code string }
		if c.status == 401 {
			if err := json.NewDecoder(res.Body).Decode(&body); err != nil || body.Code != "session-unbound" {
				t.Errorf("%s: code %q, %v", c.what, body.Code, err)
			}
		}
		if c.status == 503 && res.Header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", c.what)
		}
		for _, k := range res.Cookies() {
			if k.Name != shortCookieName || k.MaxAge >= 0 || c.status != 307 {
				t.Errorf("%s: the cookie %s is set", c.what, k.Name)
			}
		}
	}
	if got := at.mw.Stats().Unbound; got != 8 {
		t.Errorf("%d counted, want 8", got)
	}
	// A user whose key is lost signs in again, and that is all.
	bare.bound(at)
	if all, err := at.manager.List(t.Context(), "ada"); err != nil || len(all) != 1 || !all[0].IsBound() {
		t.Errorf("after a new sign-in: %d sessions, %v", len(all), err)
	}
}

// A proof that is shown again gives no more time than it gave at first.
func TestReplayedProof(t *testing.T) {
	t.Parallel()
	site := newBoundSite()
	at, d := site.instance(t, 0, key(1)), newKeyed(t)
	d.bound(at)
	d.arrives(d.ask(at, "POST", "/session/refresh", "Sec-Secure-Session-Id", d.id))
	proof := d.proof(d.next, false)
	thief := d.copies()
	replay := func() *http.Response {
		return thief.ask(site.instance(t, 0, key(1)), "POST", "/session/refresh", "Sec-Secure-Session-Id", d.id, "Secure-Session-Response", proof)
	}
	site.advance(2 * time.Minute)
	if res := thief.arrives(replay()); res.StatusCode != http.StatusOK || res.Cookies()[0].MaxAge != 180 {
		t.Errorf("two minutes later: %d, %v", res.StatusCode, res.Cookies())
	}
	site.advance(5*time.Minute + 30*time.Second)
	if got := thief.status(at); got == http.StatusOK {
		t.Error("the replay outlives the proof")
	}
	if res := replay(); res.StatusCode != http.StatusForbidden {
		t.Errorf("once its challenge is old: %d, want 403", res.StatusCode)
	}
}

func TestSignOutEndsTheBinding(t *testing.T) {
	t.Parallel()
	site := newBoundSite()
	at, d := site.instance(t, 0, key(1)), newKeyed(t)
	d.bound(at)
	d.arrives(d.ask(at, "POST", "/logout"))
	if len(d.jar) > 0 {
		t.Errorf("what is left: %v", d.jar)
	}
	if res := d.arrives(d.refresh(at)); res.StatusCode != http.StatusOK || d.id != "" || len(res.Cookies()) > 0 {
		t.Errorf("the refresh after it: %d, the browser keeps %q", res.StatusCode, d.id)
	}
}

// A proof that was seen before, and is kept with what is known of the session, grows old all
// the same.
func TestKnownProofGrowsOld(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	at := newInstance(t, memstore.New(), session.Config{Now: func() time.Time { return now }}, key(1))
	d := newKeyed(t)
	d.bound(at)
	signedIn := now
	for now.Sub(signedIn) < 10*time.Minute {
		want := now.Sub(signedIn) < at.manager.ProofAccepted()
		if got := d.status(at); (got == http.StatusOK) != want {
			t.Fatalf("%v after the proof: got %d, want OK: %v", now.Sub(signedIn), got, want)
		}
		now = now.Add(10 * time.Second)
	}
}
