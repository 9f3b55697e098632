package device

import "strings"

// Title names the device in the words that a person is shown, without any
// version: "Chrome on Windows". Devices that are alike have one title; a page
// can put a number behind it.
func (d Device) Title() string { return d.Name().String() }

// A Name is a [Device.Title] in its parts, to be said in other languages.
type Name struct {
	Form  Form
	What  string // a product: "Chrome"
	Where string // what it runs on: "Windows"; empty if that is not known
}

// A Form says how the parts of a [Name] are put together.
type Form string

// The forms.
const (
	FormPlain   Form = ""         // What, or "What on Where"
	FormApp     Form = "app"      // "What app", "What app on Where"
	FormSomeApp Form = "some app" // "App", "App on Where"
	FormBot     Form = "bot"      // "What (bot)"; What may be empty
	FormTool    Form = "tool"     // "What (command line)"; What may be empty
	FormTV      Form = "tv"       // "What TV"
	FormUnknown Form = "unknown"
)

// Name returns the parts of the title.
func (d Device) Name() Name {
	place := d.place()
	switch {
	case d.Kind == KindBot:
		return Name{Form: FormBot, What: d.Browser}
	case d.Kind == KindCLI:
		return Name{Form: FormTool, What: d.product()}
	case d.Kind == KindTV && d.App == "":
		return d.tv()
	case d.Kind == KindConsole && d.App == "" && (d.Browser == "" || isConsoleBrowser[d.Browser]) && place != "":
		return Name{What: place}
	case d.App != "" && strings.HasSuffix(strings.ToLower(d.App), " app"):
		return Name{What: d.App, Where: place}
	case d.App != "":
		return Name{FormApp, d.App, place}
	case d.Kind == KindApp || d.isStack():
		return Name{Form: FormSomeApp, Where: place}
	case d.Browser != "":
		return Name{What: d.Browser, Where: place}
	case place != "":
		return Name{What: place}
	}
	return Name{Form: FormUnknown}
}

// String puts the parts together in English.
func (n Name) String() string {
	switch n.Form {
	case FormBot:
		return or(n.What, "Unknown") + " (bot)"
	case FormTool:
		return or(n.What, "Unknown") + " (command line)"
	case FormTV:
		return n.What + " TV"
	case FormApp:
		return on(n.What+" app", n.Where)
	case FormSomeApp:
		return on("App", n.Where)
	case FormUnknown:
		return "Unknown device"
	}
	return on(n.What, n.Where)
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

func (d Device) tv() Name {
	switch maker := d.Brand; {
	case maker != "":
		return Name{Form: FormTV, What: maker}
	case d.OS == "Tizen":
		return Name{Form: FormTV, What: "Samsung"}
	case d.OS == "webOS":
		return Name{Form: FormTV, What: "LG"}
	case d.OS == "tvOS":
		return Name{What: "Apple TV"}
	case d.OS == "Chromecast":
		return Name{What: d.OS}
	case d.OS == "Android" || d.OS == "Roku":
		return Name{What: d.OS + " TV"}
	}
	return Name{What: "TV"}
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
