package device

import "strings"

// appTokens are native apps that show web pages or name themselves.
var appTokens = []ranked{
	{1, `
		Alipay: alipayclient
		AOL: aolapp
		Baidu App: baiduboxapp
		Banshee: banshee
		Bilibili: biliapp
		Bing for iPad: bingipadclient
		Bing Search: bingsapphire bingweb
		TikTok: bytedancewebview bytelocale musical_ly* tiktok* trill*
		Calendar: calendaragent dataaccessd
		Discord: discord
		Facebook: fb_iab fban fbav
		foobar2000: foobar2000
		Google Earth: google_earth
		Google: googleapp gsa/
		iTunes: itunes*
		KakaoTalk: kakaotalk
		LibreOffice: libreoffice
		VLC: libvlc vlc
		LINE: line/
		LinkedIn: linkedinapp
		MediaMonkey: mediamonkey
		Office: microsoft_office
		Nextcloud: mirall
		NAVER: naver
		Windows Media Player: nsplayer windows-media-player
		OpenOffice: openoffice
		Pinterest: pinterest
		Postbox: postboxapp
		QuickLook: quicklook
		QuickTime: quicktime*
		Slack: slack
		Snapchat: snapchat
		Spotify: spotify
		Teams: teams
		Telegram: telegram*
		Thunderbird: thunderbird
		Twitter: twitter twitterandroid
		Viber: viber
		Weibo: weibo
		WhatsApp: whatsapp
		Winamp: winamp`},
	{3, `
		Threads: barcelona
		Instagram: instagram`},
	{2, `
		Messenger: fb_iab/messenger* fb_iab/orca* fban/messenger* fban/orca* messengerlite*
		WeChat: micromessenger
		Access: microsoft_access
		Excel: microsoft_excel microsoft_office_excel
		OneNote: microsoft_office_onenote microsoft_onenote
		PowerPoint: microsoft_office_powerpoint microsoft_powerpoint
		Word: microsoft_office_word microsoft_word
		Outlook: microsoft_outlook`},
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
