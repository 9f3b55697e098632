package embedded

import (
	"net/netip"
	"slices"

	"github.com/signedin/signedin/geo"
)

// relays are the networks through which iCloud Private Relay and Cloudflare WARP leave:
// the smallest ones that hold all 13,747 ranges of the list icloud-private-relay of
// MISP warning-lists (CC0 1.0; 20 August 2026), one for each /16 or /32 of its three
// operators. What else is there belongs to servers of the same operators, from which
// nobody signs in.
//
// Where travellers' eSIMs leave is in no list: their providers publish none, and the name
// of a mobile operator does not tell by which of its networks they do.
var relays = []netip.Prefix{
	netip.MustParsePrefix("104.28.0.0/16"),       // Cloudflare, also of WARP
	netip.MustParsePrefix("140.248.0.0/18"),      // Fastly
	netip.MustParsePrefix("146.75.128.0/17"),     // Fastly
	netip.MustParsePrefix("172.224.224.0/19"),    // Akamai
	netip.MustParsePrefix("172.225.0.0/16"),      // Akamai
	netip.MustParsePrefix("172.226.0.0/16"),      // Akamai
	netip.MustParsePrefix("2606:54c0::/32"),      // Cloudflare
	netip.MustParsePrefix("2606:54c3::/48"),      // Cloudflare
	netip.MustParsePrefix("2a02:26f7:8000::/33"), // Akamai
	netip.MustParsePrefix("2a04:4e41::/33"),      // Fastly
	netip.MustParsePrefix("2a09:bac2::/31"),      // Cloudflare
}

// kindOf returns KindRelay for an address of relays.
func kindOf(ip netip.Addr) geo.Kind {
	if slices.ContainsFunc(relays, func(p netip.Prefix) bool { return p.Contains(ip) }) {
		return geo.KindRelay
	}
	return geo.KindUnknown
}
