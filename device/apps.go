package device

import "strings"

// appTokens are native apps that show web pages or name themselves.
var appTokens = []token{
	{"alipayclient", "Alipay", 1},
	{"aolapp", "AOL", 1},
	{"baiduboxapp", "Baidu App", 1},
	{"banshee", "Banshee", 1},
	{"barcelona", "Threads", 3},
	{"biliapp", "Bilibili", 1},
	{"bingipadclient", "Bing for iPad", 1},
	{"bingsapphire", "Bing Search", 1},
	{"bingweb", "Bing Search", 1},
	{"bytedancewebview", "TikTok", 1},
	{"bytelocale", "TikTok", 1},
	{"calendaragent", "Calendar", 1},
	{"dataaccessd", "Calendar", 1},
	{"discord", "Discord", 1},
	{"fb_iab", "Facebook", 1},
	{"fb_iab/messenger*", "Messenger", 2},
	{"fb_iab/orca*", "Messenger", 2},
	{"fban", "Facebook", 1},
	{"fban/messenger*", "Messenger", 2},
	{"fban/orca*", "Messenger", 2},
	{"fbav", "Facebook", 1},
	{"foobar2000", "foobar2000", 1},
	{"google earth", "Google Earth", 1},
	{"googleapp", "Google", 1},
	{"gsa/", "Google", 1},
	{"instagram", "Instagram", 3},
	{"itunes*", "iTunes", 1},
	{"kakaotalk", "KakaoTalk", 1},
	{"libreoffice", "LibreOffice", 1},
	{"libvlc", "VLC", 1},
	{"line/", "LINE", 1},
	{"linkedinapp", "LinkedIn", 1},
	{"mediamonkey", "MediaMonkey", 1},
	{"messengerlite*", "Messenger", 2},
	{"micromessenger", "WeChat", 2},
	{"microsoft office", "Office", 1},
	{"microsoft_access", "Access", 2},
	{"microsoft_excel", "Excel", 2},
	{"microsoft_office_excel", "Excel", 2},
	{"microsoft_office_onenote", "OneNote", 2},
	{"microsoft_office_powerpoint", "PowerPoint", 2},
	{"microsoft_office_word", "Word", 2},
	{"microsoft_onenote", "OneNote", 2},
	{"microsoft_outlook", "Outlook", 2},
	{"microsoft_powerpoint", "PowerPoint", 2},
	{"microsoft_word", "Word", 2},
	{"mirall", "Nextcloud", 1},
	{"musical_ly*", "TikTok", 1},
	{"naver", "NAVER", 1},
	{"nsplayer", "Windows Media Player", 1},
	{"openoffice", "OpenOffice", 1},
	{"pinterest", "Pinterest", 1},
	{"postboxapp", "Postbox", 1},
	{"quicklook", "QuickLook", 1},
	{"quicktime*", "QuickTime", 1},
	{"slack", "Slack", 1},
	{"snapchat", "Snapchat", 1},
	{"spotify", "Spotify", 1},
	{"teams", "Teams", 1},
	{"telegram*", "Telegram", 1},
	{"thunderbird", "Thunderbird", 1},
	{"tiktok*", "TikTok", 1},
	{"trill*", "TikTok", 1},
	{"twitter", "Twitter", 1},
	{"twitterandroid", "Twitter", 1},
	{"viber", "Viber", 1},
	{"vlc", "VLC", 1},
	{"weibo", "Weibo", 1},
	{"whatsapp", "WhatsApp", 1},
	{"winamp", "Winamp", 1},
	{"windows-media-player", "Windows Media Player", 1},
}

// readApp names the app around the browser.
func (d *Device) readApp(a *agent) {
	if !a.has(inApps) {
		return
	}
	d.App = a.seen[inApps].name
	d.AppVersion = numbers(a.appVersion(), 4)
	d.Browser, d.BrowserVersion = "", ""
}

// appVersion returns the version of the app seen, from where that app puts it.
func (a *agent) appVersion() string {
	for _, key := range [...]string{"fbav/", "app_version/"} {
		if version := a.field(key); version != "" {
			return version
		}
	}
	if version := a.version(inApps); version != "" {
		return version
	}
	rest := a.text[a.seen[inApps].end:]
	if after, ok := strings.CutPrefix(rest, " for "); ok { // "Twitter for iPhone/10.1"
		_, version, _ := strings.Cut(after, "/")
		return version
	}
	comment, _, _ := strings.Cut(rest, ")")
	for part := range strings.SplitSeq(comment, ";") { // "NAVER(inapp; search; 1010; 11.8.6)"
		if part = strings.TrimSpace(part); strings.IndexByte(part, '.') > 0 && isDigit(part[0]) {
			return part
		}
	}
	return ""
}
