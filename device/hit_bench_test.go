package device_test

import (
	"crypto/sha256"
	"testing"

	"github.com/mssola/useragent"

	"github.com/signedin/signedin/device"
)

// BenchmarkHitAgainstHash compares a known client with SHA-256 over the same
// bytes, which any session of a request costs too: ratios hold on any machine.
func BenchmarkHitAgainstHash(b *testing.B) {
	for _, c := range []struct {
		name  string
		hints device.Hints
	}{
		{"user agent", device.Hints{UserAgent: clients[0].userAgent}},
		{"hints", hinted},
	} {
		all := []byte(c.hints.UserAgent + c.hints.Brands + c.hints.FullVersions + c.hints.Mobile + c.hints.Platform +
			c.hints.PlatformVersion + c.hints.Model + c.hints.FormFactors)
		p := device.New(device.Config{})
		p.Parse(c.hints)
		b.Run(c.name+"/hit", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Parse(c.hints)
			}
		})
		b.Run(c.name+"/sha256", func(b *testing.B) {
			for b.Loop() {
				sha256.Sum256(all)
			}
		})
	}
}

// BenchmarkMissAgainstBase compares a client that was not seen before with
// mssola/useragent, which names what our tables do not know.
func BenchmarkMissAgainstBase(b *testing.B) {
	p := device.New(device.Config{CacheSize: -1})
	b.Run("device", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			p.Parse(device.Hints{UserAgent: clients[i%len(clients)].userAgent})
		}
	})
	b.Run("mssola", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			u := useragent.New(clients[i%len(clients)].userAgent)
			u.Browser()
			u.OSInfo()
			u.Model()
		}
	})
}
