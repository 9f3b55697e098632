// Package geo is the vocabulary of places: where an address roughly is, what
// kind of address it is at all, and how far two places lie apart.
//
// A [Locator] turns an address into a [Location]; the packages below this one
// have some, and [Combine] makes one of several. Call [Canonical] on an
// address before anything else, and keep [Network] of it rather than the
// address itself wherever a coarse value will do.
//
// Nothing here is exact: a location says where a network is registered or
// used, not where a person stands. Show it with the word "approximate".
//
// Everything in this package is a pure function or an immutable value and is
// safe for concurrent use.
package geo

import (
	"context"
	"net/netip"
	"time"
)

// A Location is what is known about where an address is. The zero Location
// means that nothing is known.
type Location struct {
	// Scope says what kind of address it was; all else is empty unless it is
	// [ScopeGlobal].
	Scope Scope

	CountryCode string // ISO 3166-1 alpha-2, upper case
	Country     string // the country's name, in English unless the Locator was told otherwise
	City        string
	TimeZone    string // IANA name, such as "Europe/Amsterdam"

	// Latitude and Longitude are in degrees (WGS 84), rounded to 0.1 degree
	// (about 10 km). They mean nothing unless HasCoordinates is set.
	Latitude, Longitude float64
	HasCoordinates      bool
	// Radius in kilometres around the coordinates in which the device is with
	// about two thirds confidence; 0 if the source gives none.
	Radius uint16

	ASN          uint32 // number of the autonomous system that announces the network
	Organization string // who runs that system
	Network      Kind   // what the network is used for

	Source string    // which database answered, such as "GeoLite2-City"
	Built  time.Time // when that database was built, in UTC
}

// A Kind says what a network is used for, as far as that can be told.
type Kind string

// The kinds of network.
const (
	KindUnknown     Kind = ""
	KindResidential Kind = "residential"
	KindMobile      Kind = "mobile"
	KindBusiness    Kind = "business"
	KindHosting     Kind = "hosting"
	KindRelay       Kind = "relay" // VPN, privacy relay or public proxy
	KindTor         Kind = "tor"
	KindSatellite   Kind = "satellite"
)

// A Locator finds the place of an address.
//
// Locate is called with the result of [Canonical] and must be safe for
// concurrent use. It sets the Scope; of an address that it does not know it
// sets nothing else, which is not an error. An error means that the look-up
// itself went wrong, and the caller goes on without a place.
type Locator interface {
	Locate(ctx context.Context, ip netip.Addr) (Location, error)
}

// LocatorFunc lets a function be a [Locator].
type LocatorFunc func(ctx context.Context, ip netip.Addr) (Location, error)

// Locate calls f.
func (f LocatorFunc) Locate(ctx context.Context, ip netip.Addr) (Location, error) {
	return f(ctx, ip)
}
