package device

import (
	"bytes"
	"strings"
)

// robot describes a client that is no person's: its name is what matters.
func robot(a *agent) Device {
	name, version := botName(a)
	return Device{Kind: KindBot, Browser: name, BrowserVersion: version}
}

// botName returns the product around the word that gave the robot away, or the
// first of a comment that says compatible, or the first of all.
func botName(a *agent) (name, version string) {
	if !strings.HasPrefix(a.text, "Mozilla/") {
		if name, version := a.firstProduct(); name != "" {
			return name, shortVersion(version)
		}
	}
	at := a.seen[inKinds].at
	if word := a.seen[inKinds].word(a); word == "compatible" || a.isAddress(at) {
		if name, version = a.besideProduct(); name != "" && !strings.Contains(a.text, "compatible; ") {
			return name, shortVersion(version)
		}
		at = a.beforeAddress(at)
		if i := strings.Index(a.text, "compatible; "); i >= 0 {
			at = i + len("compatible; ")
		}
	}
	from, to := at, at
	for from > 0 && isNameByte(a.low[from-1]) {
		from--
	}
	for to < len(a.low) && isNameByte(a.low[to]) {
		to++
	}
	return a.text[from:to], shortVersion(versionAfter(a.text, to))
}

// isService reports whether a program that names no system says whom to write
// to, or calls itself by its domain, as robots do and apps do not.
func (a *agent) isService() bool {
	if !a.isOwn() || a.has(inBrowsers) || a.has(inStacks) {
		return false
	}
	if a.hasMail() || contains(a.low, "www.") {
		return true
	}
	name := a.low[:nameEnd(a.low)]
	if space := bytes.IndexByte(name, ' '); space > 0 {
		name = name[:space]
	}
	dot := bytes.LastIndexByte(name, '.')
	return dot > 1 && bytes.IndexByte(name, '.') == dot && domains[string(name[dot+1:])]
}

// hasPolicy reports whether a browser's User-Agent holds a page of its operator,
// as robots that pass for browsers have: "adbeat.com/policy".
func hasPolicy(low []byte) bool {
	i := bytes.Index(low, []byte(".com/"))
	return i > 0 && i+5 < len(low) && isLetter(low[i+5]) && isBrowserForm(low) && bytes.IndexByte(low[i:], ' ') > 0 && bytes.LastIndexByte(low[:i], '(') <= bytes.LastIndexByte(low[:i], ')')
}

// hasMail reports whether the text holds an address of mail.
func (a *agent) hasMail() bool {
	at := bytes.IndexByte(a.low, '@')
	if at < 1 || !isNameByte(a.low[at-1]) {
		return false
	}
	dot := at + 1
	for dot < len(a.low) && (isWord(a.low[dot]) || a.low[dot] == '-') {
		dot++
	}
	return dot > at+1 && dot+1 < len(a.low) && a.low[dot] == '.' && isLetter(a.low[dot+1])
}

// domains are what a service that calls itself by its domain ends in.
var domains = wordSet(`
	ai app co com de dev eu io me net org bg uk`)

// isAddress reports whether the word at i is part of an address.
func (a *agent) isAddress(i int) bool {
	from := i
	for from > 0 && strings.IndexByte(" ;,()[]", a.low[from-1]) < 0 {
		from--
	}
	word := strings.TrimLeft(string(a.low[from:min(i+len("https:"), len(a.low))]), "+")
	return strings.HasPrefix(word, "http:") || strings.HasPrefix(word, "https:") || strings.HasPrefix(word, "www.") || strings.Contains(word[:min(i-from, len(word))], "/")
}

// beforeAddress returns where the product starts that an address follows: the
// last word with a version before i, or 0.
func (a *agent) beforeAddress(i int) int {
	for from := i; from > 0; from-- {
		if a.low[from] != '/' || from+1 >= len(a.low) || !isDigit(a.low[from+1]) && a.low[from+1] != 'v' {
			continue
		}
		start := from
		for start > 0 && isNameByte(a.low[start-1]) {
			start--
		}
		if start < from && !plumbing[string(a.low[start:from])] && !isBrowserWord(a.low[start:from]) {
			return start
		}
		from = start
	}
	return 0
}

func (s *sighting) word(a *agent) string {
	if s.at < 0 {
		return ""
	}
	return string(a.low[s.at:s.end])
}

func isNameByte(c byte) bool { return isWord(c) || c == '-' || c == '_' || c == '.' || c == '!' }
