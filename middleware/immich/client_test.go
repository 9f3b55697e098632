package immich_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
)

// client is a browser or an app that keeps cookies.
type client struct {
	*site
	http  *http.Client
	agent string
	token string // its latest
}

func (s *site) client(agent string) *client {
	jar, _ := cookiejar.New(nil)
	// One connection: a request waits until all that the one before it caused is done.
	one := &http.Transport{MaxConnsPerHost: 1}
	s.t.Cleanup(one.CloseIdleConnections)
	return &client{s, &http.Client{Jar: jar, Transport: one,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, agent, ""}
}

// do sends a request and returns the status and the body.
func (c *client) do(method, path, body string, header ...string) (int, string) {
	c.t.Helper()
	c.now.Add(int64(time.Millisecond)) // times are to the millisecond, and two requests are not one visit
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.server.URL+path, strings.NewReader(body))
	must(c.t, err)
	req.Header.Set("User-Agent", c.agent)
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	res, err := c.http.Do(req)
	must(c.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	must(c.t, err)
	for _, k := range res.Cookies() {
		if k.Name == "immich_access_token" {
			c.token = k.Value
		}
	}
	return res.StatusCode, string(text)
}

func (c *client) want(status int, method, path, body string, header ...string) string {
	c.t.Helper()
	got, text := c.do(method, path, body, header...)
	if got != status {
		c.t.Fatalf("%s %s: got %d %s, want %d", method, path, got, text, status)
	}
	return text
}

func (c *client) login(user string, header ...string) *client {
	c.t.Helper()
	c.want(201, "POST", "/api/auth/login", `{"email":"`+user+`@example.com","password":"good"}`, header...)
	c.wait()
	return c
}

// wait waits until all is done that the latest request caused. It shows no
// credential.
func (c *client) wait() {
	c.t.Helper()
	jar := c.http.Jar
	c.http.Jar = nil
	c.want(200, "GET", "/api/server/ping", "")
	c.http.Jar = jar
}

// session returns our live session of the client's token, as it was last seen.
func (c *client) session() *session.Session {
	c.t.Helper()
	s, err := c.manager.Resume(c.t.Context(), session.ForeignCredential(c.token), session.Origin{})
	must(c.t, err)
	all, err := c.manager.List(c.t.Context(), s.UserID)
	must(c.t, err)
	i := slices.IndexFunc(all, func(o *session.Session) bool { return o.ID == s.ID })
	return all[i]
}

func (s *site) live(user string) int {
	s.t.Helper()
	all, err := s.manager.List(s.t.Context(), user)
	must(s.t, err)
	return len(all)
}

func (c *client) revoke() {
	c.t.Helper()
	me := c.session()
	must(c.t, c.manager.Revoke(c.t.Context(), me.UserID, me.ID, session.ReasonAdmin))
}

// stream asks for a stream that does not end and reads its first line.
func (c *client) stream() *http.Response {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), "GET", c.server.URL+"/api/sync/stream", nil)
	must(c.t, err)
	res, err := c.http.Do(req)
	must(c.t, err)
	line := make([]byte, 8)
	if _, err := io.ReadFull(res.Body, line); err != nil || string(line) != "{\"n\":1}\n" {
		c.t.Fatalf("stream: got %q, %v", line, err)
	}
	return res
}

// patience bounds what must come at once, so that a test fails and does not hang.
const patience = 30 * time.Second

// connect asks for a WebSocket.
func (c *client) connect() net.Conn {
	c.t.Helper()
	conn, err := net.Dial("tcp", c.server.Listener.Addr().String())
	must(c.t, err)
	c.t.Cleanup(func() { conn.Close() })
	must(c.t, conn.SetReadDeadline(time.Now().Add(patience)))
	fmt.Fprintf(conn, "GET /api/socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nCookie: immich_access_token=%s\r\n\r\n", c.token)
	return conn
}

// dial opens a WebSocket and reads the first frame.
func (c *client) dial() (net.Conn, *bufio.Reader) {
	c.t.Helper()
	conn := c.connect()
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, nil)
	must(c.t, err)
	if res.StatusCode != 101 {
		c.t.Fatalf("WebSocket: got %d", res.StatusCode)
	}
	first := make([]byte, 4)
	_, err = io.ReadFull(in, first)
	must(c.t, err)
	return conn, in
}

// raw sends a request with a target as it stands, which no client of net/http
// would send, and returns the status.
func raw(t *testing.T, addr, method, target string, header ...string) int {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	must(t, err)
	defer conn.Close()
	must(t, conn.SetDeadline(time.Now().Add(patience)))
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n", method, target)
	for i := 0; i < len(header); i += 2 {
		fmt.Fprintf(conn, "%s: %s\r\n", header[i], header[i+1])
	}
	fmt.Fprint(conn, "\r\n")
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	must(t, err)
	res.Body.Close()
	return res.StatusCode
}

func (s *site) raw(method, target string, header ...string) int {
	s.t.Helper()
	return raw(s.t, s.server.Listener.Addr().String(), method, target, header...)
}
