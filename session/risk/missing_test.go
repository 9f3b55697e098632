package risk_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/risk"
)

// Each of missing takes something away that is known of a visit, and says what an
// ordinary value would be that was not seen yet.
var missing = []struct {
	name             string
	without, instead func(*session.Visit)
}{
	{"kind", func(v *session.Visit) { v.Location.Network = "" }, func(v *session.Visit) { v.Location.Network = geo.KindResidential }},
	{"ASN", withoutASN, func(v *session.Visit) {
		v.Location.ASN, v.Location.Organization, v.Location.Network = 64999, "Another", geo.KindResidential
	}},
	{"city and radius", withoutCity, elsewhere},
	{"radius", func(v *session.Visit) { v.Location.Radius = 0 }, func(v *session.Visit) { v.Location.Radius = 20 }},
	{"time zone", func(v *session.Visit) { v.Location.TimeZone = "" }, func(v *session.Visit) { v.Location.TimeZone = "Africa/Maseru" }},
	{"ASN and city", func(v *session.Visit) { withoutASN(v); withoutCity(v) }, func(v *session.Visit) {
		elsewhere(v)
		v.Location.ASN, v.Location.Organization, v.Location.Network = 64999, "Another", geo.KindResidential
	}},
	{"country", func(v *session.Visit) { v.Location = geo.Location{Scope: geo.ScopeGlobal} }, func(v *session.Visit) {
		v.Location = geo.Location{Scope: geo.ScopeGlobal, CountryCode: "LS", ASN: 64999, Network: geo.KindResidential}
	}},
	{"hints", func(v *session.Visit) { v.Device = device.Device{} }, func(v *session.Visit) {
		v.Device = device.Device{Kind: device.KindDesktop, Browser: "Otter", OS: "Haiku"}
	}},
	{"everything", func(v *session.Visit) { v.Device, v.Location = device.Device{}, geo.Location{} }, func(v *session.Visit) {
		v.Device = device.Device{Kind: device.KindDesktop, Browser: "Otter", OS: "Haiku"}
		v.Location = geo.Location{Scope: geo.ScopeGlobal, CountryCode: "LS", ASN: 64999, Network: geo.KindResidential}
	}},
}

func withoutASN(v *session.Visit) {
	v.Location.ASN, v.Location.Organization, v.Location.Network = 0, "", ""
}

func withoutCity(v *session.Visit) {
	l := &v.Location
	l.City, l.HasCoordinates, l.Latitude, l.Longitude, l.Radius = "", false, 0, 0, 0
}

// elsewhere is a town of the same country where nobody has been.
func elsewhere(v *session.Visit) {
	l := &v.Location
	l.City, l.HasCoordinates, l.Latitude, l.Longitude, l.Radius = "Nowhere", true, -70, 10, 20
}

// What is not known makes no visit look worse than an ordinary value that was not
// seen yet would: of sign-ins and of moves, of users who are known by all kinds of
// data.
func TestMissingIsNeutral(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	judged := map[session.Level]int{}
	for range 40 {
		u, now := randomUser(t, r, func(signIn, session.Verdict) {})
		s, _ := u.signIn(t, signIn{at: now, key: 1})
		for i := range 40 {
			c := u.signInCase(randomSignIn(r, now.Add(time.Duration(r.IntN(1440))*time.Minute)))
			if r.IntN(2) == 0 {
				c.Visit.IP = netip.MustParseAddr(fmt.Sprintf("77.1.%d.9", i))
			}
			if i%2 == 1 {
				c.Visit.Network = geo.Network(c.Visit.IP)
				c = session.Case{Session: s, Visit: c.Visit, Profile: u.profile}
			}
			for _, m := range missing {
				without, instead := c, c
				m.without(&without.Visit)
				m.instead(&instead.Visit)
				got := u.assess(t, without)
				judged[got.Level]++
				if want := u.assess(t, instead); got.Level > want.Level {
					t.Errorf("%s missing, sign-in %v: level %d for %v; with an ordinary one %d for %v\n%+v", m.name, c.SignIn, got.Level, codes(got), want.Level, codes(want), c.Visit)
				}
			}
		}
	}
	if judged[session.LevelNotice] == 0 || judged[session.LevelAlert] == 0 || judged[session.LevelHigh] == 0 {
		t.Errorf("the levels were %v: nothing was compared", judged)
	}
}

// A client that does not say what it is, from a new country, is no louder with
// countries than with a full database.
func TestNoUserAgentAbroad(t *testing.T) {
	t.Parallel()
	levels := map[string]session.Level{}
	for name, strip := range map[string]func(*geo.Location){
		"all": func(*geo.Location) {},
		"countries": func(l *geo.Location) {
			*l = geo.Location{Scope: l.Scope, CountryCode: l.CountryCode, Country: l.Country}
		},
	} {
		u := newUser(t, risk.Config{})
		home, abroad := bergen, lisbonHotel
		strip(&home)
		strip(&abroad)
		for i := range 4 {
			u.signIn(t, signIn{at: start.Add(time.Duration(2*i) * day), what: &device.Device{}, where: &home})
		}
		levels[name] = u.assess(t, u.signInCase(signIn{ip: "93.184.10.20", where: &abroad, what: &device.Device{}})).Level
	}
	if levels["countries"] > levels["all"] {
		t.Errorf("got %v", levels)
	}
}

// Where there can be no device cookie, a device like the user's is not suspect
// for having none; where there can, it is.
func TestNoCookieToBeHad(t *testing.T) {
	t.Parallel()
	for carrier, want := range map[session.Carrier]int{session.CarrierForeign: 0, session.CarrierCookie: 12} {
		u := settled(t, risk.Config{})
		c := u.signInCase(signIn{ip: "81.167.99.20"})
		c.Session.Carrier = carrier
		lines, err := u.Explain(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range lines {
			if l.Code == "device.same-kind" && l.Points != want {
				t.Errorf("%s: got %d points, want %d", carrier, l.Points, want)
			}
		}
	}
}
