package risk_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/risk"
)

var (
	start = time.Date(2026, 3, 2, 19, 0, 0, 0, time.UTC)
	day   = 24 * time.Hour

	bergen = geo.Location{
		Scope: geo.ScopeGlobal, CountryCode: "NO", City: "Bergen", Latitude: 60.4, Longitude: 5.3, HasCoordinates: true, Radius: 20,
		ASN: 2119, Organization: "Fjord Broadband", Network: geo.KindResidential,
	}
	laptop = device.Device{Kind: device.KindDesktop, Browser: "Firefox", BrowserVersion: "150", OS: "Windows"}
	phone  = device.Device{Kind: device.KindPhone, Browser: "Safari", BrowserVersion: "26", OS: "iOS"}
	linux  = device.Device{Kind: device.KindDesktop, Browser: "Chrome", BrowserVersion: "150", OS: "Linux"}
)

// at returns a place like bergen that differs in the given ways.
func at(city, country string, lat, lon float64, asn uint32, kind geo.Kind) geo.Location {
	l := bergen
	l.City, l.CountryCode, l.Latitude, l.Longitude = city, country, lat, lon
	l.ASN, l.Organization, l.Network = asn, "Network of "+city, kind
	return l
}

var (
	osloHotel    = at("Oslo", "NO", 59.9, 10.8, 300, geo.KindResidential)
	lisbonHotel  = at("Lisbon", "PT", 38.7, -9.1, 400, geo.KindResidential)
	frankfurtVPN = at("Frankfurt", "DE", 50.1, 8.7, 500, geo.KindHosting)
	bergenRival  = at("Bergen", "NO", 60.4, 5.3, 600, geo.KindResidential)
	tokyo        = at("Tokyo", "JP", 35.7, 139.7, 700, geo.KindResidential)
)

// user plays the Manager for one user.
type user struct {
	*risk.Assessor
	profile []byte
	known   map[session.DeviceKey]bool
}

func newUser(t testing.TB, cfg risk.Config) *user {
	t.Helper()
	a, err := risk.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &user{Assessor: a, known: map[session.DeviceKey]bool{}}
}

// settled returns a user who has signed in at home three times in six days.
func settled(t testing.TB, cfg risk.Config) *user {
	t.Helper()
	u := newUser(t, cfg)
	for i := range 3 {
		u.signIn(t, signIn{at: start.Add(time.Duration(3*i) * day), key: 1})
	}
	return u
}

// signIn is one sign-in; what is zero is as at home.
type signIn struct {
	at      time.Time
	ip      string
	where   *geo.Location
	what    *device.Device
	key     byte // of the device's cookie
	methods []string
}

func (u *user) signInCase(s signIn) session.Case {
	v := session.Visit{At: s.at, IP: netip.MustParseAddr("81.166.10.20"), Location: bergen, Device: laptop}
	if v.At.IsZero() {
		v.At = start.Add(9 * day)
	}
	if s.ip != "" {
		v.IP = netip.MustParseAddr(s.ip)
	}
	if s.where != nil {
		v.Location = *s.where
	}
	if s.what != nil {
		v.Device = *s.what
	}
	v.Network = geo.Network(v.IP)
	ses := &session.Session{UserID: "alice", First: v, Last: v, Methods: s.methods, DeviceKey: session.DeviceKey{s.key}, Familiarity: session.FamiliarityNew}
	if u.known[ses.DeviceKey] {
		ses.Familiarity = session.FamiliarityKnown
	}
	return session.Case{SignIn: true, Session: ses, Visit: v, Profile: u.profile}
}

// assess judges and forgets.
func (u *user) assess(t testing.TB, c session.Case) session.Verdict {
	t.Helper()
	v, err := u.Assess(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// signIn judges a sign-in and keeps the session.
func (u *user) signIn(t testing.TB, s signIn) (*session.Session, session.Verdict) {
	t.Helper()
	c := u.signInCase(s)
	v := u.assess(t, c)
	u.keep(v)
	if s.key != 0 {
		u.known[c.Session.DeviceKey] = true
	}
	c.Session.Provisional, c.Session.Signals = v.Provisional, v.Signals
	return c.Session, v
}

// move judges a move of a session and keeps what it changes.
func (u *user) move(t testing.TB, s *session.Session, v session.Visit) session.Verdict {
	t.Helper()
	v.Network = geo.Network(v.IP)
	verdict := u.assess(t, session.Case{Session: s, Visit: v, Profile: u.profile})
	u.keep(verdict)
	s.Last = v
	s.Signals = append(s.Signals, verdict.Signals...)
	return verdict
}

func (u *user) keep(v session.Verdict) {
	if v.Profile != nil {
		u.profile = v.Profile
	}
}

// sum adds up the evidence.
func (u *user) sum(t testing.TB, c session.Case) (points int) {
	t.Helper()
	lines, err := u.Explain(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		points += l.Points
	}
	return points
}

func codes(v session.Verdict) (all []string) {
	for _, s := range v.Signals {
		all = append(all, s.Code)
	}
	return all
}
