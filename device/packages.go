package device

import "strings"

// packages are the apps of Android that many people have, by the name of their
// package. Those that end in a space are browsers.
var packages = map[string]string{
	"com.amazon.mShop.android.shopping":       "Amazon Shopping",
	"com.brave.browser":                       "Brave ",
	"com.discord":                             "Discord",
	"com.duckduckgo.mobile.android":           "DuckDuckGo ",
	"com.facebook.katana":                     "Facebook",
	"com.facebook.lite":                       "Facebook Lite",
	"com.facebook.orca":                       "Messenger",
	"com.google.android.apps.messaging":       "Messages",
	"com.google.android.apps.photos":          "Google Photos",
	"com.google.android.gm":                   "Gmail",
	"com.google.android.gms":                  "Google Play services",
	"com.google.android.googlequicksearchbox": "Google",
	"com.google.android.youtube":              "YouTube",
	"com.instagram.android":                   "Instagram",
	"com.instagram.barcelona":                 "Threads",
	"com.kakao.talk":                          "KakaoTalk",
	"com.linkedin.android":                    "LinkedIn",
	"com.microsoft.office.outlook":            "Outlook",
	"com.microsoft.teams":                     "Teams",
	"com.nextcloud.client":                    "Nextcloud",
	"com.nhn.android.search":                  "NAVER",
	"com.pinterest":                           "Pinterest",
	"com.reddit.frontpage":                    "Reddit",
	"com.samsung.android.email.provider":      "Samsung Email",
	"com.sec.android.app.sbrowser":            "Samsung Internet ",
	"com.sina.weibo":                          "Weibo",
	"com.skype.raider":                        "Skype",
	"com.Slack":                               "Slack",
	"com.snapchat.android":                    "Snapchat",
	"com.spotify.music":                       "Spotify",
	"com.ss.android.ugc.trill":                "TikTok",
	"com.tencent.mm":                          "WeChat",
	"com.tencent.mobileqq":                    "QQ",
	"com.twitter.android":                     "Twitter",
	"com.viber.voip":                          "Viber",
	"com.vkontakte.android":                   "VK",
	"com.whatsapp":                            "WhatsApp",
	"com.zhiliaoapp.musically":                "TikTok",
	"de.gmx.mobile.android.mail":              "GMX Mail",
	"de.web.mobile.android.mail":              "WEB.DE Mail",
	"io.homeassistant.companion.android":      "Home Assistant",
	"jp.naver.line.android":                   "LINE",
	"org.telegram.messenger":                  "Telegram",
	"org.telegram.messenger.web":              "Telegram",
	"org.thoughtcrime.securesms":              "Signal",
}

// applyRequestedWith names the app of a web view of Android by its package, if
// the User-Agent names none.
func (d *Device) applyRequestedWith(name string) {
	generic := d.Browser == androidWebView || d.Browser == "Chrome" || d.Browser == "Android Browser" || d.Browser == ""
	if name == "" || d.OS != "Android" || d.App != "" || !generic || d.Kind == KindBot || !isPackage(name) {
		return
	}
	product, known := packages[name]
	if !known {
		product, _ = productName(name)
		if 'a' <= product[0] && product[0] <= 'z' {
			product = string(product[0]-('a'-'A')) + product[1:]
		}
	}
	browser, isBrowser := strings.CutSuffix(product, " ")
	switch {
	case isBrowser || !known && strings.Contains(strings.ToLower(name), "browser"):
		d.Browser = browser
	default:
		d.App, d.AppVersion, d.Browser, d.BrowserVersion = product, "", "", ""
	}
}

// isPackage reports whether a name is a package's: two words or more with dots
// between, each of which starts with a letter.
func isPackage(name string) bool {
	dots, start := 0, true
	for i := range len(name) {
		switch c := name[i]; {
		case isLetter(c | 0x20):
			start = false
		case start:
			return false
		case c == '.':
			dots++
			start = true
		case !isDigit(c) && c != '_':
			return false
		}
	}
	return dots > 0 && !start
}
