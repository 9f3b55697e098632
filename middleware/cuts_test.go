package middleware_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

// control is what a test knows of a handler that looks at no context: it does
// one thing after the other until one fails.
type control struct {
	deadline string // what it does with its deadlines: "none", "set", "renewed", "cleared"
	after    bool   // it returns, and another goroutine goes on

	done     atomic.Int64
	started  chan struct{} // once the first thing was done
	returned chan struct{} // once the handler has
	ended    chan error    // why it stopped
	stop     atomic.Bool
}

func (c *control) loop(set func(time.Time) error, do func() error) {
	run := func() {
		var once sync.Once
		if c.deadline == "set" {
			set(time.Now().Add(time.Hour))
		}
		for !c.stop.Load() {
			switch c.deadline {
			case "renewed":
				set(time.Now().Add(time.Hour))
			case "cleared":
				set(time.Time{})
			}
			if err := do(); err != nil {
				c.ended <- err
				return
			}
			c.done.Add(1)
			once.Do(func() { close(c.started) })
			time.Sleep(time.Millisecond)
		}
	}
	if c.after {
		go run()
		return
	}
	run()
}

// byWriter are the handlers that use the ResponseWriter alone.
var byWriter = map[string]func(c *control, w http.ResponseWriter, r *http.Request){
	"events": func(c *control, w http.ResponseWriter, r *http.Request) {
		c.loop(http.NewResponseController(w).SetWriteDeadline, func() error {
			if _, err := io.WriteString(w, "data: x\n\n"); err != nil {
				return err
			}
			return http.NewResponseController(w).Flush()
		})
	},
	"download": func(c *control, w http.ResponseWriter, r *http.Request) {
		piece := make([]byte, 16<<10)
		c.loop(http.NewResponseController(w).SetWriteDeadline, func() error {
			_, err := w.Write(piece)
			return err
		})
	},
	"upload": func(c *control, w http.ResponseWriter, r *http.Request) {
		piece := make([]byte, 64)
		c.loop(http.NewResponseController(w).SetReadDeadline, func() error {
			_, err := r.Body.Read(piece)
			return err
		})
	},
}

// bySocket are the handlers that take the connection over.
var bySocket = map[string]func(c *control, w http.ResponseWriter, r *http.Request){
	"by hand": hijack, "by hand, Upgrade": hijack, "CONNECT": hijack,
	"coder": func(c *control, w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			c.ended <- err
			return
		}
		c.loop(func(time.Time) error { return nil }, func() error {
			_, text, err := conn.Read(context.Background())
			if err != nil {
				return err
			}
			return conn.Write(context.Background(), websocket.MessageText, text)
		})
	},
}

func hijack(c *control, w http.ResponseWriter, r *http.Request) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		c.ended <- err
		return
	}
	io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	c.loop(conn.SetDeadline, func() error {
		line, err := rw.ReadString('\n')
		if err == nil {
			_, err = io.WriteString(conn, line)
		}
		return err
	})
}

// bare hides everything behind a ResponseWriter but what handlers need.
type bare struct {
	http.ResponseWriter
	http.Flusher
}

type bareHijacker struct {
	bare
	http.Hijacker
}

func hide(w http.ResponseWriter) http.ResponseWriter {
	b := bare{w, w.(http.Flusher)}
	if h, ok := w.(http.Hijacker); ok {
		return bareHijacker{b, h}
	}
	return b
}

// range of the table: a server, over which many requests are cut.
type cutServer struct {
	*httptest.Server
	manager  *session.Manager
	mw       *middleware.Middleware
	controls sync.Map // by user
	hidden   bool
	known    bool // ConnContext is set
	http2    bool
}

func newCutServer(t *testing.T, hidden, known, http2 bool) *cutServer {
	t.Helper()
	manager, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		t.Fatal(err)
	}
	mw, err := middleware.New(manager, middleware.Config{})
	if err != nil {
		t.Fatal(err)
	}
	s := &cutServer{manager: manager, mw: mw, hidden: hidden, known: known, http2: http2}
	inner := mw.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		me, _ := session.FromContext(r.Context())
		v, _ := s.controls.Load(me.UserID)
		c := v.(*control)
		kind := r.Header.Get("Kind")
		switch {
		case kind == "proxy":
			c.proxy(t, w, r)
		case byWriter[kind] != nil:
			byWriter[kind](c, w, r)
		default:
			bySocket[kind](c, w, r)
		}
	}))
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if hidden {
			w = hide(w)
		}
		defer func() {
			if v, ok := s.controls.Load(r.Header.Get("User")); ok {
				close(v.(*control).returned)
			}
		}()
		inner.ServeHTTP(w, r)
	}))
	if known {
		s.Config.ConnContext = mw.ConnContext
	}
	if http2 {
		s.EnableHTTP2 = true
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

// proxy passes the request on to a server of its own, whose handler is watched.
func (c *control) proxy(t *testing.T, w http.ResponseWriter, r *http.Request) {
	kind := r.Header.Get("Proxied")
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h := byWriter[kind]; h != nil {
			h(c, w, r)
		} else {
			bySocket[kind](c, w, r)
		}
	}))
	defer behind.Close()
	to, _ := url.Parse(behind.URL)
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.FlushInterval, proxy.ErrorLog = -1, log.New(io.Discard, "", 0)
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) {}
	proxy.ServeHTTP(w, r)
}

func (s *cutServer) begin(t *testing.T, user, deadline string, after bool) (*control, string) {
	t.Helper()
	c := &control{deadline: deadline, after: after, started: make(chan struct{}), returned: make(chan struct{}), ended: make(chan error, 1)}
	s.controls.Store(user, c)
	ticket, err := s.manager.BeginSignIn(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	_, token, err := s.manager.Start(t.Context(), ticket, session.Origin{}, session.StartOptions{Carrier: session.CarrierBearer})
	if err != nil {
		t.Fatal(err)
	}
	return c, token.Reveal()
}

// request sends a request and keeps it going.
func (s *cutServer) request(t *testing.T, kind, user, token string) {
	t.Helper()
	if s.http2 {
		s.request2(t, kind, user, token)
		return
	}
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	method, extra := "GET /", ""
	proxied, isProxied := strings.CutPrefix(kind, "proxy ")
	if isProxied {
		extra = "Proxied: " + proxied + "\r\n"
	}
	switch name := strings.TrimPrefix(kind, "proxy "); name {
	case "CONNECT":
		method = "CONNECT there.example:443"
	case "by hand, Upgrade":
		extra += "Connection: Upgrade\r\nUpgrade: echo\r\n"
	case "coder":
		extra += "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	case "upload":
		method, extra = "POST /", extra+"Transfer-Encoding: chunked\r\n"
	}
	if isProxied {
		kind = "proxy"
	}
	fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nKind: %s\r\nUser: %s\r\n%s\r\n", method, token, kind, user, extra)
	go s.talk(conn, kind, proxied)
}

// talk does the client's part until it fails.
func (s *cutServer) talk(conn net.Conn, kind, proxied string) {
	switch {
	case kind == "upload" || proxied == "upload":
		for {
			if _, err := io.WriteString(conn, "1\r\nx\r\n"); err != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	case byWriter[kind] != nil || byWriter[proxied] != nil:
		io.Copy(io.Discard, conn)
		return
	}
	in := bufio.NewReader(conn)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		if strings.TrimSpace(line) == "" { // the end of the header
			break
		}
	}
	message, size := "hello\n", 6
	if kind == "coder" || proxied == "coder" { // masked with zeros
		message, size = "\x81\x81\x00\x00\x00\x00x", 3
	}
	for answer := make([]byte, size); ; {
		if _, err := io.WriteString(conn, message); err != nil {
			return
		}
		if _, err := io.ReadFull(in, answer); err != nil {
			return
		}
	}
}

type endless struct{ ctx context.Context }

func (e endless) Read(p []byte) (int, error) {
	if e.ctx.Err() != nil {
		return 0, io.EOF
	}
	time.Sleep(time.Millisecond)
	p[0] = 'x'
	return 1, nil
}

func (s *cutServer) request2(t *testing.T, kind, user, token string) {
	t.Helper()
	ctx := t.Context()
	var body io.Reader
	method := "GET"
	if kind == "upload" {
		method, body = "POST", endless{ctx}
	}
	req, err := http.NewRequestWithContext(ctx, method, s.URL, body)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range map[string]string{"Authorization": "Bearer " + token, "Kind": kind, "User": user} {
		req.Header.Set(k, v)
	}
	go func() {
		if res, err := s.Client().Do(req); err == nil {
			io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
	}()
}

// holds is the table of the package comment.
func (s *cutServer) holds(kind, deadline string) bool {
	switch {
	case s.known, s.http2, strings.HasPrefix(kind, "proxy"):
		return true
	case s.hidden:
		return false
	}
	return deadline == "none" || deadline == "set"
}

// cell cuts one request and looks what becomes of its handler.
func (s *cutServer) cell(t *testing.T, kind, deadline, when string) {
	t.Helper()
	user := fmt.Sprintf("%s, %s, %s", kind, deadline, when)
	name := fmt.Sprintf("http2 %v, hidden %v, ConnContext %v: %s", s.http2, s.hidden, s.known, user)
	c, token := s.begin(t, user, deadline, when == "after")
	defer c.stop.Store(true)
	s.request(t, kind, user, token)
	select {
	case <-c.started:
	case err := <-c.ended:
		t.Fatalf("%s: did not start: %v", name, err)
	case <-time.After(patience):
		t.Fatalf("%s: did not start", name)
	}
	if when == "after" {
		<-c.returned
	}
	if n, err := s.manager.RevokeAll(t.Context(), user, session.ReasonAdmin); n != 1 || err != nil {
		t.Fatalf("%s: revoke: %d, %v", name, n, err)
	}
	at := c.done.Load()
	if !s.holds(kind, deadline) {
		for end := time.Now().Add(patience); c.done.Load() < at+10; { // as documented: a handler that would be cut ends here
			if time.Now().After(end) {
				t.Errorf("%s: hangs, after %d times", name, c.done.Load()-at)
				return
			}
			select {
			case err := <-c.ended:
				t.Errorf("%s: cut (%v), though it is documented that it is not", name, err)
				return
			case <-time.After(time.Millisecond):
			}
		}
		return
	}
	select {
	case <-c.ended:
		if n := c.done.Load() - at; n > 2 && !strings.HasPrefix(kind, "proxy") {
			t.Errorf("%s: went on %d times", name, n)
		}
	case <-time.After(patience):
		t.Errorf("%s: goes on", name)
	}
}

// TestTableOfCuts is the table of the package comment, cell by cell.
func TestTableOfCuts(t *testing.T) {
	t.Parallel()
	deadlines := []string{"none", "set", "renewed", "cleared"}
	for _, known := range []bool{true, false} {
		for _, hidden := range []bool{false, true} {
			s := newCutServer(t, hidden, known, false)
			for _, deadline := range deadlines {
				for kind := range byWriter {
					s.cell(t, kind, deadline, "while")
				}
				for kind := range bySocket {
					if kind == "coder" && (deadline != "none" || !known && hidden) { // has no deadlines of its own
						continue
					}
					s.cell(t, kind, deadline, "while")
					s.cell(t, kind, deadline, "after")
				}
			}
			for _, kind := range []string{"proxy events", "proxy download", "proxy upload", "proxy by hand, Upgrade", "proxy coder"} {
				if hidden && strings.Contains(kind, "by hand") || hidden && strings.Contains(kind, "coder") {
					continue // ReverseProxy wants a writer that can be unwrapped or hijacked
				}
				s.cell(t, kind, "none", "while")
			}
			s = newCutServer(t, hidden, known, true)
			for _, deadline := range deadlines {
				for kind := range byWriter {
					s.cell(t, kind, deadline, "while")
				}
			}
		}
	}
}
