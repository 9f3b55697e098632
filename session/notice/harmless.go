package notice

import (
	"strings"
	"unicode"
)

// maxName bounds what is filled in, in characters.
const maxName = 240

// harmless returns s in one line, without what programs that show e-mails make
// a link of: the name of a phone is what its owner, or a thief, wants it to be.
func harmless(s string) string {
	in := []rune(strings.Join(strings.Fields(s), " "))
	if len(in) > maxName {
		in = append(in[:maxName-1], '…')
	}
	out := make([]rune, 0, len(in))
	for i, r := range in {
		switch {
		case !unicode.IsPrint(r):
		case isLink(in, i):
			out = append(out, ' ')
		default:
			out = append(out, r)
		}
	}
	return string(out)
}

// isLink reports whether in[i] may be of an address: a dot or a colon within a
// word, but that of a time of day.
func isLink(in []rune, i int) bool {
	if strings.ContainsRune(`/\@<>`, in[i]) {
		return true
	}
	inside := i > 0 && i+1 < len(in) && in[i+1] != ' '
	return inside && (strings.ContainsRune(".。．｡", in[i]) ||
		in[i] == ':' && !(unicode.IsDigit(in[i-1]) && unicode.IsDigit(in[i+1])))
}
