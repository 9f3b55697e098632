package immich_test

import (
	"bufio"
	"errors"
	"net"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware/immich"
	"github.com/signedin/signedin/middleware/immich/immichtest"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/storetest/need"
)

// TestManySocketsAreCut has 50 users with 20 sockets each. A sign-out of one user says
// farewell on each of theirs, and touches nobody else's; then the others are out as well.
func TestManySocketsAreCut(t *testing.T) {
	need.Heavy(t)
	const users, each = 50, 20
	fake := immichtest.New()
	fake.AddAdmin(adminEmail, adminPassword)
	behind := httptest.NewServer(fake)
	t.Cleanup(func() {
		behind.Close()
		fake.Close()
	})
	h := newHouse(t, immich.Config{}, behind.URL, fake)
	type open struct {
		conn net.Conn
		in   *bufio.Reader
	}
	var ids []string
	all := make([][]open, users)
	for i := range all {
		p := h.person()
		c := h.signIn(p.email, p.password, browser)
		ids = append(ids, p.id)
		for range each {
			conn, in := c.dial()
			all[i] = append(all[i], open{conn, in})
		}
	}
	out := func(i int) {
		t.Helper()
		n, err := h.manager.RevokeAll(t.Context(), ids[i], session.ReasonAdmin)
		if err != nil || n != 1 {
			t.Fatalf("user %d: ended %d, %v", i, n, err)
		}
	}
	farewell := func(i int) {
		for _, s := range all[i] {
			_ = s.conn.SetReadDeadline(time.Now().Add(patience))
			wantFarewell(t, s.in)
		}
	}
	out(0)
	farewell(0)
	began := time.Now()
	for i := 1; i < users; i++ {
		for _, s := range all[i] {
			_ = s.conn.SetReadDeadline(time.Now()) // what has come is not the end
			if _, err := s.in.Peek(1 << 11); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("user %d hears of another's sign-out: %v", i, err)
			}
		}
	}
	var wg sync.WaitGroup
	for i := 1; i < users; i++ {
		out(i)
		wg.Go(func() { farewell(i) })
	}
	wg.Wait()
	t.Logf("%d sockets were cut within %v", (users-1)*each, time.Since(began).Round(time.Millisecond))
}
