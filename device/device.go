// Package device turns what a request says about its client into what a
// person recognises: "Chrome on Windows", "Safari on iPhone", "Immich app on
// Pixel 8".
//
// [Parse] reads [Hints] and returns a [Device]. All hints come from the client
// and can be forged: a Device is for showing, and for noticing that something
// looks different, never for deciding who someone is.
//
// Parse accepts any input. The fields of a Device are valid UTF-8, at most 64
// bytes long, and free of control and bidirectional-formatting characters.
//
// Everything in this package is safe for concurrent use.
package device

// Hints is what a request says about its client, as the transport saw it. It
// is comparable, so it can be the key of a cache. Anything may be empty.
type Hints struct {
	UserAgent string // User-Agent

	// User-agent client hints, each the raw value of its header.
	Brands          string // Sec-CH-UA
	FullVersions    string // Sec-CH-UA-Full-Version-List
	Mobile          string // Sec-CH-UA-Mobile
	Platform        string // Sec-CH-UA-Platform
	PlatformVersion string // Sec-CH-UA-Platform-Version
	Model           string // Sec-CH-UA-Model
	FormFactors     string // Sec-CH-UA-Form-Factors

	// What an app says of its device in headers of its own, such as Immich's
	// deviceModel and deviceType.
	AppModel    string
	AppPlatform string
}

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
	KindApp     Kind = "app" // an app whose device is not known
	KindCLI     Kind = "cli" // a command-line tool or HTTP library
	KindBot     Kind = "bot"
)

// A Device is the client of a session as a person would name it. It is
// comparable. An empty field is not known.
type Device struct {
	Kind           Kind
	Browser        string // family without version: "Chrome"
	BrowserVersion string // "153" or "26.1"
	OS             string // "Windows", "iOS", "Android", "macOS"
	OSVersion      string // "11"
	Brand          string // maker of a phone or tablet: "Google"
	Model          string // "Pixel 8"
	App            string // a native app's name: "Immich"
	AppVersion     string
}

// Parse tells the device from the hints.
func Parse(h Hints) Device {
	return Device{Kind: KindUnknown}
}

// Merge returns old, improved by what a later request on the same session
// says. Nothing that is known is lost, and a request from something else that
// uses the same session (a video player, a widget) does not replace the device.
func Merge(old, later Device) Device {
	if old.Kind == "" || old.Kind == KindUnknown {
		return later
	}
	return old
}

// Title names the device in the words that a person is shown, without any
// version: "Chrome on Windows".
func (d Device) Title() string {
	return "Unknown device"
}

// Subtitle gives the details under the title: "Chrome 153 · Windows 11". It is
// empty when there are none.
func (d Device) Subtitle() string {
	return ""
}
