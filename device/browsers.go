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
var browserTokens = []ranked{
	{rankEngine, `
		Safari: safari mobilesafari
		Firefox: gecko/`},
	{rankBrowser, `
		Chrome: chrome chromium crios crmo
		Firefox: firefox fxios
		Konqueror: konqueror
		Internet Explorer: msie trident
		Opera: opera`},
	{rankVendor, `
		2345 Explorer: 2345explorer
		360 Browser: 360%20browser 360ee 360se qhbrowser
		CM Browser: acheetahi
		Aloha: alohabrowser
		ANTGalio: antgalio
		AOL: aol/
		AOL Shield: aolshield
		Espial: aquosbrowser espial
		Arora: arora
		Avant: avant_browser
		Avast Secure Browser: avast
		AVG Secure Browser: avg/
		Baidu Browser: baidubrowser baiduhd bidubrowser
		Basilisk: basilisk
		Brave: brave_browser brave
		Camino: camino
		CCleaner Browser: ccleaner
		Chedot: chedot
		Opera Coast: coast
		Coc Coc: coc_coc_browser
		Comodo Dragon: comodo_dragon
		Cyberfox: cyberfox
		Dolphin: dolphin
		Dooble: dooble
		Ecosia: ecosia
		Edge: edg edga edge/ edgios edgw
		ELinks: elinks
		GNOME Web: epiphany
		Falkon: falkon qupzilla
		Firefox Focus: focus/ klar/
		FossaMail: fossamail
		Headless Chrome: headlesschrome
		HeyTap Browser: heytapbrowser oppobrowser realmebrowser
		Honor Browser: hihonorbrowser honorbrowser
		Huawei Browser: huaweibrowser
		IBM WebExplorer: ibm_webexplorer
		iBrowser: ibrowser
		iCab: icab
		Firefox: icecat iceweasel
		Internet Explorer: iemobile
		Iron: iron
		Isis: isis
		K-Meleon: k-meleon
		Kiwi: kiwi
		Liebao: lbbrowser liebaofast
		LG Browser: lg_browser
		LibreWolf: librewolf
		Links: links
		Lynx: lynx
		Maxthon: maxthon mxbrowser mxios
		Sogou: metasr sogoumobilebrowser
		WeChat: micromessenger
		Midori: midori
		Mint Browser: mint_browser
		MIUI Browser: miuibrowser
		QQ Browser: mqqbrowser qqbrowserlite
		Meizu Browser: mz_browser mzbrowser
		NCSA Mosaic: ncsa_mosaic
		NetFront: netfront
		NetFront NX: netfrontnx nx/
		NetSurf: netsurf
		Nintendo Browser: nintendobrowser
		Nokia Browser: nokiabrowser
		Obigo: obigo*
		Meta Quest Browser: oculusbrowser
		OmniWeb: omniweb
		Odin: odin/
		OnePlus Browser: oneplusbrowser
		Openwave: openwave up.browser
		Opera Mini: opera_mini opios
		Opera: opr opt/
		Otter: otter
		Pale Moon: palemoon
		Phoenix: phoenix
		Phoenix Browser: phx
		Puffin: puffin
		Quark: quark
		qutebrowser: qutebrowser
		Qwant: qwantmobile
		RockMelt: rockmelt
		Samsung Internet: samsungbrowser tizenbrowser
		SeaMonkey: seamonkey
		Amazon Silk: silk
		Lenovo Browser: slbrowser smartlenovobrowser
		Sleipnir: sleipnir
		Superbird: superbird
		surf: surf
		Seraphic Sraf: sraf/
		Swing: swing
		TV Bro: tv_bro
		UC Browser: ubrowser ucweb*
		Vimprobable: vimprobable*
		Vivaldi: vivaldi
		Vivo Browser: vivobrowser
		w3m: w3m
		Waterfox: waterfox
		Whale: whale
		Wolvic: wolvic
		Yaani: yaanibrowser
		Yandex Browser: yabrowser yasearchbrowser yowser`},
	{rankShell, `
		DuckDuckGo: ddg/ duckduckgo
		NetFront NX: netfront_nx
		Opera GX: opera_gx oprgx opx/
		Pico Browser: picobrowser
		QQ Browser: qqbrowser
		T-Browser: t-browser tbrowser
		UC Browser: uc_browser* ucbrowser ucbrowserhd ucmini ucturbo`},
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

var webKits = nameMap(`
	Android Browser: Android
	Browser: BSD ChromeOS Linux Windows
	BlackBerry Browser: BlackBerry
	Nintendo Browser: Nintendo
	PlayStation Browser: PlayStation
	Nokia Browser: Symbian
	Samsung Internet: Tizen
	LG Browser: webOS`)

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
