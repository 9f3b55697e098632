package activity_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
)

// stream opens the page's stream and returns its lines, without those that keep
// it open.
func (c *client) stream() <-chan string {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), "GET", c.site.URL+base+"/events", nil)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := c.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	want(c.t, res, http.StatusOK)
	lines := make(chan string, 100)
	ready := make(chan bool)
	go func() {
		defer close(lines)
		defer res.Body.Close()
		in := bufio.NewScanner(res.Body)
		for first := true; in.Scan(); first = false {
			if first {
				close(ready)
			}
			if text := in.Text(); text != "" && text != ":" {
				lines <- text
			}
		}
	}()
	<-ready
	return lines
}

// An open page is told when to load anew, and nothing else; of many, some are not
// told; and it is told when its session has ended.
func TestEvents(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{})
	me := s.signIn(t, "alice")
	page := me.stream()
	s.signIn(t, "bob")
	s.signIn(t, "alice")
	if got := <-page; got != "data: reload" {
		t.Errorf("after a sign-in: %q", got)
	}
	for range 3 {
		me.stream()
	}
	if got := <-me.stream(); got != "event: full" {
		t.Errorf("the fifth: %q", got)
	}
	if err := s.manager.Revoke(t.Context(), "alice", uuid.MustParse(me.id()), session.ReasonSignedOutRemote); err != nil {
		t.Fatal(err)
	}
	var rest []string
	for line := range page {
		rest = append(rest, line)
	}
	if got := strings.Join(rest, " "); !strings.HasSuffix(got, "event: over data:") {
		t.Errorf("in the end: %q", got)
	}
	want(t, first(me.do("GET", base+"/events", "")), http.StatusUnauthorized)
}

// What another instance has done, of which this one hears nothing, an open page
// is told of as well, by one look in ten seconds.
func TestEventsOfElsewhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		here, err := session.New(store, session.Config{})
		if err != nil {
			t.Fatal(err)
		}
		there, err := session.New(store, session.Config{})
		if err != nil {
			t.Fatal(err)
		}
		w, gone := openPage(t, here, startBearer(t, here))
		startBearer(t, there)
		time.Sleep(9 * time.Second)
		synctest.Wait()
		if strings.Contains(w.text(), "reload") {
			t.Error("it was told at once: the other instance is none")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if got := w.text(); strings.Count(got, "data: reload") != 1 {
			t.Errorf("after ten seconds, got %q", got)
		}
		gone()
		synctest.Wait()
	})
}

// Who can send messages has an open page read its list once a second, no more.
func TestEventsOfAFlood(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &storetest.Hooked{Store: memstore.New()}
		m, err := session.New(store, session.Config{})
		if err != nil {
			t.Fatal(err)
		}
		token := startBearer(t, m)
		_, gone := openPage(t, m, token)
		before := store.Calls()
		for range 5000 { // in five seconds
			m.Hub().Receive(session.Message{Ended: []session.ID{token.ID()}, Everyone: true})
			time.Sleep(time.Millisecond)
		}
		if n := store.Calls() - before; n > 50 {
			t.Errorf("5,000 messages in 5 s cost %d reads", n)
		}
		gone()
		synctest.Wait()
	})
}

// startBearer signs alice in without a transport.
func startBearer(t *testing.T, m *session.Manager) session.Token {
	t.Helper()
	ticket, err := m.BeginSignIn(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	_, token, err := m.Start(t.Context(), ticket, session.Origin{}, session.StartOptions{Carrier: session.CarrierBearer})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// openPage has a page open, inside of a bubble, until gone is called.
func openPage(t *testing.T, m *session.Manager, token session.Token) (w *lockedRecorder, gone func()) {
	t.Helper()
	mw, err := middleware.New(m, middleware.Config{})
	if err != nil {
		t.Fatal(err)
	}
	page, err := activity.New(mw, activity.Config{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, gone := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, "GET", base+"/events", nil)
	r.Header.Set("Authorization", "Bearer "+token.Reveal())
	w = &lockedRecorder{ResponseRecorder: httptest.NewRecorder()}
	go page.ServeHTTP(w, r)
	synctest.Wait()
	return w, gone
}

// lockedRecorder is one whose body is read while it is written.
type lockedRecorder struct {
	*httptest.ResponseRecorder
	mu sync.Mutex
}

func (w *lockedRecorder) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ResponseRecorder.Write(b)
}

func (w *lockedRecorder) text() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.Body.String()
}
