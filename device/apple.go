package device

import (
	"bytes"
	"strings"
)

// isApple reports whether Apple makes all that runs the system.
func isApple(system string) bool {
	switch system {
	case "iOS", "macOS", "tvOS", "watchOS", "visionOS":
		return true
	}
	return false
}

// appleFamilies are the names that Apple's machine numbers and the names of its
// devices start with. The longest come first.
var appleFamilies = []struct {
	start, name string
	kind        Kind
}{
	{"realitydevice", "Apple Vision Pro", KindHeadset},
	{"appletv", "Apple TV", KindTV},
	{"iphone", "iPhone", KindPhone},
	{"ipad", "iPad", KindTablet},
	{"ipod", "iPod touch", KindPhone},
	{"macbookair", "MacBook Air", KindDesktop},
	{"macbookpro", "MacBook Pro", KindDesktop},
	{"macbook", "MacBook", KindDesktop},
	{"macmini", "Mac mini", KindDesktop},
	{"macpro", "Mac Pro", KindDesktop},
	{"imacpro", "iMac Pro", KindDesktop},
	{"imac", "iMac", KindDesktop},
	{"virtualmac", "Mac", KindDesktop},
	{"mac", "Mac", KindDesktop},
	{"watch", "Apple Watch", KindWatch},
}

// appleModel returns what Apple's device calls itself: by its machine number if
// an app gives one, or by the name that it is sold under, or else by its family.
func appleModel(a *agent) string {
	if id := a.field("fbdv/"); id != "" {
		return appleName(id)
	}
	family, looked := "", 0
	for i := 0; i+1 < len(a.low) && looked < maxMembers; i++ {
		if strings.IndexByte("aimrvw", a.low[i]) < 0 || i > 0 && isWord(a.low[i-1]) {
			continue
		}
		for n := range appleFamilies {
			f := &appleFamilies[n]
			if a.low[i] != f.start[0] || a.low[i+1] != f.start[1] || !bytes.HasPrefix(a.low[i:], []byte(f.start)) {
				continue
			}
			if id := machineID(a.text[i:], len(f.start)); id != "" {
				return appleName(id)
			}
			looked++
			if a.head.holds(i) {
				break
			}
			if name := soldAs(a, i, len(f.start)); name != "" {
				return name
			}
			if family == "" && f.name[0] == 'i' && f.kind != KindDesktop {
				family = f.name
			}
			break
		}
	}
	return family
}

// machineID returns an identifier such as iPhone15,2 at the start of s, whose
// family's name has n bytes.
func machineID(s string, n int) string {
	major := numbers(s[min(n, len(s)):], 1)
	if major == "" || n+len(major)+1 >= len(s) || s[n+len(major)] != ',' {
		return ""
	}
	minor := numbers(s[n+len(major)+1:], 1)
	if minor == "" || len(minor) > 2 || len(major) > 2 {
		return ""
	}
	return s[:n+len(major)+1+len(minor)]
}

// soldAs returns the name in a comment that starts at i with a family's name of
// n bytes and goes on: "iPhone 16 Pro" or "iPad Air (5th generation)".
func soldAs(a *agent, i, n int) string {
	end, depth := i, 0
scan:
	for end < len(a.low) && end < i+maxField {
		switch c := a.low[end]; {
		case c == ';' || c == ',' || c == '/' || c == ')' && depth == 0:
			break scan
		case c == '(':
			depth++
		case c == ')':
			depth--
		}
		end++
	}
	name := a.text[i:end]
	low := a.low[i:end]
	if cut := bytes.Index(low, []byte(" ios")); cut >= 0 {
		name, low = name[:cut], low[:cut]
	}
	if i == 0 || len(name) > 40 || len(low) < n+3 || low[n] != ' ' || contains(low, " os ") || contains(low, "simulator") || end == len(a.low) {
		return ""
	}
	if strings.IndexByte("( ;,", a.low[i-1]) < 0 {
		return ""
	}
	for _, word := range [...]string{"air", "mini", "plus", "pro", "se", "x", "xr", "xs", "(", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "4", "5", "6", "7", "8", "9"} {
		if rest, ok := bytes.CutPrefix(low[n+1:], []byte(word)); ok && (len(rest) == 0 || strings.IndexByte(" es(c", rest[0]) >= 0) {
			return strings.TrimSpace(name)
		}
	}
	return ""
}

// appleName returns the name that a machine number is sold under, or else its
// family's. It is empty for what is no machine number, such as a simulator's.
func appleName(id string) string {
	if name, ok := iPhones[strings.TrimPrefix(id, "iPhone")]; ok {
		return name
	}
	for _, f := range appleFamilies {
		if !startsWith(id, f.start) {
			continue
		}
		if rest := id[len(f.start):]; rest != "" && rest[0] == ' ' {
			return id // a name already
		}
		return f.name
	}
	return ""
}

// appleKind returns the kind of device that a model of Apple is.
func appleKind(model string) guess {
	for _, f := range appleFamilies {
		if f.kind != KindPhone && startsWith(model, f.name) {
			return guess{kind: f.kind, sure: true}
		}
	}
	return guess{}
}

// iPhones are the machine numbers that Apple gives its phones (utsname.machine).
var iPhones = nameMap(`
	iPhone 6 Plus: 7,1
	iPhone 6: 7,2
	iPhone 6s: 8,1
	iPhone 6s Plus: 8,2
	iPhone SE: 8,4 12,8 14,6
	iPhone 7: 9,1 9,3
	iPhone 7 Plus: 9,2 9,4
	iPhone 8: 10,1 10,4
	iPhone 8 Plus: 10,2 10,5
	iPhone X: 10,3 10,6
	iPhone XS: 11,2
	iPhone XS Max: 11,4 11,6
	iPhone XR: 11,8
	iPhone 11: 12,1
	iPhone 11 Pro: 12,3
	iPhone 11 Pro Max: 12,5
	iPhone 12 mini: 13,1
	iPhone 12: 13,2
	iPhone 12 Pro: 13,3
	iPhone 12 Pro Max: 13,4
	iPhone 13 Pro: 14,2
	iPhone 13 Pro Max: 14,3
	iPhone 13 mini: 14,4
	iPhone 13: 14,5
	iPhone 14: 14,7
	iPhone 14 Plus: 14,8
	iPhone 14 Pro: 15,2
	iPhone 14 Pro Max: 15,3
	iPhone 15: 15,4
	iPhone 15 Plus: 15,5
	iPhone 15 Pro: 16,1
	iPhone 15 Pro Max: 16,2
	iPhone 16 Pro: 17,1
	iPhone 16 Pro Max: 17,2
	iPhone 16: 17,3
	iPhone 16 Plus: 17,4
	iPhone 16e: 17,5
	iPhone 17 Pro: 18,1
	iPhone 17 Pro Max: 18,2
	iPhone 17: 18,3
	iPhone Air: 18,4`)
