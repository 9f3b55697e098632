package device

import (
	"iter"
	"strings"
)

// A member is one entry of a list as RFC 8941 writes it: "Brave";v="153".
type member struct {
	value   string
	version string // the parameter v
}

// maxMembers is how many entries of a list are read; browsers send three.
const maxMembers = 12

// members reads a list leniently: what is malformed ends it.
func members(list string) iter.Seq[member] {
	return func(yield func(member) bool) {
		for range maxMembers {
			var m member
			var ok bool
			if m, list, ok = nextMember(list); !ok || !yield(m) {
				return
			}
		}
	}
}

func nextMember(s string) (m member, rest string, ok bool) {
	m.value, s, ok = nextItem(s)
	for ok {
		s = strings.TrimLeft(s, " \t")
		if s == "" || s[0] == ',' {
			return m, strings.TrimPrefix(s, ","), true
		}
		if s[0] != ';' {
			return m, "", true
		}
		var key, value string
		key, s, _ = nextItem(s[1:])
		if strings.HasPrefix(s, "=") {
			value, s, ok = nextItem(s[1:])
		}
		if key == "v" {
			m.version = value
		}
	}
	return m, "", false
}

// nextItem reads a quoted string, or a bare word up to a delimiter.
func nextItem(s string) (item, rest string, ok bool) {
	s = strings.TrimLeft(s, " \t")
	if strings.HasPrefix(s, `"`) {
		return nextString(s[1:])
	}
	n := strings.IndexAny(s, ",;=")
	if n < 0 {
		n = len(s)
	}
	return strings.TrimRight(s[:n], " \t"), s[n:], n > 0
}

func nextString(s string) (item, rest string, ok bool) {
	end := strings.IndexAny(s, `\"`)
	if end >= 0 && s[end] == '"' {
		return s[:end], s[end+1:], true
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:], true
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}
