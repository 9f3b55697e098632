package geo

import "math"

// The mean radius of the earth in kilometres (IUGG).
const earthRadius = 6371

// cityRadius stands in for the radius of a city whose source gives none.
const cityRadius = 50

// Distance returns how many kilometres apart a and b are along the surface of
// the earth; ok is false unless both have coordinates that exist.
func Distance(a, b Location) (km float64, ok bool) {
	if !a.onEarth() || !b.onEarth() {
		return 0, false
	}
	lat1, lat2 := radians(a.Latitude), radians(b.Latitude)
	sinLat := math.Sin((lat2 - lat1) / 2)
	sinLon := math.Sin(radians(b.Longitude-a.Longitude) / 2)
	h := sinLat*sinLat + math.Cos(lat1)*math.Cos(lat2)*sinLon*sinLon
	// Rounding takes h just above 1 for antipodes.
	return 2 * earthRadius * math.Asin(math.Sqrt(min(h, 1))), true
}

// MinDistance returns how many kilometres a and b are apart at the least: their
// [Distance] less the radius of each, never below 0. A city without a radius
// counts with 50 km; ok is false for anything larger without one.
func MinDistance(a, b Location) (km float64, ok bool) {
	km, ok = Distance(a, b)
	ra, okA := a.radius()
	rb, okB := b.radius()
	if !ok || !okA || !okB {
		return 0, false
	}
	return max(0, km-ra-rb), true
}

// onEarth refuses 0,0 as well: it is in the sea, and what databases say when
// they do not know.
func (l Location) onEarth() bool {
	return l.HasCoordinates &&
		math.Abs(l.Latitude) <= 90 && math.Abs(l.Longitude) <= 180 &&
		(l.Latitude != 0 || l.Longitude != 0)
}

func (l Location) radius() (km float64, ok bool) {
	if l.Radius > 0 {
		return float64(l.Radius), true
	}
	return cityRadius, l.City != ""
}

func radians(degrees float64) float64 { return degrees * math.Pi / 180 }
