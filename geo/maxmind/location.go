package maxmind

import (
	"math"
	"strings"

	"github.com/signedin/signedin/geo"
)

const maxASN = math.MaxUint32

// location returns what the record says in geo's terms.
func (r *record) location() geo.Location {
	l := geo.Location{
		CountryCode: countryCode(r.countryCode),
		City:        r.city,
		TimeZone:    r.timeZone,
		Network:     r.network(),
	}
	if len(r.country) == 2 && l.CountryCode == "" { // where IPinfo has a name or a code
		l.CountryCode = countryCode(r.country)
	}
	l.Country = r.countryName(l.CountryCode)
	if r.asn <= maxASN {
		l.ASN, l.Organization = uint32(r.asn), r.organization
	}
	if math.Abs(r.latitude) <= 90 && math.Abs(r.longitude) <= 180 {
		l.Latitude, l.Longitude, l.HasCoordinates = round(r.latitude), round(r.longitude), true
		l.Radius = uint16(min(r.radius, math.MaxUint16))
	}
	return l
}

// countryName prefers geo's names to those of the database in English, so that
// a country has one name whoever found it.
func (r *record) countryName(code string) string {
	name := geo.CountryName(code)
	if name == "" || r.language != english && r.country != "" {
		return r.country
	}
	return name
}

// countryCode returns code if it can be a country's, else "".
func countryCode(code string) string {
	code = strings.ToUpper(code)
	letter := func(c byte) bool { return 'A' <= c && c <= 'Z' }
	if len(code) != 2 || !letter(code[0]) || !letter(code[1]) || code == "ZZ" {
		return ""
	}
	return code
}

// round makes tenths of a degree, about 10 km: more would claim to know more.
func round(degrees float64) float64 {
	return math.Round(degrees*10)/10 + 0 // never -0
}
