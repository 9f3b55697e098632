package device

// Merge returns old, improved by what a later request on the same session
// says. Nothing that is known is lost, and a request from something else that
// uses the same session (a video player, a widget) does not replace the device.
func Merge(old, later Device) Device {
	switch {
	case old.Kind == "" || old.Kind == KindUnknown:
		return filled(later, old)
	case !sameSystem(old, later):
		return old
	case old.product() == later.product() || old.Browser == "Chrome" && old.App == "" && later.Source > old.Source && later.App == "":
		return refreshed(old, later)
	case old.isNameless() && later.App != "":
		return filled(later, old)
	}
	return old
}

func sameSystem(old, later Device) bool {
	return old.OS == later.OS || old.OS == "" || later.OS == ""
}

// isNameless reports whether all that is known is the library that an app
// speaks through; the app may give its name later.
func (d Device) isNameless() bool { return d.App == "" && d.isStack() && d.Kind != KindCLI }

// refreshed takes the versions from the later request of one client, and the
// rest too if it has a better source.
func refreshed(old, later Device) Device {
	d := filled(old, later)
	if later.Source > old.Source {
		d = filled(later, old)
		if later.Kind == KindApp {
			d.Kind = old.Kind
		}
	}
	d.BrowserVersion = or(later.BrowserVersion, d.BrowserVersion)
	d.AppVersion = or(later.AppVersion, d.AppVersion)
	d.OSVersion = or(later.OSVersion, d.OSVersion)
	d.Source = max(old.Source, later.Source)
	return d
}

// filled returns d with its empty fields taken from another.
func filled(d, from Device) Device {
	if d.Kind == "" || d.Kind == KindUnknown || d.Kind == KindApp && from.Kind != KindUnknown && from.Kind != "" {
		d.Kind = from.Kind
	}
	if d.product() == "" || d.App == from.App && d.Browser == "" {
		d.Browser, d.BrowserVersion = from.Browser, from.BrowserVersion
	}
	d.OS = or(d.OS, from.OS)
	d.OSVersion = or(d.OSVersion, from.OSVersion)
	d.App = or(d.App, from.App)
	d.AppVersion = or(d.AppVersion, from.AppVersion)
	if d.Model == "" {
		d.Model, d.Brand = from.Model, or(from.Brand, d.Brand)
	}
	return d
}
