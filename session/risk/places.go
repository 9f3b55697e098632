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
	if _, ok := geo.Distance(l, l); !ok || radius == 0 || radius > maxRadius {
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

// isNear reports whether one may be at both at once, more or less.
func (p place) isNear(q place) bool {
	limit := near + min(p.km(), nearRadius) + min(q.km(), nearRadius)
	if math.Abs(float64(p.lat)-float64(q.lat))*11.1 > limit {
		return false // a tenth of a degree of latitude is 11.1 km
	}
	return p.distance(q) <= limit
}

const maxPlaces = 16

// spot is a place that was seen, when last, and since when.
type spot struct {
	place
	at    stamp
	since round
}

// spots are the latest places of a user.
type spots struct {
	n   int
	all [maxPlaces]spot
}

// add remembers a place, as marks.add does.
func (s *spots) add(p place, at stamp, since round) {
	if !p.known() {
		return
	}
	oldest := 0
	for i, o := range s.all[:s.n] {
		if o.lat == p.lat && o.lon == p.lon {
			s.all[i] = spot{place{p.lat, p.lon, max(o.radius, p.radius)}, max(o.at, at), o.since}
			return
		}
		if o.before(s.all[oldest]) {
			oldest = i
		}
	}
	added := spot{p, at, since}
	if s.n < maxPlaces {
		s.all[s.n] = added
		s.n++
	} else if s.all[oldest].before(added) {
		s.all[oldest] = added
	}
}

// before orders spots by time, and by place at the same time.
func (s spot) before(o spot) bool {
	switch {
	case s.at != o.at:
		return s.at < o.at
	case s.lat != o.lat:
		return s.lat < o.lat
	}
	return s.lon < o.lon
}

// near reports whether p is near one of them, or may be: what lies within its radius is
// not said to be another place.
func (s *spots) near(p place) bool {
	for _, o := range s.all[:s.n] {
		if p.isNear(o.place) || p.distance(o.place) <= p.km()+rounding {
			return true
		}
	}
	return false
}

func (s *spots) prune(since stamp) {
	s.keep(func(o spot) bool { return o.at >= since })
}

func (s *spots) keep(keep func(spot) bool) {
	kept := 0
	for _, o := range s.all[:s.n] {
		if keep(o) {
			s.all[kept] = o
			kept++
		}
	}
	s.n = kept
}
