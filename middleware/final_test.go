package middleware_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

// served is a site on plain HTTP with ConnContext and what its server logs.
func served(t *testing.T, s *site, h http.Handler) (*httptest.Server, *lockedBuffer) {
	t.Helper()
	errors := new(lockedBuffer)
	server := httptest.NewUnstartedServer(h)
	server.Config.ConnContext = s.mw.ConnContext
	server.Config.ErrorLog = log.New(errors, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	return server, errors
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// A socket over which other devices were signed out is cut when its own session
// ends, whether that is done over itself or not.
func TestSocketThatRevokedIsCut(t *testing.T) {
	for _, own := range []bool{false, true} {
		s := newSite(t, nil, session.Config{}, middleware.Config{})
		ended := make(chan error, 1)
		s.mux.Handle("/socket", s.mw.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			conn, rw, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
			me, _ := session.FromContext(r.Context())
			for {
				line, err := rw.ReadString('\n')
				if err != nil {
					ended <- err
					return
				}
				if line == "revoke\n" {
					all, err := s.manager.List(r.Context(), "alice")
					if err != nil {
						t.Error(err)
					}
					for _, other := range all {
						if (other.ID == me.ID) == own {
							if err := s.manager.Revoke(r.Context(), "alice", other.ID, session.ReasonSignedOutRemote); err != nil {
								t.Error(err)
							}
						}
					}
				}
				io.WriteString(conn, line)
			}
		})))
		signedIn(t, s, "")
		cookie, _ := signedIn(t, s, "")
		server, _ := served(t, s, s.mw.Load(s.mux))
		conn, in := dial(t, server, "/socket", cookie, "Connection: Upgrade", "Upgrade: echo")
		if res, err := http.ReadResponse(in, nil); err != nil || res.StatusCode != 101 {
			t.Fatalf("got %v, %v", res, err)
		}
		io.WriteString(conn, "revoke\n")
		if !own {
			if line, err := in.ReadString('\n'); line != "revoke\n" || err != nil {
				t.Fatalf("after another device was revoked: %q, %v", line, err)
			}
			s.revoke(t)
		}
		select {
		case <-ended:
		case <-time.After(patience):
			t.Fatalf("own %v: goes on", own)
		}
	}
}

// A session ends while the handler of its socket is returning.
func TestCutAroundTheReturn(t *testing.T) {
	for _, known := range []bool{true, false} {
		s := newSite(t, nil, session.Config{}, middleware.Config{})
		ended := make(chan error, 1)
		s.mux.Handle("/socket", s.mw.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			s.revoke(t) // by another request
			go func() {
				for {
					if _, err := io.WriteString(conn, "x"); err != nil {
						ended <- err
						return
					}
					time.Sleep(time.Millisecond)
				}
			}()
		})))
		cookie, _ := signedIn(t, s, "")
		server := httptest.NewUnstartedServer(s.mw.Load(s.mux))
		if known {
			server.Config.ConnContext = s.mw.ConnContext
		}
		server.Start()
		t.Cleanup(server.Close)
		_, in := dial(t, server, "/socket", cookie, "Connection: Upgrade", "Upgrade: echo")
		go io.Copy(io.Discard, in)
		select {
		case <-ended:
		case <-time.After(patience):
			t.Fatalf("ConnContext %v: goes on", known)
		}
	}
}

// What is asked at the end of a request commits no answer: a status that is set
// later stays, whatever the request asked for.
func TestLateStatusStays(t *testing.T) {
	s := newSite(t, nil, session.Config{}, middleware.Config{})
	s.mux.Handle("/late", s.mw.Require(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	cookie, _ := signedIn(t, s, "")
	loaded := s.mw.Load(s.mux)
	server, logged := served(t, s, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		loaded.ServeHTTP(w, r)
		w.WriteHeader(http.StatusForbidden)
	}))
	for _, upgrade := range []string{"websocket", "echo", ""} {
		_, in := dial(t, server, "/late", cookie, "Connection: Upgrade", "Upgrade: "+upgrade, "Origin: http://"+server.Listener.Addr().String())
		if res, err := http.ReadResponse(in, nil); err != nil || res.StatusCode != http.StatusForbidden {
			t.Errorf("Upgrade %q: got %v, %v", upgrade, res, err)
		}
	}
	if logged.String() != "" {
		t.Errorf("logged %s", logged)
	}
}

// A writer that hides the server's leaves it unknown whether the handler took the
// connection over; the next request shows that it did not.
func TestHiddenWriterServesOthers(t *testing.T) {
	s := newSite(t, nil, session.Config{}, middleware.Config{})
	cookie, _ := signedIn(t, s, "")
	loaded := s.mw.Load(s.mux)
	server, _ := served(t, s, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { loaded.ServeHTTP(hide(w), r) }))
	s.servesAnother(t, server, cookie)
}

// TestHijackIsSeen fails when net/http keeps its note of a hijacked connection
// somewhere else: every request of a writer that can be hijacked is then one that
// may go on.
func TestHijackIsSeen(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if over, known := middleware.TakenOver(w); over || !known {
			t.Errorf("before: %v, %v", over, known)
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Fatal(err)
		}
		if over, known := middleware.TakenOver(w); !over || !known {
			t.Errorf("after: %v, %v", over, known)
		}
		conn.Close()
	}))
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	io.Copy(io.Discard, conn)
}

// The first connection that can only be cut by deadlines is told of, once.
func TestMissIsLoggedOnce(t *testing.T) {
	logged := new(lockedBuffer)
	s := newSite(t, nil, session.Config{Logger: slog.New(slog.NewTextHandler(logged, nil))}, middleware.Config{})
	s.mux.Handle("/wait", s.mw.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := s.manager.RevokeAll(context.Background(), "alice", session.ReasonAdmin); err != nil {
			t.Error(err)
		}
		<-r.Context().Done()
	})))
	server := s.plain(t)
	for range 3 {
		cookie, _ := signedIn(t, s, "")
		_, in := dial(t, server, "/wait", cookie)
		io.Copy(io.Discard, in)
	}
	if n := strings.Count(logged.String(), "a connection was cut by deadlines"); n != 1 {
		t.Errorf("told %d times: %s", n, logged)
	}
}
