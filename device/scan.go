package device

import (
	"bytes"
	"sync"
)

// A token is a word, or the start of one, that gives something away.
//
// In text, # stands for a digit, ? for a letter or digit, and _ for itself or a
// space. A trailing * means that the word may go on. Text is in lower case and
// matches only where a word starts, so "omi/" is not in "XiaoMi/".
type token struct {
	text string
	name string // what it gives away
	rank int    // the highest wins, then the first in the User-Agent
}

// A sighting is a token found in a User-Agent.
type sighting struct {
	name    string
	rank    int
	at, end int // where in the User-Agent; at is -1 while nothing was seen
}

// The tables that one pass over a User-Agent looks words up in.
const (
	inBrowsers = iota
	inApps
	inSystems
	inKinds
	inStacks
	tableCount
)

var words = sync.OnceValue(func() *index {
	x := new(index)
	for table, ranks := range [...][]ranked{browserTokens, appTokens, systemTokens, kindTokens, stackTokens} {
		for _, r := range ranks {
			x.add(table, tokens(r.rank, r.text))
		}
	}
	return x
})

// An index finds the tokens that may start with two given bytes.
type index struct {
	entries []entry
	buckets [classes][classes][]candidate
}

// A candidate is an entry whose third byte, if it is a letter or a digit, has to
// be looked for first: most are turned away by it.
type candidate struct {
	entry uint16
	third byte // or 0
}

func (c candidate) fits(s []byte) bool { return c.third == 0 || len(s) > 2 && s[2] == c.third }

type entry struct {
	token
	table int
}

// classes is the number of byte classes: letters, digits, all other bytes.
const classes = 26 + 10 + 1

func (x *index) add(table int, tokens []token) {
	for _, t := range tokens {
		x.entries = append(x.entries, entry{t, table})
		x.link(t.text, uint16(len(x.entries)-1))
	}
}

// gives reports whether a word of a table gives a name away.
func (x *index) gives(table int, name string) bool {
	for i := range x.entries {
		if e := &x.entries[i]; e.table == table && e.name == name {
			return true
		}
	}
	return false
}

// link puts an entry in the buckets of all bytes that its text may start with.
func (x *index) link(text string, n uint16) {
	c := candidate{entry: n}
	if len(text) > 2 && isWord(text[2]) {
		c.third = text[2]
	}
	for first := range classes {
		if !fits(text[0], first) {
			continue
		}
		for second := range classes {
			if fits(text[1], second) {
				x.buckets[first][second] = append(x.buckets[first][second], c)
			}
		}
	}
}

// fits reports whether the pattern byte p may stand for bytes of a class.
func fits(p byte, c int) bool {
	switch p {
	case '#':
		return 26 <= c && c < 36
	case '?':
		return c < 36
	case '*':
		return true
	}
	return class(p) == c
}

// at returns the entries that may match at the start of s.
func (x *index) at(s []byte) []candidate {
	if len(s) < 2 {
		return nil
	}
	return x.buckets[class(s[0])][class(s[1])]
}

// match returns the length of what text matches at the start of s, or 0.
func match(text string, s []byte) int {
	for i := range len(text) {
		if text[i] == '*' {
			return i
		}
		if i == len(s) || !matches(text[i], s[i]) {
			return 0
		}
	}
	n := len(text)
	if n < len(s) && isWord(s[n]) && isWord(s[n-1]) {
		return 0 // the word goes on
	}
	return n
}

func matches(p, c byte) bool {
	switch p {
	case c:
		return true
	case '#':
		return isDigit(c)
	case '?':
		return isWord(c)
	}
	return p == '_' && c == ' '
}

// scan makes the one pass over a lower-case User-Agent. Bots are not looked
// for in the model, which a phone's maker chose: "Cubot". A system in the name
// of an app counts for less than one anywhere else.
func scan(low []byte, head, model span) (seen [tableCount]sighting) {
	for i := range seen {
		seen[i].at = -1
	}
	x := words()
	for i := 0; i < len(low); {
		if !isWord(low[i]) {
			i++
			continue
		}
		for _, c := range x.at(low[i:]) {
			if !c.fits(low[i:]) {
				continue
			}
			e := &x.entries[c.entry]
			n := match(e.text, low[i:])
			if n == 0 {
				continue
			}
			found := sighting{e.name, e.rank, i, i + n}
			if e.table == inSystems && head.holds(i) && !head.isWhole(low, i, i+n) {
				found.rank = rankNamed
			}
			seen[e.table].raise(found, model)
		}
		start := i
		for i < len(low) && isWord(low[i]) {
			i++
		}
		if isBotWord(low[start:i]) {
			seen[inKinds].raise(sighting{string(KindBot), rankBot, start, i}, model)
		}
	}
	return seen
}

// rankNamed is the rank of a system that is but a part of a product's name.
const rankNamed = 0

// isWhole reports whether a word is all of the product's name, but for a number:
// "iOS/17.2" or "Roku4640X/DVP-7.70", but not "Notes-iOS/7.4".
func (s span) isWhole(low []byte, from, to int) bool {
	return from == s.from && (to >= s.to || isDigit(low[to]) && bytes.IndexByte(low[to:s.to], ' ') < 0)
}

func (s *sighting) raise(found sighting, model span) {
	if s.at >= 0 && found.rank <= s.rank {
		return
	}
	if found.name == string(KindBot) && model.holds(found.at) {
		return
	}
	*s = found
}

// classOf has the class of each byte; that of a byte in no word comes last.
var classOf = func() (table [256]uint8) {
	for c := range table {
		switch {
		case 'a' <= c && c <= 'z':
			table[c] = uint8(c - 'a')
		case '0' <= c && c <= '9':
			table[c] = uint8(26 + c - '0')
		default:
			table[c] = classes - 1
		}
	}
	return table
}()

func class(c byte) int { return int(classOf[c]) }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isWord tells of a lower-case text.
func isWord(c byte) bool { return classOf[c] != classes-1 }
