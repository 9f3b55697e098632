// Package sessiontest is for the tests of a host's own handlers: it signs users
// in as a browser would, with the host's own Middleware, and has a clock that a
// test moves and places of its choice.
//
//	w := httptest.NewRecorder()
//	site.ServeHTTP(w, sessiontest.As(mw, "alice", httptest.NewRequest("POST", "/albums", nil)))
//
// Sessions are real: they stand in the list of the user, end when they are
// revoked, and go through Load, Require and the check of the origin.
package sessiontest

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

// Chrome is the User-Agent of clients that are told none: Chrome on Windows.
const Chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"

// Config says what a client is. The zero Config is Chrome on Windows at 192.0.2.1,
// an address that nobody has.
type Config struct {
	UserAgent string     // defaults to Chrome
	IP        netip.Addr // defaults to 192.0.2.1; [Places] gives it a place
	Options   session.StartOptions
}

// A Client is a browser, or an app with a bearer token, that is signed in. It
// keeps the cookies that it is sent, as a browser does. It is safe for concurrent
// use.
type Client struct {
	cfg     Config
	session *session.Session
	bearer  string

	mu      sync.Mutex
	cookies map[string]string
}

// SignIn signs userID in at a new client.
func SignIn(mw *middleware.Middleware, userID string, cfg Config) (*Client, error) {
	if cfg.UserAgent == "" {
		cfg.UserAgent = Chrome
	}
	if !cfg.IP.IsValid() {
		cfg.IP = netip.MustParseAddr("192.0.2.1")
	}
	c := &Client{cfg: cfg, cookies: make(map[string]string)}
	r := c.Request(http.MethodPost, "/", nil)
	ticket, err := mw.Manager().BeginSignIn(r.Context(), userID)
	if err != nil {
		return nil, fmt.Errorf("sessiontest: %w", err)
	}
	w := httptest.NewRecorder()
	s, token, err := mw.SignIn(w, r, ticket, cfg.Options)
	if err != nil {
		return nil, fmt.Errorf("sessiontest: %w", err)
	}
	if c.session = s; s.Carrier == session.CarrierBearer {
		c.bearer = token.Reveal()
	}
	c.Keep(w.Result())
	if _, err := mw.FromRequest(c.Request(http.MethodGet, "/", nil)); err != nil {
		return nil, fmt.Errorf("sessiontest: the session is of no use (with middleware.Config.Foreign, sign in by the host's own handler): %w", err)
	}
	return c, nil
}

// As signs userID in and returns r as that user's browser would send it. It
// panics if that does not work, as httptest.NewRequest does; [SignIn] returns
// the error.
func As(mw *middleware.Middleware, userID string, r *http.Request) *http.Request {
	c, err := SignIn(mw, userID, Config{})
	if err != nil {
		panic(err)
	}
	return c.Send(r)
}

// Session returns the session as it began.
func (c *Client) Session() *session.Session { return c.session }

// Request is httptest.NewRequest by the client.
func (c *Client) Request(method, target string, body io.Reader) *http.Request {
	return c.Send(httptest.NewRequest(method, target, body))
}

// Send returns a copy of r with what the client sends along: cookies or the
// bearer token, User-Agent, address, and that a page of the site itself made the
// request. A header that r has already stays: set Sec-Fetch-Site to "cross-site"
// to play another site.
func (c *Client) Send(r *http.Request) *http.Request {
	ctx := r.Context()
	if ctx.Value(http.LocalAddrContextKey) == nil {
		ctx = context.WithValue(ctx, http.LocalAddrContextKey, net.Addr(net.TCPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:80"))))
	}
	r = r.Clone(ctx)
	r.RemoteAddr = netip.AddrPortFrom(c.cfg.IP, 1234).String()
	c.header(r.Header)
	return r
}

func (c *Client) header(h http.Header) {
	set := func(name, value string) {
		if h.Get(name) == "" && value != "" {
			h.Set(name, value)
		}
	}
	set("User-Agent", c.cfg.UserAgent)
	if c.bearer != "" {
		set("Authorization", "Bearer "+c.bearer)
		return
	}
	set("Sec-Fetch-Site", "same-origin")
	c.mu.Lock()
	defer c.mu.Unlock()
	own := strings.Split(h.Get("Cookie"), "; ")
	own = slices.DeleteFunc(own, func(s string) bool { return s == "" })
	for _, name := range slices.Sorted(maps.Keys(c.cookies)) {
		own = append(own, name+"="+c.cookies[name])
	}
	if len(own) > 0 {
		h.Set("Cookie", strings.Join(own, "; "))
	}
}

// Keep takes over the cookies of an answer, which a test got by itself:
// c.Keep(recorder.Result()).
func (c *Client) Keep(res *http.Response) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range res.Cookies() {
		if k.MaxAge < 0 {
			delete(c.cookies, k.Name)
			continue
		}
		c.cookies[k.Name] = k.Value
	}
}

// HTTP returns an http.Client that is this one, for an httptest.Server: base is
// server.Client(). It follows no redirects. The address is that of the
// connection, not Config.IP. It sends its cookies to every server that it is
// pointed at.
func (c *Client) HTTP(base *http.Client) *http.Client {
	next := base.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	return &http.Client{
		Transport:     transport{c, next},
		Timeout:       base.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type transport struct {
	client *Client
	next   http.RoundTripper
}

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	t.client.header(r.Header)
	res, err := t.next.RoundTrip(r)
	if err == nil {
		t.client.Keep(res)
	}
	return res, err
}

// Places is a session.Config.Locator: each address is at its place, and of others
// none is known.
func Places(places map[netip.Addr]geo.Location) geo.Locator {
	places = maps.Clone(places)
	return geo.LocatorFunc(func(_ context.Context, ip netip.Addr) (geo.Location, error) {
		l := places[ip.Unmap()]
		if l != (geo.Location{}) {
			l.Scope = geo.ScopeGlobal
		}
		return l, nil
	})
}

// A Clock is a session.Config.Now that stands still until a test moves it. It is
// safe for concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a Clock that shows start, or the present if that is zero.
func NewClock(start time.Time) *Clock {
	if start.IsZero() {
		start = time.Now()
	}
	return &Clock{now: start}
}

// Now is for session.Config.Now.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock on.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
