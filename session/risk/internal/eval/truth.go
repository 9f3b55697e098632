package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
)

// truths checks each reason against all that its user has done, which is more than the
// Assessor remembers, and more than it believes.
type truths struct {
	people map[int]*deeds
	given  map[string]int // reasons, by their codes
	wrong  map[string]int // those that are not true
	says   map[string]string
}

// deeds are what a user has done, the latest last, and what was unusual about it.
type deeds struct {
	all     []session.Visit
	suspect map[string]bool // cookies that came with what was told
}

const (
	// usualDays of usualOf days make something usual for a person.
	usualDays = 5
	usualOf   = 28
	// nearby is what people take for the same place, in km.
	nearby = 50
)

func newTruths() *truths {
	return &truths{people: map[int]*deeds{}, given: map[string]int{}, wrong: map[string]int{}, says: map[string]string{}}
}

func (t *truths) of(user int) *deeds {
	d := t.people[user]
	if d == nil {
		d = &deeds{suspect: map[string]bool{}}
		t.people[user] = d
	}
	return d
}

// did notes what a user has done, and what was made of it.
func (t *truths) did(r *record, v session.Visit, level session.Level) {
	d := t.of(r.User)
	d.all = append(d.all, v)
	if r.Cookie != "" && level >= session.LevelAlert {
		d.suspect[r.Cookie] = true
	}
}

// check counts the reasons of a record, and those that are not true.
func (t *truths) check(r *record, c session.Case, reasons []session.Signal) {
	d := t.of(r.User)
	for _, g := range reasons {
		t.given[g.Code]++
		if !d.isTrue(r, c, g) {
			t.wrong[g.Code]++
			t.says[g.Code] = fmt.Sprintf("record %d: %q", r.ID, g.Text)
		}
	}
}

// String says how many reasons were given and, of each kind, how many were not true.
func (t *truths) String() string {
	given, wrong := 0, 0
	var kinds []string
	for _, code := range slices.SortedFunc(maps.Keys(t.given), func(a, b string) int { return cmp.Or(t.wrong[b]-t.wrong[a], strings.Compare(a, b)) }) {
		given, wrong = given+t.given[code], wrong+t.wrong[code]
		if t.wrong[code] > 0 {
			kinds = append(kinds, fmt.Sprintf("%s %d of %d (%s)", code, t.wrong[code], t.given[code], t.says[code]))
		}
	}
	return strings.Join(append([]string{fmt.Sprintf("reasons: %d, not true of what the person did: %d", given, wrong)}, kinds...), "\n  ")
}

// days returns on how many of the days before a time something was done.
func (d *deeds) days(before time.Time, is func(*session.Visit) bool) (n int) {
	last := time.Time{}
	for i := len(d.all) - 1; i >= 0; i-- {
		v := &d.all[i]
		if before.Sub(v.At) > usualOf*24*time.Hour {
			break
		}
		if day := v.At.Truncate(24 * time.Hour); is(v) && !day.Equal(last) {
			last, n = day, n+1
		}
	}
	return n
}

func (d *deeds) any(is func(*session.Visit) bool) bool {
	for i := range d.all {
		if is(&d.all[i]) {
			return true
		}
	}
	return false
}

// isTrue reports whether a reason is true of what was done.
func (d *deeds) isTrue(r *record, c session.Case, g session.Signal) bool {
	v, now := c.Visit, c.Visit.Device.Family()
	usual := func(is func(*session.Visit) bool) bool { return d.days(v.At, is) >= usualDays }
	family := func(f device.Family) func(*session.Visit) bool {
		return func(o *session.Visit) bool { return o.Device.Family() == f }
	}
	provider := func(o *session.Visit) bool { return o.Location.ASN == v.Location.ASN }
	here := func(o *session.Visit) bool {
		km, ok := geo.Distance(o.Location, v.Location)
		return ok && km <= max(nearby, float64(v.Location.Radius))
	}
	switch g.Code {
	case "country.new":
		return g.Args["countryCode"] == v.Location.CountryCode && !usual(func(o *session.Visit) bool { return o.Location.CountryCode == v.Location.CountryCode })
	case "network.new-provider":
		return v.Location.ASN != 0 && !usual(provider)
	case "network.provider-known-elsewhere":
		return d.any(provider) && !usual(here)
	case "network.hosting":
		k := v.Location.KindOfNetwork()
		return k == geo.KindHosting || k == geo.KindTor || k == geo.KindRelay
	case "place.new":
		return !usual(here)
	case "device.same-kind":
		return d.any(family(now))
	case "device.new-browser":
		return !usual(func(o *session.Visit) bool { f := o.Device.Family(); return f.Product == now.Product && f.OS == now.OS })
	case "device.new-system", "device.new", "device.partly-new":
		return !usual(family(now))
	case "device.other", "device.desktop-site", "device.older":
		return !c.SignIn && c.Session.Last.Device != v.Device
	case "device.suspect":
		return d.suspect[r.Cookie]
	case "countries.simultaneous":
		hours, err := strconv.Atoi(g.Args["hours"])
		return err == nil && d.any(func(o *session.Visit) bool {
			ago := v.At.Sub(o.At)
			return o.Location.CountryCode == g.Args["otherCode"] && ago >= 0 && ago < time.Duration(hours)*time.Hour
		})
	case "travel.impossible":
		km, err := strconv.Atoi(g.Args["km"])
		return err == nil && d.any(func(o *session.Visit) bool {
			far, ok := geo.Distance(o.Location, v.Location)
			return ok && far >= float64(km) && v.At.Sub(o.At) < 48*time.Hour
		})
	case "hour.unusual":
		near, days := 0, 0
		for i := range d.all {
			apart := (d.all[i].At.Hour() - v.At.Hour() + 24) % 24
			if days++; apart <= 1 || apart == 23 {
				near++
			}
		}
		return near*24 < 3*days
	case "attempts.some", "attempts.many":
		n, err := strconv.Atoi(g.Args["n"])
		return err == nil && r.Fails >= n && n > 0
	case "session.dormant":
		quiet, err := strconv.Atoi(g.Args["days"])
		return err == nil && v.At.Sub(c.Session.Last.At) >= time.Duration(quiet)*24*time.Hour
	}
	return false // a kind of reason that is not checked is not true
}
