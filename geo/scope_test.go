package geo_test

import (
	"net/netip"
	"testing"

	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/store/storetest/need"
)

func TestCanonical(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"8.8.8.8", "8.8.8.8"},
		{"::ffff:8.8.8.8", "8.8.8.8"},
		{"64:ff9b::808:808", "8.8.8.8"},
		{"64:ff9b:1::808:808", "64:ff9b:1::808:808"},
		{"2002:808:808::1", "8.8.8.8"},
		{"2002:a00:1::1", "10.0.0.1"},
		{"::8.8.8.8", "::808:808"},
		{"fe80::1%eth0", "fe80::1"},
		{"2a02:cf40::1", "2a02:cf40::1"},
	} {
		if got := geo.Canonical(netip.MustParseAddr(c.in)); got.String() != c.want {
			t.Errorf("Canonical(%s) = %s, want %s", c.in, got, c.want)
		}
	}
	if got := geo.Canonical(netip.Addr{}); got.IsValid() {
		t.Errorf("Canonical of no address = %s, want none", got)
	}
}

// The ranges are those of IANA's special-purpose registries, 2026.
func TestScopeOf(t *testing.T) {
	for scope, ranges := range map[geo.Scope][]string{
		geo.ScopeLoopback: {"127.0.0.0/8", "::1/128"},
		geo.ScopePrivate: {
			"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
			"fc00::/7", "fe80::/10", "::ffff:10.0.0.0/104", "64:ff9b::10.0.0.0/104", "2002:a00::/24",
		},
		geo.ScopeShared: {"100.64.0.0/10"},
		geo.ScopeDocumentation: {
			"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20",
		},
		geo.ScopeReserved: {
			"0.0.0.0/8", "192.0.0.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
			"192.175.48.0/24", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4", "255.255.255.255/32",
			"::/128", "::/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/23", "2001::/32",
			"2001:2::/48", "2001:3::/32", "2001:4:112::/48", "2001:10::/28", "2001:20::/28",
			"2001:30::/28", "2620:4f:8000::/48", "5f00::/16", "fec0::/10", "ff00::/8",
		},
		geo.ScopeGlobal: {
			"8.8.8.0/24", "1.0.0.0/8", "9.255.255.0/24", "11.0.0.0/8", "100.63.255.0/24", "100.128.0.0/9",
			"172.15.0.0/16", "172.32.0.0/11", "192.0.1.0/24", "198.17.0.0/16", "198.20.0.0/14",
			"223.255.255.0/24", "2001:200::/23", "2a00::/12", "2620:4f:8001::/48", "2400::/12",
			"::ffff:8.8.8.0/120", "64:ff9b::8.8.8.0/120", "2002:808:800::/40",
		},
	} {
		for _, r := range ranges {
			p := netip.MustParsePrefix(r)
			for _, ip := range []netip.Addr{p.Addr(), last(p)} {
				// Loopback is the one address inside a larger range here.
				if r == "::/96" && ip == p.Addr().Next() {
					continue
				}
				if got := geo.ScopeOf(ip); got != scope {
					t.Errorf("ScopeOf(%s) in %s = %d, want %d", ip, r, got, scope)
				}
			}
		}
	}
	if got := geo.ScopeOf(netip.Addr{}); got != geo.ScopeUnknown {
		t.Errorf("ScopeOf no address = %d, want ScopeUnknown", got)
	}
}

// last returns the highest address of p.
func last(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for bit := p.Bits(); bit < 8*len(b); bit++ {
		b[bit/8] |= 0x80 >> (bit % 8)
	}
	ip, _ := netip.AddrFromSlice(b)
	return ip
}

func TestScopeOfAllocatesNothing(t *testing.T) {
	for _, s := range []string{"8.8.8.8", "::ffff:8.8.8.8", "2a02:cf40::1", "fe80::1%eth0"} {
		ip := netip.MustParseAddr(s)
		if n := need.Allocations(func() { geo.ScopeOf(geo.Canonical(ip)) }); n != 0 {
			t.Errorf("%s: %v allocations, want 0", s, n)
		}
	}
}

func FuzzCanonical(f *testing.F) {
	for _, s := range []string{"8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1", "fe80::1%eth0"} {
		f.Add(netip.MustParseAddr(s).AsSlice(), "eth0")
	}
	f.Fuzz(func(t *testing.T, b []byte, zone string) {
		ip, _ := netip.AddrFromSlice(b)
		ip = ip.WithZone(zone)
		c := geo.Canonical(ip)
		if again := geo.Canonical(c); again != c {
			t.Errorf("Canonical(%s) = %s, and of that %s", ip, c, again)
		}
		if c.Zone() != "" || c.Is4In6() {
			t.Errorf("Canonical(%s) = %s", ip, c)
		}
		if got, want := geo.ScopeOf(ip), geo.ScopeOf(c); got != want {
			t.Errorf("ScopeOf(%s) = %d, of its canonical form %d", ip, got, want)
		}
		if n := geo.Network(ip); ip.IsValid() && !n.Contains(c) {
			t.Errorf("Network(%s) = %s", ip, n)
		}
	})
}

func BenchmarkScopeOf(b *testing.B) {
	for _, s := range []string{"8.8.8.8", "2a02:cf40::1"} {
		ip := netip.MustParseAddr(s)
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				geo.ScopeOf(ip)
			}
		})
	}
}
