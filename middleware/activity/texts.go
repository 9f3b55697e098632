package activity

import (
	"fmt"
	"strings"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/locale"
)

// texts are all words of the page, by the names that the code has for them.
var texts = map[string]string{
	"title":             "Device activity",
	"intro":             "These browsers and apps are signed in to your account. If you do not recognise one, sign it out and change your password.",
	"home":              "Back",
	"this":              "This device",
	"browsers":          "Browsers",
	"apps":              "Apps",
	"ended":             "Recently signed out",
	"programs":          "Programs",
	"apps and browsers": "Apps, and browsers on the same phone",
	"look":              "Please check",
	"places":            "Places are approximate. They come from internet addresses, and a VPN or a mobile network can make them wrong. An app may connect by itself while nobody uses it.",

	"place near":     "Near %s",
	"place mobile":   "%s, by a mobile network",
	"place hidden":   "Via a VPN or data centre, shown as %s",
	"place unknown":  "Location unknown",
	"place local":    "Local network",
	"place loopback": "The computer that the site runs on",

	"doubt.heading":      "What looks unusual is not shown yet",
	"doubt.moved.text":   "This device was itself used in an unusual way. Confirm that it is you, and you see here what looks unusual about your devices, and can sign it out.",
	"doubt.sign-in.text": "The sign-in on this device was itself unusual, and somebody else may know your password. So it takes more than the password here: a second factor, a device that you have used before, or the link in our e-mail about this sign-in, opened on this device.",
	"doubt.recover":      "If you have none of these, say at the sign-in that you have forgotten your password, and choose a new one.",
	"doubt.confirm":      "Confirm that it is you",
	"recover":            "Choose a new password by e-mail",
	"looks one":          "1 device needs a look.",
	"looks":              "%d devices need a look.",
	"looks go":           "Go there",

	"badge." + badgeCheck:     "Check this",
	"badge." + badgeDevice:    "New device",
	"badge." + badgeLocation:  "New location",
	"badge." + badgeNetwork:   "New network",
	"badge." + badgeTime:      "Unusual time",
	"badge." + badgeCountries: "Active in 2 countries",
	"badge." + badgeChange:    "Unusual change",
	"badge." + badgeRecent:    "New sign-in",

	"shared":         "Shared computer",
	"protected":      "Protected: its sign-in cannot be copied",
	"why":            "Why?",
	"why new device": "It signed in for the first time, as far as we know.",
	"why suspended":  "We have paused it. To go on, sign in on it again, or tell us that it was you.",
	"why check":      "Something about this sign-in was unusual. If you do not recognise it, sign it out.",
	"was me":         "This was me",
	"not me":         "Not me – sign it out",
	"twin":           "%s (%d)",
	"fold":           "%s: %d of them",

	"all mine": "All mine",
	"not now":  "Not now",
	"keep":     "Keep them",
	"ok":       "OK",
	"idle out": "Sign them out",

	"review.monthly.heading":  "Are these all yours?",
	"review.monthly.one":      "This is the only device that is signed in now. Please look at those that were before it.",
	"review.monthly.text":     "%d devices are signed in to your account, this one included. Please look through the list once in a while.",
	"review.travel.heading":   "It looks as if you were in %s until %s.",
	"review.travel.one":       "1 device was signed in there. Is it yours?",
	"review.travel.text":      "%d devices were signed in there. Are they all yours?",
	"review.idle.one":         "1 device has not been used for a month.",
	"review.idle.heading":     "%d devices have not been used for a month.",
	"review.idle.text":        "What you no longer use is safer signed out.",
	"review.password.heading": "Your password was changed.",
	"review.password.one":     "1 other device was signed out. This one stays signed in.",
	"review.password.text":    "%d other devices were signed out. This one stays signed in.",

	"forget heading": "Known browsers",
	"forget text":    "Browsers in which you have signed in before are remembered, so that a new one stands out.",
	"forget":         "Forget them",

	"card.two-step": "Two-step verification keeps others out even if they learn your password. Please turn it on if you have not.",
	"help":          "Get help",

	"active now":     "Active now",
	"last active":    "Last active %s",
	"last connected": "Last connected %s",
	"signed in":      "Signed in %s",
	"ended at":       "%s",
	"until":          "Signs out by itself on %s",
	"until unused":   "Signs out by itself on %s unless used",
	"just now":       "just now",
	"1 minute":       "1 minute ago",
	"minutes":        "%d minutes ago",
	"1 hour":         "1 hour ago",
	"hours":          "%d hours ago",
	"1 day":          "1 day ago",
	"days":           "%d days ago",
	"months":         "%d months ago",

	"rename":         "Rename",
	"rename heading": "Rename %s",
	"rename text":    "The name is shown to you alone. Without one, the device is called %s.",
	"name":           "Name",
	"save":           "Save",
	"select":         "Select",
	"selected out":   "Sign out the selected",
	"search":         "Search your devices",
	"search go":      "Search",
	"found none":     "None of your devices is like that.",
	"found one":      "1 device is like that.",
	"found":          "%d devices are like that.",
	"all devices":    "Show all devices",
	"next page":      "Older sign-ins",
	"first page":     "Back to the first page",
	"sign out":       "Sign out",
	"others none":    "No other device is signed in.",
	"others one":     "1 other device is signed in.",
	"others":         "%d other devices are signed in.",
	"others more":    "This page shows a part of them.",
	"others button":  "Sign out all other devices",
	"others heading": "Sign out all other devices?",
	"others effect":  "They will be signed out at once. This device stays signed in.",
	"cancel":         "Cancel",
	"continue":       "Continue",
	"back":           "Back to the list",

	"ask." + doSignOut: "Sign out %s?",
	"ask." + doWasMe:   "Was %s you?",
	"ask." + doNotMe:   "Was %s not you?",
	"ask.several.one":  "Sign out 1 device?",
	"ask.several":      "Sign out %d devices?",
	"ask text":         "You wanted to do this a while ago. Nothing was changed yet.",

	"notice.signed-out":         "%s was signed out.",
	"notice.signed-out.unnamed": "The device was signed out.",
	"notice.signed-out-one":     "1 device was signed out.",
	"notice.signed-out-several": "%d devices were signed out.",
	"notice.none selected":      "Nothing was signed out: no device was selected.",
	"notice.signed-out-others":  "All other devices are signed out.",
	"notice.renamed":            "The name is saved: %s.",
	"notice.renamed.unnamed":    "The name is saved.",
	"notice.signed-out-idle":    "The unused devices are signed out.",
	"notice.not-idle":           "Nothing was signed out: the list has changed since. Please look again.",
	"notice.was-me":             "Thank you. We will remember that %s was you.",
	"notice.was-me.unnamed":     "Thank you. We will remember it.",
	"notice.look-again":         "Something else about it has come up since. Please look again.",
	"notice.not-me":             "%s was signed out. Whoever it was may know your password: please change it now.",
	"notice.not-me.unnamed":     "It is signed out. Whoever it was may know your password: please change it now.",
	"notice.reviewed":           "Thank you.",
	"notice.forgotten":          "The known browsers are forgotten. The next sign-in from each of them counts as new.",
	"notice.not-older":          "That cannot be answered here. Please use a device that has been signed in for longer.",
	"notice.gone":               "That device is not signed in any more.",

	"wrong name": "That name cannot be used. It may have up to 64 characters, not only invisible ones, and none that turn the direction of text.",

	"notice.not-me-elsewhere": "Signed out here. But the app behind this page could not be told, so that device may still be signed in if it reaches it by another way. Please change your password now, and sign the device out in the app too.",

	"notice.elsewhere":  "Signed out here. But the app behind this page could not be told, so they may still be signed in if they reach it by another way. Sign them out there too.",
	"elsewhere.heading": "Only signed out here",
	"elsewhere.text":    "This device is signed out here. But the app behind this page could not be told, so it may still be signed in by another way. Sign it out there too.",

	"confirm.heading":   "Please confirm that it is you",
	"confirm.text":      "Before your other devices can be changed, we check that it is really you. Nothing was changed yet.",
	"stale.heading":     "Please sign in again",
	"stale.text":        "To change your other devices, first sign out on this one and sign in again. This keeps them safe if somebody else uses this device. Nothing was changed.",
	"stale.doubt":       "This device was itself used in an unusual way. Sign out on it and sign in again, and you see here what looks unusual about your devices.",
	"stale out":         "Sign out here, to sign in again",
	"form.heading":      "This page was out of date",
	"form.text":         "Nothing was changed. Please go back to the list and try again.",
	"no page.heading":   "There is no such page",
	"no page.text":      "The address may have a mistake in it. The list of your devices is here:",
	"form only.heading": "There is nothing to see here",
	"form only.text":    "This address only takes what a form sends. Nothing was changed. The list of your devices is here:",
	"trouble.heading":   "That did not work",
	"trouble.text":      "The list of devices cannot be reached just now. Please take it that nothing was signed out, and try again in a moment.",

	"change password": "Change password",

	"not me here.heading": "This device is signed out",
	"not me here.text":    "Whoever used it knows your sign-in no more. Please sign in again, and choose a new password.",

	"link.heading":           "Was this you?",
	"link.text":              "Somebody signed in to your account:",
	"link.mine":              "If it was you, there is nothing to do. You can close this page.",
	"link.at":                "%s (%s)",
	"link.list":              "See all my devices",
	"link.was-me.heading":    "Thank you",
	"link.was-me.text":       "This sign-in is confirmed. You see now what looks unusual about your devices, and can change your password.",
	"link.mine here":         "If it was you, on this device, say so: it is believed then, and you see what looks unusual about your other devices.",
	"link.done.heading":      "It is signed out",
	"link.done.text":         "Whoever it was may know your password: please change it now.",
	"link.elsewhere.heading": "Only signed out here",
	"link.elsewhere.text":    "The app behind this page could not be told, so that device may still be signed in by another way. Please change your password now, and sign the device out in the app too.",
	"link.gone.heading":      "This link cannot be used any more",
	"link.gone.text":         "It was answered already, or is too old, or the device is signed out. Nothing was changed. The list of your devices says more.",
	"link.trouble.heading":   "That did not work",
	"link.trouble.text":      "Nothing was signed out. Please try again in a moment.",

	"problem.not-json":        errNotJSON.text,
	"problem.bad-body":        errBody.text,
	"problem.bad-cursor":      errCursor.text,
	"problem.bad-form":        errForm.text,
	"problem.ended-here-only": errElsewhere.text,

	"reason.":                                         "Signed out",
	"reason." + string(session.ReasonDenied):          "Signed out because you said that it wasn't you",
	"reason." + string(session.ReasonSignedOut):       "Signed out on the device itself",
	"reason." + string(session.ReasonSignedOutRemote): "Signed out from another device",
	"reason." + string(session.ReasonSignedOutOthers): "Signed out together with all other devices",
	"reason." + string(session.ReasonPasswordChanged): "Signed out because the password was changed",
	"reason." + string(session.ReasonReplaced):        "Replaced when the device signed in again",
	"reason." + string(session.ReasonEvicted):         "Signed out because too many devices were signed in",
	"reason." + string(session.ReasonExpired):         "Ended by itself after some time",
	"reason." + string(session.ReasonReused):          "Signed out for safety, because an old copy of its sign-in was used",
	"reason." + string(session.ReasonDisabled):        "Signed out because the account was disabled",
	"reason." + string(session.ReasonAdmin):           "Signed out by an administrator",
	"reason." + string(session.ReasonIssuer):          "Signed out by the app that it was signed in to",
	"reason." + string(session.ReasonEveryone):        "Signed out with the devices of all users",
}

// Texts returns the texts of the page and the API, in English, by the names that a
// [locale.Locale] has for them.
func Texts() map[string]string {
	all := make(map[string]string, len(texts))
	for name, text := range texts {
		all[of+name] = text
	}
	return all
}

// of is what the names of our texts start with among those of all packages.
const of = "page."

// named are the notices that say which device they are about, and warnings those
// that look like one.
var (
	named    = map[string]bool{"signed-out": true, "renamed": true, "was-me": true, "not-me": true}
	warnings = map[string]bool{
		"none selected": true, "not-idle": true, "look-again": true, "not-me": true, "not-me-elsewhere": true,
		"not-older": true, "gone": true, "elsewhere": true,
	}
)

// words says texts in the language of one request, at one moment.
type words struct {
	in   *locale.Locale
	now  time.Time
	zone *time.Location
}

// T says the text of that name. A name that is not there is a mistake in a
// template.
func (t words) T(name string, args ...any) (string, error) {
	if _, ok := texts[name]; !ok {
		return "", fmt.Errorf("activity: no text %q", name)
	}
	return t.say(name, args...), nil
}

// say is T for a name that is known to be there.
func (t words) say(name string, args ...any) string {
	return t.in.Say(of+name, texts[name], args...)
}

func (t words) reason(why session.Reason) string {
	if name := "reason." + string(why); texts[name] != "" {
		return t.say(name)
	}
	return t.say("reason.")
}

// moment is a time as it is shown: roughly, or exactly. The script lets the one
// age, and puts the other into the reader's time zone.
type moment struct {
	Before, Text, After string
	Machine             string
	Exact               bool
}

// mark stands for the time in a text that is cut there.
const mark = "\x00"

func (t words) around(name string, at time.Time) moment {
	before, after, _ := strings.Cut(t.say(name, mark), mark)
	return moment{Before: before, After: after, Machine: at.UTC().Format("2006-01-02T15:04Z")}
}

func (t words) moment(name string, at time.Time) moment {
	m := t.around(name, at)
	m.Text = t.ago(t.now.Sub(at))
	return m
}

func (t words) exactly(name string, at time.Time) moment {
	m := t.around(name, at)
	m.Text, m.Exact = t.exact(at), true
	return m
}

// exact says a time in the zone that the host has set.
func (t words) exact(at time.Time) string { return t.in.Time(at.In(t.zone)) }

// noEnd is how far off an end is that another system decides on.
const noEnd = 10 * 365 * 24 * time.Hour

// until says when a session ends by itself.
func (t words) until(s *session.Session) string {
	at := s.IdleExpiresAt()
	switch date := t.in.Day(at.In(t.zone)); {
	case s.Ended != nil, at.Sub(t.now) > noEnd:
		return ""
	case at.Equal(s.ExpiresAt):
		return t.say("until", date)
	default:
		return t.say("until unused", date)
	}
}

func (t words) ago(d time.Duration) string {
	const day, month = 24 * time.Hour, 30 * 24 * time.Hour
	switch {
	case d < time.Minute:
		return t.say("just now")
	case d < time.Hour:
		return t.count("1 minute", "minutes", int(d/time.Minute))
	case d < day:
		return t.count("1 hour", "hours", int(d/time.Hour))
	case d < 2*month:
		return t.count("1 day", "days", int(d/day))
	}
	return t.say("months", int(d/month))
}

func (t words) count(one, many string, n int) string {
	if n == 1 {
		return t.say(one)
	}
	return t.say(many, n)
}
