package device

import "strings"

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
	if word := a.seen[inKinds].word(a); strings.HasPrefix(word, "http") || word == "compatible" {
		at = 0
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

func (s sighting) word(a *agent) string { return string(a.low[s.at:s.end]) }

func isNameByte(c byte) bool { return isWord(c) || c == '-' || c == '_' || c == '.' || c == '!' }
