package device

import (
	"bytes"
	"strings"
)

// systemTokens are the operating systems. The more a word says the higher it
// ranks: a phone with Android says Linux too, one with HarmonyOS says both.
var systemTokens = []ranked{
	{1, `
		Android: dalvik okhttp
		Linux: debian fedora linux ubuntu x11`},
	{2, `
		iOS: darwin/
		Android: juc ucweb/
		MTK: maui mre/
		Windows: win16 win32 win64 win98`},
	{3, `
		BeOS: beos
		BSD: dragonfly freebsd netbsd openbsd
		Android: fb4a
		iOS: fbios
		Fuchsia: fuchsia
		macOS: mac_os mac_powerpc macintosh
		OS/2: os/2
		QNX: qnx
		Solaris: sunos
		Windows: windows winnt`},
	{4, `
		macOS: macos mac_os_x
		BREW: brew
		ChromeOS: cros
		Java ME: j2me midp
		Windows Phone: wds
		Windows: windows_nt`},
	{5, `
		Android: adr andr0id android
		Haiku: haiku
		iOS: ipad* iphone* ipod*
		Tizen: orsay
		Roku: roku*
		Symbian: s60*
		webOS: web0s webos`},
	{6, `
		iOS: ios cpu_os ipad_os ipados iph_os iphone_os
		Android: android_*
		Bada: bada
		BlackBerry: bb10 blackberry* rim_tablet_os
		KaiOS: kaios
		Maemo: maemo
		MeeGo: meego
		Sailfish: sailfish
		Symbian: series_60 series40 series60 symbian*
		Tizen: tizen*
		webOS: webos.tv
		Windows Phone: windows_ce windows_mobile wp7`},
	{7, `
		tvOS: apple_tv appletv*
		visionOS: apple_vision realitydevice*
		watchOS: apple_watch watch#,*
		Chromecast: crkey
		HarmonyOS: harmonyos openharmony
		Nintendo: nintendo
		PlayStation: playstation*
		VIDAA: vidaa
		Windows Phone: windows_phone windows_phone_os
		Xbox: xbox`},
	{8, `
		tvOS: tvos
		visionOS: visionos xros
		watchOS: watch_os watchos`},
}

// readSystem fills in the operating system and its version, as far as it is
// not frozen.
func (d *Device) readSystem(a *agent) {
	d.OS = a.seen[inSystems].name
	version := a.systemVersion()
	switch d.OS {
	case "Windows":
		if d.OSVersion = windowsVersion(version); d.OSVersion == "" && a.isOwn() && a.seen[inSystems].rank == 3 {
			d.OSVersion = windowsRelease(version)
		}
	case "macOS":
		if passesForMac(a.low) {
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
	case "Linux":
		d.readLinux(a)
	case "Java ME", "Chromecast", "MTK", "Nintendo", "Xbox", "PlayStation":
		// The version of a kernel, a build or a profile says nothing to people.
	case "visionOS":
		if d.OSVersion = shortVersion(version); a.seen[inKinds].name == string(KindTV) {
			d.OS, d.OSVersion = "Linux", "" // a television's software of that name
		}
	default:
		d.OSVersion = shortVersion(version)
	}
}

// systemVersion returns what follows the word that gave the system away, unless
// that word is the name of a device or a part of a product's, whose number is
// not the system's.
func (a *agent) systemVersion() string {
	s := &a.seen[inSystems]
	switch {
	case s.rank < rankDarwin || s.rank == rankDarwin && s.name != "iOS" || a.isJoined(s.at):
		return a.field("fbsv/")
	case s.name == "tvOS" || s.name == "watchOS" || s.name == "visionOS":
		if s.rank == 7 { // the device; the system may stand behind it
			return or(a.field("cpu os "), a.field("os/"))
		}
	case s.rank == 5 && s.name == "iOS", s.name == "Roku", bytes.HasPrefix(a.low[s.at:], []byte("macintosh")):
		return or(a.field("fbsv/"), a.partBehind(s.end))
	}
	return or(a.version(inSystems), or(a.field("fbsv/"), a.partBehind(s.end)))
}

// partBehind returns the part of a comment behind i if it is but a version, as
// some apps write: "(Android; 14; Pixel 8)".
func (a *agent) partBehind(i int) string {
	if !a.isOwn() || i >= len(a.low) || a.low[i] != ';' {
		return ""
	}
	part := nextPart(a.low, i)
	if text := a.low[part.from:part.to]; len(text) > 0 && isNumber(text) {
		return a.text[part.from:part.to]
	}
	return ""
}

// isJoined reports whether the word at i is the end of a longer name.
func (a *agent) isJoined(i int) bool {
	return i > 1 && strings.IndexByte("-_.", a.low[i-1]) >= 0 && isWord(a.low[i-2])
}

// passesForMac knows an iPad that asks for the desktop site: it has a browser
// or an app that exists for iOS only.
func passesForMac(low []byte) bool {
	for _, product := range [...]string{" mobile/", "crios/", "fxios/", "edgios/", "opios/", "mxios/", "focus/", "klar/", "gsa/", "opt/", "fbios;", "fbdv/ipad", "ddgios/"} {
		if contains(low, product) {
			return true
		}
	}
	return false
}

// readLinux tells of Android, whose browsers hide it when a person asks for the
// desktop site, but exist for nothing else.
func (d *Device) readLinux(a *agent) {
	said := a.seen[inKinds]
	if androidOnly[a.seen[inBrowsers].name] && said.name != string(KindTV) && (contains(a.low, "x11") || contains(a.low, " build/")) {
		d.OS = "Android"
	}
}

var androidOnly = map[string]bool{
	"Amazon Silk": true, "DuckDuckGo": true, "Firefox Focus": true, "HeyTap Browser": true, "Honor Browser": true,
	"MIUI Browser": true, "Meta Quest Browser": true, "Mint Browser": true, "OnePlus Browser": true, "Pico Browser": true,
	"Samsung Internet": true, "UC Browser": true, "Vivo Browser": true, "Wolvic": true,
}

// windowsNames gives the names that people know Windows NT versions by. 10.0
// is not among them: Windows 11 says that too.
var windowsNames = map[string]string{
	"5.0": "2000", "5.1": "XP", "5.2": "XP", "6.0": "Vista", "6.1": "7", "6.2": "8", "6.3": "8.1",
}

// windowsRelease reads what an app says of Windows itself, "11" or the number of
// its build, "10.0.22631": from 22000 on that is Windows 11
// (https://learn.microsoft.com/windows/release-health/windows11-release-information).
func windowsRelease(version string) string {
	if rest, ok := strings.CutPrefix(numbers(version, 3), "10.0."); ok {
		if smallNumber(rest) >= 22000 {
			return "11"
		}
		return "10"
	}
	switch v := numbers(version, 2); v {
	case "7", "8", "8.1", "10", "11":
		return v
	}
	return ""
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
	if major, _ := splitVersion(version); major > lastAndroid {
		return "" // the API level
	}
	return shortVersion(version)
}

// lastAndroid is more than any version of Android has reached; API levels have
// been above it since 2012.
const lastAndroid = 20

// isChromebook knows an Android app on ChromeOS by the model's name or by the
// build number, which is that of ChromeOS: "Build/R80-12739.111.0".
func isChromebook(low []byte) bool {
	if contains(low, "chromebook") || contains(low, "pixelbook") || contains(low, "chromebox") {
		return true
	}
	_, build, ok := bytes.Cut(low, []byte("build/r"))
	digits := 0
	for digits < len(build) && isDigit(build[digits]) {
		digits++
	}
	return ok && digits >= 2 && digits < len(build) && build[digits] == '-'
}

// readIOS fills in the version of iOS. With version 26, Safari froze the system
// at 18.6 or 18.7 and gives the system's version as its own. Others take over
// the frozen one; some of them give the true one elsewhere.
func (d *Device) readIOS(a *agent, version string) {
	if a.seen[inSystems].rank == rankDarwin {
		d.readDarwin(a, version)
		return
	}
	major, _ := splitVersion(version)
	d.OSVersion = shortVersion(version)
	if major > 100 && major < 1000 { // some browsers wrote 812 for 8.1.2
		d.OSVersion = shortVersion(version[:1] + "." + version[1:2])
	}
	if a.isOwn() || d.OSVersion != "18.6" && d.OSVersion != "18.7" || len(numbers(version, 3)) > len("18_7") {
		return
	}
	safari := a.field("version/")
	major, _ = splitVersion(safari)
	switch elsewhere := or(a.field("fbsv/"), a.otherIOS()); {
	case elsewhere != "":
		d.OSVersion = shortVersion(elsewhere)
	case major >= 26:
		d.OSVersion = shortVersion(safari)
	case major != 18:
		d.OSVersion = ""
	}
}

// otherIOS returns the version of iOS that an app gives behind the browser's
// part: "(iPhone17,3; iOS 26_0_1)".
func (a *agent) otherIOS() string {
	for i := a.seen[inSystems].end; i < len(a.low); i++ {
		if a.low[i] != 'i' || isWord(a.low[i-1]) || a.isJoined(i) || !bytes.HasPrefix(a.low[i:], []byte("ios")) {
			continue
		}
		if version := versionAfter(a.text, i+len("ios")); version != "" {
			return version
		}
	}
	return ""
}
