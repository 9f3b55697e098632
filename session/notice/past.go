package notice

import (
	"bytes"
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/session"
)

const (
	repeatSignIn = 7 * 24 * time.Hour
	repeatMove   = 24 * time.Hour

	maxInHour    = 3
	maxInTwoDays = 10

	// maxEnded bounds how many sessions that are over are looked at. A burst
	// of more stays a burst.
	maxEnded = 100
)

// past is what a user's sessions tell of the time before.
type past struct {
	sessions []*session.Session
}

func (n *Sender) past(ctx context.Context, e *session.Event) (p past, err error) {
	for _, q := range []session.Query{
		{UserID: e.UserID, State: session.StateLive},
		{UserID: e.UserID, State: session.StateEnded, Limit: maxEnded},
	} {
		all, failed := n.store.List(ctx, q) // ErrCorrupt comes with the others
		p.sessions, err = append(p.sessions, all...), cmp.Or(err, failed)
	}
	return p, err
}

// occasion is a moment at which something looked unusual.
type occasion struct {
	at      time.Time
	id      session.ID
	level   session.Level
	signIn  bool
	denied  bool // it was answered: who comes back is told of again
	network netip.Prefix
	country string
	family  device.Family
	about   []string // what looked unusual: the first parts of the codes
}

func occasionOf(e *session.Event) occasion {
	o := occasion{at: e.At, id: e.Session.ID, level: e.Verdict.Level, signIn: e.Kind == session.EventStarted}
	o.began(e.Session)
	for _, x := range e.Verdict.Signals {
		o.about = append(o.about, about(x))
	}
	return o
}

// began notes from where a session was signed in, if o is that.
func (o *occasion) began(s *session.Session) {
	if o.signIn {
		o.network, o.country, o.family = s.First.Network, s.First.Location.CountryCode, s.First.Device.Family()
	}
}

func about(x session.Signal) string {
	what, _, _ := strings.Cut(x.Code, ".")
	return what
}

// occasionsOf returns those of one session, from its signals.
func occasionsOf(s *session.Session) (all []occasion) {
	for _, x := range s.Signals {
		o := occasion{at: x.At, id: s.ID, level: x.Level, signIn: x.At.Equal(s.First.At), denied: s.Ended != nil && s.Ended.Reason == session.ReasonDenied}
		if o.level == session.LevelNone || !o.signIn && o.level < session.LevelAlert {
			continue
		}
		i := slices.IndexFunc(all, func(a occasion) bool { return a.at.Equal(x.At) })
		if i < 0 {
			o.began(s)
			i, all = len(all), append(all, o)
		}
		all[i].level, all[i].about = max(all[i].level, x.Level), append(all[i].about, about(x))
	}
	return all
}

// says reports whether o, told before, has said what there is to say of b.
func (o occasion) says(b occasion) bool {
	if o.denied || o.signIn != b.signIn || b.level > o.level {
		return false
	}
	if o.signIn {
		return o.isFrom(b) && o.family == b.family && b.at.Sub(o.at) < repeatSignIn && !slices.ContainsFunc(b.about, func(what string) bool {
			return what != "hour" && !slices.Contains(o.about, what)
		})
	}
	return o.id == b.id && b.at.Sub(o.at) < repeatMove
}

// isFrom reports whether both are from one network, or country where no networks
// are kept.
func (o occasion) isFrom(b occasion) bool {
	return o.network == b.network && (o.network.IsValid() || o.country == b.country)
}

func (o occasion) isAlert() bool { return o.level >= session.LevelAlert }

func (o occasion) compare(b occasion) int {
	return cmp.Or(o.at.Compare(b.at), bytes.Compare(o.id[:], b.id[:]))
}

// answer is what becomes of an occasion.
type answer int

const (
	tell answer = iota
	tellMore
	tellNothing
)

// judge says what becomes of now. It goes through all that came before in the
// same way, so every instance comes to the same result.
func (p past) judge(now occasion) answer {
	var all []occasion
	for _, s := range p.sessions {
		all = append(all, occasionsOf(s)...)
	}
	all = slices.DeleteFunc(all, func(o occasion) bool { return o.compare(now) >= 0 })
	slices.SortFunc(all, occasion.compare)
	r := replay{more: map[bool]bool{}}
	for _, o := range all {
		r.next(o)
	}
	return r.next(now)
}

// replay is what was told so far.
type replay struct {
	told []occasion
	more map[bool]bool // of alerts, and of notices: the latest that was kept back is told
}

func (r *replay) next(o occasion) answer {
	switch {
	case slices.ContainsFunc(r.told, func(t occasion) bool { return t.says(o) }):
		return tellNothing
	case !r.tooMany(o):
		r.told = append(r.told, o)
		delete(r.more, o.isAlert())
		return tell
	case r.more[o.isAlert()]:
		return tellNothing
	}
	r.more[o.isAlert()] = true
	return tellMore
}

// tooMany reports whether the user has been told enough of that class.
func (r *replay) tooMany(o occasion) bool {
	hour, days := 0, 0
	for _, t := range r.told {
		ago := o.at.Sub(t.at)
		if t.isAlert() != o.isAlert() || ago >= 48*time.Hour {
			continue
		}
		if days++; ago < time.Hour {
			hour++
		}
	}
	return hour >= maxInHour || days >= maxInTwoDays
}

// before returns where the user was last active, in a session that is believed
// and was not denied, nil if that is not known.
func (p past) before(e *session.Event) (last *session.Session) {
	for _, s := range p.sessions {
		if s.ID == e.Session.ID || !s.Believed() || s.Ended != nil && s.Ended.Reason == session.ReasonDenied {
			continue
		}
		if s.Last.At.Before(e.At) && (last == nil || s.Last.At.After(last.Last.At)) {
			last = s
		}
	}
	return last
}

// find returns the session of an [session.Ending].By, nil if it was none.
func (p past) find(by string) *session.Session {
	for _, s := range p.sessions {
		if s.ID.String() == by {
			return s
		}
	}
	return nil
}
