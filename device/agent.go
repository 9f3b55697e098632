package device

import (
	"bytes"
	"strings"
)

// A span is a stretch of a User-Agent.
type span struct{ from, to int }

func (s span) holds(i int) bool { return s.from <= i && i < s.to }

// An agent is a User-Agent with what is read from it more than once.
type agent struct {
	text  string // capped
	low   []byte // text in lower case, byte for byte
	model span   // where an Android device names its model
	seen  [tableCount]sighting
}

// readAgent looks at all of the text once; buf is room for its copy.
func readAgent(text string, buf *[maxUserAgent]byte) agent {
	low := lower(buf[:], text)
	a := agent{text: text, low: low}
	a.model = findModel(low)
	a.seen = scan(low, a.model)
	return a
}

// lower copies text to buf in lower case, byte for byte.
func lower(buf []byte, text string) []byte {
	low := buf[:copy(buf, text)]
	for i, c := range low {
		if 'A' <= c && c <= 'Z' {
			low[i] = c + ('a' - 'A')
		}
	}
	return low
}

// has reports whether the text holds a word of a table.
func (a *agent) has(table int) bool { return a.seen[table].at >= 0 }

// version returns the version behind the word seen of a table.
func (a *agent) version(table int) string {
	if !a.has(table) {
		return ""
	}
	end := a.seen[table].end
	for end < len(a.low) && (isLetter(a.low[end]) || a.low[end] == '-') { // the rest of an open word
		end++
	}
	return versionAfter(a.text, end)
}

// field returns the value of a key such as "fbdv/" in the list that some apps
// put in brackets: [FBAN/FBIOS;FBDV/iPhone15,2].
func (a *agent) field(key string) string {
	i := bytes.Index(a.low, []byte(key))
	if i < 0 {
		return ""
	}
	value := a.text[i+len(key):]
	if end := strings.IndexAny(value, ";]"); end >= 0 {
		value = value[:end]
	}
	return value
}

// firstProduct returns the name and version at the start: "Foo%20Bar/1.2" or
// "Foo Bar v 1.2".
func (a *agent) firstProduct() (name, version string) {
	end := 0
	for end < len(a.low) && strings.IndexByte("/([;,+", a.low[end]) < 0 && !startsVersion(a.low[end:]) {
		end++
	}
	return spaced(strings.TrimRight(a.text[:end], " -")), numbers(versionAfter(a.text, end), 4)
}

func startsVersion(s []byte) bool {
	return s[0] == ' ' && len(s) > 2 && (isDigit(s[1]) || s[1] == 'v' && !isLetter(s[2]) || bytes.HasPrefix(s, []byte(" version")))
}

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
	switch string(part) {
	case "", "u", "k", "wv", "mobile", "tablet", "tv", "n", "i", "arm", "arm_64", "arm64", "x86", "x86_64", "x64", "linux", "harmonyos", "phone", "unknown", "generic",
		"htc", "microsoft", "nokia", "samsung": // as Windows Phone has it, before the model
		return true
	}
	for _, start := range [...]string{"rv:", "build/", "hmscore", "gmscore", "android", "xx-", "openharmony", "harmonyos", "applewebkit"} {
		if bytes.HasPrefix(part, []byte(start)) {
			return true
		}
	}
	return isLanguage(part) || len(numbers(string(part), 4)) == len(part)
}

// isLanguage knows "en", "en-us", "zh-hans-cn" and "pt_br".
func isLanguage(part []byte) bool {
	if len(part) < 2 || isDigit(part[0]) || isDigit(part[1]) {
		return false
	}
	return len(part) == 2 || len(part) == 5 && (part[2] == '-' || part[2] == '_') && !isDigit(part[3]) && !isDigit(part[4]) ||
		bytes.HasPrefix(part, []byte("zh-han"))
}

func contains(low []byte, word string) bool { return bytes.Contains(low, []byte(word)) }

// hasFrozenModel reports whether the User-Agent is a reduced one, with K where
// the model was.
func hasFrozenModel(low []byte) bool {
	return contains(low, "; k)") || contains(low, "; k;") || contains(low, "; k build")
}
