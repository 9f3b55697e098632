package immichtest

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
)

const (
	pingInterval = 25 * time.Second
	pingTimeout  = 20 * time.Second
	// maxQueue bounds the messages that wait for one client.
	maxQueue = 256
)

// A socket is one connection of socket.io 4, over a WebSocket.
type socket struct {
	user, session string // its rooms
	out           chan string
	cut           context.CancelFunc
}

// socketIO serves a WebSocket. Who may not have one is told so there. Who may
// have one is not asked again.
func (s *Server) socketIO(w http.ResponseWriter, r *http.Request) {
	if q := r.URL.Query(); q.Get("transport") != "websocket" || q.Get("EIO") != "4" {
		answer(w, http.StatusBadRequest, map[string]any{"code": 0, "message": "Transport unknown"})
		return
	}
	c, why := s.caller(r, nil) // the query is not looked at
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		return // it has answered
	}
	defer conn.CloseNow()
	ctx, cut := context.WithCancel(s.ctx)
	defer cut()
	k := &socket{out: make(chan string, maxQueue), cut: cut}
	if why == "" && !c.isShare {
		k.user = c.user.ID
		if c.session != nil {
			k.session = c.session.ID
		}
	}
	k.serve(ctx, conn, s)
}

// serve speaks engine.io, and socket.io in it.
func (k *socket) serve(ctx context.Context, conn *websocket.Conn, s *Server) {
	k.send(`0{"sid":"` + newToken()[:20] + `","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`)
	go k.write(ctx, conn)
	defer s.leave(k)
	for {
		wait, done := context.WithTimeout(ctx, pingInterval+pingTimeout)
		_, message, err := conn.Read(wait)
		done()
		if err != nil {
			return
		}
		switch text := string(message); {
		case text == "41": // the client leaves
			return
		case strings.HasPrefix(text, "40"): // the client enters
			k.enter(s)
		}
	}
}

func (k *socket) enter(s *Server) {
	k.send(`40{"sid":"` + newToken()[:20] + `"}`)
	if k.user == "" {
		k.send(`42["error","unauthorized"]`)
		k.send("41")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sockets[k] = struct{}{}
}

func (s *Server) leave(k *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sockets, k)
}

// send queues a message. A client that does not read is cut.
func (k *socket) send(message string) {
	select {
	case k.out <- message:
	default:
		k.cut()
	}
}

func (k *socket) write(ctx context.Context, conn *websocket.Conn) {
	ping := time.NewTicker(pingInterval)
	defer ping.Stop()
	for {
		message := "2"
		select {
		case message = <-k.out:
		case <-ping.C:
		case <-ctx.Done():
			return
		}
		if conn.Write(ctx, websocket.MessageText, []byte(message)) != nil {
			k.cut()
			return
		}
	}
}

// Broadcast sends an event to the sockets of a user, or to those of one session
// by its ID, and returns how many they are.
func (s *Server) Broadcast(room, event string, data ...any) (n int) {
	packet, err := json.Marshal(append([]any{event}, data...))
	if err != nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.sockets {
		if k.user == room || k.session == room {
			k.send("42" + string(packet))
			n++
		}
	}
	return n
}

// Sockets returns how many sockets of a user, or of one session, are open.
func (s *Server) Sockets(room string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.sockets {
		if k.user == room || k.session == room {
			n++
		}
	}
	return n
}

// CutSockets ends all sockets without a word, as a restart does.
func (s *Server) CutSockets() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.sockets {
		k.cut()
	}
}
