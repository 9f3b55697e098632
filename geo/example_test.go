package geo_test

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/signedin/signedin/geo"
)

// office is a Locator of one's own: it names a network that no database knows.
var office = geo.LocatorFunc(func(_ context.Context, ip netip.Addr) (geo.Location, error) {
	l := geo.Location{Scope: geo.ScopeOf(ip)}
	if netip.MustParsePrefix("198.51.100.0/24").Contains(ip) {
		l.CountryCode, l.City = "NL", "Amsterdam"
	}
	return l, nil
})

func ExampleLocator() {
	for _, s := range []string{"198.51.100.7", "::ffff:198.51.100.7", "192.168.1.5", "127.0.0.1", "8.8.8.8"} {
		l, err := office.Locate(context.Background(), geo.Canonical(netip.MustParseAddr(s)))
		if err != nil {
			fmt.Println(err)
		}
		fmt.Println(l.Label())
	}
	// Output:
	// Amsterdam, Netherlands
	// Amsterdam, Netherlands
	// Local network
	// This device
	// Unknown location
}

func ExampleCombine() {
	systems := geo.LocatorFunc(func(context.Context, netip.Addr) (geo.Location, error) {
		return geo.Location{ASN: 64496, Organization: "Example Fibre"}, nil
	})
	l, err := geo.Combine(office, systems).Locate(context.Background(), netip.MustParseAddr("198.51.100.7"))
	fmt.Println(l.Label(), "by", l.Organization, err)
	// Output: Amsterdam, Netherlands by Example Fibre <nil>
}

func ExampleMinDistance() {
	london := geo.Location{City: "London", Latitude: 51.5, Longitude: -0.1, HasCoordinates: true, Radius: 20}
	paris := geo.Location{City: "Paris", Latitude: 48.9, Longitude: 2.4, HasCoordinates: true, Radius: 100}
	km, ok := geo.MinDistance(london, paris)
	fmt.Printf("%.0f km, %v\n", km, ok)
	// Output: 219 km, true
}

func ExampleNetwork() {
	fmt.Println(geo.Network(netip.MustParseAddr("81.2.69.160")))
	fmt.Println(geo.Network(netip.MustParseAddr("2a02:cf40:1:2::5")))
	// Output:
	// 81.2.69.0/24
	// 2a02:cf40:1::/48
}
