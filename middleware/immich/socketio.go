package immich

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// farewellWait bounds how long a farewell waits for the end of a message that
// the client has got a part of, and for a client that does not read.
const farewellWait = 200 * time.Millisecond

// A socket is the body of an answer 101, by which ReverseProxy copies what goes
// through a WebSocket. It changes nothing until farewell, which has the last
// word: Read returns it between two messages of Immich, and then io.EOF.
//
// It is for one reader and one writer; all else may be called at any time.
type socket struct {
	inner    io.ReadWriteCloser
	socketIO bool
	spoke    func() // is told when the client says something; one call at a time
	said     frames // of the client

	mu      sync.Mutex
	frames  frames        // as far as Read has returned
	gone    bool          // there is nobody to say farewell to
	id      string        // of the session
	leaving bool          // farewell was called
	ready   bool          // the rest of what Read returns is in words
	words   []byte        // of the farewell, not yet returned
	over    bool          // done is closed
	done    chan struct{} // the farewell was said, or there was no way
	timer   *time.Timer
}

var _ io.ReadWriteCloser = (*socket)(nil)

// wrapSocket puts a socket between Immich and the client, if res is the start
// of a WebSocket, and returns it; nil if not.
func wrapSocket(res *http.Response) *socket {
	inner, ok := res.Body.(io.ReadWriteCloser)
	if !ok || res.StatusCode != http.StatusSwitchingProtocols || !strings.EqualFold(res.Header.Get("Upgrade"), "websocket") {
		return nil
	}
	path := ""
	if res.Request != nil {
		path = res.Request.URL.Path
	}
	s := newSocket(inner, strings.HasSuffix(strings.TrimSuffix(path, "/"), "/api/socket.io"))
	res.Body = s
	return s
}

func newSocket(inner io.ReadWriteCloser, socketIO bool) *socket {
	return &socket{inner: inner, socketIO: socketIO, spoke: func() {}, done: make(chan struct{})}
}

// farewell ends the socket: nothing of the client reaches Immich any more, and
// after the message that is on its way the client reads the event by which
// Immich tells that the session with this ID of Immich is gone, a disconnect of
// socket.io, after which it does not connect again, and a close frame. It
// returns at once, with a channel that is closed when that has been written to
// the client or cannot be; the client's connection is then the caller's to cut.
//
// It must come before the request's context ends, which closes the socket.
func (s *socket) farewell(sessionID string) <-chan struct{} {
	s.mu.Lock()
	if s.leaving {
		s.mu.Unlock()
		return s.done
	}
	s.leaving, s.id = true, sessionID
	s.timer = time.AfterFunc(farewellWait, s.giveUp)
	now := s.mayLeave()
	if now {
		s.leave()
	}
	if s.gone {
		s.finish()
	}
	s.mu.Unlock()
	if now {
		_ = s.inner.Close() // ends a Read that waits
	}
	return s.done
}

// Read returns what Immich sends, and the farewell after it.
func (s *socket) Read(p []byte) (int, error) {
	if n, err := s.say(p); n > 0 || err != nil {
		return n, err
	}
	n, err := s.inner.Read(p)
	n, err, left := s.pass(p[:n], err)
	if left {
		_ = s.inner.Close()
	}
	if n > 0 || err != nil {
		return n, err
	}
	return s.say(p)
}

// say returns the words that are left, and then io.EOF; nothing while Immich
// still speaks.
func (s *socket) say(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ready || len(p) == 0 {
		return 0, nil
	}
	n := copy(p, s.words)
	s.words = s.words[n:]
	if n > 0 {
		return n, nil
	}
	s.finish() // who asks for more has written what there was
	return 0, io.EOF
}

// pass returns how much of what Immich sent the client may have, which is all,
// or in a farewell what makes its last message whole, and whether no more is
// wanted of Immich.
func (s *socket) pass(p []byte, err error) (n int, _ error, left bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.leaving {
		s.gone = s.gone || err != nil
		s.frames.skip(p)
		return len(p), err, false
	}
	for !s.mayLeave() && n < len(p) {
		n += s.frames.next(p[n:])
	}
	if err != nil || s.mayLeave() {
		s.leave()
	}
	return n, nil, s.ready
}

// mayLeave reports whether the client has got whole messages, between which
// the last words may be said. A close frame alone may also stand inside of a
// message, between its frames (RFC 6455, 5.4).
func (s *socket) mayLeave() bool {
	return !s.frames.inside() && (!s.frames.fragmented || !s.socketIO || s.frames.closed)
}

// leave chooses the last words, of those that may be said here.
func (s *socket) leave() {
	if s.ready {
		return
	}
	s.ready = true
	if s.frames.inside() || s.frames.closed {
		return
	}
	if s.socketIO && !s.frames.fragmented {
		event, _ := json.Marshal([2]string{"on_session_delete", s.id})
		s.words = appendFrame(s.words, opText, append([]byte("42"), event...)) // message, event
		s.words = appendFrame(s.words, opText, []byte("41"))                   // message, disconnect
	}
	s.words = appendFrame(s.words, opClose, normalClosure)
}

// giveUp ends what does not end.
func (s *socket) giveUp() {
	_ = s.inner.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finish()
}

func (s *socket) finish() {
	if !s.over {
		s.over = true
		s.timer.Stop()
		close(s.done)
	}
}

// Write sends to Immich what the client says, until the farewell.
func (s *socket) Write(p []byte) (int, error) {
	if n, err, left := s.ignore(p); left {
		return n, err
	}
	if s.said.skip(p); s.said.spoken {
		s.said.spoken = false
		s.spoke()
	}
	n, err := s.inner.Write(p)
	if err != nil {
		if n, err, left := s.ignore(p); left {
			return n, err
		}
	}
	return n, err
}

// ignore is the Write of a socket that is being left. Its error, which ends the
// connection, has to wait until the client has the last words.
func (s *socket) ignore(p []byte) (n int, err error, left bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return 0, io.ErrClosedPipe, true
	}
	return len(p), nil, s.leaving
}

// CloseWrite passes on that the client has said all.
func (s *socket) CloseWrite() error {
	s.mu.Lock()
	leaving := s.leaving
	s.mu.Unlock()
	if leaving {
		return nil
	}
	if w, ok := s.inner.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return http.ErrNotSupported
}

// Close closes the connection to Immich; in a farewell that is done already, or
// will be once the client has its last message.
func (s *socket) Close() error {
	s.mu.Lock()
	leaving := s.leaving
	s.gone = s.gone || !leaving
	s.mu.Unlock()
	if leaving {
		return nil
	}
	return s.inner.Close()
}
