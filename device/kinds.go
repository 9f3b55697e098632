package device

import "strings"

// How sure a word makes us of the kind of device.
const (
	rankPhone = iota + 1
	rankTablet
	rankApple
	rankCompatible // says that it is compatible with others, as robots and old browsers do
	rankTV
	rankOther
	rankBot = 9
)

// kindTokens are words that give the kind of device away, wherever they stand.
var kindTokens = []token{
	{"mobile", string(KindPhone), rankPhone},
	{"phone", string(KindPhone), rankPhone},
	{"mobi", string(KindPhone), rankPhone},
	{"j2me", string(KindPhone), rankPhone},
	{"kddi*", string(KindPhone), rankPhone},
	{"maui", string(KindPhone), rankPhone},
	{"midp", string(KindPhone), rankPhone},
	{"mib/", string(KindPhone), rankPhone},
	{"mobilephone", string(KindPhone), rankPhone},
	{"mobileexplorer", string(KindPhone), rankPhone},
	{"obigo*", string(KindPhone), rankPhone},
	{"onebrowser", string(KindPhone), rankPhone},
	{"up.browser", string(KindPhone), rankPhone},
	{"up.link", string(KindPhone), rankPhone},
	{"wap*", string(KindPhone), rankPhone},
	{"brew", string(KindPhone), rankPhone},
	{"softbank", string(KindPhone), rankPhone},
	{"docomo", string(KindPhone), rankPhone},
	{"ibrowser", string(KindPhone), rankPhone},
	{"ipad*", string(KindTablet), rankApple},
	{"iphone*", string(KindPhone), rankApple},
	{"ipod*", string(KindPhone), rankApple},
	{"tablet", string(KindTablet), rankTablet},
	{"apad", string(KindTablet), rankTablet}, // Yandex's apps on a tablet
	{"touchpad", string(KindTablet), rankTablet},
	{"playbook", string(KindTablet), rankTablet},

	{"appletv*", string(KindTV), rankTV},
	{"apple tv", string(KindTV), rankTV},
	{"android tv", string(KindTV), rankTV},
	{"aquosbrowser", string(KindTV), rankTV},
	{"antgalio", string(KindTV), rankTV},
	{"bdplayer", string(KindTV), rankTV},
	{"bravia", string(KindTV), rankTV},
	{"ce-html", string(KindTV), rankTV},
	{"crkey", string(KindTV), rankTV},
	{"directfb", string(KindTV), rankTV},
	{"dlnadoc", string(KindTV), rankTV},
	{"dtv", string(KindTV), rankTV},
	{"dtv_*", string(KindTV), rankTV},
	{"dtvnetbrowser", string(KindTV), rankTV},
	{"espial", string(KindTV), rankTV},
	{"fuchsia", string(KindTV), rankTV},
	{"googletv", string(KindTV), rankTV},
	{"hbbtv", string(KindTV), rankTV},
	{"hybridcast", string(KindTV), rankTV},
	{"inettvbrowser", string(KindTV), rankTV},
	{"boxee*", string(KindTV), rankTV},
	{"brightsign", string(KindTV), rankTV},
	{"ciscobrowser", string(KindTV), rankTV},
	{"ekioh*", string(KindTV), rankTV},
	{"lgsmarttv", string(KindTV), rankTV},
	{"omi/", string(KindTV), rankTV}, // Opera for televisions
	{"pbrm", string(KindTV), rankTV},
	{"sraf", string(KindTV), rankTV},
	{"sunniwell", string(KindTV), rankTV},
	{"machblue*", string(KindTV), rankTV},
	{"netbox", string(KindTV), rankTV},
	{"large screen", string(KindTV), rankTV},
	{"lg netcast*", string(KindTV), rankTV},
	{"maple*", string(KindTV), rankTV},
	{"netcast*", string(KindTV), rankTV},
	{"netrange*", string(KindTV), rankTV},
	{"nettv", string(KindTV), rankTV},
	{"opentv", string(KindTV), rankTV},
	{"philipstv", string(KindTV), rankTV},
	{"pov_tv*", string(KindTV), rankTV},
	{"roku*", string(KindTV), rankTV},
	{"set-top*", string(KindTV), rankTV},
	{"settop*", string(KindTV), rankTV},
	{"smart-tv", string(KindTV), rankTV},
	{"smarthub", string(KindTV), rankTV},
	{"smarttv*", string(KindTV), rankTV},
	{"sonydtv*", string(KindTV), rankTV},
	{"stb", string(KindTV), rankTV},
	{"tv", string(KindTV), rankTV},
	{"tvbox", string(KindTV), rankTV},
	{"tvos", string(KindTV), rankTV},
	{"viera", string(KindTV), rankTV},
	{"vestel", string(KindTV), rankTV},
	{"vidaa", string(KindTV), rankTV},
	{"vizio", string(KindTV), rankTV},
	{"web0s", string(KindTV), rankTV},
	{"webos.tv*", string(KindTV), rankTV},

	{"nintendo*", string(KindConsole), rankOther},
	{"playstation*", string(KindConsole), rankOther},
	{"ps3", string(KindConsole), rankOther},
	{"xbox", string(KindConsole), rankOther},
	{"apple watch", string(KindWatch), rankOther},
	{"watchos", string(KindWatch), rankOther},
	{"watch os", string(KindWatch), rankOther},
	{"watch#,*", string(KindWatch), rankOther},
	{"sm-r###*", string(KindWatch), rankOther},
	{"carplay", string(KindCar), rankOther},
	{"tesla", string(KindCar), rankOther},

	{"http://*", string(KindBot), rankBot - 1},
	{"https://*", string(KindBot), rankBot - 1},
	{"compatible", string(KindBot), rankCompatible},
	{"catchpoint*", string(KindBot), rankBot},
	{"cloudflare-*", string(KindBot), rankBot},
	{"datadogsynthetics", string(KindBot), rankBot},
	{"dynatrace*", string(KindBot), rankBot},
	{"ghost inspector", string(KindBot), rankBot},
	{"gomezagent", string(KindBot), rankBot},
	{"google-*", string(KindBot), rankBot},
	{"gtmetrix", string(KindBot), rankBot},
	{"lighthouse", string(KindBot), rankBot},
	{"chrome-lighthouse", string(KindBot), rankBot},
	{"pingdom*", string(KindBot), rankBot},
	{"ptst", string(KindBot), rankBot},
	{"site24x7", string(KindBot), rankBot},
	{"stumbleupon", string(KindBot), rankBot},
	{"facebookexternalhit", string(KindBot), rankBot},
	{"mediapartners*", string(KindBot), rankBot},
	{"nutch*", string(KindBot), rankBot},
	{"slurp", string(KindBot), rankBot},
	{"heritrix", string(KindBot), rankBot},
	{"google web preview", string(KindBot), rankBot},
	{"google-safety", string(KindBot), rankBot},
	{"bot*", string(KindBot), rankBot},
	{"crawl*", string(KindBot), rankBot},
	{"spider*", string(KindBot), rankBot},
	{"scrap*", string(KindBot), rankBot},
	{"link check*", string(KindBot), rankBot},
	{"screenshot*", string(KindBot), rankBot},
	{"monitor*", string(KindBot), rankBot},
	{"uptime*", string(KindBot), rankBot},
	{"validator*", string(KindBot), rankBot},
	{"feed*", string(KindBot), rankBot},
	{"rss*", string(KindBot), rankBot},
	{"scanner*", string(KindBot), rankBot},
	{"harvest*", string(KindBot), rankBot},
	{"headlesschrome", string(KindBot), rankBot - 2},
	{"phantomjs", string(KindBot), rankBot - 2},
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
	switch {
	case said.rank >= rankCompatible:
		d.Kind = Kind(said.name)
	case model != "":
		d.Kind = model
	case said.rank == rankApple:
		d.Kind = Kind(said.name)
	default:
		d.Kind = d.kindOfSystem(a)
	}
}

func (d *Device) isOldBrowser() bool {
	return d.Browser == "Internet Explorer" || d.Browser == "Konqueror" || d.Browser == "Opera" || d.App != ""
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
