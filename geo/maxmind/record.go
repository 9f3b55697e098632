package maxmind

import (
	"fmt"
	"math"

	"github.com/oschwald/maxminddb-golang/v2"
	"github.com/oschwald/maxminddb-golang/v2/mmdbdata"

	"github.com/signedin/signedin/geo"
)

// A record is what one entry of a database says. It reads the nested fields of
// MaxMind and DB-IP and the flat ones of IPinfo and ip-location-db alike, and
// passes over what it does not know or has another type than expected.
type record struct {
	language string

	countryCode, country, city, timeZone string
	latitude, longitude                  float64 // NaN if not given
	radius                               uint64
	asn                                  uint64
	organization                         string
	kind                                 geo.Kind
	anonymous                            bool // hides where its users are in one way or other

	entered section // all of them so far
}

var _ mmdbdata.CursorUnmarshaler = (*record)(nil)

// decode reads the result of a look-up into r, which keeps nothing of before.
func (r *record) decode(result maxminddb.Result, language string) error {
	*r = record{language: language, latitude: math.NaN(), longitude: math.NaN()}
	return result.Decode(r)
}

// UnmarshalMaxMindDBCursor implements [mmdbdata.CursorUnmarshaler].
func (r *record) UnmarshalMaxMindDBCursor(c mmdbdata.Cursor) (mmdbdata.Cursor, error) {
	return r.readMap(c, inRecord)
}

const english = "en"

// A section is a map of a record. Each is a bit, so that sections can be a set.
type section uint8

const (
	inRecord section = 1 << iota
	inCountry
	inCountryNames
	inCity
	inCityNames
	inLocation
	inTraits
)

// Bounds of a record, far beyond what databases contain: what a file says of
// its own size is not to be believed.
const (
	maxEntries = 1024 // of a map
	maxText    = 1024 // bytes of a string
)

// readMap reads one map of the record. No section can be entered twice: with
// pointers, a small file could otherwise repeat a large map any number of times.
func (r *record) readMap(c mmdbdata.Cursor, in section) (mmdbdata.Cursor, error) {
	if r.entered&in != 0 {
		return c.Skip()
	}
	r.entered |= in
	m, err := c.Map()
	if err != nil {
		return c, err
	}
	if m.Size() > maxEntries {
		return c, fmt.Errorf("map of %d entries", m.Size())
	}
	var next mmdbdata.Cursor
	for key, value, ok := m.Next(next); ok; key, value, ok = m.Next(next) {
		if next, err = r.readValue(in, key, value); err != nil {
			return c, err
		}
	}
	if m.Err() != nil {
		return c, m.Err()
	}
	return m.End()
}

func (r *record) readValue(in section, key []byte, c mmdbdata.Cursor) (mmdbdata.Cursor, error) {
	switch in {
	case inCountry:
		return r.readCountry(key, c)
	case inCity:
		if string(key) == "names" {
			return r.readSection(c, inCityNames)
		}
		return c.Skip()
	case inCountryNames:
		return r.readName(key, c, &r.country)
	case inCityNames:
		return r.readName(key, c, &r.city)
	}
	return r.readPlace(key, c)
}

func (r *record) readCountry(key []byte, c mmdbdata.Cursor) (mmdbdata.Cursor, error) {
	switch string(key) {
	case "iso_code":
		return readText(c, &r.countryCode)
	case "names":
		if r.language == english {
			break // geo has them, the same for all databases
		}
		return r.readSection(c, inCountryNames)
	}
	return c.Skip()
}

// readName keeps the name in the wanted language, or else in English.
func (r *record) readName(key []byte, c mmdbdata.Cursor, to *string) (mmdbdata.Cursor, error) {
	if string(key) == r.language || string(key) == english && *to == "" {
		return readText(c, to)
	}
	return c.Skip()
}

// readSection reads a map; anything else in its place counts for nothing.
func (r *record) readSection(c mmdbdata.Cursor, in section) (mmdbdata.Cursor, error) {
	kind, err := c.Kind()
	switch {
	case err != nil:
		return c, err
	case kind != mmdbdata.KindMap:
		return c.Skip()
	}
	return r.readMap(c, in)
}

// readPlace reads a field of the record itself, of "location" or of "traits":
// flat databases have on the outside what nested ones have within.
func (r *record) readPlace(key []byte, c mmdbdata.Cursor) (mmdbdata.Cursor, error) {
	switch string(key) {
	case "country":
		return r.readEither(c, inCountry, &r.country)
	case "city":
		return r.readEither(c, inCity, &r.city)
	case "location":
		return r.readSection(c, inLocation)
	case "traits":
		return r.readSection(c, inTraits)
	case "country_code":
		return readText(c, &r.countryCode)
	case "country_name":
		return readText(c, &r.country)
	case "latitude", "lat":
		return readDegrees(c, &r.latitude)
	case "longitude", "lng", "lon":
		return readDegrees(c, &r.longitude)
	case "accuracy_radius", "radius":
		return readNumber(c, &r.radius)
	case "time_zone", "timezone":
		return readText(c, &r.timeZone)
	}
	return r.readNetwork(key, c)
}

// readEither reads what is a map in nested databases and a name in flat ones.
func (r *record) readEither(c mmdbdata.Cursor, in section, name *string) (mmdbdata.Cursor, error) {
	if kind, err := c.Kind(); err != nil || kind != mmdbdata.KindString {
		return r.readSection(c, in)
	}
	return readText(c, name)
}
