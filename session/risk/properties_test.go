package risk_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"
	_ "time/tzdata" // the test needs a zone also where none are installed

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/risk"
	"github.com/signedin/signedin/store/memstore"
)

// world is a few of each, so that nothing is pushed out of a profile.
var (
	worldPlaces  = []geo.Location{bergen, osloHotel, lisbonHotel, frankfurtVPN, bergenRival, tokyo, {}, {CountryCode: "SE"}}
	worldDevices = []device.Device{laptop, phone, linux, {}}
)

func randomSignIn(r *rand.Rand, when time.Time) signIn {
	i := r.IntN(len(worldPlaces)) * r.IntN(2)
	return signIn{
		at: when, ip: fmt.Sprintf("%d.184.%d.20", 81+i, r.IntN(3)), where: &worldPlaces[i],
		what: &worldDevices[r.IntN(len(worldDevices))], key: byte(r.IntN(4)),
	}
}

// randomUser returns a user of a hundred random sign-ins, and the next moment.
func randomUser(t *testing.T, r *rand.Rand, each func(signIn, session.Verdict)) (*user, time.Time) {
	u, now := newUser(t, risk.Config{}), start
	for range 100 {
		now = now.Add(time.Duration(r.IntN(2880)+1) * time.Minute)
		s := randomSignIn(r, now)
		_, v := u.signIn(t, s)
		each(s, v)
	}
	return u, now.Add(time.Hour)
}

// A cookie that is known never speaks against a sign-in, whatever the device
// says that it is.
func TestKnownDeviceNeverAddsPoints(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		u, now := randomUser(t, r, func(signIn, session.Verdict) {})
		s := randomSignIn(r, now)
		for _, d := range worldDevices[:3] {
			s.what, s.key = &d, 200
			without := u.sum(t, u.signInCase(s))
			for s.key = range byte(4) {
				if with := u.sum(t, u.signInCase(s)); with > without {
					t.Fatalf("%+v: %d points with the cookie, %d without", s, with, without)
				}
			}
		}
	}
}

func TestReplay(t *testing.T) {
	run := func() (all []session.Verdict) {
		u, _ := randomUser(t, rand.New(rand.NewPCG(5, 6)), func(_ signIn, v session.Verdict) { all = append(all, v) })
		return append(all, session.Verdict{Profile: u.profile})
	}
	if one, other := run(), run(); !reflect.DeepEqual(one, other) {
		t.Error("the same sign-ins were judged differently")
	}
}

// What comes at the same moment may come in any order.
func TestOrderWithinAMoment(t *testing.T) {
	visits := []signIn{
		{at: start.Add(10 * day), key: 1},
		{at: start.Add(10 * day), key: 1, ip: "81.167.1.20"},
		{at: start.Add(10 * day), key: 1, ip: "81.168.1.20", where: &osloHotel},
	}
	var want int
	for i, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}} {
		u := settled(t, risk.Config{})
		for _, j := range order {
			u.signIn(t, visits[j])
		}
		got := u.sum(t, u.signInCase(signIn{at: start.Add(10*day + time.Hour), ip: "93.1.1.1", where: &tokyo, what: &phone}))
		if i == 0 {
			want = got
		}
		if got != want {
			t.Errorf("order %v: got %d points, want %d", order, got, want)
		}
	}
}

// What is not known is no reason for an alert.
func TestAbsence(t *testing.T) {
	nowhere, nobody := geo.Location{Scope: geo.ScopeGlobal}, device.Device{}
	noASN, noPlace := tokyo, tokyo
	noASN.ASN, noASN.Network = 0, ""
	noPlace.City, noPlace.HasCoordinates, noPlace.CountryCode = "", false, ""
	for _, c := range []struct {
		name string
		in   signIn
	}{
		{"no database", signIn{ip: "93.184.10.20", where: &nowhere, what: &phone}},
		{"no database, no user agent", signIn{ip: "93.184.10.20", where: &nowhere, what: &nobody}},
		{"no user agent", signIn{ip: "81.167.10.20", what: &nobody}},
		{"IPv6", signIn{ip: "2a02:26f7::1", where: &nowhere, key: 1}},
		{"behind a proxy that is not told of", signIn{ip: "10.0.0.1", where: &nowhere, what: &phone}},
		{"clock a year ahead", signIn{at: start.Add(374 * day), key: 1}},
		{"clock a year back", signIn{at: start.Add(-365 * day), key: 1}},
		{"clock at zero", signIn{at: time.Unix(0, 0), key: 1}},
		{"clock beyond reason", signIn{at: time.Unix(1<<40, 0), key: 1}},
	} {
		u := settled(t, risk.Config{})
		if v := u.assess(t, u.signInCase(c.in)); v.Level >= session.LevelAlert {
			t.Errorf("%s: level %d for %v", c.name, v.Level, codes(v))
		}
	}
	for _, where := range []geo.Location{noASN, noPlace, {HasCoordinates: true}, {Latitude: 1e300, HasCoordinates: true, Radius: 9999}} {
		u := settled(t, risk.Config{})
		for range 5 {
			u.signIn(t, signIn{where: &where, what: &nobody}) // and does not panic
		}
	}
}

// A clock that jumps a year ahead and comes back leaves what was known.
func TestClockJump(t *testing.T) {
	u := settled(t, risk.Config{})
	u.signIn(t, signIn{at: start.Add(374 * day), key: 1})
	for i := range 5 {
		if _, v := u.signIn(t, signIn{at: start.Add(time.Duration(10+i) * day), key: 1}); v.Level != session.LevelNone {
			t.Errorf("sign-in %d after the jump: level %d for %v", i, v.Level, codes(v))
		}
	}
	v := u.assess(t, u.signInCase(signIn{at: start.Add(14*day + time.Hour), ip: "93.184.10.20", where: &tokyo}))
	if !slices.Contains(codes(v), "travel.impossible") {
		t.Errorf("since the jump, travel is not seen: %v", codes(v))
	}
}

// The hour is never a reason of its own: not in summer time, not at the other
// end of the world.
func TestHours(t *testing.T) {
	oslo, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Fatal(err)
	}
	u := newUser(t, risk.Config{})
	for i := range 40 { // over the 29th of March, the start of summer time
		when := time.Date(2026, 3, 2+i, 8, 30, 0, 0, oslo).UTC()
		c := u.signInCase(signIn{at: when, ip: "93.184.10.20", where: &bergenRival, what: &phone})
		if v := u.assess(t, c); i > 25 && slices.Contains(codes(v), "hour.unusual") {
			t.Errorf("day %d: the usual hour is unusual", i)
		}
		u.signIn(t, signIn{at: when, key: 1})
	}
	auckland := at("Auckland", "NZ", -36.8, 174.8, 800, geo.KindResidential)
	night := time.Date(2026, 4, 12, 20, 30, 0, 0, time.UTC)
	if v := u.assess(t, u.signInCase(signIn{at: night, ip: "93.184.10.20", where: &auckland, key: 1})); v.Level != session.LevelNone {
		t.Errorf("own laptop, thirteen hours away: level %d for %v", v.Level, codes(v))
	}
	v := u.assess(t, u.signInCase(signIn{at: night, ip: "93.184.10.20", where: &bergenRival, what: &phone}))
	if !slices.Contains(codes(v), "hour.unusual") {
		t.Errorf("a stranger in the evening: %v", codes(v))
	}
}

func TestQuarantine(t *testing.T) {
	u := settled(t, risk.Config{})
	intruder := signIn{ip: "93.184.10.20", where: &frankfurtVPN, what: &linux, key: 66}
	at := func(days int) signIn {
		s := intruder
		s.at = start.Add(time.Duration(10+days) * day)
		return s
	}
	s, v := u.signIn(t, at(0))
	if v.Level != session.LevelHigh || !v.Provisional {
		t.Fatalf("got %+v", v)
	}
	profile := bytes.Clone(u.profile)
	moved := s.Last
	moved.At, moved.IP = moved.At.Add(time.Hour), netip.MustParseAddr("93.184.11.20")
	if u.move(t, s, moved); !bytes.Equal(profile, u.profile) {
		t.Error("a session that is not believed has taught something")
	}
	for i := range 30 { // others cannot push it out
		other := at(1)
		other.ip, other.key = fmt.Sprintf("95.1.%d.1", i), byte(100+i)
		u.signIn(t, other)
	}
	if _, v := u.signIn(t, at(6)); v.Level < session.LevelAlert {
		t.Errorf("six days later: level %d", v.Level)
	}
	if _, v := u.signIn(t, at(8)); v.Level >= session.LevelAlert {
		t.Errorf("eight days later: level %d for %v", v.Level, codes(v))
	}
}

// What the host knows counts like the rest, and is said if it has a sentence.
func TestExtra(t *testing.T) {
	u := newUser(t, risk.Config{Extra: func(_ context.Context, c session.Case) ([]risk.Evidence, error) {
		if c.Visit.IP == netip.MustParseAddr("93.184.10.20") {
			return []risk.Evidence{{Code: "ext.leaked", Points: 20, Text: "The password is in a leak."}, {Code: "ext.trusted", Points: -5}}, nil
		}
		return nil, errors.New("list not loaded")
	}})
	u.profile = settled(t, risk.Config{}).profile
	c := u.signInCase(signIn{ip: "93.184.10.20", where: &bergenRival})
	if got := u.sum(t, c); got != 12+3-6+20-5 {
		t.Errorf("got %d points", got)
	}
	if v := u.assess(t, c); v.Level != session.LevelAlert || !slices.Contains(codes(v), "ext.leaked") || slices.Contains(codes(v), "ext.trusted") {
		t.Errorf("got level %d for %v", v.Level, codes(v))
	}
	if _, err := u.Assess(t.Context(), u.signInCase(signIn{})); err == nil {
		t.Error("an error was lost")
	}
}

// A session that wakes after weeks is noticed, and no more.
func TestDormant(t *testing.T) {
	for days, want := range map[int]session.Level{3: session.LevelNone, 20: session.LevelNotice} {
		u := settled(t, risk.Config{})
		s, _ := u.signIn(t, signIn{key: 1})
		v := s.Last
		v.At, v.IP = v.At.Add(time.Duration(days)*day), netip.MustParseAddr("81.167.10.20")
		if got := u.move(t, s, v); got.Level != want {
			t.Errorf("after %d days: got level %d for %v, want %d", days, got.Level, codes(got), want)
		}
	}
}

// Sign-ins at once may lose what others have learnt, and nothing else.
func TestConcurrentSignIns(t *testing.T) {
	a, err := risk.New(risk.Config{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := session.New(memstore.New(), session.Config{Assessor: a, ProfileKeys: session.NewKeys([]byte("a key for this test, 32 bytes or more"))})
	if err != nil {
		t.Fatal(err)
	}
	id := session.NewDeviceID()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 20 {
				ticket, err := m.BeginSignIn(t.Context(), "alice")
				if err != nil {
					t.Error(err)
				}
				from := session.Origin{IP: netip.AddrFrom4([4]byte{81, 166, byte(i), 1})}
				s, _, err := m.Start(t.Context(), ticket, from, session.StartOptions{DeviceID: id})
				if err != nil || s.Provisional {
					t.Errorf("got %+v, %v", s, err)
				}
			}
		})
	}
	wg.Wait()
}

// A session that goes to and fro alarms once.
func TestAlternation(t *testing.T) {
	u := settled(t, risk.Config{})
	s, _ := u.signIn(t, signIn{key: 1})
	home, away := s.Last, s.Last
	away.IP, away.Location = netip.MustParseAddr("93.184.10.20"), frankfurtVPN
	var alarms []int
	for i := range 100 {
		v := away
		if i%2 == 1 {
			v = home
		}
		v.At = home.At.Add(time.Duration(i+1) * time.Hour)
		if u.move(t, s, v).Level >= session.LevelAlert {
			alarms = append(alarms, i)
		}
	}
	if want := []int{0}; !slices.Equal(alarms, want) {
		t.Errorf("alarms after %v hours, want %v", alarms, want)
	}
}
