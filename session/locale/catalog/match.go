package catalog

import (
	"strconv"
	"strings"

	"github.com/signedin/signedin/session/locale"
)

// Match returns the language that a client likes best, by its header
// Accept-Language (RFC 9110, section 12.5.4), of those that there are and English,
// which is nil, as is the answer to a client that likes none of them.
func Match(accept string) *locale.Locale {
	var best *language
	weight := 0.0
	for part := range strings.SplitSeq(accept, ",") {
		tag, q := parsePart(part)
		if q <= weight {
			continue
		}
		if l := find(tag); l != nil || isEnglish(tag) {
			best, weight = l, q
		}
	}
	if best == nil {
		return nil
	}
	return best.load()
}

// parsePart reads "de-AT;q=0.8". What cannot be read counts for nothing.
func parsePart(part string) (tag string, q float64) {
	tag, params, _ := strings.Cut(part, ";")
	tag = strings.TrimSpace(tag)
	if params = strings.TrimSpace(params); params == "" {
		return tag, 1
	}
	value, ok := strings.CutPrefix(strings.ToLower(params), "q=")
	q, err := strconv.ParseFloat(value, 64)
	if !ok || err != nil || !(q >= 0 && q <= 1) {
		return tag, 0
	}
	return tag, q
}

func isEnglish(tag string) bool {
	name, _, _ := strings.Cut(tag, "-")
	return strings.EqualFold(name, "en")
}
