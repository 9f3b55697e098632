package middleware_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest/need"
)

// plain is a site on plain HTTP, for tests that read the connection.
func (s *site) plain(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(s.mw.Load(s.mux))
	t.Cleanup(server.Close)
	return server
}

// dial sends a GET with the cookie by hand, and returns the connection.
func dial(t *testing.T, server *httptest.Server, path, cookie string, header ...string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nCookie: __Host-session=%s\r\n%s\r\n",
		path, server.Listener.Addr(), cookie, strings.Join(append(header, ""), "\r\n"))
	return conn, bufio.NewReader(conn)
}

func (s *site) revoke(t *testing.T) {
	t.Helper()
	if n, err := s.manager.RevokeAll(t.Context(), "alice", session.ReasonAdmin); n != 1 || err != nil {
		t.Fatalf("revoke: %d, %v", n, err)
	}
}

func TestEventStreamEnds(t *testing.T) {
	s := newSite(t, nil, session.Config{}, middleware.Config{})
	cause := make(chan error, 1)
	s.mux.Handle("/events", s.mw.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "data: 1\n\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		cause <- context.Cause(r.Context())
	})))
	cookie, _ := signedIn(t, s, "")
	_, in := dial(t, s.plain(t), "/events", cookie)
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	body := bufio.NewReader(res.Body)
	if line, err := body.ReadString('\n'); line != "data: 1\n" || err != nil {
		t.Fatalf("got %q, %v", line, err)
	}
	s.revoke(t)
	if got := <-cause; got != session.ErrRevoked {
		t.Errorf("got cause %v", got)
	}
	if rest, _ := io.ReadAll(body); strings.TrimSpace(string(rest)) != "" {
		t.Errorf("the stream went on: %q", rest)
	}
	if got := s.status(t, http.Header{"Cookie": {"__Host-session=" + cookie}}); got != 401 {
		t.Errorf("next request: got %d", got)
	}
}

// A handler that does not look at its context, and sees the revocation only
// when it asks afterwards.
func TestSlowRequestDoesNotReviveItsSession(t *testing.T) {
	s := newSite(t, nil, session.Config{}, middleware.Config{})
	started, goOn, cause := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	s.mux.Handle("/slow", s.mw.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(started)
		<-goOn
		cause <- context.Cause(r.Context())
		io.WriteString(w, "late")
	})))
	cookie, _ := signedIn(t, s, "")
	_, in := dial(t, s.plain(t), "/slow", cookie)
	<-started
	s.revoke(t)
	close(goOn)
	if got := <-cause; got != session.ErrRevoked {
		t.Errorf("got cause %v", got)
	}
	if res, err := http.ReadResponse(in, nil); err == nil {
		t.Errorf("the late answer came through: %v", res.Status)
	}
	if got := s.status(t, http.Header{"Cookie": {"__Host-session=" + cookie}}); got != 401 {
		t.Errorf("next request: got %d", got)
	}
}

// A handler blocked in a write to a client that does not read.
func TestBlockedWriteIsCut(t *testing.T) {
	s := newSite(t, nil, session.Config{}, middleware.Config{})
	full, result := make(chan struct{}), make(chan error, 1)
	s.mux.Handle("/big", s.mw.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		chunk := make([]byte, 1<<20)
		for n := 0; ; n++ {
			if n == 1 {
				close(full) // a megabyte is out; soon nothing more fits
			}
			if _, err := w.Write(chunk); err != nil {
				result <- err
				return
			}
		}
	})))
	cookie, _ := signedIn(t, s, "")
	dial(t, s.plain(t), "/big", cookie)
	<-full
	s.revoke(t)
	if err := <-result; !errors.Is(err, context.DeadlineExceeded) && !isTimeout(err) {
		t.Errorf("got %v, want a timeout", err)
	}
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

// A hijacked connection, in the handler and after it has returned.
func TestHijackedConnectionIsCut(t *testing.T) {
	for _, stay := range []bool{true, false} {
		s := newSite(t, nil, session.Config{}, middleware.Config{})
		result := make(chan error, 1)
		s.mux.Handle("/socket", s.mw.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			conn, rw, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
			serve := func() {
				defer conn.Close()
				for {
					line, err := rw.ReadString('\n')
					if err != nil {
						result <- err
						return
					}
					io.WriteString(conn, "echo "+line)
				}
			}
			if stay {
				serve()
			} else {
				go serve()
			}
		})))
		cookie, _ := signedIn(t, s, "")
		server := s.plain(t)
		conn, in := dial(t, server, "/socket", cookie, "Connection: Upgrade", "Upgrade: websocket", "Origin: http://"+server.Listener.Addr().String())
		if res, err := http.ReadResponse(in, nil); err != nil || res.StatusCode != 101 {
			t.Fatalf("got %v, %v", res, err)
		}
		for range 3 { // it works, also once the handler has returned
			io.WriteString(conn, "hello\n")
			if line, err := in.ReadString('\n'); line != "echo hello\n" || err != nil {
				t.Fatalf("got %q, %v", line, err)
			}
		}
		s.revoke(t)
		if err := <-result; !isTimeout(err) {
			t.Errorf("handler stays %v: got %v, want a timeout", stay, err)
		}
		if rest, err := io.ReadAll(in); len(rest) > 0 {
			t.Errorf("the socket went on: %q, %v", rest, err)
		}
	}
}

// A hijacked connection that is closed when its handler returns is forgotten.
func TestClosedSocketIsForgotten(t *testing.T) {
	s := newSite(t, nil, session.Config{}, middleware.Config{})
	s.mux.Handle("/socket", s.mw.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, _, err := w.(http.Hijacker).Hijack(); err != nil || conn.Close() != nil {
			t.Error(err)
		}
	})))
	cookie, _ := signedIn(t, s, "")
	server := s.plain(t)
	_, in := dial(t, server, "/socket", cookie, "Connection: Upgrade", "Upgrade: websocket", "Origin: http://"+server.Listener.Addr().String())
	if rest, err := io.ReadAll(in); len(rest) > 0 || err != nil {
		t.Errorf("got %q, %v", rest, err)
	}
	for deadline := time.Now().Add(10 * time.Second); s.manager.Hub().Open() > 0; {
		if time.Now().After(deadline) {
			t.Fatalf("%d are still open", s.manager.Hub().Open())
		}
		runtime.Gosched() // the handler has closed the connection and is about to return
	}
}

// A connection that served the session and now serves somebody else is not cut.
func TestCutIsDisarmed(t *testing.T) {
	s := newSite(t, nil, session.Config{}, middleware.Config{})
	cookie, _ := signedIn(t, s, "")
	s.servesAnother(t, s.plain(t), cookie)
}

// servesAnother has a connection serve the session and then a request without it,
// during which the session is revoked.
func (s *site) servesAnother(t *testing.T, server *httptest.Server, cookie string) {
	t.Helper()
	started, goOn := make(chan struct{}), make(chan struct{})
	s.mux.HandleFunc("/public", func(w http.ResponseWriter, r *http.Request) {
		close(started)
		<-goOn
		io.WriteString(w, "still here")
	})
	conn, in := dial(t, server, "/me", cookie)
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, res.Body)
	fmt.Fprintf(conn, "GET /public HTTP/1.1\r\nHost: x\r\n\r\n")
	<-started
	s.revoke(t)
	close(goOn)
	if res, err = http.ReadResponse(in, nil); err != nil {
		t.Fatalf("the next request on the connection was cut: %v", err)
	}
	if body, _ := io.ReadAll(res.Body); string(body) != "still here" {
		t.Errorf("got %q", body)
	}
}

// The ResponseWriter is the one of the server, with all that it can do.
func TestResponseWriterIsNotWrapped(t *testing.T) {
	manager, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		t.Fatal(err)
	}
	mw, err := middleware.New(manager, middleware.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var outer, inner http.ResponseWriter
	handler := mw.Load(mw.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner = w
		if _, ok := w.(io.ReaderFrom); !ok {
			t.Error("no io.ReaderFrom: sendfile is lost")
		}
		if _, ok := w.(http.Hijacker); !ok {
			t.Error("no http.Hijacker")
		}
		rc := http.NewResponseController(w)
		for name, err := range map[string]error{
			"SetReadDeadline": rc.SetReadDeadline(time.Now().Add(time.Minute)), "SetWriteDeadline": rc.SetWriteDeadline(time.Now().Add(time.Minute)),
			"EnableFullDuplex": rc.EnableFullDuplex(), "Flush": rc.Flush(), // before the first write
		} {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		io.WriteString(w, "hello")
	})))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login" {
			ticket, _ := manager.BeginSignIn(r.Context(), "alice")
			if _, _, err := mw.SignIn(w, r, ticket, session.StartOptions{}); err != nil {
				t.Error(err)
			}
			return
		}
		outer = w
		handler.ServeHTTP(w, r)
	}))
	defer server.Close()
	res, err := http.Post(server.URL+"/login", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	req, _ := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/", nil)
	req.AddCookie(res.Cookies()[0])
	if res, err = http.DefaultClient.Do(req); err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, _ := io.ReadAll(res.Body); string(body) != "hello" || inner != outer {
		t.Errorf("got %q; same writer: %v", body, inner == outer)
	}
}

// Trouble signs nobody in, and nobody out.
func TestStoreFailure(t *testing.T) {
	store := &countingStore{Store: memstore.New()}
	s := newSite(t, store, session.Config{}, middleware.Config{})
	s.mux.HandleFunc("/public", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "public") })
	c := s.client(t)
	s.do(t, c, "POST", "/login?user=alice")
	_, token := signedIn(t, s, "&carrier=bearer")

	down := errors.New("the database is down")
	store.fail.Store(&down)
	for _, header := range [][]string{{"Sec-Fetch-Mode", "navigate"}, {"Authorization", "Bearer " + token}} {
		res, body := s.do(t, c, "GET", "/me", header...)
		if res.StatusCode != 503 || res.Header.Get("Retry-After") != "2" || res.Header.Get("Set-Cookie") != "" || strings.Contains(body, "database") {
			t.Errorf("got %d, headers %v, body %s", res.StatusCode, res.Header, body)
		}
	}
	if res, _ := s.do(t, s.client(t), "GET", "/public"); res.StatusCode != 200 {
		t.Errorf("a public page without a cookie: got %d", res.StatusCode)
	}
	store.fail.Store(nil)
	if res, body := s.do(t, c, "GET", "/me"); body != "alice" {
		t.Errorf("after the outage: got %d %q", res.StatusCode, body)
	}

	// Sign-out that could not be done says so, and keeps the cookie.
	failing := newSite(t, revokeFails{memstore.New()}, session.Config{}, middleware.Config{})
	cookie, _ := signedIn(t, failing, "")
	res, _ := failing.do(t, failing.client(t), "POST", "/logout", "Cookie", "__Host-session="+cookie, sameOrigin, "same-origin")
	if res.StatusCode != 503 || res.Header.Get("Set-Cookie") != "" {
		t.Errorf("sign-out: got %d, %q", res.StatusCode, res.Header.Get("Set-Cookie"))
	}
}

type revokeFails struct{ session.Store }

func (revokeFails) Revoke(context.Context, session.Revocation) (session.Revoked, error) {
	return session.Revoked{}, errors.New("down")
}

func TestRequireRecentAuth(t *testing.T) {
	now := time.Now()
	s := newSite(t, nil, session.Config{Now: func() time.Time { return now }}, middleware.Config{})
	s.mux.Handle("/danger", s.mw.RequireRecentAuth(0)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {})))
	s.mux.HandleFunc("POST /confirm", func(w http.ResponseWriter, r *http.Request) {
		if _, err := s.mw.Reauthenticated(w, r, session.Proof{Methods: []string{"pwd"}}); err != nil {
			t.Error(err)
		}
	})
	c := s.client(t)
	s.do(t, c, "POST", "/login?user=alice")
	now = now.Add(15 * time.Minute)
	if res, _ := s.do(t, c, "GET", "/danger"); res.StatusCode != 200 {
		t.Errorf("fresh: got %d", res.StatusCode)
	}
	now = now.Add(time.Second)
	res, _ := s.do(t, c, "GET", "/danger")
	want := `Bearer error="insufficient_user_authentication", error_description="A more recent authentication is required", max_age="900"`
	if got := res.Header.Get("WWW-Authenticate"); res.StatusCode != 401 || got != want {
		t.Errorf("stale: got %d, %s", res.StatusCode, got)
	}
	if res, _ := s.do(t, c, "POST", "/confirm", sameOrigin, "same-origin"); res.StatusCode != 200 {
		t.Errorf("confirm: got %d", res.StatusCode)
	}
	if res, _ := s.do(t, c, "GET", "/danger"); res.StatusCode != 200 {
		t.Errorf("confirmed: got %d", res.StatusCode)
	}
}

func TestRevokeOthersSendsTheNewCookie(t *testing.T) {
	s := newSite(t, nil, session.Config{}, middleware.Config{})
	s.mux.HandleFunc("POST /password", func(w http.ResponseWriter, r *http.Request) {
		n, err := s.mw.RevokeOthers(w, r, session.ReasonPasswordChanged)
		fmt.Fprint(w, n, err)
	})
	mine, other := s.client(t), s.client(t)
	s.do(t, mine, "POST", "/login?user=alice")
	s.do(t, other, "POST", "/login?user=alice")
	cookie, _ := signedIn(t, s, "")
	_, token := signedIn(t, s, "&carrier=bearer")
	res, body := s.do(t, mine, "POST", "/password", sameOrigin, "same-origin")
	if body != "3 <nil>" || len(res.Cookies()) != 1 {
		t.Fatalf("got %s, cookies %v", body, res.Cookies())
	}
	if _, body := s.do(t, mine, "GET", "/me"); body != "alice" {
		t.Errorf("this device: got %q", body)
	}
	if res, _ := s.do(t, other, "GET", "/me"); res.StatusCode != 401 {
		t.Errorf("the other browser: got %d", res.StatusCode)
	}
	for _, h := range []http.Header{{"Cookie": {"__Host-session=" + cookie}}, {"Authorization": {"Bearer " + token}}} {
		if got := s.status(t, h); got != 401 {
			t.Errorf("%v: got %d", h, got)
		}
	}
}

func TestRotate(t *testing.T) {
	s := newSite(t, nil, session.Config{}, middleware.Config{})
	s.mux.HandleFunc("POST /rotate", func(w http.ResponseWriter, r *http.Request) {
		if err := s.mw.Rotate(w, r); err != nil {
			http.Error(w, err.Error(), 500)
		}
	})
	old, _ := signedIn(t, s, "")
	res, _ := s.do(t, s.client(t), "POST", "/rotate", "Cookie", "__Host-session="+old, sameOrigin, "same-origin")
	if res.StatusCode != 200 || len(res.Cookies()) != 1 {
		t.Fatalf("got %d, cookies %v", res.StatusCode, res.Cookies())
	}
	for v, want := range map[string]int{old: 401, res.Cookies()[0].Value: 200} {
		if got := s.status(t, http.Header{"Cookie": {"__Host-session=" + v}}); got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	}
	_, token := signedIn(t, s, "&carrier=bearer")
	s.do(t, s.client(t), "POST", "/rotate", "Authorization", "Bearer "+token)
	if got := s.status(t, http.Header{"Authorization": {"Bearer " + token}}); got != 200 {
		t.Errorf("a bearer token, which cannot be delivered: got %d", got)
	}
}

// discard is a ResponseWriter that costs nothing.
type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

func loaded(t testing.TB, cfg middleware.Config) (http.Handler, *http.Request, discard) {
	t.Helper()
	manager, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		t.Fatal(err)
	}
	mw, err := middleware.New(manager, cfg)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	ticket, err := manager.BeginSignIn(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/", nil)
	if _, _, err := mw.SignIn(w, r, ticket, session.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	r = httptest.NewRequest("GET", "/", nil)
	r.AddCookie(w.Result().Cookies()[0])
	h := mw.Load(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := session.FromContext(r.Context()); !ok {
			t.Fatal("not signed in")
		}
	}))
	return h, r, discard{make(http.Header)}
}

// The floor of a middleware that uses the context: the node and the request, in one.
func TestLoadAllocates(t *testing.T) {
	for name, cfg := range map[string]middleware.Config{"bare": {}, "sealed": {CookieKeys: session.NewKeys(key(1))}} {
		h, r, w := loaded(t, cfg)
		h.ServeHTTP(w, r)
		clear(w.h)
		if n := need.Allocations(func() { clear(w.h); h.ServeHTTP(w, r) }); n > 1 {
			t.Errorf("%s: got %v allocations, want 1", name, n)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for name, cfg := range map[string]middleware.Config{"bare": {}, "sealed": {CookieKeys: session.NewKeys(key(1))}} {
		b.Run(name, func(b *testing.B) {
			h, r, w := loaded(b, cfg)
			b.ReportAllocs()
			for b.Loop() {
				clear(w.h)
				h.ServeHTTP(w, r)
			}
		})
	}
}
