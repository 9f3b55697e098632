package activity

import (
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
	return l.Label()
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
