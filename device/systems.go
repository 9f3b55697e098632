package device

import (
	"bytes"
	"strings"
)

// systemTokens are the operating systems. The more a word says the higher it
// ranks: a phone with Android says Linux too, one with HarmonyOS says both.
var systemTokens = []token{
	{"dalvik", "Android", 1},
	{"debian", "Linux", 1},
	{"fedora", "Linux", 1},
	{"linux", "Linux", 1},
	{"okhttp", "Android", 1},
	{"ubuntu", "Linux", 1},
	{"x11", "Linux", 1},
	{"darwin/", "iOS", 2},
	{"juc", "Android", 2},
	{"maui", "MTK", 2},
	{"mre/", "MTK", 2},
	{"ucweb/", "Android", 2},
	{"win16", "Windows", 2},
	{"win32", "Windows", 2},
	{"win64", "Windows", 2},
	{"win98", "Windows", 2},
	{"beos", "BeOS", 3},
	{"dragonfly", "BSD", 3},
	{"fb4a", "Android", 3}, // Facebook's names for its apps
	{"fbios", "iOS", 3},
	{"freebsd", "BSD", 3},
	{"fuchsia", "Fuchsia", 3},
	{"mac os", "macOS", 3},
	{"mac_powerpc", "macOS", 3},
	{"macintosh", "macOS", 3},
	{"macos", "macOS", 3},
	{"netbsd", "BSD", 3},
	{"openbsd", "BSD", 3},
	{"os/2", "OS/2", 3},
	{"qnx", "QNX", 3},
	{"sunos", "Solaris", 3},
	{"windows", "Windows", 3},
	{"winnt", "Windows", 3},
	{"brew", "BREW", 4},
	{"cros", "ChromeOS", 4},
	{"j2me", "Java ME", 4},
	{"mac os x", "macOS", 4},
	{"midp", "Java ME", 4},
	{"wds", "Windows Phone", 4},
	{"windows nt", "Windows", 4},
	{"adr", "Android", 5},
	{"andr0id", "Android", 5}, // Opera for televisions spells it so
	{"android", "Android", 5},
	{"haiku", "Haiku", 5},
	{"ios", "iOS", 5},
	{"ipad", "iOS", 5},
	{"iphone", "iOS", 5},
	{"ipod", "iOS", 5},
	{"orsay", "Tizen", 5},
	{"roku", "Roku", 5},
	{"s60*", "Symbian", 5},
	{"web0s", "webOS", 5},
	{"webos", "webOS", 5},
	{"android_*", "Android", 6},
	{"bada", "Bada", 6},
	{"bb10", "BlackBerry", 6},
	{"blackberry*", "BlackBerry", 6},
	{"cpu os", "iOS", 6},
	{"ipad os", "iOS", 6},
	{"ipados", "iOS", 6},
	{"iph os", "iOS", 6}, // UC Browser
	{"iphone os", "iOS", 6},
	{"kaios", "KaiOS", 6},
	{"maemo", "Maemo", 6},
	{"meego", "MeeGo", 6},
	{"rim tablet os", "BlackBerry", 6},
	{"sailfish", "Sailfish", 6},
	{"series 60", "Symbian", 6},
	{"series40", "Symbian", 6},
	{"series60", "Symbian", 6},
	{"symbian*", "Symbian", 6},
	{"tizen", "Tizen", 6},
	{"webos.tv", "webOS", 6},
	{"windows ce", "Windows Phone", 6},
	{"windows mobile", "Windows Phone", 6},
	{"wp7", "Windows Phone", 6},
	{"apple tv", "tvOS", 7},
	{"apple watch", "watchOS", 7},
	{"appletv*", "tvOS", 7},
	{"crkey", "Chromecast", 7},
	{"harmonyos", "HarmonyOS", 7},
	{"nintendo", "Nintendo", 7},
	{"openharmony", "HarmonyOS", 7},
	{"playstation*", "PlayStation", 7},
	{"tvos", "tvOS", 7},
	{"vidaa", "VIDAA", 7},
	{"watch os", "watchOS", 7},
	{"watchos", "watchOS", 7},
	{"windows phone", "Windows Phone", 7},
	{"windows phone os", "Windows Phone", 7},
	{"xbox", "Xbox", 7},
}

// readSystem fills in the operating system and its version, as far as it is
// not frozen.
func (d *Device) readSystem(a *agent) {
	d.OS = a.seen[inSystems].name
	version := a.version(inSystems)
	if rank := a.seen[inSystems].rank; rank < rankDarwin || rank == rankDarwin && d.OS != "iOS" {
		version = "" // of the product that gave the system away
	}
	version = or(version, a.field("fbsv/"))
	switch d.OS {
	case "Windows":
		d.OSVersion = windowsVersion(version)
	case "macOS":
		if contains(a.low, " mobile/") { // an app on an iPad, which passes for a Mac
			d.OS, d.Model = "iOS", "iPad"
			return
		}
		d.OSVersion = macVersion(version)
	case "iOS":
		d.readIOS(a, version)
	case "Android":
		if isChromebook(a.low) {
			d.OS = "ChromeOS"
			return
		}
		d.OSVersion = androidVersion(a, version)
	case "ChromeOS":
		if version = numbers(version, 2); version != "14541.0" { // frozen
			d.OSVersion = shortVersion(version)
		}
	case "Linux", "Java ME", "Chromecast", "MTK":
		// The version of a kernel, a build or a profile says nothing to people.
	default:
		d.OSVersion = shortVersion(version)
	}
}

// windowsNames gives the names that people know Windows NT versions by. 10.0
// is not among them: Windows 11 says that too.
var windowsNames = map[string]string{
	"5.0": "2000", "5.1": "XP", "5.2": "XP", "6.0": "Vista", "6.1": "7", "6.2": "8", "6.3": "8.1",
}

func windowsVersion(version string) string { return windowsNames[numbers(version, 2)] }

// macVersion drops 10.15, at which all browsers froze.
func macVersion(version string) string {
	if v := numbers(version, 2); v != "10.15" {
		return shortVersion(v)
	}
	return ""
}

// androidVersion drops the 10 of a reduced User-Agent.
func androidVersion(a *agent, version string) string {
	if a.model == (span{}) && hasFrozenModel(a.low) {
		return ""
	}
	if level, release, ok := strings.Cut(version, "/"); ok && len(level) == 2 {
		version = release // Instagram puts the API level in front: (33/13; 480dpi; ...)
	}
	return shortVersion(version)
}

// isChromebook knows an Android app on ChromeOS by the build number, which is
// that of ChromeOS: "Build/R80-12739.111.0".
func isChromebook(low []byte) bool {
	_, build, ok := bytes.Cut(low, []byte("build/r"))
	digits := 0
	for digits < len(build) && isDigit(build[digits]) {
		digits++
	}
	return ok && digits >= 2 && digits < len(build) && build[digits] == '-'
}

// readIOS fills in the version of iOS. With version 26, Safari froze the system
// at 18.6 or 18.7 and gives the system's version as its own. Firefox takes over
// the frozen one and gives no other.
func (d *Device) readIOS(a *agent, version string) {
	if a.seen[inSystems].rank == rankDarwin {
		d.readDarwin(a, version)
		return
	}
	major, minor := splitVersion(version)
	d.OSVersion = shortVersion(version)
	if major > 100 && major < 1000 { // some browsers wrote 812 for 8.1.2
		d.OSVersion = shortVersion(version[:1] + "." + version[1:2])
	}
	if major != 18 || minor < 6 {
		return
	}
	safari := a.field("version/")
	if major, _ := splitVersion(safari); major >= 26 {
		d.OSVersion = shortVersion(safari)
	} else if safari == "" && a.seen[inBrowsers].name == "Firefox" {
		d.OSVersion = ""
	}
}
