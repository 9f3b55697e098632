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
// stored and looked up: IPv4 inside IPv6 unwrapped, no zone.
func Canonical(ip netip.Addr) netip.Addr {
	return ip.Unmap().WithZone("")
}

// ScopeOf tells what kind of address ip is.
func ScopeOf(ip netip.Addr) Scope {
	ip = Canonical(ip)
	switch {
	case !ip.IsValid():
		return ScopeUnknown
	case ip.IsLoopback():
		return ScopeLoopback
	case ip.IsPrivate(), ip.IsLinkLocalUnicast():
		return ScopePrivate
	}
	return ScopeGlobal
}

// Network returns the network of ip that is kept when the address is not: the
// /24 of an IPv4 address, the /48 of an IPv6 address. The zero Addr gives the
// zero Prefix.
func Network(ip netip.Addr) netip.Prefix {
	ip = Canonical(ip)
	bits := 48
	if ip.Is4() {
		bits = 24
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
