// Package locale is how people are spoken to in their language: by the page of
// devices, the mails and the API. A nil [Locale] is English; those of other
// languages are in the package catalog below, or a host's own.
//
//	devices, err := activity.New(mw, activity.Config{Language: func(r *http.Request) *locale.Locale {
//		return catalog.Match(r.Header.Get("Accept-Language"))
//	}})
//
// Each text has a name. The packages that speak list theirs, with the English:
// activity.Texts, immich.Texts, notice.Texts, risk.Sentences, and [Texts] those of devices and
// places. A text that a Locale does not have is said in English.
package locale

import (
	"maps"
	"strings"
)

// A Locale is one language. It is not changed after its first use.
type Locale struct {
	// Tag names the language (BCP 47): "pt-BR".
	Tag string
	// RightToLeft is how it is written.
	RightToLeft bool
	// Texts are its texts by their names, with verbs as in package fmt, of which
	// there are %s, %d and, where the order is another one, %[2]s. A text about a
	// number has a form for each plural: "page.minutes[few]".
	Texts map[string]string
	// Plural returns the form that a number takes: zero, one, two, few, many or
	// other (https://cldr.unicode.org/index/cldr-spec/plural-rules). Defaults to
	// other.
	Plural func(n int) string
}

// Lang returns the tag for an attribute lang, and Dir what goes with it.
func (l *Locale) Lang() string {
	if l == nil || l.Tag == "" {
		return "en"
	}
	return l.Tag
}

// Dir returns "rtl" or "ltr", for an attribute dir.
func (l *Locale) Dir() string {
	if l != nil && l.RightToLeft {
		return "rtl"
	}
	return "ltr"
}

// Say says the text of that name, or english if there is none.
func (l *Locale) Say(name, english string, args ...any) string {
	text, ok := l.text(name, number(args))
	if !ok {
		return fill(english, args, false)
	}
	return fill(text, args, l.RightToLeft)
}

// text returns the text of that name in the form that goes with n.
func (l *Locale) text(name string, n int) (text string, ok bool) {
	if l == nil {
		return "", false
	}
	if text, ok = l.Texts[name]; ok || n < 0 {
		return text, ok
	}
	if l.Plural != nil {
		if text, ok = l.Texts[name+"["+l.Plural(n)+"]"]; ok {
			return text, true
		}
	}
	text, ok = l.Texts[name+"[other]"]
	return text, ok
}

// number returns the first number of args, -1 if there is none.
func number(args []any) int {
	for _, a := range args {
		if n, ok := a.(int); ok {
			return n
		}
	}
	return -1
}

// texts are the words for devices and places, in English.
var texts = map[string]string{
	"device.unknown":     "Unknown device",
	"device.on":          "%s on %s",
	"device.app":         "%s app",
	"device.app on":      "%s app on %s",
	"device.some app":    "App",
	"device.some app on": "App on %s",
	"device.bot":         "%s (bot)",
	"device.tool":        "%s (command line)",
	"device.tv":          "%s TV",
	"device.nameless":    "Unknown",
	"device.twin":        "%s (%d)",

	"place.city":    "%s, %s",
	"place.part":    "this part of %s",
	"place.in":      "a place in %s",
	"place.this":    "this place",
	"place.other":   "another place",
	"place.unknown": "Unknown location",

	"time.minutes": "%d minutes",
	"time.hours":   "%d hours",
}

// Texts returns the words for devices and places, by their names.
func Texts() map[string]string { return maps.Clone(texts) }

func (l *Locale) say(name string, args ...any) string { return l.Say(name, texts[name], args...) }

// has reports whether the Locale has texts of its own.
func (l *Locale) has(name string) bool {
	_, ok := l.text(name, -1)
	return ok
}

// Country returns the name of a country by its code (ISO 3166-1 alpha-2), or ""
// if the Locale does not have it.
func (l *Locale) Country(code string) string {
	name, _ := l.text("country."+strings.ToUpper(code), -1)
	return name
}
