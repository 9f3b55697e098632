package risk

import (
	"math"

	"github.com/signedin/signedin/geo"
)

// place is a coarse place: to 0.1 degree, with its radius. The zero place is
// none; it would be in the sea.
type place struct {
	lat, lon int16 // tenths of a degree
	radius   uint8 // in units of 4 km
}

const (
	radiusUnit = 4
	// cityRadius stands in for the radius of a city whose source gives none,
	// as in geo.
	cityRadius = 50
	// maxRadius is how wide a place may be to be one at all.
	maxRadius = 500
	// nearRadius is the most that a radius counts for when one asks whether
	// places are near each other.
	nearRadius = 200
	near       = 50 // km
	rounding   = 16 // km that a tenth of a degree at both ends may put between two places
)

// placeOf returns where l is, none if that is not known well enough.
func placeOf(l geo.Location) place {
	radius := l.Radius
	if radius == 0 && l.City != "" {
		radius = cityRadius
	}
	onEarth := l.HasCoordinates && math.Abs(l.Latitude) <= 90 && math.Abs(l.Longitude) <= 180
	if !onEarth || radius == 0 || radius > maxRadius {
		return place{}
	}
	return place{
		lat: int16(math.Round(l.Latitude * 10)), lon: int16(math.Round(l.Longitude * 10)),
		radius: uint8((radius + radiusUnit - 1) / radiusUnit),
	}
}

func (p place) known() bool { return p != place{} }

func (p place) km() float64 { return float64(p.radius) * radiusUnit }

// distance returns the kilometres between the centres of two known places.
func (p place) distance(q place) float64 {
	km, _ := geo.Distance(p.location(), q.location())
	return km
}

func (p place) location() geo.Location {
	return geo.Location{Latitude: float64(p.lat) / 10, Longitude: float64(p.lon) / 10, HasCoordinates: true}
}

// reach is the part of the radius that makes places near each other, in km.
func (p place) reach() int { return min(int(p.radius)*radiusUnit, nearRadius) }

// isWithin reports whether q is at most so many kilometres away. Most places are so far
// that it takes no trigonometry to see it.
func (p place) isWithin(km int, q place) bool {
	limit := float64(km)
	if float64(p.northward(q))*minPerTenth > limit || float64(p.eastward(q))*minPerTenth*p.narrowing(q) > limit {
		return false
	}
	return p.distance(q) <= limit
}

// A tenth of a degree of latitude, or of longitude at the equator, is 11.12 km.
const (
	minPerTenth = 11.1
	maxPerTenth = 11.2
)

// northward returns the tenths of a degree of latitude between two places.
func (p place) northward(q place) int { return max(int(p.lat)-int(q.lat), int(q.lat)-int(p.lat)) }

// eastward returns the tenths of a degree of longitude between two places, the shorter way
// around.
func (p place) eastward(q place) int {
	d := max(int(p.lon)-int(q.lon), int(q.lon)-int(p.lon))
	return min(d, 3600-d)
}

// narrowing is less than what is left of a degree of longitude on the great circle between
// two places: sin(d/2) >= cos(lat) sin(lon/2), with the greater latitude of the two,
// where sin(x) >= 2x/pi up to a right angle, and cos(x) >= 1-x²/2.
func (p place) narrowing(q place) float64 {
	lat := float64(max(p.lat, -p.lat, q.lat, -q.lat)) * math.Pi / 1800
	return max(0, 1-lat*lat/2) * 2 / math.Pi
}

const maxPlaces = 16

// spot is a place that was seen.
type spot struct {
	place
	seen
}

// spots are the latest places of a user.
type spots struct {
	n   int
	all [maxPlaces]spot
}

// add remembers a place. Beyond the bound, one that is close to another is remembered as
// that, or the exits of a relay would push out the town in which its user lives; else the
// longest unused gives way, as of marks.
func (s *spots) add(p place, at stamp, since round) {
	if !p.known() {
		return
	}
	oldest := 0
	for i := range s.all[:s.n] {
		o := &s.all[i]
		if o.lat == p.lat && o.lon == p.lon {
			o.radius = max(o.radius, p.radius)
			o.again(at)
			return
		}
		if o.before(&s.all[oldest]) {
			oldest = i
		}
	}
	added := spot{p, seenAt(at, since)}
	if s.n < maxPlaces {
		s.all[s.n] = added
		s.n++
		return
	}
	for i := range s.all {
		if o := &s.all[i]; o.isWithin(near, p) {
			o.again(at)
			return
		}
	}
	if s.all[oldest].before(&added) {
		s.all[oldest] = added
	}
}

// before orders spots by time, and by place at the same time.
func (s *spot) before(o *spot) bool {
	switch {
	case s.at() != o.at():
		return s.at() < o.at()
	case s.lat != o.lat:
		return s.lat < o.lat
	}
	return s.lon < o.lon
}

// near reports whether p is near one of them, or may be: what lies within its radius is
// not said to be another place.
func (s *spots) near(p place) bool {
	if !p.known() {
		return false
	}
	around := near + p.reach()
	within := int(p.radius)*radiusUnit + rounding
	for i := range s.all[:s.n] {
		q := &s.all[i].place
		limit := max(around+q.reach(), within)
		if p.northward(*q)*10 <= limit && p.isWithin(limit, *q) { // of 11.1, to see it in whole numbers
			return true
		}
	}
	return false
}

func (s *spots) prune(since stamp) {
	s.keep(func(o *spot) bool { return o.at() >= since })
}

func (s *spots) keep(wanted func(*spot) bool) { s.n = keep(s.all[:s.n], wanted) }
