package activity_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/session"
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
