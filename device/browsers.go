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
	{"trident", "Internet Explorer", rankBrowser},

	{"2345explorer", "2345 Explorer", rankVendor},
	{"360se", "360 Browser", rankVendor},
	{"360ee", "360 Browser", rankVendor},
	{"360%20browser", "360 Browser", rankVendor},
	{"qhbrowser", "360 Browser", rankVendor},
	{"alohabrowser", "Aloha", rankVendor},
	{"aol/", "AOL", rankVendor},
	{"aolshield", "AOL Shield", rankVendor},
	{"avast", "Avast Secure Browser", rankVendor},
	{"avg/", "AVG Secure Browser", rankVendor},
	{"avant browser", "Avant", rankVendor},
	{"basilisk", "Basilisk", rankVendor},
	{"bidubrowser", "Baidu Browser", rankVendor},
	{"baidubrowser", "Baidu Browser", rankVendor},
	{"baiduhd", "Baidu Browser", rankVendor},
	{"brave", "Brave", rankVendor},
	{"camino", "Camino", rankVendor},
	{"ccleaner", "CCleaner Browser", rankVendor},
	{"chedot", "Chedot", rankVendor},
	{"coast", "Opera Coast", rankVendor},
	{"coc_coc_browser", "Coc Coc", rankVendor},
	{"comodo_dragon", "Comodo Dragon", rankVendor},
	{"cyberfox", "Cyberfox", rankVendor},
	{"ddg/", "DuckDuckGo", rankShell},
	{"duckduckgo", "DuckDuckGo", rankShell},
	{"dolphin", "Dolphin", rankVendor},
	{"dooble", "Dooble", rankVendor},
	{"ecosia", "Ecosia", rankVendor},
	{"edg", "Edge", rankVendor},
	{"edga", "Edge", rankVendor},
	{"edge/", "Edge", rankVendor},
	{"edgios", "Edge", rankVendor},
	{"edgw", "Edge", rankVendor},
	{"epiphany", "GNOME Web", rankVendor},
	{"falkon", "Falkon", rankVendor},
	{"focus/", "Firefox Focus", rankVendor},
	{"fossamail", "FossaMail", rankVendor},
	{"headlesschrome", "Headless Chrome", rankVendor},
	{"heytapbrowser", "HeyTap Browser", rankVendor},
	{"hihonorbrowser", "Honor Browser", rankVendor},
	{"honorbrowser", "Honor Browser", rankVendor},
	{"huaweibrowser", "Huawei Browser", rankVendor},
	{"icab", "iCab", rankVendor},
	{"iceweasel", "Firefox", rankVendor},
	{"icecat", "Firefox", rankVendor},
	{"iemobile", "Internet Explorer", rankVendor},
	{"iron", "Iron", rankVendor},
	{"k-meleon", "K-Meleon", rankVendor},
	{"kiwi", "Kiwi", rankVendor},
	{"klar/", "Firefox Focus", rankVendor},
	{"lg browser", "LG Browser", rankVendor},
	{"librewolf", "LibreWolf", rankVendor},
	{"liebaofast", "Liebao", rankVendor},
	{"lbbrowser", "Liebao", rankVendor},
	{"maxthon", "Maxthon", rankVendor},
	{"mxbrowser", "Maxthon", rankVendor},
	{"mxios", "Maxthon", rankVendor},
	{"metasr", "Sogou", rankVendor},
	{"micromessenger", "WeChat", rankVendor},
	{"midori", "Midori", rankVendor},
	{"mint browser", "Mint Browser", rankVendor},
	{"miuibrowser", "MIUI Browser", rankVendor},
	{"mqqbrowser", "QQ Browser", rankVendor},
	{"qqbrowser", "QQ Browser", rankVendor},
	{"qqbrowserlite", "QQ Browser", rankVendor},
	{"naver", "NAVER", rankShell},
	{"netfront", "NetFront", rankVendor},
	{"nintendobrowser", "Nintendo Browser", rankVendor},
	{"nokiabrowser", "Nokia Browser", rankVendor},
	{"oculusbrowser", "Oculus Browser", rankVendor},
	{"oneplusbrowser", "OnePlus Browser", rankVendor},
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
	{"puffin", "Puffin", rankVendor},
	{"quark", "Quark", rankVendor},
	{"qupzilla", "Falkon", rankVendor},
	{"qwantmobile", "Qwant", rankVendor},
	{"realmebrowser", "HeyTap Browser", rankVendor},
	{"rockmelt", "RockMelt", rankVendor},
	{"samsungbrowser", "Samsung Internet", rankVendor},
	{"seamonkey", "SeaMonkey", rankVendor},
	{"silk", "Amazon Silk", rankVendor},
	{"sleipnir", "Sleipnir", rankVendor},
	{"smartlenovobrowser", "Lenovo Browser", rankVendor},
	{"slbrowser", "Lenovo Browser", rankVendor},
	{"sogoumobilebrowser", "Sogou", rankVendor},
	{"superbird", "Superbird", rankVendor},
	{"surf", "surf", rankVendor},
	{"swing", "Swing", rankVendor},
	{"ubrowser", "UC Browser", rankVendor},
	{"ucbrowser", "UC Browser", rankShell},
	{"ucbrowserhd", "UC Browser", rankShell},
	{"ucturbo", "UC Browser", rankShell},
	{"ucweb*", "UC Browser", rankShell},
	{"ucmini", "UC Browser", rankShell},
	{"vivaldi", "Vivaldi", rankVendor},
	{"vivobrowser", "Vivo Browser", rankVendor},
	{"waterfox", "Waterfox", rankVendor},
	{"whale", "Whale", rankVendor},
	{"yabrowser", "Yandex Browser", rankVendor},
	{"yowser", "Yandex Browser", rankVendor},
	{"yasearchbrowser", "Yandex Browser", rankVendor},
}

// readBrowser fills in the browser and its version.
func (d *Device) readBrowser(a *agent) {
	d.Browser = a.seen[inBrowsers].name
	switch version := a.version(inBrowsers); {
	case d.Browser == "Safari":
		d.readSafari(a)
	case d.Browser == "Internet Explorer" && a.field("rv:") != "":
		d.BrowserVersion = shortVersion(a.field("rv:"))
	case d.Browser == "Opera" && version != "" && version[0] == '9':
		// Opera 10 and later say 9.80 and the truth at the end.
		d.BrowserVersion = shortVersion(or(a.field("version/"), version))
	default:
		d.BrowserVersion = shortVersion(version)
	}
}

// readSafari tells Safari from what else is built of WebKit alone: an app's web
// view, and the browser that Android had before Chrome.
func (d *Device) readSafari(a *agent) {
	d.BrowserVersion = shortVersion(a.field("version/"))
	switch d.OS {
	case "Android":
		d.Browser = "Android Browser"
	case "macOS", "iOS", "Windows", "":
	default:
		d.Browser, d.BrowserVersion = "", ""
	}
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
