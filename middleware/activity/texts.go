package activity

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/signedin/signedin/session"
)

// texts are all words of the page, by the names that the code has for them.
var texts = map[string]string{
	"title":    "Device activity",
	"intro":    "These browsers and apps are signed in to your account. If you do not recognise one, sign it out and change your password.",
	"home":     "Back",
	"this":     "This device",
	"browsers": "Browsers",
	"apps":     "Apps",
	"ended":    "Recently signed out",
	"places":   "Places are approximate. They come from internet addresses, and a VPN or a mobile network can make them wrong.",
	"place":    "%s (approximate)",

	"place near":    "Near %s (approximate)",
	"place mobile":  "%s (approximate; mobile networks often show another town)",
	"place hidden":  "Via a VPN or data centre, shown as %s",
	"place unknown": "Location unknown",

	"badge." + badgeCheck:     "Check this",
	"badge." + badgeDevice:    "New device",
	"badge." + badgeLocation:  "New location",
	"badge." + badgeNetwork:   "New network",
	"badge." + badgeTime:      "Unusual time",
	"badge." + badgeCountries: "Active in 2 countries",
	"badge." + badgeChange:    "Unusual change",
	"badge." + badgeRecent:    "New sign-in",

	"shared":         "Shared computer",
	"why":            "Why?",
	"why new device": "It signed in for the first time, as far as we know.",
	"why suspended":  "We have paused it. To go on, sign in on it again, or tell us that it was you.",
	"why check":      "Something about this sign-in was unusual. If you do not recognise it, sign it out.",
	"was me":         "This was me",
	"not me":         "Not me – sign it out",

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

	"active now":  "Active now",
	"last active": "Last active %s",
	"signed in":   "Signed in %s",
	"ended at":    "%s",
	"just now":    "just now",
	"1 minute":    "1 minute ago",
	"minutes":     "%d minutes ago",
	"1 hour":      "1 hour ago",
	"hours":       "%d hours ago",
	"1 day":       "1 day ago",
	"days":        "%d days ago",
	"months":      "%d months ago",

	"rename":         "Rename",
	"name":           "Name",
	"save":           "Save",
	"sign out":       "Sign out",
	"others none":    "No other device is signed in.",
	"others one":     "1 other device is signed in.",
	"others":         "%d other devices are signed in.",
	"others more":    "Only the most recently active are shown.",
	"others button":  "Sign out all other devices",
	"others heading": "Sign out all other devices?",
	"others effect":  "They will be signed out at once. This device stays signed in.",
	"cancel":         "Cancel",
	"continue":       "Continue",
	"back":           "Back to the list",

	"notice.signed-out":        "The device is signed out.",
	"notice.signed-out-others": "All other devices are signed out.",
	"notice.renamed":           "The name is saved.",
	"notice.signed-out-idle":   "The unused devices are signed out.",
	"notice.not-idle":          "Nothing was signed out: the list has changed since. Please look again.",
	"notice.was-me":            "Thank you. We will remember it.",
	"notice.look-again":        "Something else about it has come up since. Please look again.",
	"notice.not-me":            "It is signed out. Whoever it was may know your password: please change it now.",
	"notice.reviewed":          "Thank you.",
	"notice.forgotten":         "The known browsers are forgotten. The next sign-in from each of them counts as new.",
	"notice.not-older":         "That cannot be answered here. Please use a device that has been signed in for longer.",
	"notice.confirmed":         "Thank you. Please choose again what you want to do.",
	"notice.gone":              "That device is not signed in any more.",
	"notice.name":              "That name cannot be used. It may have up to 64 characters, and no invisible ones.",

	"notice.not-me-elsewhere": "Signed out here. But the app behind this page could not be told, so that device may still be signed in if it reaches it by another way. Please change your password now, and sign the device out in the app too.",

	"notice.elsewhere":  "Signed out here. But the app behind this page could not be told, so they may still be signed in if they reach it by another way. Sign them out there too.",
	"elsewhere.heading": "Only signed out here",
	"elsewhere.text":    "This device is signed out here. But the app behind this page could not be told, so it may still be signed in by another way. Sign it out there too.",

	"confirm.heading": "Please confirm that it is you",
	"confirm.text":    "Before your other devices can be changed, we check that it is really you. Nothing was changed yet.",
	"stale.heading":   "Please sign in again",
	"stale.text":      "To change your other devices, first sign out on this one and sign in again. This keeps them safe if somebody else uses this device. Nothing was changed.",
	"form.heading":    "This page was out of date",
	"form.text":       "Nothing was changed. Please go back to the list and try again.",
	"trouble.heading": "That did not work",
	"trouble.text":    "The list of devices cannot be reached just now. Please take it that nothing was signed out, and try again in a moment.",

	"change password": "Change password",

	"link.heading":           "Was this you?",
	"link.text":              "Somebody signed in to your account:",
	"link.mine":              "If it was you, there is nothing to do. You can close this page.",
	"link.at":                "%s (%s)",
	"link.list":              "See all my devices",
	"link.done.heading":      "It is signed out",
	"link.done.text":         "Whoever it was may know your password: please change it now.",
	"link.elsewhere.heading": "Only signed out here",
	"link.elsewhere.text":    "The app behind this page could not be told, so that device may still be signed in by another way. Please change your password now, and sign the device out in the app too.",
	"link.gone.heading":      "This link cannot be used any more",
	"link.gone.text":         "It was answered already, or is too old, or the device is signed out. Nothing was changed. The list of your devices says more.",
	"link.trouble.heading":   "That did not work",
	"link.trouble.text":      "Nothing was signed out. Please try again in a moment.",

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

// Texts returns the formats that Config.Translate has to know, in English.
func Texts() []string {
	return slices.Sorted(maps.Values(texts))
}

func english(*http.Request) (string, func(string, ...any) string) {
	return "en", fmt.Sprintf
}

// words says texts in the language of one request, at one moment.
type words struct {
	sprintf func(string, ...any) string
	now     time.Time
}

// T says the text of that name. A name that is not there is a mistake in a
// template.
func (t words) T(name string, args ...any) (string, error) {
	text, ok := texts[name]
	if !ok {
		return "", fmt.Errorf("activity: no text %q", name)
	}
	return t.sprintf(text, args...), nil
}

// say is T for a name that is known to be there.
func (t words) say(name string, args ...any) string {
	return t.sprintf(texts[name], args...)
}

func (t words) reason(why session.Reason) string {
	return t.sprintf(cmp.Or(texts["reason."+string(why)], texts["reason."]))
}

// notice says what a notice's code stands for, nothing for one that is not ours.
func (t words) notice(code string) string {
	if text := texts["notice."+code]; text != "" {
		return t.sprintf(text)
	}
	return ""
}

// moment is a time as it is shown: roughly, with the exact time behind it.
type moment struct {
	Text, Machine, Exact string
}

func (t words) moment(name string, at time.Time) moment {
	return moment{
		Text:    t.say(name, t.ago(t.now.Sub(at))),
		Machine: at.UTC().Format(time.RFC3339),
		Exact:   at.UTC().Format("2006-01-02 15:04 UTC"),
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
