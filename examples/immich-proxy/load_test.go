//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signedin/signedin/examples/internal/hosttest"
	"github.com/signedin/signedin/middleware/immich/immichtest"
	"github.com/signedin/signedin/store/storetest/need"
)

// The test program is the proxy, too, or a plain one: in a process of its own,
// whose CPU time can be told from that of the clients and of Immich.
const (
	asProgram = "IMMICH_PROXY_TEST_PROGRAM" // or "plain", or "busy"
	asTarget  = "IMMICH_PROXY_TEST_TARGET"
	asFile    = "IMMICH_PROXY_TEST_FILE"
)

func TestMain(m *testing.M) {
	what := os.Getenv(asProgram)
	if what == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	switch what {
	case "busy":
		for ctx.Err() == nil {
		}
	case "plain":
		err = plain(ctx)
	default:
		err = run(ctx, flags{addr: "127.0.0.1:0", devices: "/devices", target: os.Getenv(asTarget), db: os.Getenv(asFile)}, os.Stdout, os.Stderr)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// plain is what ours is compared to: the standard library's proxy, set up as well
// as ours.
func plain(ctx context.Context) error {
	target, err := url.Parse(os.Getenv(asTarget))
	if err != nil {
		return err
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost, t.MaxIdleConns, t.DisableCompression = 256, 0, true
	t.ReadBufferSize, t.WriteBufferSize = 32<<10, 32<<10
	s := httptest.NewServer(&httputil.ReverseProxy{Transport: t, Rewrite: func(pr *httputil.ProxyRequest) {
		pr.SetURL(target)
		pr.SetXForwarded()
		pr.Out.Host = pr.In.Host
	}})
	fmt.Printf("Open %s\n", s.URL)
	<-ctx.Done()
	return nil
}

// process is one that spawn has started.
type process struct {
	t    testing.TB
	cmd  *exec.Cmd
	site string
	told *strings.Builder // what it wrote on stderr; to be read once it has ended
}

func spawn(t testing.TB, what, target string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(os.Args[0]), told: new(strings.Builder)}
	p.cmd.Env = append(os.Environ(), asProgram+"="+what, asTarget+"="+target, asFile+"="+filepath.Join(t.TempDir(), "db"))
	p.cmd.Stderr = p.told
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.end)
	if what == "busy" {
		return p
	}
	if p.site = hosttest.Opened(out); p.site == "" {
		t.Fatalf("%s did not start: %s", what, p.told)
	}
	return p
}

// end ends the process, if it has not ended.
func (p *process) end() {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Signal(os.Interrupt)
		_ = p.cmd.Wait() // whatever it says of the signal
	}
}

// cpu returns the CPU time that the process has used.
func (p *process) cpu() time.Duration {
	p.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	var ticks int
	for _, f := range fields[11:13] { // utime and stime, in hundredths of a second
		n, err := strconv.Atoi(f)
		if err != nil {
			p.t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// backend is an Immich that answers quickly, and the token of a session in it.
func backend(t testing.TB) (url, cookie string) {
	t.Helper()
	fake := immichtest.New()
	fake.AddUser(fakeEmail, fakePassword)
	small := make([]byte, 4<<10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/small":
			_, _ = w.Write(small)
		case "/api/large":
			_, _ = io.CopyN(w, zeros{}, large)
		case "/api/echo":
			echo(w, r)
		default:
			fake.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(func() {
		s.Close()
		fake.Close()
	})
	res, err := http.Post(s.URL+"/api/auth/login", "application/json", strings.NewReader(`{"email":"`+fakeEmail+`","password":"`+fakePassword+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	for _, c := range res.Cookies() {
		if c.Name == "immich_access_token" {
			return s.URL, c.Name + "=" + c.Value
		}
	}
	t.Fatal("no cookie")
	return "", ""
}

// get sends n requests by so many connections and returns how many were answered
// by what.
func get(t testing.TB, site, cookie string, connections, n int) map[int]int64 {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: connections, DisableCompression: true}
	defer transport.CloseIdleConnections()
	var (
		left   atomic.Int64
		mu     sync.Mutex
		counts = make(map[int]int64)
		all    sync.WaitGroup
	)
	left.Store(int64(n))
	for range connections {
		all.Go(func() {
			mine, buf := make(map[int]int64), make([]byte, 8<<10)
			for left.Add(-1) >= 0 {
				req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, site+"/api/small", nil)
				req.Header.Set("Cookie", cookie)
				req.Header.Set("User-Agent", desk)
				res, err := transport.RoundTrip(req)
				if err != nil {
					mine[0]++
					continue
				}
				_, _ = io.CopyBuffer(struct{ io.Writer }{io.Discard}, res.Body, buf)
				res.Body.Close()
				mine[res.StatusCode]++
			}
			mu.Lock()
			defer mu.Unlock()
			for status, k := range mine {
				counts[status] += k
			}
		})
	}
	all.Wait()
	return counts
}

// Beside what keeps every core busy, which Immich does when it transcodes, nobody
// who is signed in is answered 503. It takes LONG=1: beside other tests it would be
// about those.
func TestBusyMachine(t *testing.T) {
	need.Heavy(t)
	if os.Getenv("LONG") == "" || need.RaceDetector {
		t.Skip("SKIPPED: keeps every core busy; LONG=1 runs it, without the race detector")
	}
	const requests = 25_000
	target, cookie := backend(t)
	ours := spawn(t, "program", target)
	for range 2 {
		spawn(t, "busy", "")
	}
	counts := get(t, ours.site, cookie, 64, requests)
	ours.end()
	if counts[http.StatusOK] != requests {
		t.Errorf("answers by status: %v; it wrote: %s", counts, ours.told)
	}
}
