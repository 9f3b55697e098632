package frameworks

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"

	"github.com/signedin/signedin/session"
)

// TestSockets has sockets of both libraries cut on the side of the server: their row in
// the table of the package comment.
func TestSockets(t *testing.T) {
	t.Run("with ConnContext", func(t *testing.T) { sockets(t, true) })
	t.Run("without ConnContext", func(t *testing.T) { sockets(t, false) })
}

func sockets(t *testing.T, known bool) {
	mw := newMiddleware(t)
	ended := make(chan error, 2)
	mux := http.NewServeMux()
	mux.HandleFunc("/coder", func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			ended <- nil
			return
		}
		defer c.CloseNow()
		if err := c.Write(context.Background(), websocket.MessageText, []byte("hello")); err == nil {
			_, _, err = c.Read(context.Background())
			ended <- err
		}
	})
	mux.HandleFunc("/gorilla", func(w http.ResponseWriter, r *http.Request) {
		c, err := new(gorilla.Upgrader).Upgrade(w, r, nil)
		if err != nil {
			ended <- nil
			return
		}
		go func() { // which outlives its handler
			defer c.Close()
			_ = c.WriteMessage(gorilla.TextMessage, []byte("hello"))
			_ = c.SetReadDeadline(time.Now().Add(time.Hour))
			_, _, err := c.ReadMessage()
			ended <- err
		}()
	})
	server := httptest.NewUnstartedServer(mw.Require(mux))
	if known {
		server.Config.ConnContext = mw.ConnContext
	}
	server.Start()
	t.Cleanup(server.Close)
	for _, path := range []string{"/coder", "/gorilla"} {
		c := signIn(t, mw)
		header := c.Request(http.MethodGet, "/", nil).Header
		socket, _, err := gorilla.DefaultDialer.DialContext(t.Context(), strings.Replace(server.URL, "http", "ws", 1)+path, header)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		defer socket.Close()
		if _, hello, err := socket.ReadMessage(); err != nil || string(hello) != "hello" {
			t.Fatalf("%s: %q, %v", path, hello, err)
		}
		if err := mw.Manager().Revoke(t.Context(), "alice", c.Session().ID, session.ReasonSignedOutRemote); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-ended:
			if err == nil {
				t.Errorf("%s: no socket, or no error", path)
			}
		case <-time.After(time.Minute):
			t.Errorf("%s: open a minute after its session ended", path)
		}
		if _, res, err := gorilla.DefaultDialer.DialContext(t.Context(), strings.Replace(server.URL, "http", "ws", 1)+path, header); err == nil || res == nil || res.StatusCode != 401 {
			t.Errorf("%s: the next handshake: %v", path, err)
		}
	}
}
