package device

import "strings"

// productName writes a product as people would, and tells the system that the
// name gives away: "notes-ios" is the Notes of iOS, "AtomicBrowser" is "Atomic
// Browser". A system in a name has no version.
func productName(name string) (product, system string) {
	name = strings.ReplaceAll(name, "%20", " ")
	name = strings.Trim(lastOfPackage(name), " -_.")
	for {
		short, found := cutAffix(name)
		system = or(system, found)
		if short == "" || short == name {
			break
		}
		name = short
	}
	if short, ok := strings.CutSuffix(name, "Browser"); ok && short != "" && isLetter(short[len(short)-1]|0x20) {
		name = short + " Browser"
	}
	return name, system
}

// affixes are what makers hang on a product's name for one system or build.
var affixes = []struct{ text, system string }{
	{"android", "Android"}, {"ios", "iOS"}, {"iphone", "iOS"}, {"ipad", "iOS"}, {"ipados", "iOS"},
	{"macos", "macOS"}, {"windows", "Windows"}, {"linux", "Linux"}, {"tvos", "tvOS"}, {"watchos", "watchOS"},
	{"mobile", ""}, {"dbg", ""}, {"debug", ""}, {"release", ""}, {"for", ""},
}

// cutAffix takes an affix off the end or the start of a name. It stands behind
// a space, a dash, an underscore or a dot, or where the case changes:
// "MastodonAndroid".
func cutAffix(name string) (short, system string) {
	for _, affix := range affixes {
		n := len(name) - len(affix.text)
		if n < 2 {
			continue
		}
		if end := name[n:]; strings.EqualFold(end, affix.text) {
			switch before := name[n-1]; {
			case strings.IndexByte(" -_.", before) >= 0:
				return strings.TrimRight(name[:n], " -_."), affix.system
			case affix.system != "" && startsHump(before, end):
				return name[:n], affix.system
			}
		}
		if (affix.text == "android" || affix.text == "ios") && strings.EqualFold(name[:len(affix.text)], affix.text) {
			switch next := name[len(affix.text)]; {
			case strings.IndexByte(" -_.", next) >= 0:
				return strings.TrimLeft(name[len(affix.text):], " -_."), affix.system
			case 'A' <= next && next <= 'Z' && !strings.HasPrefix(name, strings.ToUpper(affix.text)):
				return name, affix.system
			}
		}
	}
	return name, ""
}

// startsHump reports whether a new word starts without a separator: "notesIOS"
// and "PhotosiOS", but not "Kiosk" or "curios".
func startsHump(before byte, word string) bool {
	if 'A' <= word[0] && word[0] <= 'Z' {
		return 'a' <= before && before <= 'z' || isDigit(before)
	}
	return word == "iOS" || word == "iPhone" || word == "iPad" || word == "iPadOS"
}

// lastOfPackage returns the part of a package's name that names the product:
// "notes" of com.example.notes.android. Other names it leaves alone.
func lastOfPackage(name string) string {
	if strings.Count(name, ".") < 2 || strings.ContainsAny(name, " /") {
		return name
	}
	parts := strings.Split(name, ".")
	if !packageRoots[strings.ToLower(parts[0])] {
		return name
	}
	best := ""
	for _, part := range parts[1:] {
		if !packageFillers[strings.ToLower(part)] && part != "" {
			best = part
		}
	}
	return or(best, name)
}

var packageRoots = wordSet(`
	app at br ca ch cn com cz de dev es eu fr info io it jp kr me net nl org pl ru se tv uk us`)

// packageFillers are parts of packages that name no product.
var packageFillers = wordSet(`
	android app apps beta client companion debug dev free full ios iphone lite main mobile nightly phone plus prod
	release store tablet tv ui web`)
