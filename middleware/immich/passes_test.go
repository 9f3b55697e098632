package immich_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware/immich"
)

// What HTTP has beside requests and answers passes as well, for a session.
func TestAllOfHTTPPasses(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	s.immich.mux.HandleFunc("/all", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Trailer", "X-Sum")
		w.WriteHeader(200)
		w.Write(body)
		w.Header().Set("X-Sum", "7")
	})
	c := s.client(browser).login("ada")
	hints := 0
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, _ textproto.MIMEHeader) error { hints += code; return nil },
	})
	req, err := http.NewRequestWithContext(ctx, "POST", s.server.URL+"/all", io.MultiReader(strings.NewReader("a body")))
	must(t, err)
	res, err := c.http.Do(req)
	must(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	must(t, err)
	if string(text) != "a body" || res.Trailer.Get("X-Sum") != "7" || hints != http.StatusEarlyHints {
		t.Errorf("got %q, trailer %v, 1xx %d", text, res.Trailer, hints)
	}
	res, err = c.http.Head(s.server.URL + "/api/assets/1/original")
	must(t, err)
	if res.Body.Close(); res.ContentLength != 10000 {
		t.Errorf("HEAD: got length %d", res.ContentLength)
	}
}

// A client that waits to be asked for its body is asked, and what is refused
// at once is answered without it.
func TestExpectContinue(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	c := s.client(phone).login("ada")
	for _, dead := range []bool{false, true} {
		if dead {
			c.revoke()
		}
		conn, err := net.Dial("tcp", s.server.Listener.Addr().String())
		must(t, err)
		defer conn.Close()
		must(t, conn.SetDeadline(time.Now().Add(patience)))
		fmt.Fprintf(conn, "POST /api/assets HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1000\r\nCookie: immich_access_token=%s\r\n\r\n", c.token)
		in := bufio.NewReader(conn)
		line, err := in.ReadString('\n')
		must(t, err)
		if got := strings.TrimSpace(line); dead {
			if got != "HTTP/1.1 401 Unauthorized" {
				t.Errorf("revoked: got %s", got)
			}
			continue
		} else if got != "HTTP/1.1 100 Continue" {
			t.Errorf("got %s", got)
		}
		fmt.Fprint(conn, strings.Repeat("x", 1000))
		in.ReadString('\n')
		if line, err = in.ReadString('\n'); strings.TrimSpace(line) != "HTTP/1.1 201 Created" {
			t.Errorf("got %s, %v", line, err)
		}
	}
}
