package geo

// Label returns the place in the words that a person is shown: "Amsterdam,
// Netherlands", "Netherlands", "Local network", "This device", "Unknown
// location".
func (l Location) Label() string {
	switch l.Scope {
	case ScopeLoopback:
		return "This device"
	case ScopePrivate, ScopeShared:
		return "Local network"
	}
	switch {
	case l.City != "" && l.Country != "":
		return l.City + ", " + l.Country
	case l.Country != "":
		return l.Country
	case l.CountryCode != "":
		return l.CountryCode
	}
	return "Unknown location"
}

// Approximate reports whether the label names a place on the map, which is
// never exact and has to be shown as such.
func (l Location) Approximate() bool {
	return l.CountryCode != "" || l.Country != ""
}
