// Package embedded tells the country of an address from a table that is part
// of the program: no file, no licence key, no download, 4.5 MB in the binary of
// a program that imports it. It also tells iCloud Private Relay and Cloudflare WARP
// from people's own networks ([geo.KindRelay]).
//
// The table is IP2Location LITE (CC BY-SA 4.0). Programs that are passed on or
// whose pages show the countries have to say so: see [Attribution]. It is as
// old as the version of github.com/phuslu/iploc in go.mod.
package embedded

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"github.com/phuslu/iploc"

	"github.com/signedin/signedin/geo"
)

// Attribution is the sentence that the licence of the table asks for.
const Attribution = "This product uses the IP2Location LITE database for IP geolocation " +
	"(https://lite.ip2location.com), licensed CC BY-SA 4.0."

// DB is a [geo.Locator] that knows countries. It is safe for concurrent use.
type DB struct {
	built time.Time
}

var _ geo.Locator = (*DB)(nil)

// New returns a DB. It takes about a tenth of a second and 11 MB to unpack the
// part for IPv6, which iploc would do during somebody's first request.
func New() *DB {
	iploc.IPCountry(netip.IPv6Loopback())
	_, date, _ := strings.Cut(iploc.Version, ".0.")
	built, err := time.Parse("20060102", date)
	if err != nil {
		built = time.Time{} // numbered in another way: the age is unknown
	}
	return &DB{built: built}
}

// Locate implements [geo.Locator]. It never fails and allocates nothing.
func (db *DB) Locate(_ context.Context, ip netip.Addr) (geo.Location, error) {
	ip = geo.Canonical(ip)
	l := geo.Location{Scope: geo.ScopeOf(ip)}
	if l.Scope != geo.ScopeGlobal {
		return l, nil
	}
	code := iploc.IPCountry(ip)
	if code == "" || code == "ZZ" { // ZZ: nobody's
		return l, nil
	}
	l.CountryCode, l.Country = code, geo.CountryName(code)
	l.Network = kindOf(ip)
	l.Source, l.Built = "IP2Location LITE", db.built
	return l, nil
}
