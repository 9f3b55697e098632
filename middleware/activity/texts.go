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
	"notice.confirmed":         "Thank you. Please choose again what you want to do.",
	"notice.gone":              "That device is not signed in any more.",
	"notice.name":              "That name cannot be used. It may have up to 64 characters, and no invisible ones.",

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

	"reason.": "Signed out",
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
