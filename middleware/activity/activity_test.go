package activity_test

import (
	"context"
	"encoding/json"
	"errors"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

const base = "/account/devices"

// site is a host that has mounted the page, on real TLS, since the cookie is
// Secure. Its clock stands still unless it is moved.
type site struct {
	*httptest.Server
	manager *session.Manager
	page    *activity.Handler
	store   *failing
	elapsed atomic.Int64
	last    *session.Session // of startMany
}

// failing is a memstore whose answers fail when told to.
type failing struct {
	session.Store
	session.Profiles
	list, revoke, update atomic.Bool
	listing              func() // before List fails, if set
}

var errStore = errors.New("the disk is on fire")

func (f *failing) List(ctx context.Context, q session.Query) ([]*session.Session, error) {
	if f.list.Load() {
		if f.listing != nil {
			f.listing()
		}
		return nil, errStore
	}
	return f.Store.List(ctx, q)
}

func (f *failing) Revoke(ctx context.Context, r session.Revocation) (session.Revoked, error) {
	if f.revoke.Load() {
		return session.Revoked{}, errStore
	}
	return f.Store.Revoke(ctx, r)
}

func (f *failing) Update(ctx context.Context, s *session.Session) error {
	if f.update.Load() {
		return errStore
	}
	return f.Store.Update(ctx, s)
}

func newSite(t testing.TB, cfg activity.Config, scfg session.Config) *site {
	t.Helper()
	mem := memstore.New()
	s := &site{store: &failing{Store: mem, Profiles: mem}}
	start := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	scfg.Now = func() time.Time { return start.Add(time.Duration(s.elapsed.Load())) }
	var err error
	if s.manager, err = session.New(s.store, scfg); err != nil {
		t.Fatal(err)
	}
	mw, err := middleware.New(s.manager, middleware.Config{ClientIP: clientIP, Refuse: middleware.ToSignIn("/login")})
	if err != nil {
		t.Fatal(err)
	}
	if s.page, err = activity.New(mw, cfg); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(base+"/", s.page)
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		s.pass(time.Millisecond) // what signs in at one moment has no order
		ticket, _ := s.manager.BeginSignIn(r.Context(), r.URL.Query().Get("user"))
		_, token, err := mw.SignIn(w, r, ticket, session.StartOptions{Carrier: session.Carrier(r.URL.Query().Get("carrier"))})
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		_, _ = io.WriteString(w, token.Reveal())
	})
	mux.Handle("POST /prove", mw.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := mw.Reauthenticated(w, r, session.Proof{Methods: strings.Split(r.URL.Query().Get("by"), ",")}); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})))
	s.Server = httptest.NewTLSServer(mux)
	t.Cleanup(s.Close)
	return s
}

// clientIP believes a header, as only a test may.
func clientIP(r *http.Request) (netip.Addr, bool) {
	ip, err := netip.ParseAddr(r.Header.Get("X-Test-IP"))
	if err != nil {
		return netip.MustParseAddr("203.0.113.9"), true
	}
	return ip, true
}

func (s *site) pass(d time.Duration) { s.elapsed.Add(int64(d)) }

// client is a signed-in browser, or an app if it has a token.
type client struct {
	*http.Client
	site   *site
	t      testing.TB
	header []string // of every request
	token  string
}

func (s *site) signIn(t testing.TB, user string, header ...string) *client {
	t.Helper()
	jar, _ := cookiejar.New(nil)
	c := &client{site: s, t: t, header: header, Client: &http.Client{Transport: s.Client().Transport, Jar: jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	if res, body := c.do("POST", "/login?user="+user, ""); res.StatusCode != 200 {
		t.Fatalf("sign-in: %d %s", res.StatusCode, body)
	}
	return c
}

func (s *site) signInApp(t *testing.T, user string, header ...string) *client {
	t.Helper()
	c := &client{site: s, t: t, header: header, Client: &http.Client{Transport: s.Client().Transport}}
	res, token := c.do("POST", "/login?carrier=bearer&user="+user, "")
	if res.StatusCode != 200 {
		t.Fatalf("sign-in: %d %s", res.StatusCode, token)
	}
	c.token = token
	return c
}

func (c *client) do(method, path, body string, header ...string) (*http.Response, string) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.site.URL+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	} else {
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for pair := range slices.Chunk(slices.Concat(c.header, header), 2) {
		if req.Header.Set(pair[0], pair[1]); pair[1] == "" {
			req.Header.Del(pair[0])
		}
	}
	res, err := c.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return res, string(data)
}

// page returns the page, which must be there.
func (c *client) page(query string) string {
	c.t.Helper()
	res, body := c.do("GET", base+"/"+query, "")
	if res.StatusCode != 200 {
		c.t.Fatalf("page: %d %s", res.StatusCode, body)
	}
	return body
}

var formField = regexp.MustCompile(`name="form" value="([^"]+)"`)

// submit sends a form of the page with its hidden field.
func (c *client) submit(action string, fields ...string) (*http.Response, string) {
	c.t.Helper()
	v := url.Values{}
	if m := formField.FindStringSubmatch(c.page("")); m != nil {
		v.Set("form", m[1])
	}
	for pair := range slices.Chunk(fields, 2) {
		v.Set(pair[0], pair[1])
	}
	return c.do("POST", base+action, v.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

// id returns the ID of the client's own session.
func (c *client) id() string {
	c.t.Helper()
	for _, s := range c.list("/api/sessions") {
		if s["current"] == true {
			return s["id"].(string)
		}
	}
	c.t.Fatal("no current session")
	return ""
}

func (c *client) list(path string) (all []map[string]any) {
	c.t.Helper()
	res, body := c.do("GET", base+path, "")
	if res.StatusCode != 200 {
		c.t.Fatalf("GET %s: %d %s", path, res.StatusCode, body)
	}
	if err := json.Unmarshal([]byte(body), &all); err != nil {
		c.t.Fatal(err)
	}
	return all
}

func (c *client) get(path string) (v map[string]any) {
	c.t.Helper()
	res, body := c.do("GET", base+path, "")
	if res.StatusCode != 200 {
		c.t.Fatalf("GET %s: %d %s", path, res.StatusCode, body)
	}
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		c.t.Fatal(err)
	}
	return v
}

func (c *client) signedIn() bool {
	c.t.Helper()
	res, _ := c.do("GET", base+"/", "")
	return res.StatusCode == 200
}

func want(t testing.TB, res *http.Response, status int) {
	t.Helper()
	if res.StatusCode != status {
		t.Fatalf("%s %s: got %d, want %d", res.Request.Method, res.Request.URL.Path, res.StatusCode, status)
	}
}

func wantRedirect(t testing.TB, res *http.Response, to string) {
	t.Helper()
	want(t, res, http.StatusSeeOther)
	if got := res.Header.Get("Location"); got != to {
		t.Fatalf("redirect to %q, want %q", got, to)
	}
}

// wantDone checks that a form led back to the list, which says what was done.
func wantDone(t testing.TB, c *client, res *http.Response, said string) {
	t.Helper()
	wantRedirect(t, res, base+"/#done")
	if page := c.page(""); !strings.Contains(notice(page), said) {
		t.Fatalf("the list says %q, want %q", notice(page), said)
	}
	if page := c.page(""); notice(page) != "" {
		t.Fatalf("said twice: %q", notice(page))
	}
}

var noticeText = regexp.MustCompile(`id="done" tabindex="-1"><p>([^<]*)</p>`)

// notice returns what the page says was done.
func notice(page string) string {
	if m := noticeText.FindStringSubmatch(page); m != nil {
		return html.UnescapeString(m[1])
	}
	return ""
}

// wantInOrder checks that the page says all of these, one after the other.
func wantInOrder(t testing.TB, page string, texts ...string) {
	t.Helper()
	rest := page
	for _, text := range texts {
		i := strings.Index(rest, text)
		if i < 0 {
			t.Fatalf("%q is missing, or not in this place, in\n%s", text, page)
		}
		rest = rest[i+len(text):]
	}
}

// described makes devices and places out of the User-Agent and the address.
func described() session.Config {
	return session.Config{
		Device: func(h device.Hints) device.Device {
			kind, app, _ := strings.Cut(h.UserAgent, " ")
			return device.Device{Kind: device.Kind(kind), App: app, OS: "Android", OSVersion: "16"}
		},
		Locator: geo.LocatorFunc(func(_ context.Context, ip netip.Addr) (geo.Location, error) {
			if ip == netip.MustParseAddr("198.51.100.7") {
				return geo.Location{Scope: geo.ScopeGlobal, CountryCode: "NL", Country: "Netherlands", City: "Amsterdam"}, nil
			}
			return geo.Location{Scope: geo.ScopeGlobal}, nil
		}),
	}
}
