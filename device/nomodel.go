package device

import "bytes"

// frozenModel is what a browser with a reduced User-Agent says for a model.
const frozenModel = "K"

// isNoModel reports whether a part of a comment, in lower case, is something
// else than the model: a language, an architecture, a build number, the level
// of a programming interface, a reduced User-Agent's K.
func isNoModel(part []byte) bool {
	if len(part) == 0 || noModels[string(part)] {
		return true
	}
	for _, start := range noModelStarts {
		if part[0] == start[0] && bytes.HasPrefix(part, []byte(start)) {
			return true
		}
	}
	return isLanguage(part) || isNumber(part) || isScreen(part) || isBuild(part) || isSetting(part)
}

// Windows Phone names makers before the model.
var noModels = wordSet(`
	aarch64 arm arm64 arm64-v8a arm_64 armeabi-v7a armv7l armv8l i386 i686 riscv64 x64 x86 x86_64 generic i k linux
	mobile n pc phone tablet tv u unknown wv compatible none null n/a htc microsoft nokia samsung handset
	smartphone watch landscape portrait x11 debug release prod production user gzip fdroid f-droid googleplay
	release-keys test-keys staging cellular wifi 3g 4g 5g lte gsm ios iphone ipad macos macintosh windows 32-bit
	64-bit`)

var noModelStarts = []string{
	"android", "api ", "api-", "api:", "applewebkit", "build ", "build-", "build/", "build:", "com.", "density ", "flavor", "flavour",
	"gmscore", "harmonyos", "hmscore", "level ", "locale ", "locale:", "level:", "mobile vr", "google play", "okhttp", "openharmony", "play store", "rv:", "sdk ", "sdk-", "sdk:",
	"sdk_int", "tizen ", "version ", "versioncode", "windows nt", "xx-",
}

// isLanguage knows "en", "en-us", "pt_br", "es-419" and "zh-hans-cn".
func isLanguage(part []byte) bool {
	n := 0
	for n < len(part) && isLetter(part[n]) {
		n++
	}
	if n != 2 || len(part) == 2 {
		return n == 2
	}
	tag := part[3:]
	if part[2] != '-' && part[2] != '_' {
		return false
	}
	switch {
	case len(tag) == 2:
		return isLetter(tag[0]) && isLetter(tag[1])
	case len(tag) == 3:
		return isDigit(tag[0]) && isDigit(tag[1]) && isDigit(tag[2])
	}
	for _, script := range [...]string{"han", "latn", "cyrl", "arab"} {
		if bytes.HasPrefix(tag, []byte(script)) {
			return true
		}
	}
	return false
}

// isNumber knows "2.3.4", which UC Browser puts in front of the model, and 35,
// which is some level. Numbers of more digits may be a maker's own for a model.
func isNumber(part []byte) bool {
	for _, c := range part {
		if !isDigit(c) && c != '.' {
			return false
		}
	}
	return len(part) <= 3 || bytes.IndexByte(part, '.') > 0
}

// isBare reports whether a model is but a number, which says nothing to people.
func isBare(model string) bool {
	for i := range len(model) {
		if !isDigit(model[i]) && model[i] != '.' && model[i] != '-' && model[i] != '_' {
			return false
		}
	}
	return true
}

// isScreen knows "480dpi", "1080x2400" and "320*480".
func isScreen(part []byte) bool {
	digits := 0
	for digits < len(part) && isDigit(part[digits]) {
		digits++
	}
	switch rest := part[digits:]; {
	case digits < 3 || len(rest) == 0:
		return false
	case string(rest) == "dpi" || string(rest) == " dpi":
		return true
	default:
		return (rest[0] == 'x' || rest[0] == '*') && len(rest) > 3 && isDigit(rest[1]) && isDigit(rest[3])
	}
}

// isBuild knows the numbers of Android's builds since version 8, such as
// AP3A.241005.015 (https://source.android.com/docs/setup/reference/build-numbers).
func isBuild(part []byte) bool {
	dot := bytes.IndexByte(part, '.')
	if dot < 3 || dot > 5 || len(part) < dot+11 || !isLetter(part[0]) {
		return false
	}
	for _, c := range part[dot+1 : dot+7] {
		if !isDigit(c) {
			return false
		}
	}
	return part[dot+7] == '.' && isDigit(part[dot+8])
}

// isSetting knows "Scale/3.00", "locale=en_US" and "build: 7": a word, what
// sets it apart, and its value. Makers set their models apart so, too:
// "Xiaomi/M2101K6G" is none.
func isSetting(part []byte) bool {
	i := bytes.IndexAny(part, "/=:")
	return i > 0 && part[i] == ':' || i > 0 && settings[string(bytes.TrimRight(part[:i], " "))]
}

var settings = wordSet(`
	app api arch brand build carrier channel chrome cpu cronet density dpi id lang language locale manufacturer net
	network okhttp os scale screen sdk store tz timezone uuid version`)

// hasFrozenModel reports whether the User-Agent is a reduced one, with K where
// the model was.
func hasFrozenModel(low []byte) bool {
	return contains(low, "; k)") || contains(low, "; k;") || contains(low, "; k build")
}
