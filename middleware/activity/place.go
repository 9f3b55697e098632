package activity

import (
	"strings"

	"github.com/signedin/signedin/geo"
)

// place says where a visit came from, no more exactly than it is known.
func (t words) place(l geo.Location) string {
	if !l.Approximate() {
		if l.Scope == geo.ScopeLoopback || l.Scope == geo.ScopePrivate || l.Scope == geo.ScopeShared {
			return l.Label()
		}
		return t.say("place unknown")
	}
	kind := l.Network
	l.Network = geo.KindUnknown // what Label says of it is said here
	switch kind {
	case geo.KindHosting, geo.KindRelay, geo.KindTor:
		return t.say("place hidden", l.Label())
	case geo.KindMobile:
		l.City = ""
		return t.say("place mobile", l.Label())
	}
	if l.City != "" && strings.HasPrefix(l.Label(), l.City+", ") {
		return t.say("place near", l.Label())
	}
	return t.say("place", l.Label())
}
