//go:build unix

package immich_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware/immich"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

// The cost of a request through the Proxy, with its session noted, against a
// bare ReverseProxy in front of the same backend: the median of six rounds, in
// turns. Run it with -benchtime=1x; "ratio" is ours by theirs, of the requests
// or bytes in a second, and "cpu-ratio" the same of the processor's time, which
// other work on the machine disturbs less.
func BenchmarkOverhead(b *testing.B) {
	for _, kind := range []struct {
		name, path string
		size       int64
		clients, n int
	}{
		{"small", "/small", 4 << 10, 8, 12_000},
		{"stream", "/stream", 1 << 30, 1, 1},
	} {
		b.Run(kind.name, func(b *testing.B) {
			ours, bare, cookie := overheadServers(b, kind.size)
			run := func(url string) (rate, perCPU float64) {
				begin, used := time.Now(), cpu()
				fetchAll(b, url+kind.path, cookie, kind.clients, kind.n)
				n := float64(kind.n)
				return n / time.Since(begin).Seconds(), n / (cpu() - used).Seconds()
			}
			run(ours)
			run(bare)
			for b.Loop() {
				with, without := make([]float64, 6), make([]float64, 6)
				cpuWith, cpuWithout := make([]float64, 6), make([]float64, 6)
				var most uint64
				for i := range 6 {
					without[i], cpuWithout[i] = run(bare)
					with[i], cpuWith[i] = run(ours)
					most = max(most, heap())
				}
				b.ReportMetric(median(cpuWith)/median(cpuWithout), "cpu-ratio")
				b.ReportMetric(median(with)/median(without), "ratio")
				b.ReportMetric(median(with), "ours/s")
				b.ReportMetric(median(without), "bare/s")
				b.ReportMetric(float64(most)/(1<<20), "MB-heap")
			}
		})
	}
}

func median(v []float64) float64 {
	slices.Sort(v)
	return (v[len(v)/2-1] + v[len(v)/2]) / 2
}

// cpu returns the processor's time that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // fails for bad arguments only
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func overheadServers(b *testing.B, size int64) (ours, bare, cookie string) {
	immichs := newBackend()
	immichs.mux.HandleFunc("GET /small", func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, size)) })
	immichs.mux.HandleFunc("GET /stream", func(w http.ResponseWriter, _ *http.Request) {
		chunk := make([]byte, 256<<10)
		for sent := int64(0); sent < size; sent += int64(len(chunk)) {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	start := func(h http.Handler) string {
		s := httptest.NewServer(h)
		b.Cleanup(s.Close)
		return s.URL
	}
	target, err := url.Parse(start(immichs))
	must(b, err)
	manager, err := session.New(memstore.New(), session.Config{})
	must(b, err)
	proxy, err := immich.New(manager, target, immich.Config{})
	must(b, err)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 256
	transport.DisableCompression = true
	transport.ReadBufferSize, transport.WriteBufferSize = 32<<10, 32<<10 // as ours
	plain := &httputil.ReverseProxy{Transport: transport, Rewrite: func(pr *httputil.ProxyRequest) {
		pr.SetURL(target)
		pr.SetXForwarded()
		pr.Out.Host = pr.In.Host
	}}
	token, _ := immichs.start("ada", "")
	return start(proxy), start(plain), "immich_access_token=" + token
}

func fetchAll(b *testing.B, url, cookie string, clients, n int) {
	var wg sync.WaitGroup
	transport := &http.Transport{MaxIdleConnsPerHost: clients, DisableCompression: true}
	defer transport.CloseIdleConnections()
	for range clients {
		wg.Go(func() {
			buf := make([]byte, 256<<10)
			for range n / clients {
				req, _ := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
				req.Header.Set("Cookie", cookie)
				req.Header.Set("User-Agent", browser)
				res, err := transport.RoundTrip(req)
				if err != nil || res.StatusCode != 200 {
					b.Errorf("got %v, %v", res, err)
					return
				}
				_, _ = io.CopyBuffer(struct{ io.Writer }{io.Discard}, res.Body, buf)
				res.Body.Close()
			}
		})
	}
	wg.Wait()
}
