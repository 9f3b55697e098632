package immich_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware/immich"
)

// A tab that says something on its socket is in use; one that answers pings is open.
func TestSocketMovesLastActivity(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	c := s.client(browser).login("ada")
	conn, _ := c.dial()
	before := c.session().Last.At
	say := func(text string) {
		t.Helper()
		_, err := conn.Write(append([]byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}, text...)) // masked by zeros
		must(t, err)
	}
	s.now.Add(int64(10 * time.Minute))
	for _, still := range []string{"3", "2", ""} {
		say(still)
	}
	_, err := conn.Write([]byte{0x89, 0x82, 0, 0, 0, 0, 'h', 'i'}) // a ping of the WebSocket itself
	must(t, err)
	say("3")
	// What is said is noted in order: had those counted, this would be no later.
	s.now.Add(int64(10 * time.Minute))
	say(`42["something"]`)
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		last := c.lastAt()
		if last.Sub(before) >= 20*time.Minute {
			break
		}
		if last.After(before) {
			t.Fatalf("pings have moved it by %v", last.Sub(before))
		}
		if time.Now().After(deadline) {
			t.Fatal("it has not moved")
		}
	}
}

// lastAt returns when the client's session was last active, and is no activity.
func (c *client) lastAt() time.Time {
	c.t.Helper()
	all, err := c.manager.List(c.t.Context(), "ada")
	must(c.t, err)
	if len(all) != 1 {
		c.t.Fatalf("%d sessions", len(all))
	}
	return all[0].Last.At
}

// A token in a URL, as of a screen that is cast to, opens no page of ours.
func TestTokenInURLOpensNoPage(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	c := s.client(phone).login("ada")
	other := s.client(browser)
	other.want(200, "GET", "/api/users/me?sessionKey="+c.token, "")
	other.want(401, "GET", "/devices/?sessionKey="+c.token, "")
	other.want(401, "GET", "/devices/api/sessions?sessionKey="+c.token, "")
	c.want(200, "GET", "/devices/", "")
}

// An upgrade that Immich knows nothing of is none, and nobody's proxy is a proxy.
func TestOddShapes(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	c := s.client(browser).login("ada")
	addr := strings.TrimPrefix(s.server.URL, "http://")
	if got := raw(t, addr, "GET", "/api/users/me", "Upgrade", "h2c", "HTTP2-Settings", "AAMAAABkAAQAoAAAAAIAAAAA", "Cookie", "immich_access_token="+c.token); got != 200 {
		t.Errorf("h2c: got %d", got)
	}
	if h := s.immich.last.Load().Header; h.Get("Upgrade") != "" || h.Get("Http2-Settings") != "" {
		t.Errorf("Immich got %v", h)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodConnect, "/", nil)
	r.Host = "elsewhere.example:443"
	w := newRecorder()
	if s.proxy.ServeHTTP(w, r); w.Code != 405 {
		t.Errorf("CONNECT: got %d", w.Code)
	}
}

// What net/http takes and Immich's own server does not is judged as what Immich then
// gets: no spelling of a request hides a token, or a second request.
func TestOddSpellings(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	live, dead := s.client(browser).login("ada"), s.client(phone).login("ada")
	dead.revoke()
	cookie := "Cookie: immich_access_token="
	next := "GET /api/users/me HTTP/1.1\r\nHost: x\r\n" + cookie + dead.token + "\r\n\r\n"
	post := "POST /api/auth/validateToken HTTP/1.1\r\nHost: x\r\n" + cookie + live.token + "\r\n"
	for name, c := range map[string]struct {
		sent string
		want string // the statuses
	}{
		"length and chunks":        {post + fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", len(next)+5) + next, "200 401"},
		"two lengths":              {post + "Content-Length: 0\r\nContent-Length: 9\r\n\r\n" + next, "400"},
		"another coding":           {post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + next, "501"},
		"a bare line feed":         {"GET /api/users/me HTTP/1.1\r\nHost: x\nA: b\n" + cookie + dead.token + "\r\n\r\n", "401"},
		"a folded header":          {"GET /api/users/me HTTP/1.1\r\nHost: x\r\nCookie: a=b;\r\n immich_access_token=" + dead.token + "\r\n\r\n", "401"},
		"a bare carriage return":   {"GET /api/users/me HTTP/1.1\r\nHost: x\r\nA: b\r" + cookie + dead.token + "\r\n\r\n", "400"},
		"a space before a colon":   {"GET /api/users/me HTTP/1.1\r\nHost: x\r\nCookie : immich_access_token=" + dead.token + "\r\n\r\n", "400"},
		"the URL of another host":  {"GET http://y/api/users/me HTTP/1.1\r\nHost: x\r\n" + cookie + dead.token + "\r\n\r\n", "401"},
		"HTTP/1.0, without a host": {"GET /api/users/me HTTP/1.0\r\n" + cookie + dead.token + "\r\n\r\n", "401"},
	} {
		conn, err := net.Dial("tcp", s.server.Listener.Addr().String())
		must(t, err)
		must(t, conn.SetDeadline(time.Now().Add(patience)))
		_, err = conn.Write([]byte(c.sent))
		must(t, err)
		var got []string
		in := bufio.NewReader(conn)
		for range strings.Fields(c.want) {
			res, err := http.ReadResponse(in, nil)
			must(t, err)
			got = append(got, fmt.Sprint(res.StatusCode))
			_, _ = io.Copy(io.Discard, res.Body)
		}
		conn.Close()
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
		if last := s.immich.last.Load(); strings.Contains(fmt.Sprint(last.Header), dead.token) {
			t.Errorf("%s: Immich got %v", name, last.Header)
		}
	}
}
