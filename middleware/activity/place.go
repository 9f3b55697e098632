package activity

import (
	"cmp"
	"strings"

	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
)

// place says where a visit came from, no more exactly than it is known.
func (t words) place(l geo.Location) string {
	switch {
	case l.Scope == geo.ScopeLoopback:
		return t.say("place loopback")
	case l.Scope == geo.ScopePrivate, l.Scope == geo.ScopeShared:
		return t.say("place local")
	case !l.Approximate():
		return t.say("place unknown")
	}
	town, isTown := t.town(l)
	switch {
	case isHidden(l.Network):
		return t.say("place hidden", town)
	case l.Network == geo.KindMobile:
		return t.say("place mobile", t.country(l))
	case isTown:
		return t.say("place near", town)
	}
	return town
}

// isHidden reports whether the place is the network's, wherever the person is.
func isHidden(k geo.Kind) bool {
	return k == geo.KindHosting || k == geo.KindRelay || k == geo.KindTor
}

// label is [geo.Location.Label] in the language of the user.
func (t words) label(l geo.Location) string {
	switch town, _ := t.town(l); {
	case t.in == nil:
		return l.Label()
	case l.Scope != geo.ScopeUnknown && l.Scope != geo.ScopeGlobal, !l.Approximate(), isHidden(l.Network):
		return t.place(l)
	default:
		return town
	}
}

// town names a city with its country if that much is known, else the country.
func (t words) town(l geo.Location) (name string, isTown bool) {
	l.Network, l.Scope = geo.KindUnknown, geo.ScopeUnknown // of which Label says more
	if l.City != "" && strings.HasPrefix(l.Label(), l.City+", ") {
		return t.in.Say("place.city", "%s, %s", l.City, t.country(l)), true
	}
	return t.country(l), false
}

// country names the country of a place.
func (t words) country(l geo.Location) string {
	return cmp.Or(t.in.Country(l.CountryCode), l.Country, geo.CountryName(l.CountryCode), l.CountryCode)
}

// phrase names a country within a sentence.
func (t words) phrase(code string) string {
	return cmp.Or(t.in.Country(code), geo.CountryPhrase(code), code)
}

// shownAddress is the address of a visit as people know it: of one of which only
// the network was kept, what is left.
func shownAddress(v session.Visit) string {
	n := v.Network
	switch {
	case v.IP.IsValid() || !n.IsValid():
		return address(v)
	case n.Addr().Is4() && n.Bits() == 24:
		return strings.TrimSuffix(n.Addr().String(), "0") + "…"
	}
	return strings.TrimRight(n.Addr().String(), ":") + ":…"
}
