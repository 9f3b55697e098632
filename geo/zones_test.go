package geo_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/signedin/signedin/geo"
)

// Every country that has a name has a time zone, and every zone exists.
func TestCountryTimeZone(t *testing.T) {
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := string([]rune{a, b})
			zone := geo.CountryTimeZone(code)
			if (geo.CountryName(code) != "") != (zone != "") && code != "XK" && code != "BV" && code != "HM" {
				t.Errorf("%s, %q: time zone %q", code, geo.CountryName(code), zone)
			}
			if _, err := time.LoadLocation(zone); err != nil {
				t.Error(err)
			}
		}
	}
	if got := geo.CountryTimeZone("ES"); got != "Europe/Madrid" {
		t.Errorf("Spain: got %q", got)
	}
}
