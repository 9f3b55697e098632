package peers_test

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signedin/signedin/store/memstore"
)

// BenchmarkSite is what the tables measure of ours, alone, for a profile:
//
//	go test -run - -bench Site/hit -cpuprofile hit.cpu
func BenchmarkSite(b *testing.B) {
	var minutes atomic.Int64
	start := time.Now()
	us, _ := wholeSite(b, memstore.New(), func() time.Time { return start.Add(time.Duration(minutes.Load()) * time.Minute) })
	lines := us.signedIn(b, sessions)
	minutes.Add(3) // what was new has been seen
	us.signedInAgain(lines)
	b.Run("hit", func(b *testing.B) { profiled(b, us.visiting("", 1, lines), nil) })
	b.Run("hit of 100", func(b *testing.B) { profiled(b, us.visiting("", 1, lines[:100]), nil) })
	b.Run("no cookie", func(b *testing.B) {
		c := newClient()
		profiled(b, &contestant{ask: func(_, _ int) bool { c.ask(us.me, ""); return c.w.status == 0 }}, nil)
	})
	b.Run("touch", func(b *testing.B) { profiled(b, us.visiting("", 1, lines), &minutes) })
}

// profiled runs a contestant, with a minute after each round if there are minutes.
func profiled(b *testing.B, c *contestant, minutes *atomic.Int64) {
	runtime.GC()
	b.ReportAllocs()
	before, n := cpu(), 0
	for b.Loop() {
		if minutes != nil && n%sessions == 0 {
			minutes.Add(1)
		}
		if !c.ask(0, n) {
			b.Fatal("a request went wrong")
		}
		n++
	}
	b.ReportMetric(float64(cpu()-before)/float64(n), "cpu-ns/op")
}
