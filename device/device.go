// Package device turns what a request says about its client into what a
// person recognises: "Chrome on Windows", "Safari on iPhone", "Immich app on
// Pixel 8".
//
// [Parse] reads [Hints] and returns a [Device], whose Title, Subtitle and Kind
// are what a page shows. [Merge] improves the device of a session by later
// requests, and [Device.Family] is what to compare when one asks whether a
// device is known. All hints come from the client and can be forged: a Device
// is for showing, and for noticing that something looks different, never for
// deciding who someone is.
//
// A browser with a frozen User-Agent says "Windows NT 10.0" on Windows 11 and
// "Android 10; K" on every phone. What is frozen is left out; to know it, send
// [AcceptCH] with the pages on which people sign in.
//
// Parse accepts any input, and cuts a User-Agent after 1,024 bytes. The fields
// of a Device are valid UTF-8, at most 64 bytes long, and free of control,
// bidirectional-formatting and invisible characters; they are not escaped for
// HTML. What was parsed lately is remembered, so that Parse may be called for
// each request.
//
// Everything in this package is safe for concurrent use.
package device

import "sync"

// A Kind is the sort of device, and the name of the icon to show for it.
type Kind string

// The kinds of device.
const (
	KindUnknown Kind = "unknown"
	KindDesktop Kind = "desktop"
	KindPhone   Kind = "phone"
	KindTablet  Kind = "tablet"
	KindTV      Kind = "tv"
	KindWatch   Kind = "watch"
	KindConsole Kind = "console"
	KindCar     Kind = "car"
	KindHeadset Kind = "headset" // worn before the eyes: Quest, Vision Pro
	KindApp     Kind = "app"     // an app whose device is not known
	KindCLI     Kind = "cli"     // a command-line tool or HTTP library
	KindBot     Kind = "bot"
)

// A Source is what a [Device] was told from. A higher one knows better.
type Source uint8

// The sources.
const (
	SourceUserAgent     Source = iota
	SourceHints                // the client hints that browsers send unasked
	SourceDetailedHints        // those that [AcceptCH] asks for
	SourceApp                  // what a native app says of itself
)

// A Device is the client of a session as a person would name it. It is
// comparable. An empty field is not known.
type Device struct {
	Kind           Kind
	Browser        string // family without version: "Chrome"; of a tool or bot, its name
	BrowserVersion string // "153" or "26.1"
	OS             string // "Windows", "iOS", "Android", "macOS"
	OSVersion      string // "11"
	Brand          string // maker of the device: "Google"
	Model          string // "Pixel 8"; never a build number, an API level or a bare number
	App            string // a native app's name: "Immich"
	AppVersion     string
	Source         Source
	Inconsistent   bool // the hints contradict the User-Agent, as a bot's or an emulator's do
}

var standard = sync.OnceValue(func() *Parser { return New(Config{}) })

// Parse tells the device from the hints, with a [Parser] for the zero [Config].
func Parse(h Hints) Device { return standard().Parse(h) }

// A Family is what stays the same of a client when it is updated. It is
// comparable: two requests of one client have equal families, and so, by
// chance, have one in five pairs of strangers (npm user-agents 2.1.198).
type Family struct {
	Kind    Kind
	Product string // the app, or else the browser
	OS      string
}

// Family returns the family of the device.
func (d Device) Family() Family {
	return Family{d.Kind, d.product(), d.OS}
}

// IsSameBrowser reports whether f and g are one browser, whose user asked for the
// desktop site or stopped asking: a phone then passes for a computer. A Linux or
// a Mac with a browser of that name looks the same, so it is no proof.
func (f Family) IsSameBrowser(g Family) bool {
	if f.OS == g.OS { // a browser of which we know that it is not on a computer
		only := f.OS == "iOS" || androidOnly[f.Product]
		return f == g || only && f.Product == g.Product && f.Kind.isScreen() && g.Kind.isScreen()
	}
	if f.Kind == KindDesktop {
		f, g = g, f
	}
	if g.Kind != KindDesktop || f.Kind != KindPhone && f.Kind != KindTablet {
		return false
	}
	return f.OS == "iOS" && g.OS == "macOS" && f.Product == g.Product ||
		f.OS == "Android" && g.OS == "Linux" && (f.Product == g.Product || g.Product == "Chrome")
}

func (k Kind) isScreen() bool { return k == KindPhone || k == KindTablet || k == KindDesktop }

func (d Device) product() string { return or(d.App, d.Browser) }
