package device

import "strings"

// applyHints lets the client hints raise what the User-Agent said. The
// User-Agent of a Chromium browser is frozen and its hints are not, so a hint
// wins, except over an app, which shows itself in the User-Agent only.
func (d *Device) applyHints(h *Hints) {
	d.applyPlatform(h)
	d.applyBrand(h)
	d.applyModel(h)
	d.applyForm(h)
}

func (d *Device) applyModel(h *Hints) {
	model := unquote(h.Model)
	if model == "" || model == frozenModel {
		return
	}
	old := d.Model
	known := d.setModel(model)
	d.Model = or(d.Model, old)
	guessed := !known.sure && (h.Mobile == "?1" || d.Kind == KindDesktop)
	if known.kind != "" && d.Kind != KindBot && (!guessed || d.Kind == KindUnknown) {
		d.Kind = known.kind
	}
	d.Source = max(d.Source, SourceDetailedHints)
}

// platforms gives our names for the values of Sec-CH-UA-Platform that differ.
var platforms = map[string]string{
	"Chrome OS":   "ChromeOS",
	"Chromium OS": "ChromeOS",
	"Mac OS X":    "macOS",
	"Unknown":     "",
}

func (d *Device) applyPlatform(h *Hints) {
	system := unquote(h.Platform)
	if name, ok := platforms[system]; ok {
		system = name
	}
	if system == "" {
		return
	}
	d.Source = max(d.Source, SourceHints)
	if d.OS != "" && d.OS != system && !isKin(d.OS, system) {
		d.Inconsistent = true
		return
	}
	if d.OS == "" || d.OS == "Linux" {
		d.OS = system
	}
	if v := hintedVersion(system, unquote(h.PlatformVersion)); v != "" && d.OS == system {
		d.OSVersion = v
		d.Source = max(d.Source, SourceDetailedHints)
	}
}

// isKin reports whether a client that names both systems still speaks of one:
// many systems are a Linux, and what is built on Android says so.
func isKin(system, hinted string) bool {
	switch hinted {
	case "Linux":
		return system != "Windows" && system != "macOS" && system != "iOS"
	case "Android":
		return system == "HarmonyOS" || system == "Linux"
	case "Fuchsia", "ChromeOS":
		return system == "Linux"
	}
	return false
}

// hintedVersion reads Sec-CH-UA-Platform-Version. For Windows it is the
// version of an API contract: https://learn.microsoft.com/microsoft-edge/web-platform/how-to-detect-win11
func hintedVersion(system, version string) string {
	if system == "Linux" || system == "ChromeOS" {
		return "" // the kernel's, or a build's, which nobody knows by heart
	}
	if system != "Windows" {
		return shortVersion(version)
	}
	switch major, minor := splitVersion(version); {
	case major >= 13:
		return "11"
	case major >= 1:
		return "10"
	case minor == 1:
		return "7"
	case minor == 2:
		return "8"
	case minor == 3:
		return "8.1"
	}
	return ""
}

// applyForm takes the kind from Sec-CH-UA-Form-Factors, or else from
// Sec-CH-UA-Mobile, to which tablets answer no.
func (d *Device) applyForm(h *Hints) {
	if d.Kind == KindBot || d.Kind == KindTV {
		return
	}
	for member := range members(h.FormFactors) {
		if kind, ok := formFactors[member.value]; ok {
			d.Kind = kind
			d.Source = max(d.Source, SourceDetailedHints)
			return
		}
	}
	if unknown := d.Kind == KindUnknown || d.Kind == ""; unknown && h.Mobile != "" {
		d.Kind = KindDesktop
		if h.Mobile == "?1" {
			d.Kind = KindPhone
		} else if d.OS == "Android" {
			d.Kind = KindTablet
		}
	}
}

var formFactors = map[string]Kind{
	"Desktop":    KindDesktop,
	"Automotive": KindCar,
	"Mobile":     KindPhone,
	"Tablet":     KindTablet,
	"Watch":      KindWatch,
	"XR":         KindHeadset,
}

// applyBrand names the browser by its brand where the User-Agent says no more
// than Chrome. A version that the User-Agent has too stays: some give two.
func (d *Device) applyBrand(h *Hints) {
	list := h.FullVersions
	if list == "" {
		list = h.Brands
	}
	name, version := pickBrand(list)
	if name == "" {
		return
	}
	d.Source = max(d.Source, SourceHints)
	generic := d.Browser == "" || d.Browser == "Chrome" || d.Browser == "Chromium"
	edition := d.Browser != "" && strings.HasPrefix(name, d.Browser+" ") // Opera GX calls itself Opera
	if d.App != "" || d.Kind == KindBot || !generic && !edition && d.Browser != name {
		return
	}
	if edition && !generic {
		d.Browser = name
		return
	}
	if v := shortVersion(version); v != "" && d.Browser != name {
		d.BrowserVersion = v
	}
	d.Browser = name
}

// pickBrand returns the brand of the browser and its version: one that we
// know, else one that we do not, else the engine.
func pickBrand(list string) (name, version string) {
	best := 0
	for m := range members(list) {
		known, ok := brandNames[m.value]
		rank := 3
		switch {
		case isGrease(m.value):
			continue
		case isEngine(m.value):
			rank = 1
		case !ok:
			known, rank = m.value, 2
		}
		if rank > best {
			best, name, version = rank, known, m.version
		}
	}
	return name, version
}

// brandNames gives our names for the brands that browsers claim.
var brandNames = nameMap(`
	Android WebView: Android_WebView
	Avast Secure Browser: Avast_Secure_Browser AvastSecureBrowser
	Brave: Brave
	Chrome: Chromium Google_Chrome
	AVG Secure Browser: AVG_Secure_Browser
	CCleaner Browser: CCleaner_Browser
	DuckDuckGo: DuckDuckGo
	Headless Chrome: HeadlessChrome
	Huawei Browser: HuaweiBrowser
	Edge: Microsoft_Edge Microsoft_Edge_WebView2
	MIUI Browser: Mi_Browser
	Meta Quest Browser: Meta_Quest_Browser Oculus_Browser
	Opera: Opera OperaMobile
	Opera GX: Opera_GX OperaGX
	Opera Mini: Opera_Mini
	Samsung Internet: Samsung_Internet
	Amazon Silk: Silk
	Vivaldi: Vivaldi
	Whale: Whale
	Yandex Browser: YaBrowser Yandex`)

func isEngine(brand string) bool { return brand == "Chromium" || brand == "Android WebView" }

// isGrease reports whether a brand is there to keep servers from reading the
// list by position. Only its letters are stable: `Not;A=Brand`, ` Not A;Brand`.
func isGrease(brand string) bool {
	letters := strings.Map(func(r rune) rune {
		if r|0x20 >= 'a' && r|0x20 <= 'z' {
			return r | 0x20
		}
		return -1
	}, brand)
	return letters == "notabrand" || letters == "notanybrand" || letters == "placeholderbrowserbrand"
}

func unquote(s string) string {
	for m := range members(s) {
		return m.value
	}
	return ""
}

// passesForChrome reports whether a browser's User-Agent is Chrome's, so that
// only its brand gives it away.
func passesForChrome(browser string) bool {
	if browser == "Brave" { // on iOS it does say so
		return true
	}
	return browser != "" && !words().gives(inBrowsers, browser)
}
