package geo_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/store/storetest/need"
)

// is is a Locator that always gives the same answer.
func is(l geo.Location) geo.Locator {
	return geo.LocatorFunc(func(context.Context, netip.Addr) (geo.Location, error) { return l, nil })
}

func fails(err error) geo.Locator {
	return geo.LocatorFunc(func(context.Context, netip.Addr) (geo.Location, error) { return geo.Location{}, err })
}

func TestCombine(t *testing.T) {
	built := time.Date(2026, 9, 15, 0, 0, 0, 0, time.UTC)
	var (
		nothing   = geo.Location{Scope: geo.ScopeGlobal}
		amsterdam = geo.Location{CountryCode: "NL", City: "Amsterdam", TimeZone: "Europe/Amsterdam", Source: "city", Built: built}
		germany   = geo.Location{CountryCode: "DE", Country: "Germany", Source: "country"}
		kpn       = geo.Location{ASN: 1136, Organization: "KPN", Source: "asn", Built: built}
		dt        = geo.Location{ASN: 3320, Organization: "Deutsche Telekom", Network: geo.KindMobile, Source: "isp"}
		vpn       = geo.Location{Network: geo.KindRelay, Source: "anonymous"}
		home      = geo.Location{Network: geo.KindResidential, Source: "connection"}
	)
	for _, c := range []struct {
		name string
		in   []geo.Location
		want geo.Location
	}{
		{"none", nil, nothing},
		{"nobody knows", []geo.Location{nothing, nothing}, nothing},
		{"never a city in another's country", []geo.Location{germany, amsterdam}, germany},
		{"the first that has a place", []geo.Location{nothing, amsterdam, germany}, amsterdam},
		{"place and system, either order", []geo.Location{kpn, amsterdam}, with(amsterdam, kpn)},
		{"place and system", []geo.Location{amsterdam, kpn}, with(amsterdam, kpn)},
		{"network facts alone", []geo.Location{nothing, kpn}, kpn},
		{"kind of the network beside its system", []geo.Location{amsterdam, kpn, vpn}, with(amsterdam, kpn, vpn)},
		{"the kind that says most", []geo.Location{home, vpn, home}, geo.Location{Network: geo.KindRelay, Source: "connection"}},
		{"one system's kind is not another's", []geo.Location{kpn, dt}, kpn},
		{"a place keeps the network of the first", []geo.Location{kpn, with(germany, dt)}, with(germany, kpn)},
	} {
		c.want.Scope = geo.ScopeGlobal
		var locators []geo.Locator
		for _, l := range c.in {
			l.Scope = geo.ScopeGlobal
			locators = append(locators, is(l))
		}
		got, err := geo.Combine(locators...).Locate(t.Context(), netip.MustParseAddr("8.8.8.8"))
		if err != nil || got != c.want {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", c.name, got, err, c.want)
		}
	}
}

// with adds the network facts of others to l.
func with(l geo.Location, others ...geo.Location) geo.Location {
	for _, o := range others {
		if o.ASN != 0 {
			l.ASN, l.Organization = o.ASN, o.Organization
		}
		l.Network = o.Network
	}
	return l
}

func TestCombineScope(t *testing.T) {
	for _, c := range []struct {
		name, want string
		in         geo.Location
	}{
		{"unknown", "Local network", geo.Location{}},
		{"on the internet, without facts", "Local network", geo.Location{Scope: geo.ScopeGlobal}},
		{"placed", "Local network", geo.Location{CountryCode: "NL"}},
		{"placed as if on the internet", "Netherlands", geo.Location{CountryCode: "NL", Scope: geo.ScopeGlobal}},
	} {
		got, err := geo.Combine(is(c.in)).Locate(t.Context(), netip.MustParseAddr("10.0.0.1"))
		if err != nil || got.Label() != c.want {
			t.Errorf("%s: %q, %v; want %q", c.name, got.Label(), err, c.want)
		}
	}
}

func TestCombineFailure(t *testing.T) {
	broken := errors.New("broken")
	ip := netip.MustParseAddr("8.8.8.8")
	known := is(geo.Location{CountryCode: "NL"})
	if l, err := geo.Combine(fails(broken), known).Locate(t.Context(), ip); err != nil || l.CountryCode != "NL" {
		t.Errorf("one of two broken: %+v, %v; want NL", l, err)
	}
	unknown := is(geo.Location{})
	if _, err := geo.Combine(unknown, fails(broken)).Locate(t.Context(), ip); !errors.Is(err, broken) {
		t.Errorf("nobody knows and one is broken: %v, want its error", err)
	}
}

func TestCombineAllocatesNothing(t *testing.T) {
	both := geo.Combine(is(geo.Location{CountryCode: "NL"}), is(geo.Location{ASN: 1136}))
	ip := netip.MustParseAddr("8.8.8.8")
	ctx := t.Context()
	if n := need.Allocations(func() { _, _ = both.Locate(ctx, ip) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
