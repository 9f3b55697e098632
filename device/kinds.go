package device

import (
	"bytes"
	"strings"
)

// How sure a word makes us of the kind of device.
const (
	rankPhone = iota + 1
	rankTablet
	rankApple
	rankIPad       // which runs apps that were made for iPhone, and says both
	rankCompatible // says that it is compatible with others, as robots and old browsers do
	rankReader     // an e-reader
	rankTV
	rankOther
	rankRemote  // a browser that a program steers
	rankAddress // an address to complain to
	rankBot
)

// kindTokens are words that give the kind of device away, wherever they stand.
// Yandex's apps say apad on a tablet, Opera says OMI on a television.
var kindTokens = []ranked{
	{rankPhone, `
		phone: brew docomo ibrowser j2me kddi* maui mib/ midp mobi mobile mobileexplorer mobilephone obigo* onebrowser
			phone softbank up.browser up.link wap*`},
	{rankTablet, `
		tablet: apad playbook tablet touchpad`},
	{rankApple, `
		phone: iphone* ipod*
		headset: visionos xros`},
	{rankIPad, `
		tablet: ipad*`},
	{rankTV, `
		tv: android_tv antgalio atv apple_tv appletv* aquosbrowser bdp5g bdplayer boxee* bravia brightsign ce-html
			ciscobrowser crkey directfb dlnadoc dreambox dtv dtv_* dtvnetbrowser ekioh* enigma2 espial fuchsia
			googletv hbbtv hybridcast inettvbrowser kreatel* kreatv* large_screen lg_netcast* lgsmarttv loewe*
			machblue* mag2## mag3## maple* netbox netcast* netrange* nettv omi/ opentv pbrm philipstv pov_tv* roku*
			kepler set-top* settop* sky_stb smart-tv smarthub smarttv* sonybdp* sonycebrowser sonydtv* sraf stb stbapp
			sunniwell tivo* toshiba-dtv toshibatp tsbnettv tv tvbox tvos vestel vidaa viera vizio vuplus web0s
			webos.tv* webtv`},
	{rankOther, `
		console: nintendo* playstation* ps3 ps4 ps5 psvita steam_deck xbox
		watch: apple_watch sm-r###* watch#,* watch_os watchos wear_os wearos
		headset: apple_vision mobile_vr oculusbrowser picobrowser realitydevice* vr_safari wolvic
		car: android_automotive carplay qtcarbrowser tesla`},
	{rankReader, `
		tablet: kindle kobo pocketbook tolino`},
	{rankCompatible, `
		bot: compatible`},
	{rankRemote, `
		bot: phantomjs`},
	{rankAddress, `
		bot: http://* https://*`},
	{rankBot, `
		bot: acquia_optimize bigbozz bot bots captain-hook catchpoint* chrome-lighthouse cloudflare-*
			cloudflare_diagnostics crawl* datadogsynthetics datafeedwatch* discourse_forum_onebox disqus/ dynatrace*
			facebookexternalhit facebooksecurity feed* ghost_inspector gomezagent google-* google-safety
			google_web_preview gtmetrix harvest* hatena* heritrix holmes/ htdig integromat internetarchive* intravnews
			iubenda* larbin* lighthouse link_check* linkalarm* linkwalker* meta-external* metauri* mediapartners*
			monitor* neustar netcraft netvigie newsgator nikto/ nutch* onetrust opengraph_parser openvas pingdom*
			photon/ pixalate* postrank ptst rss* scanner* scrap* screenshot* site24x7 sitelock slurp spider*
			spacebison sqworm stumbleupon synthetics theinternetsearchx tineye uptime* validator* w3c-* w3c_*
			wappalyzer wesee:search web_archiving webfetch xenu* yahoocachesystem yewno* zooshot`},
}

// botEnds are what the names of robots end in: Googlebot, EtaoSpider; their last
// letters turn most words away.
var botEnds = strings.Fields(`
	analyzer archiver bot bots checker crawl crawler detector externalhit fetcher indexer inspector linkcheck linkfinder
	monitor preview scanner scraper siphon spider unfurler validator watchdog webarchive`)

const lastOfBots = "egklnrstw"

// isBotWord knows a robot by the end of its name.
func isBotWord(word []byte) bool {
	last := word[len(word)-1]
	if strings.IndexByte(lastOfBots, last) < 0 {
		return false
	}
	for _, end := range botEnds {
		if n := len(end); n <= len(word) && end[n-1] == last && string(word[len(word)-n:]) == end {
			return true
		}
	}
	return false
}

// readKind settles the kind of device: a word that says so, else the model,
// else what runs that system. What a browser says of itself beats what is but
// guessed by the form of a number.
func (d *Device) readKind(a *agent, model guess) {
	said := &a.seen[inKinds]
	if said.rank == rankCompatible && d.isOldBrowser() {
		said.rank, said.name = rankPhone, string(KindDesktop)
	}
	if said.name == string(KindBot) && (a.isLibrary() || said.rank == rankAddress && d.isCompany(a)) {
		said.rank, said.name = 0, "" // an app that reads feeds, say
	}
	if said.name == string(KindCar) && said.word(a) == "tesla" && d.OS == "Android" {
		said.rank, said.name = 0, "" // a phone of that make
	}
	if said.rank < rankCompatible && (d.OS == "" && d.App == "" && said.name == "" && a.isService() || hasPolicy(a.low)) {
		said.name, said.rank, said.at, said.end = string(KindBot), rankBot, 0, nameEnd(a.low)
	}
	switch {
	case said.rank >= rankCompatible:
		d.Kind = Kind(said.name)
	case model.sure && d.OS != "ChromeOS":
		d.Kind = model.kind
	case isTVBuild(a.low):
		d.Kind = KindTV
	case said.rank >= rankApple || said.rank >= rankPhone && (d.OS == "Android" || d.OS == "HarmonyOS"):
		d.Kind = Kind(said.name)
	case model.wide && d.OS == "Android" && !a.isOwn():
		d.Kind = d.androidKind(a) // which leaves out Mobile
	case model.kind != "" && d.OS != "ChromeOS":
		d.Kind = model.kind
	default:
		d.Kind = d.kindOfSystem(a)
	}
}

// isTVBuild knows a television or a stick by its build of Android, whose second
// letter is the branch it comes from: RTT0.210618.003.
func isTVBuild(low []byte) bool {
	for i := bytes.IndexByte(low, '.'); i >= 0; {
		start := i
		for start > 0 && isWord(low[start-1]) {
			start--
		}
		if n := i - start; (n == 3 || n == 4) && low[start] >= 'p' && low[start] <= 'z' && low[start+1] == 't' && isBuild(low[start:]) {
			return true
		}
		next := bytes.IndexByte(low[i+1:], '.')
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return false
}

// isOldBrowser tells of the browsers that called themselves compatible.
func (d *Device) isOldBrowser() bool {
	return d.Browser == "Internet Explorer" || d.Browser == "Konqueror" || d.Browser == "Opera" || d.App != ""
}

// isCompany tells of a browser that a company has put the address of its
// intranet in.
func (d *Device) isCompany(a *agent) bool {
	return d.OS != "" && strings.HasPrefix(a.text, "Mozilla/") && !contains(a.low, "+http") && !contains(a.low, "compatible")
}

func (d *Device) kindOfSystem(a *agent) Kind {
	said := Kind(a.seen[inKinds].name)
	switch d.OS {
	case "Android", "HarmonyOS":
		if said == "" {
			return d.androidKind(a)
		}
		return said
	case "iOS", "Windows Phone", "Symbian", "BlackBerry", "KaiOS", "Bada", "Java ME", "Maemo", "MeeGo", "Sailfish", "MTK", "BREW":
		return KindPhone
	case "Tizen":
		if said == "" {
			return KindTV
		}
		return said
	case "webOS", "Roku", "tvOS", "VIDAA", "Chromecast":
		return KindTV
	case "watchOS":
		return KindWatch
	case "PlayStation", "Nintendo", "Xbox":
		return KindConsole
	case "visionOS":
		return KindHeadset
	case "Linux":
		if said == KindPhone && !a.isOwn() && a.seen[inKinds].word(a) == "mobile" {
			return KindPhone // Ubuntu Touch and its kin
		}
	case "":
		if said == "" {
			return KindUnknown
		}
		return said
	}
	return KindDesktop
}

// androidKind tells a tablet by what it leaves out: since Android 4, a phone's
// browser says Mobile. Apps say neither. HarmonyOS runs on PCs too.
func (d *Device) androidKind(a *agent) Kind {
	switch {
	case d.OS == "HarmonyOS" && (contains(a.low, "(pc;") || contains(a.low, "windows nt")):
		return KindDesktop
	case !a.isOwn() && (a.has(inBrowsers) || a.has(inApps)):
		return KindTablet
	}
	return KindPhone
}

// kindOfProduct is the last resort, for a User-Agent that names nothing but
// itself.
func (d *Device) kindOfProduct(a *agent) Kind {
	switch {
	case d.Browser == "UC Browser" || d.Browser == "QQ Browser":
		return KindPhone
	case a.seen[inBrowsers].at == 0, strings.HasPrefix(a.text, "Microsoft Office"):
		return KindDesktop
	case d.App != "":
		return KindApp
	}
	return KindUnknown
}
