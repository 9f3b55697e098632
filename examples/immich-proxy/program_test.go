//go:build linux

package main

import (
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/coder/websocket"
)

const large = 128 << 20

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

func echo(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return // it has answered
	}
	defer conn.CloseNow()
	for {
		kind, message, err := conn.Read(r.Context())
		if err != nil || conn.Write(r.Context(), kind, message) != nil {
			return
		}
	}
}

// stream reads a long answer n times.
func stream(t testing.TB, site, cookie string, n int) {
	t.Helper()
	for range n {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, site+"/api/large", nil)
		req.Header.Set("Cookie", cookie)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		read, err := io.Copy(struct{ io.Writer }{io.Discard}, res.Body)
		if res.Body.Close(); err != nil || read != large {
			t.Fatalf("read %d bytes, %v", read, err)
		}
	}
}

// talk has n messages of 202 bytes, as a socket of Immich's has, echoed on each of 8
// WebSockets.
func talk(t testing.TB, site, cookie string, n int) {
	t.Helper()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			conn, res, err := websocket.Dial(t.Context(), site+"/api/echo", &websocket.DialOptions{HTTPHeader: http.Header{"Cookie": {cookie}}})
			if err != nil {
				t.Errorf("WebSocket: %v, %v", res, err)
				return
			}
			defer conn.CloseNow()
			message := make([]byte, 202)
			for range n {
				if err = conn.Write(t.Context(), websocket.MessageText, message); err == nil {
					_, _, err = conn.Read(t.Context())
				}
				if err != nil {
					t.Errorf("WebSocket: %v", err)
					return
				}
			}
		})
	}
	all.Wait()
}

// BenchmarkProgram compares the CPU time of the program, with its database, to
// that of a plain proxy: "ratio" is plain by ours, of the medians of seven rounds
// in turns, for small answers by 8 and by 64 connections, a stream of 1 GB and
// 48,000 messages on WebSockets. Run it with -benchtime=1x.
func BenchmarkProgram(b *testing.B) {
	target, cookie := backend(b)
	ours, bare := spawn(b, "program", target), spawn(b, "plain", target)
	small := func(connections int) func(site string) {
		return func(site string) {
			const requests = 6000
			if counts := get(b, site, cookie, connections, requests); counts[http.StatusOK] != requests {
				b.Fatalf("answers by status: %v", counts)
			}
		}
	}
	for _, of := range []struct {
		name string
		load func(site string)
	}{
		{"8", small(8)}, {"64", small(64)},
		{"stream", func(site string) { stream(b, site, cookie, 8) }},
		{"sockets", func(site string) { talk(b, site, cookie, 6000) }},
	} {
		b.Run(of.name, func(b *testing.B) {
			const rounds = 7
			cost := func(p *process) float64 {
				before := p.cpu()
				of.load(p.site)
				return float64((p.cpu() - before).Milliseconds())
			}
			cost(ours)
			cost(bare)
			for b.Loop() {
				var with, without []float64
				for range rounds {
					without = append(without, cost(bare))
					with = append(with, cost(ours))
				}
				slices.Sort(with)
				slices.Sort(without)
				b.ReportMetric(without[rounds/2], "plain-ms")
				b.ReportMetric(with[rounds/2], "ours-ms")
				b.ReportMetric(without[rounds/2]/with[rounds/2], "ratio")
			}
		})
	}
}
