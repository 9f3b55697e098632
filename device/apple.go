package device

import "strings"

// appleModel returns what Apple's device calls itself: by its machine number if
// an app gives one, else by its family.
func appleModel(a *agent) string {
	if id := a.field("fbdv/"); id != "" {
		return appleName(id)
	}
	for _, family := range [...]struct{ word, name string }{
		{"ipad", "iPad"}, {"ipod", "iPod touch"}, {"iphone", "iPhone"},
	} {
		if i := strings.Index(string(a.low), family.word); i >= 0 {
			if id := machineID(a.text[i:]); id != "" {
				return appleName(id)
			}
			return family.name
		}
	}
	return ""
}

// machineID returns an identifier such as iPhone15,2 at the start of s.
func machineID(s string) string {
	comma := strings.IndexByte(s[:min(len(s), 12)], ',')
	if comma < 1 || comma+1 >= len(s) || !isDigit(s[comma-1]) || !isDigit(s[comma+1]) {
		return ""
	}
	return s[:comma+1] + numbers(s[comma+1:], 1)
}

// appleName returns the name that a machine number is sold under, or else its
// family's.
func appleName(id string) string {
	if name, ok := iPhones[id]; ok {
		return name
	}
	for _, family := range [...]string{"iPhone", "iPad", "AppleTV", "Watch"} {
		if strings.HasPrefix(id, family) {
			return family
		}
	}
	if strings.HasPrefix(id, "iPod") {
		return "iPod touch"
	}
	return id
}

// iPhones are the machine numbers that Apple gives its phones (utsname.machine).
var iPhones = map[string]string{
	"iPhone7,1": "iPhone 6 Plus", "iPhone7,2": "iPhone 6",
	"iPhone8,1": "iPhone 6s", "iPhone8,2": "iPhone 6s Plus", "iPhone8,4": "iPhone SE",
	"iPhone9,1": "iPhone 7", "iPhone9,2": "iPhone 7 Plus", "iPhone9,3": "iPhone 7", "iPhone9,4": "iPhone 7 Plus",
	"iPhone10,1": "iPhone 8", "iPhone10,2": "iPhone 8 Plus", "iPhone10,3": "iPhone X",
	"iPhone10,4": "iPhone 8", "iPhone10,5": "iPhone 8 Plus", "iPhone10,6": "iPhone X",
	"iPhone11,2": "iPhone XS", "iPhone11,4": "iPhone XS Max", "iPhone11,6": "iPhone XS Max", "iPhone11,8": "iPhone XR",
	"iPhone12,1": "iPhone 11", "iPhone12,3": "iPhone 11 Pro", "iPhone12,5": "iPhone 11 Pro Max", "iPhone12,8": "iPhone SE",
	"iPhone13,1": "iPhone 12 mini", "iPhone13,2": "iPhone 12", "iPhone13,3": "iPhone 12 Pro", "iPhone13,4": "iPhone 12 Pro Max",
	"iPhone14,2": "iPhone 13 Pro", "iPhone14,3": "iPhone 13 Pro Max", "iPhone14,4": "iPhone 13 mini", "iPhone14,5": "iPhone 13",
	"iPhone14,6": "iPhone SE", "iPhone14,7": "iPhone 14", "iPhone14,8": "iPhone 14 Plus",
	"iPhone15,2": "iPhone 14 Pro", "iPhone15,3": "iPhone 14 Pro Max", "iPhone15,4": "iPhone 15", "iPhone15,5": "iPhone 15 Plus",
	"iPhone16,1": "iPhone 15 Pro", "iPhone16,2": "iPhone 15 Pro Max",
	"iPhone17,1": "iPhone 16 Pro", "iPhone17,2": "iPhone 16 Pro Max", "iPhone17,3": "iPhone 16", "iPhone17,4": "iPhone 16 Plus", "iPhone17,5": "iPhone 16e",
	"iPhone18,1": "iPhone 17 Pro", "iPhone18,2": "iPhone 17 Pro Max", "iPhone18,3": "iPhone 17", "iPhone18,4": "iPhone Air",
}
