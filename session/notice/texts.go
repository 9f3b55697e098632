package notice

import (
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/session"
)

// texts are all words of the notices, by the names that the code has for them.
var texts = map[string]string{
	"app":  "your account",
	"path": "the list of your devices",

	"sign-in.subject": "New sign-in to %s",
	"sign-in.what":    "There was a new sign-in to %s:",
	"sign-in.why":     "You get this e-mail because something about it was new:",
	"sign-in.you":     "Was it you? Then there is nothing to do.",
	"sign-in.not":     "Was it somebody else? Open %s, go to %s, choose this sign-in and press “Not me”. It is signed out at once, and you are asked for a new password.",
	"sign-in.link":    "That list is here, behind your usual sign-in:",
	"sign-in.often":   "The same is not mentioned again for a week, unless something else is new.",

	"alert.subject": "Please check a sign-in to %s",
	"alert.what":    "Somebody signed in to %s. It may have been you, but it was not like your other sign-ins:",
	"alert.which":   "The sign-in was:",
	"alert.before":  "The last activity before it that we are sure of:",
	"alert.not":     "If it was not you: open %s the way you always do, not by a link in an e-mail. Go to %s, choose this sign-in and press “Not me”. Then choose a new password there.",
	"alert.you":     "If it was you, on a journey, with a VPN or with a new device: press “This was me” in the same list, on a device that you have used before. If you have no other, there is nothing to do.",

	"move.subject": "Please check a device that is signed in to %s",
	"move.what":    "A device that is signed in to %s was used in an unusual way: %s.",
	"move.why":     "This was unusual:",
	"move.which":   "It was used by:",
	"move.paused":  "We have paused it: nobody can use it before you have signed in on it again. Your other devices are untouched.",
	"move.not":     "If it was not you: open %s the way you always do, not by a link in an e-mail. Go to %s, choose this device and press “Not me”. Then choose a new password there.",
	"move.you":     "If it was you, there is nothing to do, or press “This was me” in the same list: on another device of yours, or on this one once you have confirmed there that it is you.",
	"move.resume":  "If it was you: sign in on it again, or press “This was me” in the same list on another device of yours.",

	"trip.subject": "Are you in %[2]s? Your device is used there with %[1]s",
	"trip.what":    "Your %s, which is signed in to %s, was used in %s. Are you there?",
	"trip.you":     "Yes? Then there is nothing to do.",
	"trip.not":     "No? Open %s the way you always do, not by a link in an e-mail. Go to %s, choose this device and press “Not me”. Then choose a new password there.",

	"reused.subject": "Please check a device that is signed in to %s",
	"reused.what":    "An old copy of a sign-in to %s was used: that of %s. Either its browser was restored from a backup, or somebody has copied it.",
	"reused.which":   "The copy was used by:",
	"reused.paused":  "Nobody can tell who of those that have it is you, so we have paused it: it cannot be used before you have signed in again. Your other devices are untouched.",
	"reused.ended":   "Nobody can tell who of those that have it is you, so it was signed out. Your other devices are untouched.",
	"reused.you":     "If you have restored a backup, or moved to a new computer: sign in again there, and there is nothing else to do.",
	"reused.not":     "If not: open %s the way you always do, not by a link in an e-mail, and sign in again. Go to %s, sign out all other devices, and have the computer looked at on which the sign-in was copied.",

	"copied.what": "A copy of a sign-in to %s was used: that of %s. It was refused, since that sign-in works on its own device only.",
	"copied.safe": "Your device stays signed in. If it was you who moved to a new computer, sign in there, and there is nothing else to do.",

	"password.subject": "Your password for %s was changed",
	"password.what":    "The password for %s was changed on %s.",
	"password.which":   "This was done with:",
	"password.none":    "No other device was signed in.",
	"password.one":     "1 other device was signed out.",
	"password.many":    "%d other devices were signed out.",
	"password.you":     "Was it you? Then there is nothing to do.",
	"password.not":     "If it was not you, somebody else can use your account. Open %s the way you always do, say that you have forgotten your password, and choose a new one. If you cannot, ask those who run it for help.",

	"denied.subject": "A device was signed out of %s",
	"denied.what":    "You said that it was not you who used %s here:",
	"denied.move":    "A device that is signed in to %s was used in an unusual way, and you said that it was not you: %s.",
	"denied.done":    "That device is signed out.",
	"denied.next":    "Whoever it was may know your password. If you have not chosen a new one yet: open %s the way you always do, and change it.",
	"denied.not":     "If you did not say so, somebody else may be signed in to your account. Go to %s there, sign out all other devices, and change your password.",

	"more.subject": "Several sign-ins to %s in a short time",
	"more.what":    "There were several sign-ins to %s in a short time that looked new or unusual. So that you do not get an e-mail for each, we do not write about every one of them now.",
	"more.not":     "Please look at all of them: open %s the way you always do and go to %s. Press “Not me” for each that was not you.",

	"account": "This is about the account %s.",
	"promise": "We never ask for your password in an e-mail.",

	"moment":        "%s, %s, %s",
	"place.city":    "near %s (approximate)",
	"place.country": "in %s (approximate)",
	"place.wide":    "in %s (approximate; mobile networks often show another town)",
	"place.hidden":  "through a VPN or data centre that shows as %s",
	"place.vpn":     "through a VPN or data centre",
	"place.local":   "in the local network",
	"place.unknown": "place unknown",
}

// Texts returns the texts of the notices, in English, by the names that a
// [locale.Locale] has for them. The sentences of the reasons are the Assessor's.
func Texts() map[string]string {
	all := make(map[string]string, len(texts))
	for name, text := range texts {
		all[of+name] = text
	}
	return all
}

// of is what the names of our texts start with among those of all packages.
const of = "mail."

// fixed is what the host says, and is left as it is.
type fixed string

// say says the text of that name. What is filled in is made harmless.
func (w *writer) say(name string, args ...any) string {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = harmless(s)
		}
	}
	return w.in.Say(of+name, texts[name], args...)
}

// sentence says a signal. What is filled in is made harmless.
func (w *writer) sentence(s session.Signal) string {
	args := make(map[string]string, len(s.Args))
	for name, value := range s.Args {
		args[name] = harmless(value)
	}
	s.Args, s.Text = args, harmless(s.Text)
	text, _ := w.in.Signal(s)
	return text
}

// device names a device. What its client says of it is made harmless.
func (w *writer) device(d device.Device) fixed {
	n := d.Name()
	n.What, n.Where = harmless(n.What), harmless(n.Where)
	return fixed(w.in.Name(n))
}

// label is what the user calls a session, or what its device is.
func (w *writer) label(s *session.Session) fixed {
	if s.Name != "" {
		return fixed(harmless(s.Name))
	}
	return fixed(w.in.Numbered(string(w.device(s.Last.Device)), s.Twin))
}

// clock says a time: in English with the zone as people know it, or its distance
// from UTC.
func (w *writer) clock(t time.Time) string {
	if w.in != nil {
		return w.in.Time(t)
	}
	return englishTime(t)
}

func englishTime(t time.Time) string {
	zone, _ := t.Zone()
	if zone == "" || zone[0] == '+' || zone[0] == '-' {
		zone = "UTC" + t.Format("-07:00")
	}
	return t.Format("Mon 2 Jan 2006, 15:04 ") + zone
}
