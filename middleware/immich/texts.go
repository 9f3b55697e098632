package immich

import (
	"github.com/signedin/signedin/session/locale"
)

// texts are all words about Immich, by the names that the code has for them.
var texts = map[string]string{
	"unseen.one":  "Immich has 1 more device that has not come by here: %s. Immich's own settings, under Authorized Devices, sign it out.",
	"unseen.text": "Immich has %d more devices that have not come by here: %s. Immich's own settings, under Authorized Devices, sign them out.",
	"since":       "%s, since %s",
	"others":      "and others",
	"still.one":   "Of what was signed out here, 1 device is still signed in at Immich, for who reaches it by another address. It is tried again each time that you open this page.",
	"still.text":  "Of what was signed out here, %d devices are still signed in at Immich, for who reaches it by another address. It is tried again each time that you open this page.",

	"lead": "See where you are signed in, and sign devices out",

	"confirm.of":       "Your password of Immich, please, %s:",
	"confirm.password": "Password",
	"confirm.button":   "Confirm",
	"confirm.single":   "Confirm by single sign-on",
	"confirm.none":     "You have no password here. Sign out of Immich and sign in again, then come back within a quarter of an hour.",
	"confirm.behind":   "Immich cannot be reached. Please try again.",
	"confirm.again":    "That did not work. Please try again.",
	"confirm.many":     "There were too many wrong passwords. Please try again in a quarter of an hour.",
	"confirm.wrong":    "That is not the password.",
	"confirm.other":    "The provider did not ask you again, or you are somebody else there. Please sign out there first.",
}

const prefix = "immich." // of the names in a Locale

// Texts returns the words of [Remarks], of a link to the page of the devices, and of a
// page that asks who is there by the password of Immich, in English, by the names that
// they have in a [locale.Locale].
func Texts() map[string]string {
	all := make(map[string]string, len(texts))
	for name, text := range texts {
		all[prefix+name] = text
	}
	return all
}

// Say says one of [Texts], by its name without "immich.", in a language.
func Say(l *locale.Locale, name string, args ...any) string {
	return l.Say(prefix+name, texts[name], args...)
}
