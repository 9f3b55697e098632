package device

import "strings"

// How sure a word makes us of the kind of device.
const (
	rankPhone = iota + 1
	rankTablet
	rankApple
	rankIPad       // which runs apps that were made for iPhone, and says both
	rankCompatible // says that it is compatible with others, as robots and old browsers do
	rankTV
	rankOther
	rankRemote  // a browser that a program steers
	rankAddress // an address to complain to
	rankBot
)

// kindWords are words that give the kind of device away, wherever they stand.
// Yandex's apps say apad on a tablet, Opera says OMI on a television.
var kindWords = []struct {
	kind  Kind
	rank  int
	words string
}{
	{KindPhone, rankPhone, `
		brew docomo ibrowser j2me kddi* maui mib/ midp mobi mobile mobileexplorer mobilephone obigo* onebrowser
		phone softbank up.browser up.link wap*`},
	{KindTablet, rankTablet, "apad playbook tablet touchpad"},
	{KindPhone, rankApple, "iphone* ipod*"},
	{KindTablet, rankIPad, "ipad*"},
	{KindTV, rankTV, `
		android_tv antgalio apple_tv appletv* aquosbrowser bdp5g bdplayer boxee* bravia brightsign ce-html
		ciscobrowser crkey directfb dlnadoc dreambox dtv dtv_* dtvnetbrowser ekioh* enigma2 espial fuchsia
		googletv hbbtv hybridcast inettvbrowser kreatel* kreatv* large_screen lg_netcast* lgsmarttv loewe*
		machblue* mag2## mag3## maple* netbox netcast* netrange* nettv omi/ opentv pbrm philipstv pov_tv* roku*
		set-top* settop* sky_stb smart-tv smarthub smarttv* sonybdp* sonycebrowser sonydtv* sraf stb stbapp
		sunniwell tivo* toshiba-dtv toshibatp tsbnettv tv tvbox tvos vestel vidaa viera vizio vuplus web0s
		webos.tv* webtv`},
	{KindConsole, rankOther, "nintendo* playstation* ps3 xbox"},
	{KindWatch, rankOther, "apple_watch sm-r###* watch#,* watch_os watchos"},
	{KindCar, rankOther, "carplay tesla"},
	{KindBot, rankCompatible, "compatible"},
	{KindBot, rankRemote, "phantomjs"},
	{KindBot, rankAddress, "http://* https://*"},
	{KindBot, rankBot, `
		bot bots catchpoint* chrome-lighthouse cloudflare-* crawl* datadogsynthetics dynatrace* facebookexternalhit
		feed* ghost_inspector gomezagent google-* google-safety google_web_preview gtmetrix harvest* heritrix
		lighthouse link_check* mediapartners* monitor* nutch* pingdom* ptst rss* scanner* scrap* screenshot*
		site24x7 slurp spider* stumbleupon uptime* validator*`},
}

func kindTokens() (all []token) {
	for _, k := range kindWords {
		for text := range strings.FieldsSeq(k.words) {
			all = append(all, token{text, string(k.kind), k.rank})
		}
	}
	return all
}

// isBotWord knows a robot by the end of its name: Googlebot, EtaoSpider.
func isBotWord(word []byte) bool {
	for _, end := range [...]string{
		"bot", "bots", "crawler", "spider", "fetcher", "checker", "linkcheck", "archiver", "scraper", "scanner", "validator", "monitor", "externalhit", "preview", "indexer", "analyzer", "unfurler", "webarchive",
	} {
		if len(word) >= len(end) && string(word[len(word)-len(end):]) == end {
			return true
		}
	}
	return false
}

// readKind settles the kind of device: a word that says so, else the model,
// else what runs that system.
func (d *Device) readKind(a *agent, model Kind) {
	said := &a.seen[inKinds]
	if said.rank == rankCompatible && d.isOldBrowser() {
		said.rank, said.name = rankPhone, string(KindDesktop)
	}
	if said.name == string(KindBot) && (a.isLibrary() || said.rank == rankAddress && d.isCompany(a)) {
		said.rank, said.name = 0, "" // an app that reads feeds, say
	}
	switch {
	case said.rank >= rankCompatible:
		d.Kind = Kind(said.name)
	case model != "" && d.OS != "ChromeOS":
		d.Kind = model
	case said.rank >= rankApple:
		d.Kind = Kind(said.name)
	default:
		d.Kind = d.kindOfSystem(a)
	}
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
			return androidKind(a)
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
	case "":
		if said == "" {
			return KindUnknown
		}
		return said
	}
	return KindDesktop
}

// androidKind tells a tablet by what it leaves out: since Android 4, a phone's
// browser says Mobile. Apps say neither.
func androidKind(a *agent) Kind {
	if strings.HasPrefix(a.text, "Mozilla/") && (a.has(inBrowsers) || a.has(inApps)) {
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
	case a.seen[inBrowsers].at == 0:
		return KindDesktop
	case d.App != "":
		return KindApp
	}
	return KindUnknown
}
