package device

import (
	"slices"
	"strings"
)

// An App gives a native app the name that its users know it by. Without one an
// app is named as its User-Agent names it: "photos-ios/2.0" is the "photos app".
type App struct {
	Name string // "Immich"
	// Pattern is the whole User-Agent, with {version} for the version:
	// "immich-android/{version}". It may end with * for what follows, in which
	// the device is looked for: "photos-ios/{version}*" also fits
	// "photos-ios/2.0 (iPhone17,1; iOS 26.1)".
	Pattern string
	OS      string // the system that this form is sent from, if one
}

// immich has all forms of the User-Agent since 2022. Before 1.133.1, and for
// some requests until 2.5, it sent that of its HTTP library.
var immich = []App{
	{"Immich", "immich-android/{version}", "Android"},
	{"Immich", "immich-ios/{version}", "iOS"},
	{"Immich", "immich-unknown/{version}", ""},
	{"Immich", "Immich_Android_{version}", "Android"},
	{"Immich", "Immich_iOS_{version}", "iOS"},
	{"Immich", "Immich_Unknown_{version}", ""},
}

// An appRule is a pattern, cut at the version.
type appRule struct {
	App
	before, after string
	versioned     bool
	open          bool // anything may follow
}

func compileApps(host []App) []appRule {
	rules := make([]appRule, 0, len(host)+len(immich))
	for _, app := range slices.Concat(host, immich) {
		rules = append(rules, compileApp(app))
	}
	return rules
}

func compileApp(app App) appRule {
	pattern, open := strings.CutSuffix(app.Pattern, "*")
	before, after, versioned := strings.Cut(pattern, "{version}")
	if app.Name == "" || before == "" {
		panic("device: an App needs a Name, and a Pattern that does not start with {version}")
	}
	return appRule{app, before, after, versioned, open}
}

// parseApp returns the device of the first rule that the User-Agent fits, or
// the zero Device, and whether the User-Agent may say more.
func (p *Parser) parseApp(userAgent string) (d Device, more bool) {
	for i := range p.apps {
		rule := &p.apps[i]
		if version, ok := rule.match(userAgent); ok {
			d := Device{Kind: KindApp, App: rule.Name, AppVersion: version, OS: rule.OS, Source: SourceApp}
			if isApple(rule.OS) {
				d.Brand = "Apple"
			}
			return d, rule.open
		}
	}
	return Device{}, false
}

func (r *appRule) match(userAgent string) (version string, ok bool) {
	rest, ok := strings.CutPrefix(userAgent, r.before)
	if !ok {
		return "", false
	}
	if r.versioned {
		end := versionEnd(rest, r.after)
		version, rest = rest[:end], rest[end:]
		if rest, ok = strings.CutPrefix(rest, r.after); !ok || version == "" {
			return "", false
		}
	}
	if !strings.ContainsAny(version, "0123456789") {
		version = "" // "unknown", say
	}
	return version, r.open || rest == ""
}

// versionEnd returns where a version ends: before what follows it, or else
// before what is in no version.
func versionEnd(s, after string) int {
	end := strings.IndexAny(s, " ;()")
	if after != "" {
		end = strings.Index(s, after)
	}
	if end < 0 {
		return len(s)
	}
	return end
}

// addDevice takes what the rest of an app's User-Agent says of the device.
func (d *Device) addDevice(of Device) {
	if d.OS != "" && of.OS != "" && d.OS != of.OS || of.Kind == KindBot {
		return
	}
	d.OS = or(d.OS, of.OS)
	d.OSVersion, d.Brand, d.Model = of.OSVersion, or(of.Brand, d.Brand), of.Model
	switch of.Kind {
	case KindUnknown, KindApp, KindCLI, "":
	default:
		if of.Model != "" || of.Kind != KindPhone { // a system alone makes no phone of an app
			d.Kind = of.Kind
		}
	}
}

// appPlatforms gives our names for what apps say of their system, in lower case.
var appPlatforms = map[string]string{
	"android": "Android", "ios": "iOS", "ipados": "iOS", "iphone": "iOS", "ipad": "iOS", "macos": "macOS",
	"windows": "Windows", "linux": "Linux", "tvos": "tvOS", "watchos": "watchOS", "visionos": "visionOS",
}

// applyAppHeaders takes what an app says of itself and its device in headers of
// its own.
func (d *Device) applyAppHeaders(h *Hints) {
	if h.AppName == "" && h.AppModel == "" && h.AppPlatform == "" || d.Kind == KindBot {
		return
	}
	if system := appPlatforms[strings.ToLower(h.AppPlatform)]; system != "" {
		if d.OS != "" && d.OS != system && !(d.OS == "Linux" && system == "Android") && !(d.OS == "iOS" && system == "macOS") {
			d.Inconsistent = true
			return
		}
		d.OS = system
	}
	d.Source = SourceApp
	if h.AppName != "" {
		d.App, d.AppVersion, d.Browser, d.BrowserVersion = h.AppName, h.AppVersion, "", ""
		if d.Kind == KindUnknown || d.Kind == KindCLI || d.Kind == "" {
			d.Kind = KindApp
		}
	}
	if h.AppModel != "" {
		d.setAppModel(h.AppModel)
	}
}

// setAppModel takes a model from its system: Android's Build.MODEL, or the
// machine number of an Apple device, or the name that it is sold under. What
// stands there for want of one, "Unknown" or "arm64", it leaves out.
func (d *Device) setAppModel(model string) {
	if isApple(d.OS) || d.OS == "" && appleName(model) != "" {
		name := appleName(model)
		if name == "" {
			return
		}
		d.Brand, d.Model = "Apple", name
		d.Kind = KindPhone
		if known := appleKind(name); known.kind != "" {
			d.Kind = known.kind
		}
		return
	}
	brand, old := d.Brand, d.Model
	known := d.setModel(model)
	if d.Model == "" {
		d.Brand, d.Model = or(d.Brand, brand), old
	}
	switch {
	case known.kind != "":
		d.Kind = known.kind
	case d.OS == "Android" && d.Model != "" && (d.Kind == KindApp || d.Kind == KindUnknown || d.Kind == ""):
		d.Kind = KindPhone
	}
}
