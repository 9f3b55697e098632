package immichtest_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// patience is for a machine that does much else. No figure depends on it.
const patience = 30 * time.Second

type socket struct {
	t    *testing.T
	conn *websocket.Conn
}

// dial opens a socket and enters.
func (f *fake) dial(query, token string) *socket {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, f.url+"/api/socket.io/?EIO=4&transport=websocket"+query,
		&websocket.DialOptions{HTTPHeader: http.Header{"Cookie": {cookie(token)}}})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = conn.CloseNow() })
	s := &socket{f.t, conn}
	s.expect(`^0\{"sid":"\w+","upgrades":\[\],"pingInterval":25000,"pingTimeout":20000,`)
	if err := conn.Write(ctx, websocket.MessageText, []byte("40")); err != nil {
		f.t.Fatal(err)
	}
	s.expect(`^40\{"sid":"\w+"\}$`)
	return s
}

func (s *socket) expect(want string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	_, got, err := s.conn.Read(ctx)
	if err != nil || !regexp.MustCompile(want).Match(got) {
		s.t.Fatalf("got %q, %v, want %s", got, err, want)
	}
}

// entered waits until the server counts n sockets.
func (f *fake) entered(room string, n int) {
	f.t.Helper()
	for end := time.Now().Add(patience); f.Sockets(room) != n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			f.t.Fatalf("got %d sockets, want %d", f.Sockets(room), n)
		}
	}
}

func TestSocketRefusesInside(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := f.dial("&sessionKey="+f.login(), "bad") // the query does not count
	s.expect(`^42\["error","unauthorized"\]$`)
	s.expect(`^41$`)
}

func TestSocketEvents(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	token := f.login()
	id := f.Sessions(f.user.ID)[0].ID
	s := f.dial("", token)
	f.entered(f.user.ID, 1)
	if n := f.Broadcast(f.user.ID, "on_upload_success", map[string]string{"id": "x"}); n != 1 {
		t.Errorf("told %d, want 1", n)
	}
	s.expect(`^42\["on_upload_success",\{"id":"x"\}\]$`)
	f.check("200", "POST", "/api/auth/logout", "", "Cookie", cookie(token))
	s.expect(`^42\["on_session_delete","` + id + `"\]$`)
	// It is told, and not cut.
	f.Broadcast(f.user.ID, "on_asset_trash", []string{"y"})
	s.expect(`^42\["on_asset_trash",\["y"\]\]$`)
	f.CutSockets()
	f.entered(f.user.ID, 0)
}

// The hole: a session that another one deletes goes on receiving, untold.
func TestDeletedSessionKeepsItsSocket(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	gone, mine := f.login(), f.login()
	s := f.dial("", gone)
	f.entered(f.user.ID, 1)
	f.check("204", "DELETE", "/api/sessions", "", "Cookie", cookie(mine))
	f.check("401", "GET", "/api/users/me", "", "Cookie", cookie(gone))
	f.Broadcast(f.user.ID, "on_asset_trash", []string{"y"})
	s.expect(`on_asset_trash`)
}

func TestSocketLeaves(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	s := f.dial("", f.login())
	f.entered(f.user.ID, 1)
	if err := s.conn.Write(t.Context(), websocket.MessageText, []byte("41")); err != nil {
		t.Fatal(err)
	}
	f.entered(f.user.ID, 0)
	if _, _, err := s.conn.Read(t.Context()); err == nil || strings.Contains(err.Error(), "deadline") {
		t.Errorf("got %v, want a closed connection", err)
	}
}
