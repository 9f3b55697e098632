package risk_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/risk"
)

// The middle of a country is no place that a user may be near to or far from.
func TestMiddleOfACountry(t *testing.T) {
	t.Parallel()
	u := newUser(t, risk.Config{})
	ny := at("New York", "US", 40.7, -74.0, 701, geo.KindResidential)
	for i := range 4 {
		u.signIn(t, signIn{at: start.Add(time.Duration(3*i) * day), key: 1, where: &ny})
	}
	middle := at("", "US", 37.751, -97.822, 7018, geo.KindResidential)
	middle.Radius = 1000
	got := u.assess(t, u.signInCase(signIn{at: start.Add(12 * day), ip: "93.184.1.1", where: &middle, what: &laptop}))
	if got.Level >= session.LevelAlert || slices.Contains(codes(got), "place.new") {
		t.Errorf("level %d for %v", got.Level, codes(got))
	}
	// A smaller one is told as what it is.
	middle.Radius = 300
	got = u.assess(t, u.signInCase(signIn{at: start.Add(12 * day), ip: "93.184.1.1", where: &middle, what: &linux}))
	if i := slices.Index(codes(got), "place.new"); i < 0 || got.Signals[i].Text != "You're not usually active in this part of the United States." {
		t.Errorf("got %+v", got.Signals)
	}
}

// Where there was no database of cities until now, home is no other place.
func TestCitiesKnownLater(t *testing.T) {
	t.Parallel()
	u := newUser(t, risk.Config{})
	coarse := bergen
	coarse.City, coarse.HasCoordinates, coarse.Radius = "", false, 0
	for i := range 4 {
		u.signIn(t, signIn{at: start.Add(time.Duration(3*i) * day), key: 1, where: &coarse})
	}
	if got := u.assess(t, u.signInCase(signIn{at: start.Add(12 * day), ip: "81.166.99.20"})); slices.Contains(codes(got), "network.provider-known-elsewhere") {
		t.Errorf("level %d for %v", got.Level, codes(got))
	}
}

// A country without a city is named as English wants it.
func TestCountryAsPlace(t *testing.T) {
	t.Parallel()
	a, err := risk.New(risk.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var profile []byte
	var last session.Verdict
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for i, l := range []geo.Location{
		{CountryCode: "NL", Latitude: 52, Longitude: 5, HasCoordinates: true, Radius: 100},
		{CountryCode: "PH", Latitude: 13, Longitude: 122, HasCoordinates: true, Radius: 100},
	} {
		v := session.Visit{At: at.Add(time.Duration(i) * time.Hour), Location: l}
		last, err = a.Assess(t.Context(), session.Case{SignIn: true, Session: &session.Session{UserID: "ada", First: v, Last: v}, Visit: v, Profile: profile})
		if err != nil {
			t.Fatal(err)
		}
		profile = last.Profile
	}
	for _, g := range last.Signals {
		if g.Code == "travel.impossible" {
			if g.Args["from"] != "the Netherlands" || g.Args["place"] != "a place in the Philippines" {
				t.Errorf("got %q", g.Text)
			}
			return
		}
	}
	t.Errorf("no journey in %+v", last.Signals)
}

// Whether a place is near is seen without trigonometry where it is far, and never otherwise
// than by it: all over the earth, at the poles and across the date line.
func TestIsWithin(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	somewhere := func() geo.Location {
		return geo.Location{Latitude: float64(r.IntN(1801)-900) / 10, Longitude: float64(r.IntN(3601)-1800) / 10, Radius: 10, HasCoordinates: true}
	}
	within := 0
	for range 300_000 {
		a, b := somewhere(), somewhere()
		if r.IntN(2) == 0 { // not far
			b.Latitude = max(-90, min(90, a.Latitude+float64(r.IntN(81)-40)/10))
			b.Longitude = math.Remainder(a.Longitude+float64(r.IntN(201)-100)/10, 360)
		}
		distance, _ := geo.Distance(a, b)
		km := 50 + r.IntN(1000)
		if math.Abs(distance-float64(km)) < .001 {
			continue
		}
		if got, want := risk.IsWithin(a, b, km), distance <= float64(km); got != want {
			t.Fatalf("%v,%v is %.1f km from %v,%v: within %d is %v", a.Latitude, a.Longitude, distance, b.Latitude, b.Longitude, km, got)
		} else if got {
			within++
		}
	}
	if within < 1000 {
		t.Errorf("only %d were near", within)
	}
}

// The exits of a relay are each in another place around its town; they do not push out the
// town in which the user lives.
func TestExitsOfARelay(t *testing.T) {
	u := settled(t, risk.Config{})
	now := start.Add(9 * day)
	for i := range 40 {
		exit := at("Oslo", "NO", 59.5+float64(i%7)/10, 10.2+float64(i)/40, 13335, geo.KindRelay)
		u.signIn(t, signIn{at: now, key: 1, ip: fmt.Sprintf("104.28.%d.20", i), where: &exit})
		now = now.Add(8 * time.Hour)
	}
	lines, err := u.Explain(t.Context(), u.signInCase(signIn{at: now, key: 1, ip: "84.1.2.3", where: &bergenRival}))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(lines, func(l risk.Evidence) bool { return l.Code == "network.new-provider" }) {
		t.Errorf("at home by another provider: got %v, want network.new-provider", lines)
	}
}
