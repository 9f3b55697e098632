package main

import (
	"bytes"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// safeBuffer is written by a connection of net/http, and read here.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// What net/http finds on a connection that has nothing to say is told, and not what it
// was.
func TestLogHasNoBodies(t *testing.T) {
	var log safeBuffer
	stdlog.SetOutput(withoutBodies{&log})
	defer stdlog.SetOutput(os.Stderr)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	more := make(chan struct{})
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = c.Read(make([]byte, 4096))
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		<-more
		_, _ = io.WriteString(c, `{"secret":"of somebody"}`)
		time.Sleep(50 * time.Millisecond) // or its end is what is found
	}()
	var client http.Client
	res, err := client.Get("http://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	res.Body.Close()
	close(more)
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(log.String(), "Unsolicited"); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("net/http has said nothing")
		}
	}
	if strings.Contains(log.String(), "secret") {
		t.Errorf("it wrote %q", log.String())
	}
	stdlog.Print("all else")
	if !strings.Contains(log.String(), "all else") {
		t.Errorf("it wrote %q", log.String())
	}
}
