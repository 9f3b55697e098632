package device

import "bytes"

// findModel finds where an Android device names its model: in the comment,
// behind the system and what is no model.
func findModel(low []byte) span {
	at := indexSystem(low)
	if at < 0 {
		return span{}
	}
	for part := nextPart(low, at); part.to > part.from; part = nextPart(low, part.to) {
		if text := low[part.from:part.to]; !isNoModel(text) {
			part.to = part.from + modelLength(text)
			return part
		}
		if part.to < len(low) && low[part.to] == ')' {
			break
		}
	}
	return span{}
}

// indexSystem finds "Android 14;", or "Adr 14;" as UC Browser writes it.
func indexSystem(low []byte) int {
	for _, name := range [...]string{"android", "adr ", "opera mini/", "juc", "harmonyos", "openharmony", "tizen"} {
		if i := bytes.Index(low, []byte(name)); i >= 0 {
			return i
		}
	}
	return -1
}

// nextPart returns the part of a comment that follows the one that holds i. A
// part ends with a semicolon, which some loggers write as ##, or with the
// comment; a model may have balanced parentheses of its own: Moto G (5).
func nextPart(low []byte, i int) span {
	for i < len(low) && low[i] != ';' && low[i] != ')' && !isDoubleHash(low, i) {
		i++
	}
	if i == len(low) || low[i] == ')' {
		return span{}
	}
	for i < len(low) && (low[i] == ';' || low[i] == '#' || low[i] == ' ') {
		i++
	}
	part, depth := span{i, i}, 0
	for ; part.to < len(low); part.to++ {
		switch c := low[part.to]; {
		case c == ';' || c == ')' && depth == 0 || isDoubleHash(low, part.to):
			return part
		case c == '(':
			depth++
		case c == ')':
			depth--
		}
	}
	return part
}

func isDoubleHash(low []byte, i int) bool {
	return low[i] == '#' && i+1 < len(low) && low[i+1] == '#'
}

// modelLength cuts off the build number.
func modelLength(part []byte) int {
	for _, end := range [...]string{" build", "/build", " miui/", "_build"} {
		if i := bytes.Index(part, []byte(end)); i >= 0 {
			part = part[:i]
		}
	}
	return len(bytes.TrimRight(part, " "))
}

// frozenModel is what a browser with a reduced User-Agent says for a model.
const frozenModel = "K"

// isNoModel reports whether a part of a comment is something else than the
// model: a language, an architecture, a revision, a reduced User-Agent's K.
func isNoModel(part []byte) bool {
	if len(part) == 0 || noModels[string(part)] {
		return true
	}
	for _, start := range [...]string{"android", "applewebkit", "build/", "gmscore", "harmonyos", "hmscore", "openharmony", "rv:", "xx-"} {
		if bytes.HasPrefix(part, []byte(start)) {
			return true
		}
	}
	return isLanguage(part) || isVersion(part) || isScreen(part)
}

var noModels = map[string]bool{
	"arm": true, "arm64": true, "arm_64": true, "x64": true, "x86": true, "x86_64": true,
	"generic": true, "i": true, "k": true, "linux": true, "mobile": true, "n": true, "phone": true, "tablet": true,
	"tv": true, "u": true, "unknown": true, "wv": true,
	"htc": true, "microsoft": true, "nokia": true, "samsung": true, // Windows Phone names them before the model
}

// isLanguage knows "en", "en-us", "pt_br" and "zh-hans-cn".
func isLanguage(part []byte) bool {
	switch {
	case len(part) < 2 || !isLetter(part[0]) || !isLetter(part[1]):
		return false
	case len(part) == 5:
		return (part[2] == '-' || part[2] == '_') && isLetter(part[3]) && isLetter(part[4])
	}
	return len(part) == 2 || bytes.HasPrefix(part, []byte("zh-han"))
}

// isVersion knows "2.3.4", which UC Browser puts in front of the model.
func isVersion(part []byte) bool {
	return bytes.IndexByte(part, '.') > 0 && len(numbers(string(part), 4)) == len(part)
}

// isScreen knows "480dpi", "1080x2400" and "320*480".
func isScreen(part []byte) bool {
	digits := 0
	for digits < len(part) && isDigit(part[digits]) {
		digits++
	}
	switch rest := part[digits:]; {
	case digits < 3 || len(rest) == 0:
		return false
	case string(rest) == "dpi":
		return true
	default:
		return (rest[0] == 'x' || rest[0] == '*') && len(rest) > 3 && isDigit(rest[1]) && isDigit(rest[3])
	}
}

// hasFrozenModel reports whether the User-Agent is a reduced one, with K where
// the model was.
func hasFrozenModel(low []byte) bool {
	return contains(low, "; k)") || contains(low, "; k;") || contains(low, "; k build")
}
