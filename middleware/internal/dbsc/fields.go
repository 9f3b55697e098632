package dbsc

import (
	"slices"
	"strings"
)

// Text returns the text of a field that is one string (RFC 9651), without its
// parameters. Chromium sends it without the quotes that the draft wants, so both are
// read, if it has no more than letters, digits and "-_.=:".
func Text(values []string, limit int) (string, error) {
	if len(values) != 1 || len(values[0]) > limit {
		return "", bad("not one value")
	}
	text := strings.Trim(values[0], " \t")
	rest := ""
	if inner, quoted := strings.CutPrefix(text, `"`); quoted {
		var closed bool
		if text, rest, closed = strings.Cut(inner, `"`); !closed {
			return "", bad("no end")
		}
	} else if i := strings.IndexByte(text, ';'); i >= 0 {
		text, rest = text[:i], text[i:]
	}
	if text == "" || strings.ContainsFunc(text, isOdd) || rest != "" && !isParameters(rest) {
		return "", bad("not a text")
	}
	return text, nil
}

func isOdd(c rune) bool {
	return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("-_.=:", c))
}

// isParameters reports whether parameters follow a value, and no other value.
func isParameters(rest string) bool {
	return rest[0] == ';' && !strings.ContainsFunc(rest, func(c rune) bool { return c < ' ' || c > '~' || c == ',' })
}

// Skipped reports whether Secure-Session-Skipped says that the browser could not
// renew the proof of that session: a claim, which anybody can make.
func Skipped(values []string, id string) bool {
	return slices.ContainsFunc(values, func(line string) bool {
		for item := range strings.SplitSeq(line, ",") {
			why, parameters, _ := strings.Cut(strings.TrimSpace(item), ";")
			switch why {
			case "unreachable", "server_error", "quota_exceeded":
				if strings.Contains(parameters, `session_identifier="`+id+`"`) {
					return true
				}
			}
		}
		return false
	})
}
