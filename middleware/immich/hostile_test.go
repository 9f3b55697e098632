package immich_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware/immich"
	"github.com/signedin/signedin/session"
)

// An Immich gone wrong switches protocols though nobody asked for it.
func TestSwitchThatNobodyAskedFor(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	s.immich.mux.HandleFunc("GET /odd", func(w http.ResponseWriter, r *http.Request) { s.immich.socket(w, r, nil) })
	s.client(browser).login("ada").want(502, "GET", "/odd", "")
}

// The answer that ends a session comes to its client, however slowly.
func TestLateAnswer(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		reason session.Reason
	}{"POST /api/auth/logout": {200, session.ReasonSignedOut}, "GET /late": {401, ""}} {
		s := newSite(t, immich.Config{})
		pattern := name
		if tt.status == 200 {
			pattern += "/{$}" // which Express takes for the same
			name += "/"
		}
		s.immich.mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			s.immich.remove(func(*row) bool { return true })
			w.WriteHeader(tt.status)
			w.(http.Flusher).Flush()
			time.Sleep(50 * time.Millisecond) // long enough for a hasty proxy to fail
			io.WriteString(w, "late")
		})
		c := s.client(browser).login("ada")
		method, path, _ := strings.Cut(name, " ")
		if got := c.want(tt.status, method, path, ""); got != "late" {
			t.Errorf("%s: got %q", name, got)
		}
		if got := c.reason(); got != tt.reason {
			t.Errorf("%s: ended: got %q, want %q", name, got, tt.reason)
		}
	}
}

// A 401 that is not Immich's ends nothing, and cuts nothing.
func TestRefusedByAnother(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	c := s.client(browser).login("ada")
	c.dial()
	works := s.immich.mux
	s.immich.mux = http.NewServeMux()
	s.immich.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Basic realm="the house"`)
		w.WriteHeader(401)
	})
	c.want(401, "GET", "/api/users/me", "")
	s.immich.mux = works
	c.want(200, "GET", "/api/users/me", "")
	if got := c.reason(); got != "" || s.manager.Stats().Open == 0 {
		t.Errorf("ended: %q, open: %d", got, s.manager.Stats().Open)
	}
}

// Who shows an API key ends sessions of a user whom we do not know by it.
func TestEndedByAPIKey(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	s.immich.mux.HandleFunc("DELETE /api/sessions/{id}/{$}", func(w http.ResponseWriter, _ *http.Request) {
		s.immich.remove(func(r *row) bool { return r.user == "ada" })
		w.WriteHeader(204)
	})
	ada, bob := s.client(browser).login("ada"), s.client(browser).login("bob")
	_, in := ada.dial()
	bob.dial()
	s.client("node").want(204, "DELETE", "/api/sessions/x/", "", "X-Api-Key", "good")
	wantFarewell(t, in)
	if ada.reason() != "" || bob.reason() != "" { // which a list only could say
		t.Errorf("ended: got %q and %q", ada.reason(), bob.reason())
	}
}

// revoking ends a session in the moment in which a WebSocket of it opens.
type revoking struct {
	http.RoundTripper
	revoke func()
}

func (t *revoking) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.RoundTripper.RoundTrip(r)
	if err == nil && res.StatusCode == http.StatusSwitchingProtocols {
		t.revoke()
	}
	return res, err
}

func TestEndedAsItsSocketOpens(t *testing.T) {
	t.Parallel()
	between := &revoking{RoundTripper: http.DefaultTransport}
	s := newSite(t, immich.Config{Transport: between})
	c := s.client(browser).login("ada")
	between.revoke = c.revoke
	conn := c.connect()
	if _, err := io.ReadAll(conn); err != nil && strings.Contains(err.Error(), "timeout") {
		t.Error("it stays open")
	}
}

// A device that did nothing but sign in can be ended in Immich too.
func TestEndedBeforeItsFirstRequest(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	other, me := s.client(phone).login("ada"), s.client(browser).login("ada")
	if status, got := me.page("sign-out", "id", other.session().ID.String()); status != 303 || !strings.HasSuffix(got, "/#done") {
		t.Errorf("got %d %s", status, got)
	}
	if s.immich.knows(other.token) {
		t.Error("Immich knows it")
	}
}

// What an Immich gone wrong says of a user is not kept at any length.
func TestLongUser(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"id", "email", "oauthId"} {
		s := newSite(t, immich.Config{})
		s.immich.mux = http.NewServeMux()
		s.immich.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
			user := map[string]string{"id": "ada", "email": "ada@example.com"}
			user[name] = strings.Repeat("x", 100<<10)
			answer(w, 200, string(marshal(t, user)))
		})
		c := s.client(browser)
		c.token = "some"
		c.want(200, "GET", "/api/users/me", "", c.cookie()...)
		if _, err := s.manager.Resume(t.Context(), session.ForeignCredential("some"), session.Origin{}); err != session.ErrUnknown {
			t.Errorf("%s: got %v, want no session", name, err)
		}
	}
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	must(t, err)
	return text
}

// Credentials are taken out of what is logged, in whichever way they are written.
func TestRedact(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"sessionKey", "sessionKey[]", "[sessionKey]", "SESSIONKEY", "apiKey", "key", "slug", "%5BsessionKey%5D"} {
		for _, format := range []string{"/a?x=y&NAME=hidden&size=1", "Get \"http://a/?NAME=hidden\": bad", "NAME=hidden#x", "/?NAME=hidden"} {
			text := strings.Replace(format, "NAME", name, 1)
			if got := immich.Redact(text); strings.Contains(got, "hidden") || strings.Contains(text, "size=1") != strings.Contains(got, "size=1") {
				t.Errorf("%s: got %s", text, got)
			}
		}
	}
	u := url.URL{Path: "/assets/1", RawQuery: "size=preview"}
	for _, text := range []string{"/share/hidden", "/share/hidden/photos/1", "http://x/s/hidden?size=1"} {
		if got := immich.Redact(text); strings.Contains(got, "hidden") {
			t.Errorf("a shared link is logged: %q", got)
		}
	}
	if got := immich.Redact(u.String()); got != u.String() {
		t.Errorf("got %s", got)
	}
}
