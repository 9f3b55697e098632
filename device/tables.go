package device

import "strings"

// Tables are written as text, which is small in a program and reads like a
// dictionary: a line has a name, a colon, and the words that give it away. A line
// without a name goes on with the one before it.

// A ranked is a table whose words are of one rank.
type ranked struct {
	rank int
	text string
}

// tokens reads a table.
func tokens(rank int, text string) (all []token) {
	name := ""
	for _, line := range strings.Split(text, "\n") {
		before, words, ok := strings.Cut(line, ": ")
		if ok {
			name = strings.TrimSpace(before)
		} else {
			words = line
		}
		for _, word := range strings.Fields(words) {
			all = append(all, token{word, name, rank})
		}
	}
	return all
}

// nameMap reads a table whose words are whole, with _ for a space.
//
//go:noinline
func nameMap(text string) map[string]string {
	names := make(map[string]string)
	for _, t := range tokens(0, text) {
		names[strings.ReplaceAll(t.text, "_", " ")] = t.name
	}
	return names
}

// wordSet makes a set of the words of a text.
//
//go:noinline
func wordSet(text string) map[string]bool {
	set := make(map[string]bool)
	for _, word := range strings.Fields(text) {
		set[word] = true
	}
	return set
}
