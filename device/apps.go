package device

// appTokens are native apps that show web pages or name themselves.
var appTokens = []token{
	{"fban", "Facebook", 1},
	{"fb_iab", "Facebook", 1},
	{"fbav", "Facebook", 1},
	{"fb_iab/messenger*", "Messenger", 2},
	{"fban/messenger*", "Messenger", 2},
	{"fban/orca*", "Messenger", 2},
	{"alipayclient", "Alipay", 1},
	{"baiduboxapp", "Baidu App", 1},
	{"bingweb", "Bing", 1},
	{"bingsapphire", "Bing", 1},
	{"bytedancewebview", "TikTok", 1},
	{"bytelocale", "TikTok", 1},
	{"discord", "Discord", 1},
	{"gsa/", "Google", 1},
	{"instagram", "Instagram", 3},
	{"kakaotalk", "KakaoTalk", 1},
	{"line/", "LINE", 1},
	{"linkedinapp", "LinkedIn", 1},
	{"microsoft office", "Office", 1},
	{"micromessenger", "WeChat", 2},
	{"musical_ly*", "TikTok", 1},
	{"pinterest", "Pinterest", 1},
	{"quicklook", "QuickLook", 1},
	{"slack", "Slack", 1},
	{"snapchat", "Snapchat", 1},
	{"spotify", "Spotify", 1},
	{"teams", "Teams", 1},
	{"thunderbird", "Thunderbird", 1},
	{"trill*", "TikTok", 1},
	{"twitter", "Twitter", 1},
	{"twitterandroid", "Twitter", 1},
	{"weibo", "Weibo", 1},
	{"whatsapp", "WhatsApp", 1},
}

// readApp names the app around the browser.
func (d *Device) readApp(a *agent) {
	if !a.has(inApps) {
		return
	}
	d.App = a.seen[inApps].name
	d.AppVersion = numbers(or(a.field("fbav/"), a.version(inApps)), 4)
	d.Browser, d.BrowserVersion = "", ""
}
