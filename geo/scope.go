package geo

import "net/netip"

// A Scope says what kind of address an address is.
type Scope uint8

// The scopes that matter to someone who reads a list of devices.
const (
	ScopeUnknown       Scope = iota // no address
	ScopeGlobal                     // routed on the internet
	ScopeLoopback                   // this machine
	ScopePrivate                    // RFC 1918, RFC 4193, link-local
	ScopeShared                     // carrier-grade NAT, RFC 6598
	ScopeDocumentation              // RFC 5737, RFC 3849, RFC 9637
	ScopeReserved                   // any other special-purpose address
)

// Canonical returns the address in the one form in which it is compared,
// stored and looked up: IPv4 unwrapped from the IPv6 that carries it (mapped,
// NAT64 of RFC 6052, 6to4 of RFC 3056), no zone.
//
// Whether a proxy is trusted has to be decided before: anyone can be reached
// through 6to4 under an address that contains a private one.
func Canonical(ip netip.Addr) netip.Addr {
	ip = ip.Unmap().WithZone("")
	if !ip.Is6() {
		return ip
	}
	b := ip.As16()
	switch {
	case nat64.Contains(ip):
		return netip.AddrFrom4([4]byte(b[12:]))
	case sixToFour.Contains(ip):
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	return ip
}

var (
	nat64     = netip.MustParsePrefix("64:ff9b::/96")
	sixToFour = netip.MustParsePrefix("2002::/16")
)

// ScopeOf tells what kind of address ip is. Only an address that a device on
// the internet can have is [ScopeGlobal]: nothing in IANA's registries of
// special-purpose addresses is, not even the anycast services among them.
func ScopeOf(ip netip.Addr) Scope {
	ip = Canonical(ip)
	switch {
	case !ip.IsValid():
		return ScopeUnknown
	case ip.IsLoopback():
		return ScopeLoopback
	case ip.IsPrivate(), ip.IsLinkLocalUnicast():
		return ScopePrivate
	case ip.Is4():
		return scopeOf4(ip)
	case !globalUnicast.Contains(ip):
		return ScopeReserved
	}
	return scopeIn(special6[:], ip)
}

// scopeOf4 spares the table all but the few first octets that are in it.
func scopeOf4(ip netip.Addr) Scope {
	switch first := ip.As4()[0]; {
	case first >= 224:
		return ScopeReserved // RFC 1112: multicast, future use, broadcast
	case first == 0, first == 100, first == 192, first == 198, first == 203:
		return scopeIn(special4[:], ip)
	}
	return ScopeGlobal
}

func scopeIn(table []special, ip netip.Addr) Scope {
	for _, s := range table {
		if s.prefix.Contains(ip) {
			return s.scope
		}
	}
	return ScopeGlobal
}

// A special is an entry of IANA's special-purpose registries.
type special struct {
	prefix netip.Prefix
	scope  Scope
}

// special4 is the IPv4 registry but for what netip knows and what scopeOf4 does.
var special4 = [...]special{
	{netip.MustParsePrefix("100.64.0.0/10"), ScopeShared},
	{netip.MustParsePrefix("192.0.2.0/24"), ScopeDocumentation},
	{netip.MustParsePrefix("198.51.100.0/24"), ScopeDocumentation},
	{netip.MustParsePrefix("203.0.113.0/24"), ScopeDocumentation},
	{netip.MustParsePrefix("0.0.0.0/8"), ScopeReserved},       // RFC 791: this network
	{netip.MustParsePrefix("192.0.0.0/24"), ScopeReserved},    // RFC 6890: protocol assignments
	{netip.MustParsePrefix("192.31.196.0/24"), ScopeReserved}, // RFC 7535: AS112
	{netip.MustParsePrefix("192.52.193.0/24"), ScopeReserved}, // RFC 7450: AMT
	{netip.MustParsePrefix("192.88.99.0/24"), ScopeReserved},  // RFC 7526: 6to4 relays
	{netip.MustParsePrefix("192.175.48.0/24"), ScopeReserved}, // RFC 7534: AS112
	{netip.MustParsePrefix("198.18.0.0/15"), ScopeReserved},   // RFC 2544: benchmarks
}

// globalUnicast is all that IANA has given out for use on the internet.
var globalUnicast = netip.MustParsePrefix("2000::/3")

// special6 is the part of the IPv6 registry that lies within globalUnicast.
var special6 = [...]special{
	{netip.MustParsePrefix("2001:db8::/32"), ScopeDocumentation},
	{netip.MustParsePrefix("3fff::/20"), ScopeDocumentation},
	{netip.MustParsePrefix("2001::/23"), ScopeReserved},         // RFC 2928: Teredo, ORCHID, benchmarks
	{netip.MustParsePrefix("2620:4f:8000::/48"), ScopeReserved}, // RFC 7534: AS112
}
