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
	head  span   // the product that an app's own User-Agent starts with
	model span   // where a device names its model
	seen  [tableCount]sighting
}

// readAgent looks at all of the text once; buf is room for its copy.
func readAgent(text string, buf *[maxUserAgent]byte) agent {
	low := lower(buf[:], text)
	a := agent{text: text, low: low, head: findHead(low)}
	a.model = findModel(low, a.head)
	a.seen = scan(low, a.head, a.model)
	return a
}

// findHead finds the name of the product that a User-Agent starts with, which
// says nothing of the system: "notes-ios/7.4". It is empty for a browser's.
func findHead(low []byte) span {
	if isBrowserForm(low) {
		return span{}
	}
	return span{0, len(bytes.TrimRight(low[:nameEnd(low)], " "))}
}

// isBrowserForm reports whether a User-Agent is written as browsers do.
func isBrowserForm(low []byte) bool {
	return bytes.HasPrefix(low, []byte("mozilla/")) || bytes.HasPrefix(low, []byte("opera/"))
}

// isOwn reports whether an app wrote the User-Agent.
func (a *agent) isOwn() bool { return !isBrowserForm(a.low) }

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
	end := nameEnd(a.low)
	return strings.TrimRight(a.text[:end], " -_"), numbers(versionAfter(a.text, end), 4)
}

// maxName is the length of the longest name of a product that is read.
const maxName = 96

func nameEnd(low []byte) int {
	end := 0
	for ; end < len(low) && end < maxName; end++ {
		switch low[end] {
		case '/', '(', '[', ';', ',', '+':
			return end
		case ' ':
			if startsVersion(low[end:]) {
				return end
			}
		}
	}
	return end
}

func startsVersion(s []byte) bool {
	return s[0] == ' ' && len(s) > 2 && (isDigit(s[1]) || s[1] == 'v' && !isLetter(s[2]) || bytes.HasPrefix(s, []byte(" version")))
}

func contains(low []byte, word string) bool { return bytes.Contains(low, []byte(word)) }
