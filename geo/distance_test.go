package geo_test

import (
	"math"
	"testing"

	"github.com/signedin/signedin/geo"
)

func at(lat, lon float64) geo.Location {
	return geo.Location{City: "somewhere", Latitude: lat, Longitude: lon, HasCoordinates: true}
}

func TestDistance(t *testing.T) {
	const halfway = math.Pi * 6371
	for _, c := range []struct {
		name string
		a, b geo.Location
		km   float64
	}{
		{"same place", at(52.4, 4.9), at(52.4, 4.9), 0},
		{"London to Paris", at(51.5074, -0.1278), at(48.8566, 2.3522), 344},
		{"London to Tokyo", at(51.5074, -0.1278), at(35.6762, 139.6503), 9559},
		{"across the antimeridian", at(-18.1, 179.9), at(-18.1, -179.9), 21},
		{"the antimeridian itself", at(10, 180), at(10, -180), 0},
		{"over the pole", at(89, 0), at(89, 180), 222},
		{"the pole has no longitude", at(90, 17), at(90, -120), 0},
		{"pole to pole", at(90, 0), at(-90, 0), halfway},
		{"antipodes", at(0, 90), at(0, -90), halfway},
		{"antipodes off the equator", at(37.7, 23.1), at(-37.7, -156.9), halfway},
	} {
		ab, ok := geo.Distance(c.a, c.b)
		ba, _ := geo.Distance(c.b, c.a)
		if !ok || math.Abs(ab-c.km) > 1 || math.Abs(ab-ba) > 1e-6 {
			t.Errorf("%s: %v and back %v, %v; want %v, true", c.name, ab, ba, ok, c.km)
		}
	}
}

func TestNoDistance(t *testing.T) {
	here := at(52.4, 4.9)
	for name, l := range map[string]geo.Location{
		"nothing known":  {},
		"country only":   {CountryCode: "NL"},
		"null island":    at(0, 0),
		"off the map":    at(91, 0),
		"east of itself": at(0, 180.1),
		"not a number":   at(math.NaN(), 0),
	} {
		if km, ok := geo.Distance(here, l); ok {
			t.Errorf("%s: Distance = %v, want none", name, km)
		}
		if km, ok := geo.MinDistance(l, here); ok {
			t.Errorf("%s: MinDistance = %v, want none", name, km)
		}
	}
}

func TestMinDistance(t *testing.T) {
	london, paris := at(51.5074, -0.1278), at(48.8566, 2.3522)
	wide := london
	wide.Radius = 1000
	small := paris
	small.Radius = 20
	country := paris
	country.City = ""
	for _, c := range []struct {
		name string
		a, b geo.Location
		km   float64
		ok   bool
	}{
		{"cities without radius", london, paris, 244, true},
		{"one radius", london, small, 274, true},
		{"overlapping", wide, small, 0, true},
		{"the middle of a country", london, country, 0, false},
	} {
		km, ok := geo.MinDistance(c.a, c.b)
		if ok != c.ok || math.Abs(km-c.km) > 1 {
			t.Errorf("%s: %v, %v; want %v, %v", c.name, km, ok, c.km, c.ok)
		}
	}
}

func BenchmarkDistance(b *testing.B) {
	london, tokyo := at(51.5, -0.1), at(35.7, 139.7)
	for b.Loop() {
		geo.Distance(london, tokyo)
	}
}
