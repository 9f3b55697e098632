package locale

import (
	"fmt"
	"strings"
)

// isolate keeps what is filled in from turning the words around it, whatever
// their direction is (https://www.unicode.org/reports/tr9/#Explicit_Directional_Isolates).
const (
	isolate     = "\u2068"
	endIsolate  = "\u2069"
	rightToLeft = "\u200f" // makes of "Chrome on Windows" a text of the language that says "on"
)

// fill fills in args like fmt.Sprintf, but may leave one out: who speaks of two
// devices in Arabic gives no number.
func fill(text string, args []any, isolated bool) string {
	if strings.IndexByte(text, '%') < 0 {
		return text
	}
	var b strings.Builder
	if isolated && text[0] == '%' {
		b.WriteString(rightToLeft)
	}
	next := 0
	for {
		before, rest, ok := strings.Cut(text, "%")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		if text, ok = strings.CutPrefix(rest, "%"); ok {
			b.WriteByte('%')
			continue
		}
		if len(rest) > 2 && rest[0] == '[' && rest[2] == ']' {
			next, rest = int(rest[1]-'1'), rest[3:]
		}
		if rest == "" || next < 0 || next >= len(args) {
			return b.String()
		}
		said := fmt.Sprint(args[next])
		if _, isNumber := args[next].(int); isolated && !isNumber {
			said = isolate + said + endIsolate
		}
		b.WriteString(said)
		next, text = next+1, rest[1:]
	}
}
