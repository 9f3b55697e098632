package session

import (
	"context"
	"slices"
	"time"

	"github.com/signedin/signedin/geo"
)

// A Review is why a user should look through their devices now.
type Review struct {
	Reason ReviewReason // ReviewNone if there is no need
	// Sessions are those that it is about: the ones that were signed out with
	// ReviewPassword, and live ones otherwise.
	Sessions []*Session
	Country  string    // where the user was, with ReviewTravel
	Until    time.Time // the last that was seen of them there
}

// A ReviewReason says why a user should look through their devices.
type ReviewReason string

// The reasons, the most urgent first.
const (
	ReviewNone     ReviewReason = ""
	ReviewPassword ReviewReason = "password" // the password was changed: these were signed out
	ReviewTravel   ReviewReason = "travel"   // back from a country in which these were signed in
	ReviewIdle     ReviewReason = "idle"     // these were not used for a month
	ReviewMonthly  ReviewReason = "monthly"  // a month has passed
)

const (
	reviewEvery = 30 * day
	// settledHome is how long a user has to be back to be asked about a
	// journey.
	settledHome = day
	// maxEnded bounds how many sessions that are over are looked at.
	maxEnded = 200
	// passwordNews is how long a change of the password is news.
	passwordNews = day
)

// Review returns why the user of a session should look through their devices
// now. That is no more often than every 30 days, but for a change of the
// password in this session, and never in a session that is in question itself.
// Where profiles are off, it is never, since nobody remembers the answer.
func (m *Manager) Review(ctx context.Context, me *Session) (Review, error) {
	if m.profiles == nil || !me.Believed() {
		return Review{}, nil
	}
	prof, err := m.profiles.load(ctx, me.UserID)
	if err != nil {
		return Review{}, err
	}
	ended, err := m.History(ctx, me.UserID, maxEnded)
	if err != nil {
		return Review{}, err
	}
	var live []*Session
	if m.Now().Sub(prof.reviewedAt()) >= reviewEvery {
		if live, err = m.List(ctx, me.UserID); err != nil {
			return Review{}, err
		}
	}
	return due(me, live, ended, prof, m.Now()), nil
}

// Reviewed notes that the user of a session has looked through their devices, or
// does not want to. It returns [ErrNotOlder] if the session is in question
// itself: a stranger must not keep the user from being asked.
func (m *Manager) Reviewed(ctx context.Context, me *Session) error {
	if !me.Believed() {
		return ErrNotOlder
	}
	now := m.Now()
	wctx, cancel := write(ctx)
	defer cancel()
	return m.changeProfile(wctx, me.UserID, func(p *profile) bool {
		p.reviewed = uint32(now.Unix())
		return true
	})
}

func (p *profile) reviewedAt() time.Time {
	if p.reviewed == 0 {
		return time.Time{}
	}
	return time.Unix(int64(p.reviewed), 0).UTC()
}

// due decides. Both lists, and the profile, are of the user of me.
func due(me *Session, live, ended []*Session, prof profile, now time.Time) Review {
	reviewed := prof.reviewedAt()
	out := slices.DeleteFunc(slices.Clone(ended), func(s *Session) bool {
		e := s.Ended
		return e.Reason != ReasonPasswordChanged || e.By != me.ID.String() || !e.At.After(reviewed) || now.Sub(e.At) > passwordNews
	})
	if len(out) > 0 {
		return Review{Reason: ReviewPassword, Sessions: out}
	}
	if now.Sub(reviewed) < reviewEvery {
		return Review{}
	}
	others := slices.DeleteFunc(slices.Clone(live), func(s *Session) bool { return s.ID == me.ID })
	all := slices.Concat(live, ended)
	if len(all) == 0 { // erased since me was read
		return Review{}
	}
	if r := journey(me, others, all, reviewed, now); r.Reason != ReviewNone {
		return r
	}
	idle := slices.DeleteFunc(slices.Clone(others), func(s *Session) bool { return now.Sub(s.Last.At) <= reviewEvery })
	if len(idle) > 0 {
		return Review{Reason: ReviewIdle, Sessions: idle}
	}
	known := prof.firstSeen(all)
	isNew := func(s *Session) bool {
		return s.ID != me.ID && s.Familiarity == FamiliarityNew && s.ConfirmedAt.IsZero() && s.First.At.After(known) && s.First.At.After(reviewed)
	}
	if (len(others) > 0 || slices.ContainsFunc(all, isNew)) && now.Sub(known) >= reviewEvery {
		return Review{Reason: ReviewMonthly, Sessions: live}
	}
	return Review{}
}

// firstSeen returns since when the user is known: where sessions are short,
// that is longer than the oldest that is kept.
func (p *profile) firstSeen(all []*Session) time.Time {
	first := all[0].First.At
	if at := p.reviewedAt(); !at.IsZero() && at.Before(first) {
		first = at
	}
	for _, s := range all {
		if s.First.At.Before(first) {
			first = s.First.At
		}
	}
	for _, d := range p.devices {
		if at := d.export().FirstDay; at.Before(first) {
			first = at
		}
	}
	return first
}

// journey finds out whether the user has been abroad since the last review and
// is back: another country was first seen then, the last of it is long enough
// ago, and the country of me was seen before and since.
func journey(me *Session, others, all []*Session, reviewed, now time.Time) (r Review) {
	home := country(me.Last)
	if home == "" || now.Sub(me.Last.At) >= settledHome {
		return r
	}
	firstHome, firstAway := now, map[string]time.Time{}
	for _, s := range all {
		for _, v := range []Visit{s.First, s.Last} {
			switch c := country(v); {
			case c == home && v.At.Before(firstHome):
				firstHome = v.At
			case c == home || c == "":
			case firstAway[c].IsZero() || v.At.Before(firstAway[c]):
				firstAway[c] = v.At
			}
			if c := country(v); c != home && c != "" && v.At.After(r.Until) {
				r.Until, r.Country = v.At, v.Location.CountryCode
			}
		}
	}
	began := firstAway[r.Country]
	if r.Country == "" || !began.After(reviewed) || !firstHome.Before(began) || now.Sub(r.Until) < settledHome {
		return Review{}
	}
	for _, s := range others {
		if country(s.First) == r.Country {
			r.Sessions = append(r.Sessions, s)
		}
	}
	if len(r.Sessions) == 0 {
		return Review{}
	}
	r.Reason = ReviewTravel
	return r
}

// country returns where a person was, nothing if the network may be elsewhere.
func country(v Visit) string {
	switch v.Location.Network {
	case geo.KindHosting, geo.KindRelay, geo.KindTor, geo.KindSatellite:
		return ""
	}
	return v.Location.CountryCode
}
