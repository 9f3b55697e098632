package geo

import (
	"context"
	"errors"
	"net/netip"
	"slices"
)

// Combine returns a Locator that knows what the given ones know together.
//
// The place comes whole from the first that has one, so that a city never
// meets the country of another database. The autonomous system comes, number
// and organization, from the first that names one. The network's kind is the
// one of all named that says most about how little the place means, unless it
// was said of another autonomous system.
//
// An address that one of them places although it is not on the internet, such
// as the addresses of an office, counts as one that is if that Locator says so
// in the Scope.
//
// A Locator that fails is passed over; its error is returned only if no other
// knew anything.
func Combine(locators ...Locator) Locator {
	locators = slices.Clone(locators)
	return LocatorFunc(func(ctx context.Context, ip netip.Addr) (Location, error) {
		all := Location{Scope: ScopeOf(ip)}
		var failed error
		for _, locator := range locators {
			l, err := locator.Locate(ctx, ip)
			if err != nil {
				failed = errors.Join(failed, err)
				continue
			}
			all.merge(&l)
		}
		if all.hasPlace() || all.hasNetwork() {
			failed = nil
		}
		return all, failed
	})
}

// merge adds to l what m knows beyond it.
func (l *Location) merge(m *Location) {
	if m.Scope == ScopeGlobal && (m.hasPlace() || m.hasNetwork()) {
		l.Scope = ScopeGlobal
	}
	switch {
	case !l.hasPlace() && m.hasPlace():
		place := *m
		place.Scope = l.Scope
		place.ASN, place.Organization, place.Network = l.ASN, l.Organization, l.Network
		*l = place
	case l.Source == "" && m.hasNetwork():
		l.Source, l.Built = m.Source, m.Built
	}
	if l.ASN == 0 || m.ASN == 0 || l.ASN == m.ASN {
		l.Network = l.Network.Or(m.Network)
	}
	if l.ASN == 0 {
		l.ASN, l.Organization = m.ASN, m.Organization
	}
}

func (l *Location) hasPlace() bool {
	return l.CountryCode != "" || l.Country != "" || l.City != "" || l.HasCoordinates
}

func (l *Location) hasNetwork() bool {
	return l.ASN != 0 || l.Organization != "" || l.Network != KindUnknown
}

// Or returns the one of the two kinds that says more about how little the place
// of an address means.
func (k Kind) Or(other Kind) Kind {
	if slices.Index(kinds[:], other) > slices.Index(kinds[:], k) {
		return other
	}
	return k
}

var kinds = [...]Kind{
	KindUnknown, KindResidential, KindBusiness, KindMobile,
	KindSatellite, KindHosting, KindRelay, KindTor,
}
