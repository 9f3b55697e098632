package immich_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/signedin/signedin/middleware/immich"
	"github.com/signedin/signedin/session"
)

// reason returns why the client's session has ended, "" if it has not.
func (c *client) reason() session.Reason {
	c.t.Helper()
	s, _, err := c.store.Get(c.t.Context(), session.ForeignCredential(c.token).ID)
	must(c.t, err)
	if s.Ended == nil {
		return ""
	}
	return s.Ended.Reason
}

// What users do in Immich itself ends our sessions too.
func TestMirror(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		act         func(me, other *client)
		mine, other session.Reason
	}{
		"logout":         {func(me, _ *client) { me.want(200, "POST", "/api/auth/logout", "") }, session.ReasonSignedOut, ""},
		"logout, cases":  {func(me, _ *client) { me.want(404, "POST", "/API/Auth/Logout/", "") }, "", ""}, // the test's router is strict
		"delete others":  {func(me, _ *client) { me.want(200, "DELETE", "/api/sessions", "") }, "", session.ReasonSignedOutOthers},
		"new password":   {func(me, _ *client) { me.want(200, "POST", "/api/auth/change-password", "{}") }, "", session.ReasonPasswordChanged},
		"delete one":     {func(me, o *client) { me.want(204, "DELETE", "/api/sessions/"+o.session().Attrs["immich.id"], "") }, "", session.ReasonSignedOutRemote},
		"delete nothing": {func(me, _ *client) { me.want(400, "DELETE", "/api/sessions/x", "") }, "", ""},
		"wrong password": {func(me, _ *client) { me.want(401, "POST", "/api/auth/login", `{"email":"ada@x","password":"bad"}`) }, "", ""},
		"gone in Immich": {func(me, o *client) {
			o.immich.remove(func(s *row) bool { return s.id == o.session().Attrs["immich.id"] })
			o.want(401, "GET", "/api/users/me", "")
		}, "", ""}, // until it is found missing in the list
		"gone in Immich, and looked at": {func(me, o *client) {
			o.immich.remove(func(s *row) bool { return s.id == o.session().Attrs["immich.id"] })
			me.want(200, "GET", "/devices/", "")
		}, "", session.ReasonIssuer},
	} {
		s := newSite(t, immich.Config{})
		me, other, bob := s.client(browser).login("ada"), s.client(phone).login("ada"), s.client(phone).login("bob")
		for _, c := range []*client{me, other, bob} {
			c.want(200, "GET", "/api/users/me", "")
		}
		tt.act(me, other)
		if got := me.reason(); got != tt.mine {
			t.Errorf("%s: mine: got %q, want %q", name, got, tt.mine)
		}
		if got := other.reason(); got != tt.other {
			t.Errorf("%s: the other: got %q, want %q", name, got, tt.other)
		}
		if got := bob.reason(); got != "" {
			t.Errorf("%s: somebody else's: got %q", name, got)
		}
	}
}

// What a back-channel logout has ended is found by asking, for what has a
// socket open, and by the next request for the rest.
func TestBackChannelLogout(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	gone, stays, idle := s.client(browser).login("ada"), s.client(browser).login("bob"), s.client(phone).login("ada")
	_, in := gone.dial()
	stays.dial()
	idle.want(200, "GET", "/api/users/me", "")
	s.immich.remove(func(r *row) bool { return r.user == "ada" })
	s.client("idp").want(200, "POST", "/api/oauth/backchannel-logout", "logout_token=x")
	wantFarewell(t, in)
	if got := gone.reason(); got != "" {
		t.Errorf("refused by Immich: got %q", got)
	}
	if got := stays.reason(); got != "" {
		t.Errorf("of another user: got %q", got)
	}
	idle.want(401, "GET", "/api/users/me", "")
	again := s.client(browser).login("ada")
	again.want(200, "GET", "/api/users/me", "")
	for what, c := range map[string]*client{"with a socket": gone, "without one": idle} {
		if got := c.reason(); got != session.ReasonIssuer {
			t.Errorf("%s, once the user has signed in again: got %q", what, got)
		}
	}
}

// What was revoked past the proxy keeps its socket until Immich is asked.
func TestRecheck(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	gone, stays := s.client(browser).login("ada"), s.client(browser).login("bob")
	_, in := gone.dial()
	stays.dial()
	s.proxy.Recheck(t.Context())
	if gone.reason() != "" {
		t.Fatal("ended too early")
	}
	s.immich.remove(func(r *row) bool { return r.user == "ada" })
	s.proxy.Recheck(t.Context())
	wantFarewell(t, in)
	if gone.reason() != "" || stays.reason() != "" { // cut, and no more: it may be let in again
		t.Errorf("ended: got %q and %q", gone.reason(), stays.reason())
	}
}

// page posts a form of our page and returns where that leads.
func (c *client) page(form string, values ...string) (int, string) {
	c.t.Helper()
	text := c.want(200, "GET", "/devices/", "")
	_, rest, _ := strings.Cut(text, `name="form" value="`)
	token, _, _ := strings.Cut(rest, `"`)
	v := url.Values{"form": {token}}
	for i := 0; i < len(values); i += 2 {
		v.Set(values[i], values[i+1])
	}
	req, err := http.NewRequestWithContext(c.t.Context(), "POST", c.server.URL+"/devices/"+form, strings.NewReader(v.Encode()))
	must(c.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", c.server.URL)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := c.http.Do(req)
	must(c.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	must(c.t, err)
	return res.StatusCode, res.Header.Get("Location") + string(body)
}

// What users end on our page ends in Immich too, and they are told if not.
func TestPageEndsInImmichToo(t *testing.T) {
	t.Parallel()
	for _, fails := range []bool{false, true} {
		s := newSite(t, immich.Config{})
		me, one, two := s.client(browser).login("ada"), s.client(phone).login("ada"), s.client(browser).login("ada")
		for _, c := range []*client{me, one, two} {
			c.want(200, "GET", "/api/users/me", "")
		}
		s.immich.refuses.Store(fails)
		const want, wantAll = "/#done", "/#done"
		if status, got := me.page("sign-out", "id", one.session().ID.String()); status != 303 || !strings.HasSuffix(got, want) {
			t.Errorf("sign out one: got %d %s, want %s", status, got, want)
		}
		if s.immich.knows(one.token) != fails {
			t.Errorf("Immich knows the one: %v", !fails)
		}
		one.want(401, "GET", "/api/users/me", "") // in either case
		if status, got := me.page("sign-out-others"); status != 303 || !strings.HasSuffix(got, wantAll) {
			t.Errorf("sign out others: got %d %s, want %s", status, got, wantAll)
		}
		if s.immich.knows(two.token) != fails {
			t.Errorf("Immich knows the other: %v", !fails)
		}
		two.want(401, "GET", "/api/users/me", "")
		if status, _ := me.page("sign-out", "id", me.session().ID.String()); status != 303 {
			t.Errorf("sign out here: got %d", status)
		}
		if s.immich.knows(me.token) {
			t.Error("Immich knows this one")
		}
	}
}

// The page is a route of our own: a form of another origin is refused there,
// while Immich's routes take what the app sends.
func TestOriginIsCheckedOnThePageOnly(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	c := s.client(browser).login("ada")
	c.want(200, "POST", "/api/auth/validateToken", "") // neither Origin nor Sec-Fetch-Site
	id := c.session().ID.String()
	c.want(403, "DELETE", "/devices/api/sessions/"+id, "")
	c.want(403, "DELETE", "/devices/api/sessions/"+id, "", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
	s.client(browser).want(401, "GET", "/devices/", "")
	c.want(204, "DELETE", "/devices/api/sessions/"+id, "", "Sec-Fetch-Site", "same-origin")
}
