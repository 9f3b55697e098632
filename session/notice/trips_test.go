package notice_test

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/notice"
	"github.com/signedin/signedin/session/risk"
	"github.com/signedin/signedin/store/memstore"
)

// qualities are what databases say of an address, from all to countries only.
var qualities = map[string]func(geo.Location) geo.Location{
	"all": func(l geo.Location) geo.Location { return l },
	"city and ASN": func(l geo.Location) geo.Location {
		l.Network, l.Organization = "", ""
		return l
	},
	"city": func(l geo.Location) geo.Location {
		l.Network, l.Organization, l.ASN = "", "", 0
		return l
	},
	"countries": func(l geo.Location) geo.Location {
		return geo.Location{Scope: l.Scope, CountryCode: l.CountryCode}
	},
}

// net is a network that somebody may be in: 10 of its addresses are of one /24.
type net struct {
	prefix string // two bytes
	where  geo.Location
}

func place(city, country string, lat, lon float64, asn uint32, kind geo.Kind) geo.Location {
	return geo.Location{Scope: geo.ScopeGlobal, CountryCode: country, City: city, Latitude: lat, Longitude: lon, HasCoordinates: true, Radius: 20, ASN: asn, Organization: fmt.Sprint("Org ", asn), Network: kind}
}

var (
	cable   = net{"81.166", place("Bergen", "NO", 60.4, 5.3, 29695, geo.KindResidential)}
	carrier = net{"77.16", place("Oslo", "NO", 59.9, 10.8, 2119, geo.KindMobile)}
	hotel   = net{"80.30", place("Malaga", "ES", 36.7, -4.4, 3352, geo.KindResidential)}
	cafe    = net{"80.31", place("Malaga", "ES", 36.7, -4.4, 12479, geo.KindBusiness)}
	roaming = net{"80.32", place("Madrid", "ES", 40.4, -3.7, 12430, geo.KindMobile)}
)

// life is a user with a laptop and a phone at home for two months.
type life struct {
	*session.Manager
	now     time.Time
	tokens  map[string]session.Token
	mails   []notice.Notice
	visits  int
	stopped int // sessions that were suspended
}

var agents = map[string]string{
	"laptop": windows,
	"phone":  "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
}

func live(t *testing.T, preset risk.Preset, strip func(geo.Location) geo.Location, nets ...net) *life {
	t.Helper()
	l := &life{now: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC), tokens: map[string]session.Token{}}
	assessor, err := risk.New(risk.Config{Preset: preset})
	if err != nil {
		t.Fatal(err)
	}
	store := memstore.New()
	sender, err := notice.New(store, func(_ context.Context, n notice.Notice) error {
		l.mails = append(l.mails, n)
		return nil
	}, notice.Config{App: "Photos"})
	if err != nil {
		t.Fatal(err)
	}
	l.Manager, err = session.New(store, session.Config{
		Assessor: assessor, OnHigh: session.ActionSuspend, WatchMode: -1, ProfileKeys: session.NewKeys([]byte("a key for this test, 32 bytes or more")), Now: func() time.Time { return l.now },
		Observers: []session.Observer{sender}, Limits: session.Limits{Idle: 90 * 24 * time.Hour, Absolute: 365 * 24 * time.Hour},
		Locator: geo.LocatorFunc(func(_ context.Context, ip netip.Addr) (geo.Location, error) {
			for _, n := range append(nets, cable, carrier) {
				if p := netip.MustParsePrefix(n.prefix + ".0.0/16"); p.Contains(ip) {
					return strip(n.where), nil
				}
			}
			return geo.Location{Scope: geo.ScopeGlobal}, nil
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	for device := range agents {
		l.signIn(t, device, cable)
	}
	for range 60 {
		l.use(t, "laptop", cable)
		l.use(t, "phone", cable)
		l.now = l.now.Add(9 * time.Hour)
		l.use(t, "phone", carrier)
		l.now = l.now.Add(15 * time.Hour)
	}
	l.mails = nil // of the second device
	return l
}

func (l *life) from(dev string, n net) session.Origin {
	l.visits++
	ip := netip.MustParseAddr(fmt.Sprintf("%s.%d.%d", n.prefix, l.visits/8%256, l.visits%200+1))
	return session.Origin{IP: ip, Hints: device.Hints{UserAgent: agents[dev]}}
}

func (l *life) signIn(t *testing.T, dev string, n net) {
	t.Helper()
	ticket, err := l.BeginSignIn(t.Context(), "alice")
	if err == nil {
		_, l.tokens[dev], err = l.Start(t.Context(), ticket, l.from(dev, n), session.StartOptions{DeviceID: session.DeviceID([]byte(fmt.Sprintf("%-16s", dev)))})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (l *life) use(t *testing.T, dev string, n net) {
	t.Helper()
	if _, err := l.Resume(t.Context(), l.tokens[dev].Credential(), l.from(dev, n)); err != nil {
		l.stopped++
		l.signIn(t, dev, n)
	}
	l.now = l.now.Add(11 * time.Minute)
}

// told fails unless there were at most so many mails.
func (l *life) told(t *testing.T, most int) {
	t.Helper()
	if len(l.mails) > most || l.stopped > 0 {
		t.Errorf("%d mails, at most %d; %d pauses", len(l.mails), most, l.stopped)
		for _, m := range l.mails {
			t.Logf("%s %s %v: %s", m.At.Format(time.DateTime), m.Kind, m.Reasons, m.Subject)
		}
	}
}

// everywhere runs a story with each quality of place data.
func everywhere(t *testing.T, story func(t *testing.T, strip func(geo.Location) geo.Location)) {
	t.Parallel()
	for name, strip := range qualities {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story(t, strip)
		})
	}
}

// A week abroad with a laptop and a phone that stay signed in, and with a sign-in
// in the hotel, is one mail at most, whether the flight took three hours or a day.
func TestWeekAbroad(t *testing.T) {
	everywhere(t, func(t *testing.T, strip func(geo.Location) geo.Location) {
		for _, flight := range []time.Duration{3 * time.Hour, 26 * time.Hour} {
			l := live(t, "", strip, hotel, cafe, roaming)
			l.use(t, "phone", cable)
			l.now = l.now.Add(flight)
			for day := range 7 {
				l.use(t, "phone", roaming)
				l.use(t, "laptop", hotel)
				l.now = l.now.Add(4 * time.Hour)
				l.use(t, "phone", cafe)
				l.use(t, "phone", hotel)
				if day == 3 {
					l.signIn(t, "laptop", hotel)
				}
				l.now = l.now.Add(19 * time.Hour)
			}
			l.use(t, "phone", cable)
			l.use(t, "laptop", cable)
			l.told(t, 1)
		}
	})
}

// exits are networks in so many countries, of providers of one kind.
func exits(kind geo.Kind, oneProvider bool, countries ...string) (all []net) {
	for i, cc := range countries {
		asn := uint32(64512)
		if !oneProvider {
			asn += uint32(i % 3)
		}
		all = append(all, net{fmt.Sprintf("45.%d", 10+i), place("Town "+cc, cc, float64(40+i), float64(5*i), asn, kind)})
	}
	return all
}

// A commercial VPN with another exit each day, on and off, is two mails at most
// in 17 days.
func TestCommercialVPN(t *testing.T) {
	everywhere(t, func(t *testing.T, strip func(geo.Location) geo.Location) {
		vpn := exits(geo.KindHosting, false, "SE", "NL", "DE", "US", "GB", "FR", "CH", "SE", "DK", "PL")
		l := live(t, "", strip, vpn...)
		for day := range 17 {
			l.use(t, "laptop", vpn[day%len(vpn)])
			l.now = l.now.Add(2 * time.Hour)
			l.use(t, "laptop", cable)
			l.use(t, "phone", carrier)
			l.now = l.now.Add(21 * time.Hour)
		}
		l.told(t, 2)
	})
}

// An eSIM that leaves in three countries is two mails at most in 15 days.
func TestRoamingSIM(t *testing.T) {
	everywhere(t, func(t *testing.T, strip func(geo.Location) geo.Location) {
		for _, oneProvider := range []bool{true, false} {
			sim := exits(geo.KindMobile, oneProvider, "GB", "PL", "HK")
			l := live(t, "", strip, sim...)
			for hop := range 90 {
				l.use(t, "phone", sim[hop%3])
				l.now = l.now.Add(4 * time.Hour)
			}
			l.told(t, 2)
		}
	})
}

// The first VPN, abroad, of a session pauses nobody's, in no preset, and neither
// do four more exits.
func TestFirstVPNPausesNobody(t *testing.T) {
	everywhere(t, func(t *testing.T, strip func(geo.Location) geo.Location) {
		for _, preset := range []risk.Preset{risk.PresetDefault, risk.PresetCalm, risk.PresetPrecise} {
			vpn := exits(geo.KindHosting, false, "SE", "NL", "DE", "US", "GB")
			l := live(t, preset, strip, vpn...)
			for _, exit := range vpn {
				l.use(t, "laptop", exit)
				l.use(t, "laptop", cable)
				l.now = l.now.Add(20 * time.Hour)
			}
			l.told(t, 2)
		}
	})
}

// A provider that is known and leaves in another country, since its block has
// moved in the database, is no news where the provider is known.
func TestProviderMovesInTheDatabase(t *testing.T) {
	t.Parallel()
	moved := net{"82.1", cable.where}
	moved.where.CountryCode, moved.where.City, moved.where.Latitude, moved.where.Longitude = "SE", "Malmoe", 55.6, 13
	for _, name := range []string{"all", "city and ASN"} {
		l := live(t, "", qualities[name], moved)
		l.use(t, "laptop", moved)
		l.signIn(t, "laptop", moved)
		l.told(t, 0)
	}
}

// A stranger in the middle of a trip is told of: one who is in the country of the
// trip at least for the device, and one who is elsewhere in so many words.
func TestStrangerDuringATrip(t *testing.T) {
	everywhere(t, func(t *testing.T, strip func(geo.Location) geo.Location) {
		away := exits(geo.KindResidential, false, "RU")[0]
		l := live(t, "", strip, hotel, cafe, roaming, away)
		l.now = l.now.Add(3 * time.Hour)
		l.use(t, "phone", roaming)
		l.use(t, "laptop", hotel)
		l.now = l.now.Add(30 * time.Hour)
		for _, c := range []struct {
			where net
			agent string
			want  session.Level
		}{{cafe, linux, session.LevelNotice}, {away, mac, session.LevelAlert}, {away, agents["laptop"], session.LevelAlert}} {
			l.mails = nil
			ticket, err := l.BeginSignIn(t.Context(), "alice")
			if err == nil {
				o := l.from("laptop", c.where)
				o.Hints.UserAgent = c.agent
				_, _, err = l.Start(t.Context(), ticket, o, session.StartOptions{DeviceID: session.NewDeviceID()})
			}
			if err != nil || len(l.mails) != 1 || l.mails[0].Level < c.want {
				t.Errorf("from %s: %d mails, %v", c.where.where.CountryCode, len(l.mails), err)
			}
			l.now = l.now.Add(time.Hour)
		}
	})
}
