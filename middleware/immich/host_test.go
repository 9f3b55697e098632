package immich_test

import (
	"net/http/httptest"
	"testing"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/immich"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

// A host's own session says nothing of a token of Immich.
func TestHostWithSessionsOfItsOwn(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	host, err := session.New(memstore.New(), session.Config{})
	must(t, err)
	door, err := middleware.New(host, middleware.Config{TokenHeaders: []string{"X-Host"}})
	must(t, err)
	ticket, err := host.BeginSignIn(t.Context(), "ada")
	must(t, err)
	_, token, err := host.Start(t.Context(), ticket, session.Origin{}, session.StartOptions{Carrier: session.CarrierBearer})
	must(t, err)
	inner := s.server.Config.Handler
	front := httptest.NewServer(door.Require(inner))
	t.Cleanup(front.Close)
	s.server = front

	c := s.client(browser)
	keyed := func(status int, method, path, body string) string {
		t.Helper()
		return c.want(status, method, path, body, "X-Host", token.Reveal())
	}
	keyed(201, "POST", "/api/auth/login", `{"email":"ada@example.com","password":"good"}`)
	keyed(200, "GET", "/api/users/me", "")
	keyed(200, "GET", "/devices/", "")
	if got := c.session(); got.UserID != "ada" || got.Carrier != session.CarrierForeign {
		t.Errorf("got %+v", got)
	}
	c.revoke()
	keyed(401, "GET", "/api/users/me", "")
	keyed(401, "GET", "/devices/", "")
	if s.live("ada") != 0 {
		t.Error("it was adopted")
	}
	if all, err := host.List(t.Context(), "ada"); len(all) != 1 || err != nil {
		t.Errorf("the host has %d sessions, %v", len(all), err)
	}
}
