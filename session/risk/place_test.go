package risk_test

import (
	"testing"
	"time"

	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/risk"
)

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
			if g.Args["from"] != "the Netherlands" || g.Args["place"] != "the Philippines" {
				t.Errorf("got %q", g.Text)
			}
			return
		}
	}
	t.Errorf("no journey in %+v", last.Signals)
}
