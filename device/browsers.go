package device

// How much a name says: an engine is under many browsers, and a browser under
// many apps.
const (
	rankEngine = iota + 1
	rankBrowser
	rankVendor
	rankShell // a product that lends its name to a vendor's browser, or is inside of it
)

// browserTokens are the browsers that people sign in with.
var browserTokens = []token{
	{"safari", "Safari", rankEngine},
	{"mobilesafari", "Safari", rankEngine},

	{"chrome", "Chrome", rankBrowser},
	{"chromium", "Chrome", rankBrowser},
	{"crios", "Chrome", rankBrowser},
	{"crmo", "Chrome", rankBrowser},
	{"firefox", "Firefox", rankBrowser},
	{"fxios", "Firefox", rankBrowser},
	{"konqueror", "Konqueror", rankBrowser},
	{"msie", "Internet Explorer", rankBrowser},
	{"opera", "Opera", rankBrowser},
	{"gecko/", "Firefox", rankEngine},
	{"trident", "Internet Explorer", rankBrowser},

	{"2345explorer", "2345 Explorer", rankVendor},
	{"360%20browser", "360 Browser", rankVendor},
	{"360ee", "360 Browser", rankVendor},
	{"360se", "360 Browser", rankVendor},
	{"acheetahi", "CM Browser", rankVendor},
	{"alohabrowser", "Aloha", rankVendor},
	{"antgalio", "ANTGalio", rankVendor},
	{"aol/", "AOL", rankVendor},
	{"aolshield", "AOL Shield", rankVendor},
	{"aquosbrowser", "Espial", rankVendor},
	{"arora", "Arora", rankVendor},
	{"avant browser", "Avant", rankVendor},
	{"avast", "Avast Secure Browser", rankVendor},
	{"avg/", "AVG Secure Browser", rankVendor},
	{"baidubrowser", "Baidu Browser", rankVendor},
	{"baiduhd", "Baidu Browser", rankVendor},
	{"basilisk", "Basilisk", rankVendor},
	{"bidubrowser", "Baidu Browser", rankVendor},
	{"brave browser", "Brave", rankVendor},
	{"brave", "Brave", rankVendor},
	{"camino", "Camino", rankVendor},
	{"ccleaner", "CCleaner Browser", rankVendor},
	{"chedot", "Chedot", rankVendor},
	{"coast", "Opera Coast", rankVendor},
	{"coc_coc_browser", "Coc Coc", rankVendor},
	{"comodo_dragon", "Comodo Dragon", rankVendor},
	{"cyberfox", "Cyberfox", rankVendor},
	{"ddg/", "DuckDuckGo", rankShell},
	{"dolphin", "Dolphin", rankVendor},
	{"dooble", "Dooble", rankVendor},
	{"duckduckgo", "DuckDuckGo", rankShell},
	{"ecosia", "Ecosia", rankVendor},
	{"edg", "Edge", rankVendor},
	{"edga", "Edge", rankVendor},
	{"edge/", "Edge", rankVendor},
	{"edgios", "Edge", rankVendor},
	{"edgw", "Edge", rankVendor},
	{"elinks", "ELinks", rankVendor},
	{"epiphany", "GNOME Web", rankVendor},
	{"espial", "Espial", rankVendor},
	{"falkon", "Falkon", rankVendor},
	{"focus/", "Firefox Focus", rankVendor},
	{"fossamail", "FossaMail", rankVendor},
	{"headlesschrome", "Headless Chrome", rankVendor},
	{"heytapbrowser", "HeyTap Browser", rankVendor},
	{"hihonorbrowser", "Honor Browser", rankVendor},
	{"honorbrowser", "Honor Browser", rankVendor},
	{"huaweibrowser", "Huawei Browser", rankVendor},
	{"ibm webexplorer", "IBM WebExplorer", rankVendor},
	{"ibrowser", "iBrowser", rankVendor},
	{"icab", "iCab", rankVendor},
	{"icecat", "Firefox", rankVendor},
	{"iceweasel", "Firefox", rankVendor},
	{"iemobile", "Internet Explorer", rankVendor},
	{"iron", "Iron", rankVendor},
	{"isis", "Isis", rankVendor},
	{"k-meleon", "K-Meleon", rankVendor},
	{"kiwi", "Kiwi", rankVendor},
	{"klar/", "Firefox Focus", rankVendor},
	{"lbbrowser", "Liebao", rankVendor},
	{"lg browser", "LG Browser", rankVendor},
	{"librewolf", "LibreWolf", rankVendor},
	{"liebaofast", "Liebao", rankVendor},
	{"links", "Links", rankVendor},
	{"lynx", "Lynx", rankVendor},
	{"maxthon", "Maxthon", rankVendor},
	{"metasr", "Sogou", rankVendor},
	{"micromessenger", "WeChat", rankVendor},
	{"midori", "Midori", rankVendor},
	{"mint browser", "Mint Browser", rankVendor},
	{"miuibrowser", "MIUI Browser", rankVendor},
	{"mqqbrowser", "QQ Browser", rankVendor},
	{"mxbrowser", "Maxthon", rankVendor},
	{"mz browser", "Meizu Browser", rankVendor},
	{"mzbrowser", "Meizu Browser", rankVendor},
	{"mxios", "Maxthon", rankVendor},
	{"ncsa mosaic", "NCSA Mosaic", rankVendor},
	{"netfront nx", "NetFront NX", rankShell},
	{"netfront", "NetFront", rankVendor},
	{"netfrontnx", "NetFront NX", rankVendor},
	{"netsurf", "NetSurf", rankVendor},
	{"nintendobrowser", "Nintendo Browser", rankVendor},
	{"nokiabrowser", "Nokia Browser", rankVendor},
	{"nx/", "NetFront NX", rankVendor},
	{"obigo*", "Obigo", rankVendor},
	{"oculusbrowser", "Meta Quest Browser", rankVendor},
	{"omniweb", "OmniWeb", rankVendor},
	{"odin/", "Odin", rankVendor},
	{"oneplusbrowser", "OnePlus Browser", rankVendor},
	{"openwave", "Openwave", rankVendor},
	{"oppobrowser", "HeyTap Browser", rankVendor},
	{"opera gx", "Opera GX", rankShell},
	{"opera mini", "Opera Mini", rankVendor},
	{"opios", "Opera Mini", rankVendor},
	{"opr", "Opera", rankVendor},
	{"oprgx", "Opera GX", rankShell},
	{"opt/", "Opera", rankVendor},
	{"opx/", "Opera GX", rankShell},
	{"otter", "Otter", rankVendor},
	{"palemoon", "Pale Moon", rankVendor},
	{"phoenix", "Phoenix", rankVendor},
	{"phx", "Phoenix Browser", rankVendor},
	{"picobrowser", "Pico Browser", rankShell},
	{"puffin", "Puffin", rankVendor},
	{"qhbrowser", "360 Browser", rankVendor},
	{"qqbrowser", "QQ Browser", rankShell},
	{"qqbrowserlite", "QQ Browser", rankVendor},
	{"quark", "Quark", rankVendor},
	{"qupzilla", "Falkon", rankVendor},
	{"qutebrowser", "qutebrowser", rankVendor},
	{"qwantmobile", "Qwant", rankVendor},
	{"realmebrowser", "HeyTap Browser", rankVendor},
	{"rockmelt", "RockMelt", rankVendor},
	{"samsungbrowser", "Samsung Internet", rankVendor},
	{"seamonkey", "SeaMonkey", rankVendor},
	{"silk", "Amazon Silk", rankVendor},
	{"slbrowser", "Lenovo Browser", rankVendor},
	{"sleipnir", "Sleipnir", rankVendor},
	{"smartlenovobrowser", "Lenovo Browser", rankVendor},
	{"sogoumobilebrowser", "Sogou", rankVendor},
	{"superbird", "Superbird", rankVendor},
	{"surf", "surf", rankVendor},
	{"sraf/", "Seraphic Sraf", rankVendor},
	{"swing", "Swing", rankVendor},
	{"t-browser", "T-Browser", rankShell},
	{"tbrowser", "T-Browser", rankShell},
	{"tv bro", "TV Bro", rankVendor},
	{"tizenbrowser", "Samsung Internet", rankVendor},
	{"ubrowser", "UC Browser", rankVendor},
	{"uc browser*", "UC Browser", rankShell},
	{"ucbrowser", "UC Browser", rankShell},
	{"ucbrowserhd", "UC Browser", rankShell},
	{"ucmini", "UC Browser", rankShell},
	{"ucturbo", "UC Browser", rankShell},
	{"ucweb*", "UC Browser", rankVendor},
	{"up.browser", "Openwave", rankVendor},
	{"vimprobable*", "Vimprobable", rankVendor},
	{"vivaldi", "Vivaldi", rankVendor},
	{"vivobrowser", "Vivo Browser", rankVendor},
	{"w3m", "w3m", rankVendor},
	{"waterfox", "Waterfox", rankVendor},
	{"whale", "Whale", rankVendor},
	{"wolvic", "Wolvic", rankVendor},
	{"yaanibrowser", "Yaani", rankVendor},
	{"yabrowser", "Yandex Browser", rankVendor},
	{"yasearchbrowser", "Yandex Browser", rankVendor},
	{"yowser", "Yandex Browser", rankVendor},
}

// readBrowser fills in the browser and its version.
func (d *Device) readBrowser(a *agent) {
	d.Browser = a.seen[inBrowsers].name
	if d.Browser == "" && contains(a.low, "applewebkit") {
		d.Browser = webView
	}
	if d.Browser == "Chrome" && (contains(a.low, "; wv)") || contains(a.low, "; wv;")) {
		d.Browser = androidWebView
	}
	switch version := a.version(inBrowsers); {
	case d.Browser == "Safari" || d.Browser == webView || d.Browser == "" && isConsole(d.OS):
		d.readSafari(a)
	case d.Browser == "Internet Explorer" || d.Browser == "Firefox" && version == "":
		d.BrowserVersion = shortVersion(or(a.field("rv:"), version))
	case d.Browser == "GNOME Web": // its own number is WebKit's
		d.BrowserVersion = shortVersion(a.field("version/"))
	case d.Browser == "Opera" && version != "" && version[0] == '9':
		// Opera 10 and later say 9.80 and the truth at the end.
		d.BrowserVersion = shortVersion(or(a.field("version/"), version))
	default:
		d.BrowserVersion = shortVersion(version)
	}
	if d.BrowserVersion == "" && d.OS == "iOS" {
		d.BrowserVersion = shortVersion(a.field("version/"))
	}
}

// readSafari tells Safari from what else is built of WebKit alone: the browsers
// of other systems, which have no name, and the web views of apps.
func (d *Device) readSafari(a *agent) {
	d.BrowserVersion = shortVersion(a.field("version/"))
	name, ok := webKits[d.OS]
	if major, _ := splitVersion(d.BrowserVersion); d.OS == "Windows" && major <= lastWindowsSafari {
		ok = false
	}
	switch {
	case !ok:
	case name != plainBrowser:
		d.Browser = name
	case d.Browser == "":
	case a.seen[inKinds].name == string(KindTV):
	case d.BrowserVersion == "": // as an app does that shows a page
		d.Browser = webView
	default:
		d.Browser, d.BrowserVersion = name, "" // it gives Safari's
	}
}

// lastWindowsSafari is the last version that Apple made for Windows.
const lastWindowsSafari = 5

func isConsole(system string) bool { return system == "PlayStation" || system == "Nintendo" }

var webKits = map[string]string{
	"Android":     "Android Browser",
	"BSD":         plainBrowser,
	"ChromeOS":    plainBrowser,
	"BlackBerry":  "BlackBerry Browser",
	"Linux":       plainBrowser,
	"Nintendo":    "Nintendo Browser",
	"PlayStation": "PlayStation Browser",
	"Symbian":     "Nokia Browser",
	"Tizen":       "Samsung Internet",
	"Windows":     plainBrowser,
	"webOS":       "LG Browser",
}

// plainBrowser names a browser that gives no name.
const plainBrowser = "Browser"

// The browsers of apps that show a page.
const (
	webView        = "WebKit" // Apple's
	androidWebView = "Android WebView"
)

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
