package immich_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware/immich"
	"github.com/signedin/signedin/session"
)

// wantFarewell reads Immich's own event, the disconnect of socket.io and a close
// frame, and then the end.
func wantFarewell(t *testing.T, in *bufio.Reader) {
	t.Helper()
	rest, _ := io.ReadAll(in) // however the connection ends
	got := string(rest)
	event := strings.Index(got, `42["on_session_delete","`)
	bye := strings.Index(got, "\x81\x0241")
	if event < 0 || bye < event || !strings.Contains(got[bye:], "\x88") {
		t.Errorf("got %q", got)
	}
}

func TestSocketIsTold(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	c := s.client(browser).login("ada")
	_, in := c.dial()
	id := c.session().Attrs["immich.id"]
	c.revoke()
	rest, _ := io.ReadAll(in)
	if want := fmt.Sprintf(`42["on_session_delete",%q]`, id); !strings.Contains(string(rest), want) {
		t.Errorf("got %q, want %s", rest, want)
	}
}

// An upload that is cut is answered by 401, in the words of Immich. A client that
// still writes when the connection is closed may hear of that first.
func TestCutUpload(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	c := s.client(phone).login("ada")
	body, more := io.Pipe()
	defer more.Close()
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.server.URL+"/api/assets", body)
	must(t, err)
	late := time.AfterFunc(patience, func() { more.CloseWithError(errors.New("the upload goes on")) })
	defer late.Stop()
	go func() {
		more.Write(make([]byte, 1<<20))
		<-s.immich.uploading
		c.revoke()
	}()
	res, err := c.http.Do(req)
	if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return
	}
	must(t, err)
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	if res.StatusCode != 401 || string(text) != `{"message":"Invalid user token"}` {
		t.Errorf("got %d %s", res.StatusCode, text)
	}
}

func TestCutDownload(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	c := s.client(phone).login("ada")
	res := c.stream()
	defer res.Body.Close()
	c.revoke()
	late := time.AfterFunc(patience, func() {
		t.Error("the stream goes on")
		close(s.immich.release)
	})
	defer late.Stop()
	if rest, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("the stream came to a good end: %q", rest)
	}
}

// revokesLate ends a session when an answer of Immich is there in full, and not
// yet passed on.
type revokesLate struct {
	http.RoundTripper
	revoke func()
}

func (t *revokesLate) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.RoundTripper.RoundTrip(r)
	if err != nil || !strings.HasSuffix(r.URL.Path, "/thumbnail") {
		return res, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	res.Body = io.NopCloser(bytes.NewReader(body))
	t.revoke()
	return res, err
}

// An answer that comes through a cut has the client, which may be a proxy with
// other people's requests, leave the connection.
func TestAnswerThroughACutIsTheLast(t *testing.T) {
	t.Parallel()
	between := &revokesLate{RoundTripper: http.DefaultTransport}
	s := newSite(t, immich.Config{Transport: between})
	c := s.client(browser).login("ada")
	between.revoke = c.revoke
	req, err := http.NewRequestWithContext(t.Context(), "GET", s.server.URL+"/api/assets/1/thumbnail", nil)
	must(t, err)
	res, err := c.http.Do(req)
	must(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if res.StatusCode != 200 || string(text) != "a small picture" || err != nil || !res.Close {
		t.Errorf("got %d %q, %v, close %v", res.StatusCode, text, err, res.Close)
	}
}

// atOnce bounds loosely what must be at once: far more than a busy machine takes,
// and less than what waits for a time limit of ours.
const atOnce = 2 * time.Second

// Of 1,000 WebSockets of 50 users, those of one user are cut, but for the
// session that is kept, and no others.
func TestCutManySockets(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	const users, each, perSession = 50, 4, 5
	type open struct {
		user string
		kept bool
		end  chan time.Time
	}
	var all []*open
	var keep session.ID
	for u := range users {
		user := fmt.Sprintf("user%d", u)
		for n := range each {
			c := s.client(browser).login(user)
			kept := n == 0
			if kept && u == 7 {
				keep = c.session().ID
			}
			for range perSession {
				conn, in := c.dial()
				must(t, conn.SetReadDeadline(time.Time{}))
				o := &open{user, kept, make(chan time.Time, 1)}
				all = append(all, o)
				go func() {
					io.Copy(io.Discard, in)
					o.end <- time.Now()
				}()
			}
		}
	}
	if len(all) != 1000 {
		t.Fatalf("%d sockets", len(all))
	}
	begin := time.Now()
	n, err := s.manager.RevokeAllExcept(t.Context(), "user7", keep, session.ReasonSignedOutOthers)
	if n != each-1 || err != nil {
		t.Fatalf("revoked %d, %v", n, err)
	}
	var last time.Duration
	for _, o := range all {
		if o.user != "user7" || o.kept {
			continue
		}
		select {
		case end := <-o.end:
			last = max(last, end.Sub(begin))
		case <-time.After(patience):
			t.Fatal("a socket was not cut")
		}
	}
	t.Logf("%d sockets cut after %v at most", (each-1)*perSession, last)
	if last > atOnce {
		t.Errorf("cut after %v", last)
	}
	for _, o := range all {
		if o.user == "user7" && !o.kept {
			continue
		}
		select {
		case <-o.end:
			t.Fatalf("a socket of %s was cut", o.user)
		default:
		}
	}
}

// Nothing that a client or an Immich gone wrong sends does harm.
func TestHostile(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	c := s.client("x")
	long := strings.Repeat("x", 900<<10)
	c.want(401, "GET", "/api/users/me", "", "X-Immich-User-Token", long)
	c.want(401, "GET", "/api/users/me", "", "Cookie", "immich_access_token="+long)
	c.want(401, "GET", "/api/users/me?sessionKey="+long, "")
	s.immich.mux.HandleFunc("POST /api/oauth/callback", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(201)
		switch r.URL.RawQuery {
		case "huge":
			io.WriteString(w, `{"accessToken":"`)
			io.WriteString(w, strings.Repeat("y", 5<<20))
			io.WriteString(w, `"}`)
		case "types":
			io.WriteString(w, `{"accessToken":17,"userId":{},"userEmail":[]}`)
		case "list":
			io.WriteString(w, `[[[[[`)
		case "empty":
		case "user":
			io.WriteString(w, `{"accessToken":"t","userId":"`+strings.Repeat("u", 300)+`"}`)
		}
	})
	for what, size := range map[string]int{"huge": 5<<20 + 18, "types": 45, "list": 5, "empty": 0, "user": 0} {
		got := c.want(201, "POST", "/api/oauth/callback?"+what, "")
		if size > 0 && len(got) != size {
			t.Errorf("%s: %d bytes came through, want %d", what, len(got), size)
		}
	}
	b := newBackend()
	b.mux = http.NewServeMux()
	b.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		for range 3000 { // a user of 3 MB
			io.WriteString(w, strings.Repeat(" ", 1000))
		}
	})
	odd := newSiteOn(t, immich.Config{}, s.store, b)
	odd.client("x").want(200, "GET", "/api/users/me", "", "X-Immich-User-Token", "some")
}
