package main

import (
	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
)

// The rules of others, from their descriptions.

// A past is what a rule of somebody else keeps of a user.
type past struct {
	live    map[int]string  // the addresses of live sessions
	wide    map[string]bool // /16 or /64
	ips     map[string]bool
	devices map[device.Family]bool
	places  []geo.Location
	last    *record // the latest sign-in
}

// other answers sign-ins by one question about the past. It has nothing to say
// of live sessions.
type other struct {
	suspects func(p *past, r *record, l geo.Location) bool
	people   map[int]*past
}

func newOther(suspects func(p *past, r *record, l geo.Location) bool) *other {
	return &other{suspects: suspects, people: map[int]*past{}}
}

func (o *other) signIn(r *record, learn bool) (answer, error) {
	p := o.people[r.User]
	if p == nil {
		p = &past{live: map[int]string{}, wide: map[string]bool{}, ips: map[string]bool{}, devices: map[device.Family]bool{}}
		o.people[r.User] = p
	}
	l := r.Geo.location()
	if learn {
		p.live[r.SID], p.wide[r.Wide] = r.IP, true
		p.ips[r.IP], p.devices[r.family()] = true, true
		p.places = append(p.places, l)
		p.last = r
		return answer{}, nil
	}
	if p.last == nil || !o.suspects(p, r, l) {
		return answer{ID: r.ID, Level: "none"}, nil
	}
	return answer{ID: r.ID, Level: "alert", Reasons: []string{"rule"}}, nil
}

// move lets a rule see the addresses of live sessions.
func (o *other) move(r *record, learn bool) (answer, error) {
	if p := o.people[r.User]; learn {
		p.live[r.SID], p.wide[r.Wide] = r.IP, true
	}
	return answer{ID: r.ID, Level: "none"}, nil
}

func (o *other) end(r *record) { delete(o.people[r.User].live, r.SID) }

// gitlab: neither the address of the last sign-in nor that of a live session.
func gitlab(p *past, r *record, _ geo.Location) bool {
	for _, ip := range p.live {
		if ip == r.IP {
			return false
		}
	}
	return r.IP != p.last.IP
}

// mastodon: never seen in the same /16, or /64 of IPv6.
func mastodon(p *past, r *record, _ geo.Location) bool { return !p.wide[r.Wide] }

// discourse: no earlier sign-in within 500 km; of an unknown place, nothing.
func discourse(p *past, _ *record, l geo.Location) bool {
	known := false
	for _, o := range p.places {
		if km, ok := geo.Distance(o, l); ok {
			known = true
			if km <= 500 {
				return false
			}
		}
	}
	return known
}

// okta: faster than 805 km/h since the last sign-in, and out of town.
func okta(p *past, r *record, l geo.Location) bool {
	const town, speed = 20, 805
	km, ok := geo.Distance(p.last.Geo.location(), l)
	return ok && km > town && km > speed*r.at().Sub(p.last.at()).Hours()
}

// country: a country without an earlier sign-in.
func country(p *past, _ *record, l geo.Location) bool {
	for _, o := range p.places {
		if o.CountryCode == l.CountryCode {
			return false
		}
	}
	return true
}

// spatie: 25 points for a device never seen, 10 for an address, 30 for a country, in its
// middle preset; told from 35 points on. Its other checks ask what a trace does not have.
func spatie(p *past, r *record, l geo.Location) bool {
	points := 0
	if !p.devices[r.family()] {
		points += 25
	}
	if !p.ips[r.IP] {
		points += 10
	}
	if l.CountryCode != "" && country(p, r, l) {
		points += 30
	}
	return points >= 35
}

func (r *record) family() device.Family {
	return device.Parse(device.Hints{UserAgent: r.UA}).Family()
}
