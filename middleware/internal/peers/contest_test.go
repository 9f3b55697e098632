package peers_test

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"
)

var (
	rounds  = flag.Int("rounds", 0, "measure `n` interleaved rounds and print the tables of medians; 6 or more are of use")
	oneTurn = flag.Duration("turn", 300*time.Millisecond, "how long each measures in a round")
)

// contestant is something that is measured, in turns with the others.
type contestant struct {
	name    string
	workers int                 // goroutines; 0 is one, -1 as many as there are processors
	ask     func(w, i int) bool // one operation of worker w, its i-th; false if it went wrong

	cpu, wall, ops       []float64 // of each round: ns of processor time and of the clock an operation, operations a second
	p50                  []float64 // with workers of which each waits: ns
	bytes, allocs        float64
	batch                int
	keepLatencies        bool
	latencies            [][]int64
	failed, asked, total atomic.Int64
}

// contest measures all in turns, and fails if an operation went wrong.
func contest(t *testing.T, all ...*contestant) {
	t.Helper()
	for _, c := range all {
		if c.workers < 0 {
			c.workers = runtime.GOMAXPROCS(0)
		}
		c.workers = max(1, c.workers)
		c.batch = 1
		for c.turn(c.batch) < *oneTurn/4 {
			c.batch *= 2
		}
		c.batch *= 4
	}
	for range *rounds {
		for _, c := range all {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			used, begin := cpu(), time.Now()
			c.turn(c.batch)
			n := float64(c.batch * c.workers)
			c.wall = append(c.wall, float64(time.Since(begin))/n)
			c.cpu = append(c.cpu, float64(cpu()-used)/n)
			runtime.ReadMemStats(&after)
			c.bytes, c.allocs = float64(after.TotalAlloc-before.TotalAlloc)/n, float64(after.Mallocs-before.Mallocs)/n
			if c.keepLatencies {
				all := slices.Concat(c.latencies...)
				slices.Sort(all)
				c.p50 = append(c.p50, float64(all[len(all)/2]))
			}
		}
	}
	for _, c := range all {
		if n := c.failed.Load(); n > 0 {
			t.Errorf("%s: %d of %d went wrong", c.name, n, c.total.Load())
		}
	}
}

// turn has each worker do n operations.
func (c *contestant) turn(n int) time.Duration {
	begin := time.Now()
	first := int(c.asked.Add(int64(n))) - n
	c.latencies = make([][]int64, c.workers)
	work := func(w int) {
		var bad int64
		var took []int64
		for i := first; i < first+n; i++ {
			var at time.Time
			if c.keepLatencies {
				at = time.Now()
			}
			if !c.ask(w, i) {
				bad++
			}
			if c.keepLatencies {
				took = append(took, int64(time.Since(at)))
			}
		}
		c.latencies[w] = took
		c.failed.Add(bad)
		c.total.Add(int64(n))
	}
	if c.workers == 1 {
		work(0)
		return time.Since(begin)
	}
	var wg sync.WaitGroup
	for w := range c.workers {
		wg.Go(func() { work(w) })
	}
	wg.Wait()
	return time.Since(begin)
}

func median(all []float64) float64 {
	all = slices.Clone(all)
	slices.Sort(all)
	return all[len(all)/2]
}

// ratio is the median of the ratios of the rounds.
func ratio(a, b []float64) float64 {
	all := make([]float64, len(a))
	for i := range a {
		all[i] = a[i] / b[i]
	}
	return median(all)
}

// table prints what was measured.
type table struct{ w *tabwriter.Writer }

func newTable(title string) table {
	t := table{tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)}
	fmt.Fprintf(t.w, "\n%s\t(%d rounds, %s, %d processors)\n", title, *rounds, runtime.Version(), runtime.GOMAXPROCS(0))
	return t
}

func (t table) row(c *contestant) {
	fmt.Fprintf(t.w, "%s\tcpu %.0f ns\twall %.0f ns\t%.0f B\t%.1f allocs\n", c.name, median(c.cpu), median(c.wall), c.bytes, c.allocs)
}

func (t table) goal(what string, got float64, unit, goal string) {
	fmt.Fprintf(t.w, "-> %s\t%.3f%s\tto reach: %s\n", what, got, unit, goal)
}

func (t table) end() { _ = t.w.Flush() }

func measured(t *testing.T) {
	t.Helper()
	if *rounds == 0 {
		t.Skip("measures for minutes: go test -run " + t.Name() + " -rounds 6")
	}
}

const agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36"

// client is a request that stays warm, as one that net/http has just read, and of
// which only the cookie changes.
type client struct {
	w          writer
	request, r *http.Request
	slot       []string
}

// writer is a ResponseWriter that costs nothing.
type writer struct {
	h      http.Header
	status int
}

func (w *writer) Header() http.Header         { return w.h }
func (w *writer) Write(b []byte) (int, error) { return len(b), nil }
func (w *writer) WriteHeader(status int)      { w.status = status }

func newClient() *client {
	slot := []string{""}
	return &client{w: writer{h: make(http.Header)}, slot: slot, r: new(http.Request), request: &http.Request{
		Method: "GET", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, URL: &url.URL{Path: "/"}, Host: "localhost", RequestURI: "/",
		RemoteAddr: "192.0.2.1:4711", Header: http.Header{"User-Agent": {agent}, "Accept": {"*/*"}, "Cookie": slot},
	}}
}

// ask sends a request with that Cookie line, none if it is empty.
func (c *client) ask(h http.Handler, cookie string) {
	*c.r = *c.request
	if c.slot[0] = cookie; cookie == "" {
		delete(c.request.Header, "Cookie")
	}
	clear(c.w.h)
	c.w.status = 0
	h.ServeHTTP(&c.w, c.r)
}

// site is a handler that signs in (/in) and one that wants to be signed in.
type site struct {
	in, me http.Handler
	served *atomic.Int64
}

// signedIn returns the Cookie lines of n sessions.
func (s site) signedIn(t testing.TB, n int) []string {
	t.Helper()
	lines := make([]string, n)
	for i := range lines {
		c := newClient()
		c.ask(s.in, "")
		response := http.Response{Header: c.w.h}
		var parts []string
		for _, k := range response.Cookies() {
			parts = append(parts, k.Name+"="+k.Value)
		}
		if lines[i] = strings.Join(parts, "; "); lines[i] == "" {
			t.Fatalf("sign-in: no cookie (status %d)", c.w.status)
		}
	}
	for range 3 { // the first requests of a session are other things
		for _, line := range lines {
			newClient().ask(s.me, line)
		}
	}
	return lines
}

// visiting returns a contestant that goes round among the sessions.
func (s site) visiting(name string, workers int, lines []string, ctx ...context.Context) *contestant {
	clients := make([]*client, max(workers, runtime.GOMAXPROCS(0)))
	for i := range clients {
		clients[i] = newClient()
		for _, ctx := range ctx {
			clients[i].request = clients[i].request.WithContext(ctx)
		}
	}
	return &contestant{name: name, workers: workers, ask: func(w, i int) bool {
		c := clients[w]
		c.ask(s.me, lines[(w*104729+i*7919)%len(lines)])
		return c.w.status == http.StatusNoContent
	}}
}
