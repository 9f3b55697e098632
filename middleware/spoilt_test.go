package middleware_test

import (
	"bufio"
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

// ending ends the session of a request that asks for it, waits until the
// connection has noticed, and answers in full all the same.
func (a *watched) ending(t *testing.T) http.Handler {
	loaded := a.mw.Load(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		me, ok := session.FromContext(r.Context())
		if !ok {
			t.Errorf("%s: no session", r.URL)
			return
		}
		middleware.LastWords(r.Context(), nil)
		if r.URL.Path == "/end" { // before the answer: or the next request may be what the server has noticed
			if _, err := a.manager.RevokeAll(context.Background(), me.UserID, session.ReasonAdmin); err != nil {
				t.Error(err)
			}
			if r.ProtoMajor == 1 {
				<-r.Context().Value(outside{}).(context.Context).Done()
			}
		}
		w.Header().Set("Content-Length", "5")
		fmt.Fprint(w, "hello")
		http.NewResponseController(w).Flush()
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		loaded.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), outside{}, r.Context())))
	})
}

type outside struct{} // is the key of the context that is not the session's

// A connection of which a request was cut serves no other one, which might be
// somebody else's if it is a proxy's.
func TestCutConnectionServesNobodyElse(t *testing.T) {
	t.Parallel()
	a := watch(t, middleware.Foreign{})
	server := httptest.NewServer(a.ending(t))
	t.Cleanup(server.Close)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	in := bufio.NewReader(conn)
	get := func(path string) string {
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path)
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return "no answer"
		}
		body, err := io.ReadAll(res.Body)
		if err != nil {
			return err.Error()
		}
		return fmt.Sprint(res.StatusCode, " ", string(body))
	}
	for _, tt := range [][2]string{{"/?token=user-bob", "200 hello"}, {"/end?token=user-ada", "200 hello"}, {"/?token=user-bob", "no answer"}} {
		if got := get(tt[0]); got != tt[1] {
			t.Errorf("%s: got %s, want %s", tt[0], got, tt[1])
		}
	}
}

// In HTTP/2 only the request's own stream is cut.
func TestCutStreamLeavesOthers(t *testing.T) {
	t.Parallel()
	a := watch(t, middleware.Foreign{})
	server := httptest.NewUnstartedServer(a.ending(t))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	connections := 0
	client := server.Client()
	client.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		connections++
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	for _, path := range []string{"/end?token=user-ada", "/?token=user-bob"} {
		res, err := client.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if res.ProtoMajor != 2 || res.StatusCode != 200 || string(body) != "hello" || err != nil {
			t.Errorf("%s: got %s %d %q, %v", path, res.Proto, res.StatusCode, body, err)
		}
	}
	if connections != 1 {
		t.Errorf("%d connections, want 1", connections)
	}
}

// Who panics is heard, and not what the cut has to say.
func TestPanicOfACutRequest(t *testing.T) {
	t.Parallel()
	a := watch(t, middleware.Foreign{})
	heard := make(chan any, 1)
	h := a.mw.Load(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if _, err := a.manager.RevokeAll(context.Background(), "ada", session.ReasonAdmin); err != nil {
			t.Error(err)
		}
		panic("of the handler")
	}))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { heard <- recover() }()
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	if res, err := server.Client().Get(server.URL + "?token=user-ada"); err == nil {
		res.Body.Close()
	}
	if got := <-heard; got != "of the handler" {
		t.Errorf("got %v", got)
	}
}
