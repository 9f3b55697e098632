package device

import "strings"

// Title names the device in the words that a person is shown, without any
// version: "Chrome on Windows". Devices that are alike have one title; a page
// can put a number behind it.
func (d Device) Title() string {
	place := d.place()
	switch {
	case d.Kind == KindBot:
		return or(d.Browser, "Unknown") + " (bot)"
	case d.Kind == KindCLI:
		return or(d.product(), "Unknown") + " (command line)"
	case d.Kind == KindTV && d.App == "":
		return d.tv()
	case d.Kind == KindConsole && d.App == "" && (d.Browser == "" || isConsoleBrowser[d.Browser]) && place != "":
		return place
	case d.App != "" && strings.HasSuffix(strings.ToLower(d.App), " app"):
		return on(d.App, place)
	case d.App != "":
		return on(d.App+" app", place)
	case d.Kind == KindApp || d.isStack():
		return on("App", place)
	case d.Browser != "":
		return on(d.Browser, place)
	case place != "":
		return place
	}
	return "Unknown device"
}

// Subtitle gives the details under the title: "Chrome 153 · Windows 11". It is
// empty when there are none.
func (d Device) Subtitle() string {
	product := join(d.App, d.AppVersion)
	if d.App == "" {
		product = join(d.Browser, d.BrowserVersion)
	}
	system := join(d.OS, d.OSVersion)
	switch {
	case product == "":
		return system
	case system == "":
		return product
	}
	return product + " · " + system
}

// place is what the client runs on, as closely as people know it.
func (d Device) place() string {
	switch {
	case d.Model == "" && d.OS == "macOS":
		return "Mac"
	case d.Model == "":
		return d.OS
	case d.Brand != "" && isCode(d.Model) && !startsWith(d.Model, d.Brand):
		return d.Brand + " " + d.Model
	}
	return d.Model
}

// isConsoleBrowser has the browsers that come with a console and go by its name.
var isConsoleBrowser = map[string]bool{"NetFront": true, "NetFront NX": true, "Nintendo Browser": true, "PlayStation Browser": true}

func (d Device) tv() string {
	switch maker := d.Brand; {
	case maker != "":
		return maker + " TV"
	case d.OS == "Tizen":
		return "Samsung TV"
	case d.OS == "webOS":
		return "LG TV"
	case d.OS == "tvOS":
		return "Apple TV"
	case d.OS == "Chromecast":
		return d.OS
	case d.OS == "Android" || d.OS == "Roku":
		return d.OS + " TV"
	}
	return "TV"
}

// isStack reports whether the browser is but the library that an app speaks
// through.
func (d Device) isStack() bool {
	return d.Browser == webView || d.Browser == androidWebView || words().gives(inStacks, d.Browser)
}

// isCode tells a model number, "SM-S918B" or "KFMAWI", from a name, "Pixel 8".
func isCode(model string) bool {
	return model != "" && strings.ToUpper(model) == model
}

func on(what, place string) string {
	if place == "" {
		return what
	}
	return what + " on " + place
}

func join(name, version string) string {
	if name == "" || version == "" {
		return name
	}
	return name + " " + version
}

func startsWith(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// String returns Title, so that a template prints what people read.
func (d Device) String() string { return d.Title() }
