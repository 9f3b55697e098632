package activity

import (
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
)

// A session in doubt may be a stranger's, and what it read of the others would tell
// them what to look like: which address, which version, at which hour.

// isBlurred reports whether me is in doubt, so that it is told little of s.
func isBlurred(s, me *session.Session) bool { return s.ID != me.ID && !me.Believed() }

// seenBy returns s as me may see it: the others of one that is in doubt with what it
// takes to sign them out, their kind of device, their country and the day.
func seenBy(s, me *session.Session) *session.Session {
	if !isBlurred(s, me) {
		return s
	}
	s = s.Clone()
	for _, v := range []*session.Visit{&s.First, &s.Last} {
		d, l := v.Device, v.Location
		*v = session.Visit{
			At:       dayOf(v.At),
			Device:   device.Device{Kind: d.Kind, Browser: d.Browser, OS: d.OS, App: d.App},
			Location: geo.Location{Scope: l.Scope, CountryCode: l.CountryCode, Country: l.Country},
		}
	}
	// What ends it by itself tells when it was used.
	s.ExpiresAt = dayOf(s.ExpiresAt)
	s.IdleTimeout = s.ExpiresAt.Sub(s.Last.At)
	s.Signals, s.Provisional, s.Restriction, s.ConfirmedAt = nil, false, session.RestrictionNone, time.Time{}
	s.Bound = session.Binding{}
	s.Familiarity, s.AuthenticatedAt, s.Methods = session.FamiliarityUnknown, time.Time{}, nil
	return s
}

func dayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// onDay says a time by its day alone.
func (t words) onDay(name string, at time.Time) moment {
	m := t.around(name, at)
	return moment{Before: m.Before + t.in.Day(at.In(time.UTC)) + m.After}
}
