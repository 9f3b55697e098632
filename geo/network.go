package geo

import (
	"net/netip"
	"strings"
	"unicode"
)

// Network returns the network of ip that is kept when the address is not: the
// /24 of an IPv4 address, the /48 of an IPv6 address. The zero Addr gives the
// zero Prefix.
func Network(ip netip.Addr) netip.Prefix {
	return prefix(ip, 24, 48)
}

// Identity returns the network of ip within which addresses change without
// anyone having moved: the /24 of an IPv4 address, the /64 of an IPv6 address,
// inside which RFC 8981 gives a device another address every day. The zero
// Addr gives the zero Prefix.
func Identity(ip netip.Addr) netip.Prefix {
	return prefix(ip, 24, 64)
}

func prefix(ip netip.Addr, bits4, bits6 int) netip.Prefix {
	ip = Canonical(ip)
	bits := bits6
	if ip.Is4() {
		bits = bits4
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // no such width: cannot happen
	}
	return p
}

// KindOf returns what the network of an autonomous system is used for, if it
// is one of the few large ones whose addresses tell little about where a
// person is.
func KindOf(asn uint32) Kind {
	switch asn {
	case 16509, 14618, // Amazon
		15169, 396982, // Google
		8075,  // Microsoft
		14061, // DigitalOcean
		16276, // OVH
		24940, // Hetzner
		20473, // Vultr
		63949, // Linode
		31898, // Oracle
		45102, // Alibaba
		36351, // IBM SoftLayer
		12876, // Scaleway
		51167: // Contabo
		return KindHosting
	case 13335, // Cloudflare WARP
		36183,  // Akamai, for iCloud Private Relay
		54113,  // Fastly, for iCloud Private Relay
		209242, // Cloudflare, for iCloud Private Relay
		9009,   // M247
		212238, // Datacamp
		60068,  // CDN77
		62240,  // Clouvider
		136787: // PacketHub
		return KindRelay
	case 14593, // Starlink
		22351: // Intelsat, for aircraft
		return KindSatellite
	}
	return KindUnknown
}

// KindOfName returns what an autonomous system is used for if its name says so:
// KindHosting for "Example Hosting Ltd", KindUnknown for most.
func KindOfName(organization string) Kind {
	for word := range strings.FieldsFuncSeq(strings.ToLower(organization), func(r rune) bool { return !unicode.IsLetter(r) }) {
		switch word {
		case "hosting", "webhosting", "vps", "datacenter", "datacenters", "datacentre", "datacentres", "colo", "colocation":
			return KindHosting
		case "vpn":
			return KindRelay
		}
	}
	return KindUnknown
}

// KindOfNetwork returns what the network of l is used for: what its source says,
// or else what the number or the name of the autonomous system tells.
func (l Location) KindOfNetwork() Kind {
	switch kind := KindOf(l.ASN); {
	case l.Network != KindUnknown:
		return l.Network
	case kind != KindUnknown:
		return kind
	}
	return KindOfName(l.Organization)
}
