package geo

// maxCityRadius is how wide, in kilometres, the circle around a city may be
// for the city still to be named.
const maxCityRadius = 100

// Label returns the place in the words that a person is shown: "Amsterdam,
// Netherlands", "Netherlands", "Netherlands (VPN or relay)", "Local network",
// "This device", "Unknown location".
//
// A city is named only if the device is likely to be near it: not if the
// radius is over 100 km, and not behind a network that hides where its users
// are.
func (l Location) Label() string {
	switch l.Scope {
	case ScopeLoopback:
		return "This device"
	case ScopePrivate, ScopeShared:
		return "Local network"
	}
	country := l.countryName()
	switch {
	case l.Network.hidesPlace() && country == "":
		return "Unknown location (VPN or relay)"
	case l.Network.hidesPlace():
		return country + " (VPN or relay)"
	case country == "":
		return "Unknown location"
	case l.City != "" && l.Radius <= maxCityRadius:
		return l.City + ", " + country
	}
	return country
}

// countryName returns the name of the country, or its code if it has none.
func (l Location) countryName() string {
	if l.Country != "" {
		return l.Country
	}
	if name := CountryName(l.CountryCode); name != "" {
		return name
	}
	return l.CountryCode
}

// hidesPlace reports whether users of such a network seem to be where the
// network is rather than where they are.
func (k Kind) hidesPlace() bool {
	return k == KindRelay || k == KindTor || k == KindSatellite
}

// Approximate reports whether the label names a place on the map, which is
// never exact and has to be shown as such.
func (l Location) Approximate() bool {
	return l.CountryCode != "" || l.Country != ""
}

// String returns Label, so that a template prints what people read.
func (l Location) String() string { return l.Label() }
