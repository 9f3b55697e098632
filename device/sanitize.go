package device

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxField is the length in bytes of the longest field of a [Device].
const maxField = 64

// sanitize makes every field fit to be shown, logged and mailed.
func (d *Device) sanitize() {
	for _, field := range []*string{
		&d.Browser, &d.BrowserVersion, &d.OS, &d.OSVersion,
		&d.Brand, &d.Model, &d.App, &d.AppVersion,
	} {
		if !isPlain(*field) {
			*field = clean(*field)
		}
	}
}

// isPlain reports whether clean would change nothing, as for almost all text.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return len(s) <= maxField && (s == "" || s[0] != ' ' && s[len(s)-1] != ' ')
}

func clean(s string) string {
	var b strings.Builder
	for _, r := range s {
		if !isShowable(r) {
			continue
		}
		if b.Len()+utf8.RuneLen(r) > maxField {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

// isShowable leaves out what has no shape of its own: controls, line and
// paragraph separators, and the format characters that turn text around (bidi)
// or hide in it (zero-width, variation selectors). RuneError is what invalid
// UTF-8 reads as.
func isShowable(r rune) bool {
	return r != utf8.RuneError && (r == ' ' || unicode.IsGraphic(r)) &&
		!unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
