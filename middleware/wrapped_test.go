package middleware_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

// A writer that hides the server's leaves it unknown whether the handler took the
// connection over: the request that signs itself out is answered all the same.
func TestHiddenWriterAnswersSignOut(t *testing.T) {
	s := newSite(t, nil, session.Config{}, middleware.Config{})
	s.mux.Handle("/leave", s.mw.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		me, _ := session.FromContext(r.Context())
		check(t, s.manager.Revoke(r.Context(), me.UserID, me.ID, session.ReasonSignedOut))
		io.WriteString(w, "bye")
	})))
	cookie, _ := signedIn(t, s, "")
	loaded := s.mw.Load(s.mux)
	server, _ := served(t, s, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { loaded.ServeHTTP(hide(w), r) }))
	conn, in := dial(t, server, "/leave", cookie)
	for range 2 { // the second one is without a session
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, res.Body)
		io.WriteString(conn, "GET /me HTTP/1.1\r\nHost: x\r\n\r\n")
	}
}

// counted is a connection of a listener that counts its own, as
// golang.org/x/net/netutil's does: it shows nothing of what it is of.
type countedConn struct{ net.Conn }

type countedListener struct{ net.Listener }

func (l countedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &countedConn{c}, nil
}

// A socket that was closed is forgotten by the next one, though the listener hides
// what its connections are of.
func TestClosedSocketOfAListenerThatHides(t *testing.T) {
	s := newSite(t, nil, session.Config{}, middleware.Config{})
	s.mux.Handle("/socket", s.mw.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		conn.Close()
	})))
	cookie, _ := signedIn(t, s, "")
	server := httptest.NewUnstartedServer(s.mw.Load(s.mux))
	server.Config.ConnContext = s.mw.ConnContext
	server.Listener = countedListener{server.Listener}
	server.Start()
	t.Cleanup(server.Close)
	for range 3 {
		_, in := dial(t, server, "/socket", cookie)
		io.Copy(io.Discard, in)
	}
	for until := time.Now().Add(patience); s.manager.Hub().Open() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("%d are still open", s.manager.Hub().Open())
		}
	}
}

// The request that ends the session of one of two Middlewares is answered, whichever
// of them is inside.
func TestSignOutOfOneOfTwo(t *testing.T) {
	portal := watch(t, middleware.Foreign{Extractors: []middleware.Extractor{middleware.Header("X-Portal")}})
	app := watch(t, middleware.Foreign{Extractors: []middleware.Extractor{middleware.Header("X-App")}})
	for name, of := range map[string]*watched{"outside": portal, "inside": app} {
		for _, all := range []bool{false, true} {
			user := fmt.Sprint("ada-", name, all)
			h := portal.mw.Load(app.mw.Load(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				list, err := of.manager.List(r.Context(), user)
				check(t, err)
				if all {
					_, err = of.manager.RevokeAll(r.Context(), user, session.ReasonSignedOut)
				} else {
					err = of.manager.Revoke(r.Context(), user, list[0].ID, session.ReasonSignedOut)
				}
				check(t, err)
				if r.Context().Err() != nil {
					t.Errorf("%s, all %v: cut before it has answered", name, all)
				}
				io.WriteString(w, "bye")
			})))
			server := httptest.NewUnstartedServer(h)
			server.Config.ConnContext = app.mw.ConnContext
			server.Start()
			r, _ := http.NewRequestWithContext(t.Context(), "POST", server.URL, nil)
			r.Header.Set("X-Portal", "user-"+user)
			r.Header.Set("X-App", "user-"+user)
			res, err := server.Client().Do(r)
			if err != nil {
				t.Errorf("%s, all %v: no answer: %v", name, all, err)
			} else {
				res.Body.Close()
			}
			server.Close()
		}
	}
}

// A handler that makes a request of its own, as one that answers several at once,
// has it cut by itself: the connection of HTTP/2 that its context is from is others'
// too.
func TestRequestMadeByAHandler(t *testing.T) {
	s := newSite(t, nil, session.Config{}, middleware.Config{})
	opened, cut, goOn := make(chan struct{}), make(chan error, 2), make(chan struct{})
	inner := s.mw.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(opened)
		<-r.Context().Done()
		cut <- context.Cause(r.Context())
	}))
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/batch" {
			made, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "https://example.com/", nil)
			check(t, err)
			made.Header = r.Header.Clone()
			inner.ServeHTTP(httptest.NewRecorder(), made)
			return
		}
		http.NewResponseController(w).Flush()
		<-goOn
		io.WriteString(w, "whole")
	}))
	server.Config.ConnContext = s.mw.ConnContext
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	_, token := signedIn(t, s, "&carrier=bearer")
	other, err := server.Client().Get(server.URL)
	check(t, err)
	defer other.Body.Close()
	go func() {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/batch", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		if res, err := server.Client().Do(r); err == nil {
			res.Body.Close()
		}
	}()
	<-opened
	s.revoke(t)
	if err := <-cut; err != session.ErrRevoked {
		t.Errorf("the request that was made: %v", err)
	}
	close(goOn)
	if body, err := io.ReadAll(other.Body); string(body) != "whole" || other.ProtoMajor != 2 {
		t.Errorf("another stream: %q, %v (%s)", body, err, other.Proto)
	}
}
