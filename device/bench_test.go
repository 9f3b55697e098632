package device_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/store/storetest/need"
)

// hinted is a request as Chrome sends it once it was asked for hints.
var hinted = device.Hints{
	UserAgent:       "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Mobile Safari/537.36",
	Brands:          `"Google Chrome";v="153", "Chromium";v="153", "Not_A Brand";v="24"`,
	FullVersions:    `"Google Chrome";v="153.0.7000.60", "Chromium";v="153.0.7000.60", "Not_A Brand";v="24.0.0.0"`,
	Mobile:          "?1",
	Platform:        `"Android"`,
	PlatformVersion: `"16.0.0"`,
	Model:           `"Pixel 8"`,
	FormFactors:     `"Mobile"`,
}

func TestCacheHitDoesNotAllocate(t *testing.T) {
	p := device.New(device.Config{})
	p.Parse(hinted)
	if n := need.Allocations(func() { p.Parse(hinted) }); n != 0 {
		t.Errorf("got %v allocations for a cache hit, want 0", n)
	}
}

func TestMissAllocatesLittle(t *testing.T) {
	p := device.New(device.Config{CacheSize: -1})
	for _, c := range clients {
		h := device.Hints{UserAgent: c.userAgent}
		if n := need.Allocations(func() { p.Parse(h) }); n > 12 {
			t.Errorf("%s: got %v allocations, want 12 at most", c.name, n)
		}
	}
	if n := need.Allocations(func() { p.Parse(hinted) }); n > 12 {
		t.Errorf("hints: got %v allocations, want 12 at most", n)
	}
}

func BenchmarkHit(b *testing.B) {
	p := device.New(device.Config{})
	p.Parse(hinted)
	b.ReportAllocs()
	for b.Loop() {
		p.Parse(hinted)
	}
}

func BenchmarkHitParallel(b *testing.B) {
	p := device.New(device.Config{})
	p.Parse(hinted)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			p.Parse(hinted)
		}
	})
}

// BenchmarkMiss parses the well-known clients in turn, which is what an average
// miss costs.
func BenchmarkMiss(b *testing.B) {
	p := device.New(device.Config{CacheSize: -1})
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		p.Parse(device.Hints{UserAgent: clients[i%len(clients)].userAgent})
		i++
	}
}

func BenchmarkMissHinted(b *testing.B) {
	p := device.New(device.Config{CacheSize: -1})
	b.ReportAllocs()
	for b.Loop() {
		p.Parse(hinted)
	}
}

func BenchmarkMissCached(b *testing.B) {
	p := device.New(device.Config{})
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		p.Parse(device.Hints{UserAgent: fmt.Sprintf("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36", i)})
	}
}

// hostile are shapes that made a parser slow, ours or another. A megabyte of
// each is more than a server lets through.
var hostile = []string{
	"A", "(", ";", " ", "; ", ",;v=", "##", "bot ", "a/1.1 ", "chrome/1 ", "Android ", "(Linux; Android 1; ", "samsung-", "iPhone ", "iOS 1 ",
	"Mozilla/5.0 (", "[FBDV/", "a.", "1", "Model: ", "com.a.", "aft", `"a";`,
}

// BenchmarkHostile parses a megabyte of each shape in each of five fields. What
// to compare it with is the first line, a client that was not seen before.
func BenchmarkHostile(b *testing.B) {
	parse := func(p *device.Parser, h device.Hints) func(*testing.B) {
		return func(b *testing.B) {
			for b.Loop() {
				p.Parse(h)
			}
		}
	}
	b.Run("Chrome on Windows", parse(device.New(device.Config{CacheSize: -1}), device.Hints{UserAgent: windowsChrome}))
	p := device.New(device.Config{})
	for _, shape := range hostile {
		huge := strings.Repeat(shape, 1<<20/len(shape))
		for field, h := range map[string]device.Hints{
			"User-Agent": {UserAgent: huge},
			"comment":    {UserAgent: "Mozilla/5.0 (Linux; Android 14; " + huge},
			"brands":     {UserAgent: windowsChrome, Brands: huge, FullVersions: huge},
			"model":      {UserAgent: windowsChrome, Model: huge, Platform: huge, FormFactors: huge},
			"app":        {UserAgent: windowsChrome, AppName: huge, AppModel: huge, AppPlatform: huge, RequestedWith: huge},
		} {
			b.Run(fmt.Sprintf("%q/%s", shape, field), parse(p, h))
		}
	}
}
