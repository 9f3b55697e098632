package middleware_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest/need"
)

// What another process ends is cut on 2,000 real sockets, without a bus, and what
// they take of memory beside those of a server without us is told.
func TestSocketsAreCutFromElsewhere(t *testing.T) {
	need.Heavy(t)
	const sockets = 2000
	store := memstore.New()
	managers := [2]*session.Manager{}
	for i := range managers {
		m, err := session.New(store, session.Config{})
		if err != nil {
			t.Fatal(err)
		}
		managers[i] = m
	}
	here, elsewhere := managers[0], managers[1]
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan struct{})
	go func() { defer close(ran); here.Run(ctx) }()
	defer func() { cancel(); <-ran }()

	mw, err := middleware.New(here, middleware.Config{})
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	stream := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-over // whatever the context says
	})
	ours := httptest.NewUnstartedServer(mw.Require(stream))
	ours.Config.ConnContext = mw.ConnContext
	ours.Start()
	bare := httptest.NewServer(stream)
	defer ours.Close()
	defer bare.Close()
	defer close(over)

	tokens := make([]string, sockets)
	for i := range tokens {
		ticket, err := here.BeginSignIn(t.Context(), fmt.Sprint("user", i))
		if err != nil {
			t.Fatal(err)
		}
		_, token, err := here.Start(t.Context(), ticket, session.Origin{}, session.StartOptions{Carrier: session.CarrierBearer})
		if err != nil {
			t.Fatal(err)
		}
		tokens[i] = token.Reveal()
	}
	open := func(s *httptest.Server) (all []net.Conn, heap, stack float64) {
		before := memory()
		for _, token := range tokens {
			c, err := net.Dial("tcp", s.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close() })
			fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", token)
			response, err := http.ReadResponse(bufio.NewReaderSize(c, 512), nil)
			if err != nil || response.StatusCode != http.StatusOK {
				t.Fatal(response, err)
			}
			all = append(all, c)
		}
		after := memory()
		return all, float64(int64(after.HeapAlloc-before.HeapAlloc)) / sockets, float64(int64(after.StackInuse-before.StackInuse)) / sockets
	}
	_, bareHeap, bareStack := open(bare)
	all, ourHeap, ourStack := open(ours)
	t.Logf("a socket takes %.0f B of heap and %.0f of stack beyond the %.0f and %.0f of a bare server",
		ourHeap-bareHeap, ourStack-bareStack, bareHeap, bareStack)

	begin := time.Now()
	if err := elsewhere.RevokeEveryone(t.Context(), session.ReasonEveryone); err != nil {
		t.Fatal(err)
	}
	for i, c := range all {
		_ = c.SetReadDeadline(time.Now().Add(time.Minute))
		if _, err := io.Copy(io.Discard, c); err != nil && isTimeout(err) {
			t.Fatalf("socket %d is open a minute after", i)
		}
	}
	t.Logf("the last of %d was cut %.2f s after the revocation began", sockets, time.Since(begin).Seconds())
}

func memory() (m runtime.MemStats) {
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m
}
