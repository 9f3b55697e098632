package notice

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/signedin/signedin/session"
)

const (
	// repeat is for how long a cause that was told is not told again.
	repeat = 7 * 24 * time.Hour

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
	at     time.Time
	id     session.ID
	level  session.Level
	signIn bool
	denied bool     // it was answered: who comes back is told of again
	causes []string // what looked unusual
}

func occasionOf(e *session.Event) occasion {
	o := occasion{at: e.At, id: e.Session.ID, level: e.Verdict.Level, signIn: e.Kind == session.EventStarted}
	for _, x := range e.Verdict.Signals {
		o.causes = append(o.causes, causeOf(x))
	}
	return o
}

// causeOf returns what a signal is about: the session, the country, the provider or the kind of
// device of which it speaks, whatever it says of it. What a VPN hides is not a
// country. That the hour is unusual is no cause to write.
func causeOf(x session.Signal) string {
	for _, arg := range []string{"session", "countryCode", "device", "network"} {
		if about := x.Args[arg]; about != "" {
			return arg + " " + about
		}
	}
	return x.Code
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
			i, all = len(all), append(all, o)
		}
		all[i].level, all[i].causes = max(all[i].level, x.Level), append(all[i].causes, causeOf(x))
	}
	return all
}

// said reports whether o, told before, has said of a cause of b what there is to
// say.
func (o occasion) said(cause string, b occasion) bool {
	return !o.denied && o.level >= b.level && b.at.Sub(o.at) < repeat && slices.Contains(o.causes, cause)
}

// isOld reports whether all causes of b have been told.
func (r *replay) isOld(b occasion) bool {
	for _, cause := range b.causes {
		hidden := strings.HasPrefix(cause, "countryCode ") && slices.Contains(b.causes, codeHosting)
		if cause == codeHour || hidden {
			continue
		}
		if !slices.ContainsFunc(r.told, func(o occasion) bool { return o.said(cause, b) }) {
			return false
		}
	}
	return len(b.causes) > 0
}

// The codes of session/risk that are treated in a way of their own.
const (
	codeHour    = "hour.unusual"
	codeHosting = "network.hosting"
)

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
	case r.isOld(o):
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
