package device

import "strings"

// Merge returns old, improved by what a later request on the same session
// says. Nothing that is known is lost, and a request from something else that
// uses the same session (a video player, a widget) does not replace the device.
func Merge(old, later Device) Device {
	switch {
	case old.Kind == "" || old.Kind == KindUnknown:
		return later.filled(old)
	case old.mayBeIPad() && later.isIPad() && old.product() == later.product():
		later.Source = max(old.Source, later.Source)
		return later
	case old.OS != later.OS && old.OS != "" && later.OS != "":
		return old
	case old.product() == later.product() || old.isMaskOf(later):
		return old.refreshed(later)
	case old.isNameless() && later.App != "":
		return later.filled(old)
	}
	return old
}

// isMaskOf reports whether old may be a browser that passes for Chrome in its
// User-Agent and has given its name in a hint since.
func (old Device) isMaskOf(later Device) bool {
	return old.App == "" && later.App == "" && old.Browser == "Chrome" && old.Source < later.Source && passesForChrome(later.Browser)
}

// mayBeIPad reports whether nothing but a User-Agent says that the device is a
// Mac, as an iPad's does when a person asks for the desktop site. Apps, and
// browsers other than Apple's, say more on both.
func (d Device) mayBeIPad() bool {
	return d.OS == "macOS" && d.Source == SourceUserAgent && d.App == "" && (d.Browser == "Safari" || d.Browser == webView || d.Browser == "DuckDuckGo")
}

func (d Device) isIPad() bool { return d.OS == "iOS" && startsWith(d.Model, "iPad") }

// isNameless reports whether all that is known is the library that an app
// speaks through; the app may give its name later.
func (d Device) isNameless() bool { return d.App == "" && d.isStack() && d.Kind != KindCLI }

// refreshed takes the versions from a later request of the same client, and
// all the rest too if that has a better source.
func (d Device) refreshed(later Device) Device {
	versions := [...]string{later.BrowserVersion, later.OSVersion, later.AppVersion}
	switch rough, wasRough := later.Browser == buildNumbered, d.Browser == buildNumbered; {
	case d.App == "":
	case rough && !wasRough: // another number of the same app
		versions = [...]string{d.BrowserVersion, newer(d.OSVersion, later.OSVersion), or(d.AppVersion, later.AppVersion)}
		later.Browser, later.BrowserVersion = d.Browser, d.BrowserVersion
	case wasRough && !rough:
		d.Browser, d.BrowserVersion = later.Browser, later.BrowserVersion
	}
	if later.Source > d.Source {
		d = later.filled(d)
	} else {
		d = d.filled(later)
	}
	d.BrowserVersion = or(versions[0], d.BrowserVersion)
	d.OSVersion = or(versions[1], d.OSVersion)
	d.AppVersion = or(versions[2], d.AppVersion)
	return d
}

// filled returns d with what is not known of it taken from another.
func (d Device) filled(from Device) Device {
	if known := from.Kind != "" && from.Kind != KindUnknown; known && (d.Kind == "" || d.Kind == KindUnknown || d.Kind == KindApp) {
		d.Kind = from.Kind
	}
	if d.product() == "" {
		d.Browser, d.BrowserVersion = from.Browser, from.BrowserVersion
	}
	if d.Model == "" {
		d.Model, d.Brand = from.Model, or(from.Brand, d.Brand)
	}
	d.OS = or(d.OS, from.OS)
	d.OSVersion = or(d.OSVersion, from.OSVersion)
	d.App = or(d.App, from.App)
	d.AppVersion = or(d.AppVersion, from.AppVersion)
	d.Source = max(d.Source, from.Source)
	return d
}

// newer returns what is known of the system after an update: the later version,
// unless it says the same in fewer numbers.
func newer(old, later string) string {
	if later == "" || old == later || strings.HasPrefix(old, later+".") {
		return old
	}
	return later
}
