package risk_test

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/risk"
)

func TestSignIn(t *testing.T) {
	const elsewhere, dynamic = "93.184.10.20", "81.167.99.20"
	for _, c := range []struct {
		name   string
		in     signIn
		points int
		level  session.Level
		codes  string
	}{
		{"as ever", signIn{key: 1}, -67 - 52, session.LevelNone, ""},
		{"new phone at home", signIn{what: &phone}, 22 - 52, session.LevelNotice, "device.new"},
		{"cookies cleared, new address at home", signIn{ip: dynamic}, 12 - 19 - 6, session.LevelNone, ""},
		{"own laptop, hotel abroad", signIn{key: 1, ip: elsewhere, where: &lisbonHotel}, -67 + 28 - 6, session.LevelNone, "country.new"},
		{"new laptop in a hotel", signIn{ip: elsewhere, where: &osloHotel, what: &phone}, 22 + 19 - 6, session.LevelAlert, "device.new place.new"},
		{"proxy in the middle", signIn{ip: elsewhere, where: &frankfurtVPN}, 12 + 28 + 30, session.LevelHigh, "device.same-kind country.new network.hosting"},
		{"proxy in the same town", signIn{ip: elsewhere, where: &bergenRival}, 12 + 3 - 6, session.LevelNotice, "device.same-kind network.new-provider"},
		{"neighbour with the same browser", signIn{ip: dynamic, where: &bergen}, 12 - 19 - 6, session.LevelNone, ""},
		{"another browser at home", signIn{what: &linux}, 22 - 52, session.LevelNotice, "device.new"},
		{"on the phone's network in another town", signIn{ip: elsewhere, where: ptr(at("Oslo", "NO", 59.9, 10.8, bergen.ASN, geo.KindMobile))}, 12 - 10 - 6, session.LevelNone, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := settled(t, risk.Config{})
			sc := u.signInCase(c.in)
			if got := u.sum(t, sc); got != c.points {
				t.Errorf("got %d points, want %d", got, c.points)
			}
			v := u.assess(t, sc)
			if got := strings.Join(codes(v), " "); v.Level != c.level || got != c.codes {
				t.Errorf("got level %d for %q, want %d for %q", v.Level, got, c.level, c.codes)
			}
			if v.Provisional != (v.Level >= session.LevelAlert) {
				t.Errorf("got provisional %v at level %d", v.Provisional, v.Level)
			}
		})
	}
}

func ptr[T any](v T) *T { return &v }

func TestSentences(t *testing.T) {
	u := settled(t, risk.Config{})
	u.signIn(t, signIn{at: start.Add(8*day + 22*time.Hour), key: 1})
	v := u.assess(t, u.signInCase(signIn{ip: "93.184.10.20", where: &tokyo, what: &linux}))
	var got []string
	for _, s := range v.Signals {
		got = append(got, s.Text)
	}
	want := []string{
		"A device you don't usually use: Chrome on Linux.",
		"You're not usually active in Japan.",
		"Your account was used in Bergen, Norway 2 hours before; Tokyo, Japan is at least 8500 km away.",
		"Your account was used in Japan and Norway within 3 hours.",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if v.Level != session.LevelHigh {
		t.Errorf("got level %d, want high", v.Level)
	}
}

// The sentences have their arguments, and nothing else in braces.
func TestSentencesAreComplete(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	seen := map[string]bool{}
	for range 20 {
		randomUser(t, r, func(_ signIn, v session.Verdict) {
			for _, s := range v.Signals {
				seen[s.Code] = true
				text := risk.Sentences()[s.Code]
				for name, value := range s.Args {
					isPart := strings.Contains(" countryCode otherCode fromCode placeCity fromCity placeForm deviceForm deviceWhat deviceWhere minutes ", " "+name+" ") // for translators
					if !strings.Contains(text, "{"+name+"}") && !isPart || value == "" {
						t.Errorf("%s: %q has the argument %s=%q", s.Code, text, name, value)
					}
				}
				if strings.ContainsAny(s.Text, "{}") || s.Text == "" {
					t.Errorf("%s: %q", s.Code, s.Text)
				}
			}
		})
	}
	if len(seen) < 8 {
		t.Errorf("only %v were said", seen)
	}
}

func TestMove(t *testing.T) {
	older := laptop
	older.BrowserVersion = "120"
	newer := laptop
	newer.BrowserVersion = "151"
	desktopSite := phone
	desktopSite.Kind, desktopSite.OS = "desktop", "macOS"
	for _, c := range []struct {
		name     string
		was, now signIn
		points   int
		level    session.Level
		codes    string
	}{
		{"another known network", signIn{}, signIn{ip: "81.167.99.20"}, -5 - 19 - 6, session.LevelNone, ""},
		{"updated", signIn{}, signIn{ip: "81.167.99.20", what: &newer}, -13 - 19 - 6, session.LevelNone, ""},
		{"on a trip", signIn{}, signIn{ip: "93.184.10.20", where: &lisbonHotel}, -5 + 28 - 6, session.LevelNotice, "country.new"},
		{"older browser, elsewhere", signIn{}, signIn{ip: "93.184.10.20", where: &osloHotel, what: &older}, 38 + 19 - 6, session.LevelHigh, "device.older place.new"},
		{"stolen, other browser", signIn{}, signIn{ip: "93.184.10.20", where: &lisbonHotel, what: &linux}, 58 + 28 - 6, session.LevelHigh, "device.other country.new"},
		{"other browser on the same network", signIn{}, signIn{what: &phone}, 58 - 20, session.LevelAlert, "device.other"},
		{"desktop site", signIn{what: &phone}, signIn{what: &desktopSite}, 8 - 20, session.LevelNone, ""},
		{"stolen, through a data centre", signIn{}, signIn{ip: "93.184.10.20", where: &frankfurtVPN}, -5 + 28 + 27, session.LevelAlert, "country.new network.hosting"},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := settled(t, risk.Config{})
			s, _ := u.signIn(t, c.was)
			v := u.signInCase(c.now).Visit
			v.At = v.At.Add(12 * time.Hour)
			mc := session.Case{Session: s, Visit: v, Profile: u.profile}
			if got := u.sum(t, mc); got != c.points {
				t.Errorf("got %d points, want %d", got, c.points)
			}
			verdict := u.assess(t, mc)
			if got := strings.Join(codes(verdict), " "); verdict.Level != c.level || got != c.codes {
				t.Errorf("got level %d for %q, want %d for %q", verdict.Level, got, c.level, c.codes)
			}
		})
	}
}

func TestTravel(t *testing.T) {
	near := func(lat, lon float64) geo.Location { return at("There", "NO", lat, lon, 900, geo.KindResidential) }
	for _, c := range []struct {
		name     string
		from, to geo.Location
		after    time.Duration
		want     int // points; 0 is no evidence
	}{
		{"flown", bergen, tokyo, 13 * time.Hour, 0},
		{"too fast", bergen, tokyo, 8 * time.Hour, 20},
		{"clock went back", bergen, tokyo, -time.Hour, 20},
		{"to a VPN", bergen, at("Tokyo", "JP", 35.7, 139.7, 700, geo.KindHosting), time.Hour, 5},
		{"from a phone", at("Bergen", "NO", 60.4, 5.3, 901, geo.KindMobile), tokyo, time.Hour, 5},
		{"across the antimeridian", near(-17, 179.9), near(-17, -179.9), time.Minute, 0},
		{"across the pole", near(89.9, 0), near(89.9, 180), time.Minute, 0},
		{"radius unknown, no city", bergen, geo.Location{CountryCode: "JP", Latitude: 35.7, Longitude: 139.7, HasCoordinates: true}, time.Hour, 0},
		{"radius of 1000 km", bergen, withRadius(tokyo, 1000), time.Hour, 0},
		{"three days later", bergen, tokyo, 72 * time.Hour, 0},
	} {
		u := settled(t, risk.Config{})
		u.signIn(t, signIn{at: start.Add(8 * day), key: 1, where: &c.from})
		sc := u.signInCase(signIn{at: start.Add(8*day + c.after), ip: "93.184.10.20", where: &c.to})
		lines, err := u.Explain(t.Context(), sc)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, l := range lines {
			if l.Code == "travel.impossible" {
				got = l.Points
			}
		}
		if got != c.want {
			t.Errorf("%s: got %d points, want %d", c.name, got, c.want)
		}
	}
}

func withRadius(l geo.Location, km uint16) geo.Location {
	l.Radius = km
	return l
}

func TestSecondFactor(t *testing.T) {
	hotel := signIn{ip: "93.184.10.20", where: &osloHotel, what: &phone}
	proxy := signIn{ip: "93.184.10.20", where: &frankfurtVPN}
	for _, c := range []struct {
		name   string
		in     signIn
		method string
		want   session.Level
	}{
		{"password", hotel, "pwd", session.LevelAlert},
		{"code", hotel, "otp", session.LevelNotice},
		{"code through a proxy", proxy, "otp", session.LevelHigh},
		{"passkey through a proxy", proxy, "hwk", session.LevelNotice},
	} {
		c.in.methods = []string{c.method}
		u := settled(t, risk.Config{})
		if v := u.assess(t, u.signInCase(c.in)); v.Level != c.want {
			t.Errorf("%s: got level %d, want %d", c.name, v.Level, c.want)
		}
	}
}

func TestPresets(t *testing.T) {
	borrowed := signIn{ip: "93.184.10.20", where: &bergenRival, what: &phone}                       // 22+3-6
	hotel := signIn{ip: "93.184.10.20", where: &osloHotel, what: &phone}                            // 22+19-6
	abroad := signIn{ip: "93.184.10.20", where: &lisbonHotel}                                       // 12+28-6
	abroadWithCookie := signIn{ip: "93.184.10.20", where: &frankfurtVPN, key: 1, what: ptr(laptop)} // -67+28+30
	for _, c := range []struct {
		preset risk.Preset
		in     signIn
		want   session.Level
	}{
		{risk.PresetDefault, borrowed, session.LevelNotice},
		{risk.PresetCalm, borrowed, session.LevelNotice},
		{risk.PresetCalm, hotel, session.LevelAlert},
		{risk.PresetPrecise, hotel, session.LevelNotice},
		{risk.PresetPrecise, abroad, session.LevelAlert},
		{risk.PresetPrecise, abroadWithCookie, session.LevelNone},
	} {
		u := settled(t, risk.Config{Preset: c.preset})
		if v := u.assess(t, u.signInCase(c.in)); v.Level != c.want {
			t.Errorf("%q, %+v: got level %d, want %d", c.preset, codes(v), v.Level, c.want)
		}
	}
	if _, err := risk.New(risk.Config{Preset: "strict"}); err == nil {
		t.Error("a preset that does not exist was accepted")
	}
}

// Another exit of the user's own VPN says less than another VPN.
func TestOwnVPN(t *testing.T) {
	u := settled(t, risk.Config{})
	for i := range 6 {
		u.signIn(t, signIn{at: start.Add(9*day + time.Duration(i)*time.Hour), key: 1, ip: "93.184.10.20", where: &frankfurtVPN})
	}
	exit := at("Paris", "FR", 48.9, 2.4, frankfurtVPN.ASN, geo.KindHosting)
	other := at("Paris", "FR", 48.9, 2.4, 999, geo.KindHosting)
	level := func(where geo.Location) session.Level {
		return u.assess(t, u.signInCase(signIn{at: start.Add(12 * day), ip: "95.1.1.1", where: &where})).Level
	}
	if got := level(exit); got != session.LevelAlert {
		t.Errorf("another exit: got level %d, want alert", got)
	}
	if got := level(other); got != session.LevelHigh {
		t.Errorf("another VPN: got level %d, want high", got)
	}
}

// Who uses a VPN every day is not told of it, but of a session that comes
// through another one.
func TestOtherVPNInSession(t *testing.T) {
	u := settled(t, risk.Config{})
	s, _ := u.signIn(t, signIn{key: 1})
	through := func(days int, ip string, asn uint32, kind geo.Kind) session.Verdict {
		v := s.Last
		v.At, v.IP = start.Add(time.Duration(days)*day), netip.MustParseAddr(ip)
		v.Location = at("Bergen", "NO", 60.4, 5.3, asn, kind)
		return u.move(t, s, v)
	}
	through(10, "93.184.10.20", 555, geo.KindHosting)
	for i := range 20 {
		through(20+2*i, "81.166.10.20", bergen.ASN, bergen.Network)
		if v := through(21+2*i, "93.184.10.20", 555, geo.KindHosting); v.Level != session.LevelNone {
			t.Fatalf("day %d: got level %d for the VPN that is a habit", 21+2*i, v.Level)
		}
	}
	if v := through(62, "95.1.1.1", 999, geo.KindHosting); v.Level != session.LevelAlert || codes(v)[0] != "network.new-provider" {
		t.Errorf("another VPN: got level %d for %v, want an alert", v.Level, codes(v))
	}
}

// To who never keeps cookies, their absence says nothing: neither against a
// visit nor for it.
func TestWithoutCookies(t *testing.T) {
	u := newUser(t, risk.Config{})
	for i := range 150 {
		u.signIn(t, signIn{at: start.Add(time.Duration(i) * 30 * time.Hour)})
	}
	lines, err := u.Explain(t.Context(), u.signInCase(signIn{at: start.Add(200 * day)}))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		if l.Code == "device.same-kind" && l.Points == 0 {
			return
		}
	}
	t.Errorf("got %v, want 0 points for the kind of device", lines)
}
