package main

import (
	"strings"
	"testing"

	"github.com/signedin/signedin/session"
)

// TestTruths holds the checker of reasons against a life that is known: ten days in
// Bergen, then a night in Lisbon.
func TestTruths(t *testing.T) {
	t.Parallel()
	truths := newTruths()
	for day := range int64(10) {
		r := signIn(24*day, "81.166.10.20", "81.166", bergen)
		truths.did(r, r.visit(), session.LevelNone)
	}
	there := signIn(24*10, "93.1.1.1", "93.1", lisbon)
	there.Cookie = "c"
	truths.did(there, there.visit(), session.LevelAlert)
	now := signIn(24*10+3, "81.166.10.20", "81.166", bergen)
	abroad := signIn(24*10+3, "93.1.1.1", "93.1", lisbon)
	abroad.Cookie, abroad.Fails = "c", 3
	signal := func(code string, args ...string) session.Signal {
		g := session.Signal{Code: code, Text: code, Args: map[string]string{}}
		for i := 0; i < len(args); i += 2 {
			g.Args[args[i]] = args[i+1]
		}
		return g
	}
	for _, c := range []struct {
		r    *record
		g    session.Signal
		want bool
	}{
		{now, signal("country.new", "countryCode", "NO"), false},
		{abroad, signal("country.new", "countryCode", "PT"), true}, // one night is not usual
		{abroad, signal("country.new", "countryCode", "ES"), false},
		{now, signal("network.new-provider"), false},
		{abroad, signal("network.new-provider"), true},
		{now, signal("place.new"), false},
		{abroad, signal("place.new"), true},
		{now, signal("device.new"), false},
		{now, signal("device.same-kind"), true},
		{now, signal("network.hosting"), false},
		{now, signal("countries.simultaneous", "otherCode", "PT", "hours", "4"), true},
		{now, signal("countries.simultaneous", "otherCode", "PT", "hours", "2"), false},
		{now, signal("travel.impossible", "km", "2000"), true},
		{now, signal("travel.impossible", "km", "9000"), false},
		{abroad, signal("device.suspect"), true},
		{now, signal("device.suspect"), false},
		{abroad, signal("attempts.some", "n", "3"), true},
		{abroad, signal("attempts.some", "n", "4"), false},
		{now, signal("something.new"), false}, // nobody checks it
	} {
		before := truths.wrong[c.g.Code]
		truths.check(c.r, session.Case{SignIn: true, Session: &session.Session{}, Visit: c.r.visit()}, []session.Signal{c.g})
		if got := truths.wrong[c.g.Code] == before; got != c.want {
			t.Errorf("%s %v in %s: true %v, want %v", c.g.Code, c.g.Args, c.r.Geo.City, got, c.want)
		}
	}
	if said := truths.String(); !strings.HasPrefix(said, "reasons: 19, not true of what the person did: 11") || !strings.Contains(said, "place.new 1 of 2") {
		t.Errorf("got %s", said)
	}
}
