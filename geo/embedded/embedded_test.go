package embedded_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/geo/embedded"
	"github.com/signedin/signedin/store/storetest/need"
)

func TestLocate(t *testing.T) {
	db := embedded.New()
	for _, c := range []struct{ ip, code, label string }{
		{"8.8.8.8", "US", "United States"},
		{"::ffff:8.8.8.8", "US", "United States"},
		{"64:ff9b::808:808", "US", "United States"},
		{"145.131.0.1", "NL", "Netherlands"},
		{"2001:4860:4860::8888", "US", "United States"},
		{"2001:200::1", "JP", "Japan"},
		{"0.0.0.0", "", "Unknown location"},
		{"255.255.255.255", "", "Unknown location"},
		{"203.0.113.9", "", "Unknown location"},
		{"2001:db8::1", "", "Unknown location"},
		{"::", "", "Unknown location"},
		{"2000::", "", "Unknown location"},
		{"3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "", "Unknown location"},
		{"10.0.0.1", "", "Local network"},
		{"::1", "", "This device"},
	} {
		ip := netip.MustParseAddr(c.ip)
		l, err := db.Locate(t.Context(), ip)
		if err != nil || l.CountryCode != c.code || l.Label() != c.label || l.Scope != geo.ScopeOf(ip) {
			t.Errorf("%s: %+v, %v; want %q", c.ip, l, err, c.label)
		}
		if known := l.CountryCode != ""; known != (l.Source != "") || known == l.Built.IsZero() {
			t.Errorf("%s: source %q of %v", c.ip, l.Source, l.Built)
		}
	}
	if l, err := db.Locate(t.Context(), netip.Addr{}); err != nil || l != (geo.Location{}) {
		t.Errorf("no address: %+v, %v; want nothing", l, err)
	}
}

// TestRelays: first and last addresses of the list's parts, and their neighbours.
func TestRelays(t *testing.T) {
	db := embedded.New()
	for ip, kind := range map[string]geo.Kind{
		"104.28.28.0": geo.KindRelay, "104.28.151.254": geo.KindRelay, "140.248.49.23": geo.KindRelay,
		"146.75.128.0": geo.KindRelay, "146.75.253.255": geo.KindRelay, "172.224.226.1": geo.KindRelay,
		"172.225.255.191": geo.KindRelay, "172.226.226.37": geo.KindRelay, "::ffff:172.225.0.1": geo.KindRelay,
		"2606:54c0:d497:ffff::1": geo.KindRelay, "2606:54c3:0:1a9c::1": geo.KindRelay, "2a02:26f7:fc15:4000::1": geo.KindRelay,
		"2a04:4e41:78ff:ffff::1": geo.KindRelay, "2a09:bac2::1": geo.KindRelay, "2a09:bac3:d57f::1": geo.KindRelay,
		"104.27.255.255": geo.KindUnknown, "104.29.0.0": geo.KindUnknown, "172.227.0.1": geo.KindUnknown,
		"146.75.127.255": geo.KindUnknown, "2a09:bac4::1": geo.KindUnknown, "145.131.0.1": geo.KindUnknown,
	} {
		l, err := db.Locate(t.Context(), netip.MustParseAddr(ip))
		if err != nil || l.Network != kind {
			t.Errorf("%s: got %q, %v, want %q", ip, l.Network, err, kind)
		}
	}
	l, _ := db.Locate(t.Context(), netip.MustParseAddr("172.225.0.1"))
	if got := l.Label(); !strings.HasSuffix(got, "(VPN or relay)") {
		t.Errorf("a relay is called %q", got)
	}
}

func TestLocateAllocatesNothing(t *testing.T) {
	db, ctx := embedded.New(), t.Context()
	for _, s := range []string{"8.8.8.8", "2001:4860:4860::8888", "104.28.28.0"} {
		ip := netip.MustParseAddr(s)
		if n := need.Allocations(func() { _, _ = db.Locate(ctx, ip) }); n != 0 {
			t.Errorf("%s: %v allocations, want 0", s, n)
		}
	}
}

func TestNotice(t *testing.T) {
	notice, err := os.ReadFile("NOTICE")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(strings.Fields(string(notice)), " "), embedded.Attribution) {
		t.Error("NOTICE does not contain the attribution")
	}
}

func FuzzLocate(f *testing.F) {
	f.Add([]byte{8, 8, 8, 8})
	f.Add(netip.MustParseAddr("2001:4860::").AsSlice())
	db := embedded.New()
	f.Fuzz(func(t *testing.T, b []byte) {
		ip, _ := netip.AddrFromSlice(b)
		l, err := db.Locate(t.Context(), ip)
		if err != nil || len(l.CountryCode)%2 != 0 || len(l.CountryCode) > 2 {
			t.Errorf("%s: %+v, %v", ip, l, err)
		}
	})
}

func BenchmarkLocate(b *testing.B) {
	db, ctx := embedded.New(), b.Context()
	for _, family := range []struct {
		name string
		ip   func(i uint32) netip.Addr
	}{
		{"v4", func(i uint32) netip.Addr {
			return netip.AddrFrom4([4]byte{byte(i>>24)%200 + 20, byte(i >> 16), byte(i >> 8), byte(i)})
		}},
		{"v6", func(i uint32) netip.Addr {
			return netip.AddrFrom16([16]byte{0x20, 0x01, byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)})
		}},
	} {
		b.Run(family.name, func(b *testing.B) {
			b.ReportAllocs()
			i := uint32(0)
			for b.Loop() {
				i += 2654435769 // spreads over all addresses
				_, _ = db.Locate(ctx, family.ip(i))
			}
		})
	}
}

func ExampleDB_Locate() {
	db := embedded.New()
	l, err := db.Locate(context.Background(), netip.MustParseAddr("8.8.8.8"))
	fmt.Println(l.Label(), err)
	// Output: United States <nil>
}
