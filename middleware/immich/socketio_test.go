package immich_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/signedin/signedin/middleware/immich"
)

// pipe is a connection to Immich of which a test has the other end.
type pipe struct {
	in        io.Reader // what Immich sends
	closeIn   func() error
	mu        sync.Mutex
	got       []byte // what Immich got
	closed    int
	halfClose int
}

func (p *pipe) Read(b []byte) (int, error) { return p.in.Read(b) }

func (p *pipe) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed > 0 {
		return 0, io.ErrClosedPipe
	}
	p.got = append(p.got, b...)
	return len(b), nil
}

func (p *pipe) Close() error {
	p.mu.Lock()
	p.closed++
	p.mu.Unlock()
	if p.closeIn != nil {
		return p.closeIn()
	}
	return nil
}

func (p *pipe) CloseWrite() error {
	p.halfClose++
	return nil
}

// newPipe returns a connection on which Immich writes with the writer.
func newPipe() (*pipe, *io.PipeWriter) {
	r, w := io.Pipe()
	return &pipe{in: r, closeIn: r.Close}, w
}

// messages are of every form of length and of every kind.
var messages = []frame{
	{opText, true, `0{"sid":"x","pingInterval":25000}`},
	{opPing, true, ""},
	{opText, true, strings.Repeat("a", 125)},
	{opText, true, strings.Repeat("b", 126)},
	{opText, false, "one"},
	{opPing, true, "between"},
	{opContinue, false, ""},
	{opContinue, true, strings.Repeat("c", 300)},
	{opText, true, strings.Repeat("d", 1<<16)},
	{opText, true, "2"},
}

func TestSocketPassesAll(t *testing.T) {
	t.Parallel()
	sent := write(messages...)
	p := &pipe{in: iotest.HalfReader(bytes.NewReader(sent))}
	s := immich.NewSocket(p, true)
	if got, err := io.ReadAll(s); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("got %d bytes, %v, want the %d that were sent", len(got), err, len(sent))
	}
	if n, err := s.Write([]byte("hello")); n != 5 || err != nil || string(p.got) != "hello" {
		t.Errorf("Immich got %q, %v", p.got, err)
	}
	if err := s.CloseWrite(); err != nil || p.halfClose != 1 {
		t.Errorf("got %v, and %d half closes, want one", err, p.halfClose)
	}
	if err := s.Close(); err != nil || p.closed != 1 {
		t.Errorf("got %v, and %d closes, want one", err, p.closed)
	}
}

// A farewell may be called after any byte of Immich, and the client gets whole
// messages and then the last words.
func TestFarewellAfterEveryByte(t *testing.T) {
	t.Parallel()
	small := slices.Clone(messages)
	small[8].payload = strings.Repeat("d", 200)
	sent := write(small...)
	for _, socketIO := range []bool{true, false} {
		for at := range len(sent) + 1 {
			checkFarewell(t, sent, at, socketIO)
		}
	}
}

func checkFarewell(t *testing.T, sent []byte, at int, socketIO bool) {
	t.Helper()
	p := &pipe{in: io.MultiReader(bytes.NewReader(sent[:at]), bytes.NewReader(sent[at:]))}
	s := immich.NewSocket(p, socketIO)
	client := make([]byte, at)
	if _, err := io.ReadFull(s, client); err != nil {
		t.Fatal(err)
	}
	done := s.Farewell(sessionID)
	rest, err := io.ReadAll(s)
	if err != nil {
		t.Errorf("after %d bytes: got %v, want io.EOF", at, err)
	}
	got, cut, err := read(append(client, rest...))
	if err != nil || cut {
		t.Fatalf("after %d bytes: the client fails: %v, cut off: %v", at, err, cut)
	}
	want := lastWords
	if !socketIO {
		want = lastWords[2:]
	}
	if n := len(got) - len(want); n < 0 || !slices.Equal(got[n:], want) {
		t.Errorf("after %d bytes: got %v, want %v at the end", at, got, want)
	}
	<-done
	if p.closed == 0 {
		t.Errorf("after %d bytes: the connection to Immich was not closed", at)
	}
}

func TestFarewellWakesTheReader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, immichSends := newPipe()
		s := immich.NewSocket(p, true)
		var client []byte
		ended := make(chan error, 1)
		go func() {
			var err error
			client, err = io.ReadAll(s)
			ended <- err
		}()
		_, _ = immichSends.Write(write(messages[0]))
		synctest.Wait() // the reader waits for more
		done := s.Farewell(sessionID)
		s.Farewell("another")
		if err := <-ended; err != nil {
			t.Error(err)
		}
		<-done
		if got, _, err := read(client); err != nil || !slices.Equal(got, append(messages[:1:1], lastWords...)) {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

// What Immich does not end, ends in time, and without a word that the client
// would take for a part of it.
func TestFarewellInsideOfWhatDoesNotEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		sent []byte
		want []frame // after it
		cut  bool
	}{
		{"frame", write(messages[2])[:60], nil, true},
		{"header", write(messages[3])[:3], nil, true},
		{"endless frame", append([]byte{0x81, 127}, bytes.Repeat([]byte{0xff}, 100)...), nil, true},
		{"message", write(messages[4:6]...), lastWords[2:], false},
		{"after the close frame", write(lastWords[2]), nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p, immichSends := newPipe()
				s := immich.NewSocket(p, true)
				go func() { _, _ = immichSends.Write(c.sent) }()
				client := make([]byte, len(c.sent))
				if _, err := io.ReadFull(s, client); err != nil {
					t.Fatal(err)
				}
				done := s.Farewell(sessionID)
				rest, err := io.ReadAll(s)
				if err != nil {
					t.Error(err)
				}
				<-done
				if want := write(c.want...); !bytes.Equal(rest, want) {
					t.Errorf("got %q, want %q", rest, want)
				}
				if _, cut, err := read(append(client, rest...)); err != nil || cut != c.cut {
					t.Errorf("got %v, cut off: %v, want %v", err, cut, c.cut)
				}
			})
		})
	}
}

func TestFarewellAfterMasked(t *testing.T) {
	t.Parallel()
	sent := []byte{0x81, 0x82, 1, 2, 3, 4, 'a', 'b'}
	p := &pipe{in: bytes.NewReader(sent)}
	s := immich.NewSocket(p, true)
	if _, err := io.ReadFull(s, make([]byte, len(sent))); err != nil {
		t.Fatal(err)
	}
	s.Farewell(sessionID)
	if got, err := io.ReadAll(s); err != nil || !bytes.Equal(got, write(lastWords...)) {
		t.Errorf("got %q, %v", got, err)
	}
}

// After the end there is nobody to wait for.
func TestFarewellTooLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		closed := immich.NewSocket(&pipe{in: new(bytes.Reader)}, true)
		if err := closed.Close(); err != nil {
			t.Error(err)
		}
		<-closed.Farewell(sessionID)
		ended := immich.NewSocket(&pipe{in: new(bytes.Reader)}, true)
		if _, err := io.ReadAll(ended); err != nil {
			t.Error(err)
		}
		<-ended.Farewell(sessionID)
		if waited := time.Since(start); waited > 0 {
			t.Errorf("waited %v", waited)
		}
	})
}

// A client that does not read does not keep the farewell waiting.
func TestFarewellToDeaf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, _ := newPipe()
		s := immich.NewSocket(p, true)
		<-s.Farewell(sessionID)
		if n, err := s.Write([]byte("x")); err == nil {
			t.Errorf("got %d, nil after the end", n)
		}
	})
}

// What a client still says goes nowhere, and does not end the connection before
// the last words were said.
func TestFarewellHearsNoMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, hearsNoMore) // else a slow machine gives up on the farewell
}

func hearsNoMore(t *testing.T) {
	p, _ := newPipe()
	s := immich.NewSocket(p, true)
	_, _ = s.Write([]byte("before"))
	done := s.Farewell(sessionID)
	if n, err := s.Write([]byte("after")); n != 5 || err != nil {
		t.Errorf("got %d, %v, want it ignored", n, err)
	}
	if err := s.CloseWrite(); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil { // as ReverseProxy does when the context ends
		t.Error(err)
	}
	got, err := io.ReadAll(s)
	if want := write(lastWords...); err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	<-done
	if _, err := s.Write([]byte("after")); err == nil {
		t.Error("got no error after the end")
	}
	if string(p.got) != "before" || p.halfClose > 0 {
		t.Errorf("Immich got %q, and %d half closes", p.got, p.halfClose)
	}
}

// All at once, for the race detector.
func TestSocketConcurrently(t *testing.T) {
	t.Parallel()
	for range 200 {
		p, immichSends := newPipe()
		s := immich.NewSocket(p, true)
		start := make(chan struct{})
		var all sync.WaitGroup
		for _, f := range []func(){
			func() { _, _ = s.Write([]byte("x")) },
			func() { s.Farewell(sessionID) },
			func() { s.Farewell(sessionID) },
			func() { _ = s.Close() },
		} {
			all.Go(func() {
				<-start
				f()
			})
		}
		all.Go(func() {
			<-start
			_, _ = immichSends.Write(write(messages...))
			_ = immichSends.Close()
		})
		close(start)
		got, _ := io.ReadAll(s)
		all.Wait()
		if _, _, err := read(got); err != nil {
			t.Fatalf("the client fails: %v, after %q", err, got)
		}
		<-s.Farewell(sessionID)
	}
}

func TestWrapSocket(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, path, upgrade string
		status              int
		want                []frame // the farewell; nil if it is none of ours
	}{
		{"socket.io", "/api/socket.io/", "websocket", 101, lastWords},
		{"no slash, other letters", "/api/socket.io", "WebSocket", 101, lastWords},
		{"another socket", "/api/other", "websocket", 101, lastWords[2:]},
		{"another protocol", "/api/socket.io/", "h2c", 101, nil},
		{"no upgrade", "/api/socket.io/", "websocket", 400, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, _ := newPipe()
			res := &http.Response{StatusCode: c.status, Header: http.Header{"Upgrade": {c.upgrade}}, Body: p,
				Request: &http.Request{URL: &url.URL{Path: c.path}}}
			s := immich.WrapSocket(res)
			if (s == nil) != (c.want == nil) || s == nil && res.Body != p {
				t.Fatalf("got %v", s)
			}
			if s == nil {
				return
			}
			s.Farewell(sessionID)
			if got, err := io.ReadAll(res.Body); err != nil || !bytes.Equal(got, write(c.want...)) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}
