package device

import (
	"slices"
	"strings"
)

// An App tells a native app by its User-Agent.
type App struct {
	Name string // "Immich"
	// Pattern is the whole User-Agent, with {version} for the version:
	// "immich-android/{version}". It may end with * for what follows.
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
// the zero Device.
func (p *Parser) parseApp(userAgent string) Device {
	for _, rule := range p.apps {
		if version, ok := rule.match(userAgent); ok {
			d := Device{Kind: KindApp, App: rule.Name, AppVersion: version, OS: rule.OS, Source: SourceApp}
			if rule.OS == "iOS" || rule.OS == "macOS" {
				d.Brand = "Apple"
			}
			return d
		}
	}
	return Device{}
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

// applyAppHeaders takes what an app says of its device in headers of its own.
func (d *Device) applyAppHeaders(h *Hints) {
	if h.AppModel == "" && h.AppPlatform == "" || d.Kind == KindBot {
		return
	}
	switch h.AppPlatform {
	case "Android", "iOS":
		if d.OS != "" && d.OS != h.AppPlatform {
			d.Inconsistent = true
			return
		}
		d.OS = h.AppPlatform
	}
	d.Source = SourceApp
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
