package device

import "strings"

// appPackages are the apps of Android that many people have, by the name of their
// package.
var appPackages = nameMap(`
	Amazon Shopping: com.amazon.mShop.android.shopping
	Discord: com.discord
	Facebook: com.facebook.katana
	Facebook Lite: com.facebook.lite
	Messenger: com.facebook.orca
	Messages: com.google.android.apps.messaging
	Google Photos: com.google.android.apps.photos
	Gmail: com.google.android.gm
	Google Play services: com.google.android.gms
	Google: com.google.android.googlequicksearchbox
	YouTube: com.google.android.youtube
	Instagram: com.instagram.android
	Threads: com.instagram.barcelona
	KakaoTalk: com.kakao.talk
	LinkedIn: com.linkedin.android
	Outlook: com.microsoft.office.outlook
	Teams: com.microsoft.teams
	Nextcloud: com.nextcloud.client
	NAVER: com.nhn.android.search
	Pinterest: com.pinterest
	Reddit: com.reddit.frontpage
	Samsung Email: com.samsung.android.email.provider
	Weibo: com.sina.weibo
	Skype: com.skype.raider
	Slack: com.Slack
	Snapchat: com.snapchat.android
	Spotify: com.spotify.music
	TikTok: com.ss.android.ugc.trill com.zhiliaoapp.musically
	WeChat: com.tencent.mm
	QQ: com.tencent.mobileqq
	Twitter: com.twitter.android
	Viber: com.viber.voip
	VK: com.vkontakte.android
	WhatsApp: com.whatsapp
	GMX Mail: de.gmx.mobile.android.mail
	WEB.DE Mail: de.web.mobile.android.mail
	Home Assistant: io.homeassistant.companion.android
	LINE: jp.naver.line.android
	Telegram: org.telegram.messenger org.telegram.messenger.web
	Signal: org.thoughtcrime.securesms`)

// browserPackages are the browsers among them.
var browserPackages = nameMap(`
	Brave: com.brave.browser
	DuckDuckGo: com.duckduckgo.mobile.android
	Samsung Internet: com.sec.android.app.sbrowser`)

// applyRequestedWith names the app of a web view of Android by its package, if
// the User-Agent names none.
func (d *Device) applyRequestedWith(name string) {
	generic := d.Browser == androidWebView || d.Browser == "Chrome" || d.Browser == "Android Browser" || d.Browser == ""
	if name == "" || d.OS != "Android" || d.App != "" || !generic || d.Kind == KindBot || !isPackage(name) {
		return
	}
	product, isBrowser := browserPackages[name]
	if !isBrowser {
		product = appPackages[name]
	}
	known := product != ""
	if !known {
		product, _ = productName(name)
		if 'a' <= product[0] && product[0] <= 'z' {
			product = string(product[0]-('a'-'A')) + product[1:]
		}
	}
	switch {
	case isBrowser || !known && strings.Contains(strings.ToLower(name), "browser"):
		d.Browser = product
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
