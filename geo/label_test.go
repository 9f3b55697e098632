package geo_test

import (
	"fmt"
	"testing"

	"github.com/signedin/signedin/geo"
)

func TestLabel(t *testing.T) {
	for _, c := range []struct {
		want string
		l    geo.Location
	}{
		{"Amsterdam, Netherlands", geo.Location{CountryCode: "NL", Country: "Netherlands", City: "Amsterdam"}},
		{"Amsterdam, Netherlands", geo.Location{CountryCode: "NL", City: "Amsterdam", Radius: 100}},
		{"Netherlands", geo.Location{CountryCode: "NL", City: "Amsterdam", Radius: 101}},
		{"Netherlands", geo.Location{CountryCode: "NL"}},
		{"Niederlande", geo.Location{CountryCode: "NL", Country: "Niederlande"}},
		{"QQ", geo.Location{CountryCode: "QQ"}},
		{"Netherlands (VPN or relay)", geo.Location{CountryCode: "NL", City: "Amsterdam", Network: geo.KindRelay}},
		{"Netherlands (VPN or relay)", geo.Location{CountryCode: "NL", Network: geo.KindTor}},
		{"Netherlands (VPN or relay)", geo.Location{CountryCode: "NL", Network: geo.KindSatellite}},
		{"Unknown location (VPN or relay)", geo.Location{Network: geo.KindTor}},
		{"Amsterdam, Netherlands", geo.Location{CountryCode: "NL", City: "Amsterdam", Network: geo.KindMobile}},
		{"This device", geo.Location{Scope: geo.ScopeLoopback}},
		{"Local network", geo.Location{Scope: geo.ScopePrivate}},
		{"Local network", geo.Location{Scope: geo.ScopeShared}},
		{"Unknown location", geo.Location{Scope: geo.ScopeReserved}},
		{"Unknown location", geo.Location{Scope: geo.ScopeGlobal, City: "Amsterdam"}},
		{"Unknown location", geo.Location{}},
	} {
		if got := fmt.Sprint(c.l); got != c.want {
			t.Errorf("String: %q, want %q", got, c.want)
		}
		if got := c.l.Label(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.l, got, c.want)
		}
		if got, want := c.l.Approximate(), c.l.CountryCode != ""; got != want {
			t.Errorf("%+v: Approximate = %v, want %v", c.l, got, want)
		}
	}
}

func TestCountryName(t *testing.T) {
	for code, want := range map[string]string{
		"AD": "Andorra", "NL": "Netherlands", "TR": "Türkiye", "XK": "Kosovo", "ZW": "Zimbabwe",
		"": "", "ZZ": "", "nl": "", "NLD": "",
	} {
		if got := geo.CountryName(code); got != want {
			t.Errorf("CountryName(%q) = %q, want %q", code, got, want)
		}
	}
	known := 0
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			if geo.CountryName(string([]rune{a, b})) != "" {
				known++
			}
		}
	}
	if known != 250 { // the 249 of ISO 3166-1 and Kosovo
		t.Errorf("%d countries found, want 250", known)
	}
}

func BenchmarkCountryName(b *testing.B) {
	for b.Loop() {
		geo.CountryName("NL")
	}
}
