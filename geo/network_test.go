package geo_test

import (
	"net/netip"
	"testing"

	"github.com/signedin/signedin/geo"
)

func TestNetworks(t *testing.T) {
	for _, c := range []struct{ in, network, identity string }{
		{"81.2.69.160", "81.2.69.0/24", "81.2.69.0/24"},
		{"::ffff:81.2.69.160", "81.2.69.0/24", "81.2.69.0/24"},
		{"64:ff9b::5102:45a0", "81.2.69.0/24", "81.2.69.0/24"},
		{"2a02:cf40:1:2:3:4:5:6", "2a02:cf40:1::/48", "2a02:cf40:1:2::/64"},
		{"fe80::1%eth0", "fe80::/48", "fe80::/64"},
	} {
		ip := netip.MustParseAddr(c.in)
		if got := geo.Network(ip).String(); got != c.network {
			t.Errorf("Network(%s) = %s, want %s", c.in, got, c.network)
		}
		if got := geo.Identity(ip).String(); got != c.identity {
			t.Errorf("Identity(%s) = %s, want %s", c.in, got, c.identity)
		}
	}
	if got := geo.Network(netip.Addr{}); got != (netip.Prefix{}) {
		t.Errorf("Network of no address = %v, want the zero Prefix", got)
	}
	if got := geo.Identity(netip.Addr{}); got != (netip.Prefix{}) {
		t.Errorf("Identity of no address = %v, want the zero Prefix", got)
	}
}

func TestKindOf(t *testing.T) {
	for asn, want := range map[uint32]geo.Kind{
		16509: geo.KindHosting,
		13335: geo.KindRelay,
		14593: geo.KindSatellite,
		3320:  geo.KindUnknown, // Deutsche Telekom
		0:     geo.KindUnknown,
	} {
		if got := geo.KindOf(asn); got != want {
			t.Errorf("KindOf(%d) = %q, want %q", asn, got, want)
		}
	}
}

func TestKindOfNetwork(t *testing.T) {
	for _, c := range []struct {
		l    geo.Location
		want geo.Kind
	}{
		{geo.Location{Organization: "Example Hosting Ltd"}, geo.KindHosting},
		{geo.Location{Organization: "EXAMPLE-DATACENTER-AS"}, geo.KindHosting},
		{geo.Location{Organization: "Example VPN"}, geo.KindRelay},
		{geo.Location{Organization: "Hostelworld Broadband"}, geo.KindUnknown},
		{geo.Location{Organization: "Deutsche Telekom AG", ASN: 3320}, geo.KindUnknown},
		{geo.Location{ASN: 16509}, geo.KindHosting},
		{geo.Location{ASN: 16509, Network: geo.KindResidential}, geo.KindResidential}, // its source knows better
		{geo.Location{}, geo.KindUnknown},
	} {
		if got := c.l.KindOfNetwork(); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.l, got, c.want)
		}
	}
}
