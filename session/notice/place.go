package notice

import (
	"cmp"
	"time"

	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
)

// maxCityRadius is how wide, in kilometres, the circle around a city may be for
// the city still to be named: as on the page.
const maxCityRadius = 100

// moment says with what, where and when something was done.
func (w *writer) moment(v session.Visit) string {
	return w.say("moment", w.device(v.Device), w.place(v.Location), w.time(v.At, w.zoneOf(v)))
}

// time says a time in a zone; nil is UTC.
func (w *writer) time(t time.Time, zone *time.Location) fixed {
	if zone == nil {
		zone = time.UTC
	}
	return fixed(w.clock(t.In(zone)))
}

// zoneOf returns the user's zone, or else the one of the place of a visit, nil if
// neither is known.
func (w *writer) zoneOf(v session.Visit) *time.Location {
	if w.zone != nil {
		return w.zone
	}
	for _, name := range []string{v.Location.TimeZone, geo.CountryTimeZone(v.Location.CountryCode)} {
		if zone, err := time.LoadLocation(name); name != "" && err == nil {
			return zone
		}
	}
	return nil
}

// place says where a visit came from, and how little that means.
func (w *writer) place(l geo.Location) string {
	kind := l.KindOfNetwork()
	country := w.countryOf(l)
	switch {
	case l.Scope == geo.ScopePrivate || l.Scope == geo.ScopeShared || l.Scope == geo.ScopeLoopback:
		return w.say("place.local")
	case isHidden(kind) && country == "":
		return w.say("place.vpn")
	case isHidden(kind):
		return w.say("place.hidden", w.town(l, country))
	case country == "":
		return w.say("place.unknown")
	case kind == geo.KindMobile || l.Radius > maxCityRadius:
		return w.say("place.wide", w.inSentence(l))
	case l.City == "":
		return w.say("place.country", w.inSentence(l))
	}
	return w.say("place.city", w.town(l, country))
}

// isHidden reports whether the place is the network's, wherever the person is.
func isHidden(k geo.Kind) bool {
	return k == geo.KindRelay || k == geo.KindHosting || k == geo.KindTor
}

func (w *writer) town(l geo.Location, country string) string {
	if l.City == "" || l.Radius > maxCityRadius {
		return country
	}
	return w.in.Say("place.city", "%s, %s", l.City, country)
}

// inSentence is countryOf after "in".
func (w *writer) inSentence(l geo.Location) string {
	name := w.countryOf(l)
	if name == geo.CountryName(l.CountryCode) {
		return geo.CountryPhrase(l.CountryCode)
	}
	return name
}

func (w *writer) countryOf(l geo.Location) string {
	return cmp.Or(w.in.Country(l.CountryCode), l.Country, geo.CountryName(l.CountryCode), l.CountryCode)
}
