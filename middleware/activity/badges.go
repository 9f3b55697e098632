package activity

import (
	"slices"
	"strings"
	"time"

	"github.com/signedin/signedin/session"
)

// The badges, by their codes. The page knows no Assessor: it goes by the first
// part of a signal's code.
const (
	badgeCheck     = "check" // the one that asks for something
	badgeDevice    = "new-device"
	badgeLocation  = "new-location"
	badgeNetwork   = "new-network"
	badgeTime      = "unusual-time"
	badgeCountries = "active-in-2-countries"
	badgeChange    = "unusual-change"
	badgeRecent    = "recent" // in the place of those, where no reason is told
)

// badgeOrder is the order in which badges are shown.
var badgeOrder = []string{badgeCheck, badgeDevice, badgeLocation, badgeNetwork, badgeTime, badgeCountries, badgeChange}

// fade is how long what looked unusual is shown if the user does not answer.
const fade = 30 * 24 * time.Hour

// doubt is why a session is told nothing of what looks unusual.
type doubt string

const (
	doubtNone   doubt = ""
	doubtMoved  doubt = "moved"   // it was used in an unusual way; a new proof suffices
	doubtSignIn doubt = "sign-in" // it was signed in in one; that takes more than the password
)

func doubtOf(me *session.Session) doubt {
	switch {
	case me.Believed():
		return doubtNone
	case me.Provisional:
		return doubtSignIn
	}
	return doubtMoved
}

// question is what one session is told about another that looks unusual, and
// what may be answered there.
type question struct {
	badges              []string
	signals             []session.Signal
	newDevice           bool // needs a sentence, since no signal speaks of it
	suspended           bool
	mayConfirm, mayDeny bool
}

// needsLook reports whether something looked unusual: more than that the device
// is new, which each is once.
func (q question) needsLook() bool {
	return len(q.badges) > 0 && (q.mayDeny || q.mayConfirm) && (q.suspended || slices.ContainsFunc(q.badges, func(b string) bool { return b != badgeDevice }) ||
		slices.ContainsFunc(q.signals, func(g session.Signal) bool { return g.Level >= session.LevelNotice }))
}

// ask returns what me is told about s. Reasons are for older sessions: who is in
// question, or came after, would learn from them what to imitate. A younger one
// that is believed itself may still say that s is not them.
func ask(s, me *session.Session, now time.Time) (q question) {
	if !s.InQuestion() {
		return q
	}
	for _, g := range s.OpenSignals() {
		if now.Sub(g.At) < fade {
			q.signals = append(q.signals, g)
		}
	}
	q.newDevice = s.Familiarity == session.FamiliarityNew && s.ConfirmedAt.IsZero() && now.Sub(s.First.At) < fade
	isAtLeast := func(l session.Level) bool {
		return slices.ContainsFunc(q.signals, func(g session.Signal) bool { return g.Level >= l })
	}
	believed := me.UserID == s.UserID && me.Believed()
	switch live := s.Ended == nil; {
	case me.MayJudge(s):
		q.badges = badgesOf(q.signals, q.newDevice, isAtLeast(session.LevelAlert))
		q.newDevice = q.newDevice && !slices.ContainsFunc(q.signals, func(g session.Signal) bool { return badgeOf(g.Code) == badgeDevice })
		q.suspended = live && s.Restriction == session.RestrictionSuspended
		q.mayConfirm, q.mayDeny = live && len(q.badges) > 0, live && len(q.badges) > 0
	case believed && s.ID != me.ID && live && isAtLeast(session.LevelAlert):
		q = question{badges: []string{badgeCheck}, mayDeny: true}
	case believed && s.ID != me.ID && live && isAtLeast(session.LevelNotice): // a mail has told them to come here
		q = question{badges: []string{badgeRecent}, mayDeny: true}
	default:
		q = question{}
	}
	return q
}

func badgesOf(signals []session.Signal, newDevice, isAlert bool) (all []string) {
	has := map[string]bool{badgeCheck: isAlert, badgeDevice: newDevice}
	for _, g := range signals {
		has[badgeOf(g.Code)] = true
	}
	for _, b := range badgeOrder {
		if has[b] {
			all = append(all, b)
		}
	}
	return all
}

// badgeOf returns the badge that a signal belongs under.
func badgeOf(code string) string {
	about, what, _ := strings.Cut(code, ".")
	switch about {
	case "device":
		switch what {
		case "suspect":
			return badgeCheck
		case "other", "older", "desktop-site":
			return badgeChange
		}
		return badgeDevice
	case "country", "place":
		return badgeLocation
	case "network":
		return badgeNetwork
	case "hour":
		return badgeTime
	case "countries":
		return badgeCountries
	case "session":
		return badgeChange
	}
	return badgeCheck
}
