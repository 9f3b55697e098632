package dbtest_test

import (
	"net/netip"
	"testing"
	"unicode/utf8"

	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/geo/maxmind"
)

// FuzzDatabase opens whatever there is and looks an address up in it.
func FuzzDatabase(f *testing.F) {
	ip := netip.MustParseAddr("81.2.69.160").AsSlice()
	f.Add(cityDB(f, epoch), ip)
	f.Add(systemDB(f, epoch), netip.MustParseAddr("2a02:cf40::1").AsSlice())
	f.Add(file(leafTree, mapOf("country_code", text("US")), metadata(1)), ip)
	f.Add(file(ladder(100, 100), nil, metadata(100)), ip)
	f.Fuzz(func(t *testing.T, b, ip []byte) {
		db, err := maxmind.FromBytes(b, maxmind.Config{})
		if err != nil {
			return
		}
		addr, _ := netip.AddrFromSlice(ip)
		if l, err := db.Locate(t.Context(), addr); err == nil {
			checkLocation(t, l)
		}
	})
}

// FuzzRecord reads whatever there is as the one record of a database.
func FuzzRecord(f *testing.F) {
	f.Add(mapOf("country_code", text("US")))
	f.Add(mapOf("city", mapOf("names", mapOf("en", text("London")))))
	f.Add(mapOf("location", mapOf("latitude", []byte{0x68, 0x40, 0x49, 0, 0, 0, 0, 0, 0})))
	f.Add(mapOf("country", []byte{0x20, 0x00}))
	f.Fuzz(func(t *testing.T, record []byte) {
		db, err := maxmind.FromBytes(file(leafTree, record, metadata(1)), maxmind.Config{Language: "de"})
		if err != nil {
			return
		}
		if l, err := db.Locate(t.Context(), netip.MustParseAddr("2a02:cf40::1")); err == nil {
			checkLocation(t, l)
		}
	})
}

// checkLocation checks that l is fit for a database, a page and JSON.
func checkLocation(t *testing.T, l geo.Location) {
	for _, s := range []string{l.CountryCode, l.Country, l.City, l.TimeZone, l.Organization} {
		if !utf8.ValidString(s) || len(s) > 1024 {
			t.Errorf("%q", s)
		}
	}
	if n := len(l.CountryCode); n != 0 && n != 2 {
		t.Errorf("country code %q", l.CountryCode)
	}
	if _, ok := geo.Distance(l, l); l.HasCoordinates && !ok && (l.Latitude != 0 || l.Longitude != 0) {
		t.Errorf("coordinates %v, %v", l.Latitude, l.Longitude)
	}
	if _, err := l.Built.MarshalJSON(); err != nil {
		t.Error(err)
	}
}
