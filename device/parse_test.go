package device_test

import (
	"testing"

	"github.com/signedin/signedin/device"
)

// clients are User-Agents of well-known clients, written down from what they
// send, and what a person should read.
var clients = []struct {
	name            string
	userAgent       string
	kind            device.Kind
	title, subtitle string
}{
	// Desktop browsers.
	{"Chrome on Windows", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Safari/537.36", device.KindDesktop, "Chrome on Windows", "Chrome 153 · Windows"},
	{"Chrome on macOS", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Safari/537.36", device.KindDesktop, "Chrome on Mac", "Chrome 153 · macOS"},
	{"Chrome on Linux", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Safari/537.36", device.KindDesktop, "Chrome on Linux", "Chrome 153 · Linux"},
	{"Chrome on ChromeOS", "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36", device.KindDesktop, "Chrome on ChromeOS", "Chrome 150 · ChromeOS"},
	{"an Android app on a Chromebook", "Mozilla/5.0 (Linux; Android 9; pixelbook Build/R80-12739.111.0; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/80.0.3987.162 Safari/537.36", device.KindDesktop, "App on pixelbook", "Android WebView 80 · ChromeOS"},
	{"Edge on Windows", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/152.0.0.0 Safari/537.36 Edg/152.0.0.0", device.KindDesktop, "Edge on Windows", "Edge 152 · Windows"},
	{"Edge Legacy", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/70.0.3538.102 Safari/537.36 Edge/18.19042", device.KindDesktop, "Edge on Windows", "Edge 18 · Windows"},
	{"Firefox on Windows", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:152.0) Gecko/20100101 Firefox/152.0", device.KindDesktop, "Firefox on Windows", "Firefox 152 · Windows"},
	{"Firefox on Windows 7", "Mozilla/5.0 (Windows NT 6.1; Win64; x64; rv:115.0) Gecko/20100101 Firefox/115.0", device.KindDesktop, "Firefox on Windows", "Firefox 115 · Windows 7"},
	{"Firefox on Ubuntu", "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:152.0) Gecko/20100101 Firefox/152.0", device.KindDesktop, "Firefox on Linux", "Firefox 152 · Linux"},
	{"Firefox on macOS", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:152.0) Gecko/20100101 Firefox/152.0", device.KindDesktop, "Firefox on Mac", "Firefox 152 · macOS"},
	{"Safari on macOS", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15", device.KindDesktop, "Safari on Mac", "Safari 26.1 · macOS"},
	{"Safari on an old macOS", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_13_6) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1.2 Safari/605.1.15", device.KindDesktop, "Safari on Mac", "Safari 13.1 · macOS 10.13"},
	{"Opera", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/151.0.0.0 Safari/537.36 OPR/135.0.0.0", device.KindDesktop, "Opera on Windows", "Opera 135 · Windows"},
	{"Opera 12", "Opera/9.80 (Windows NT 6.1; WOW64) Presto/2.12.388 Version/12.18", device.KindDesktop, "Opera on Windows", "Opera 12.18 · Windows 7"},
	{"Vivaldi", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/108.0.5359.129 Safari/537.36 Vivaldi/5.6.2867.50", device.KindDesktop, "Vivaldi on Linux", "Vivaldi 5.6 · Linux"},
	{"Yandex Browser", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/136.0.0.0 YaBrowser/25.6.0.0 Safari/537.36", device.KindDesktop, "Yandex Browser on Windows", "Yandex Browser 25.6 · Windows"},
	{"Whale", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Whale/4.35.0.0 Safari/537.36", device.KindDesktop, "Whale on Windows", "Whale 4.35 · Windows"},
	{"Internet Explorer 11", "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko", device.KindDesktop, "Internet Explorer on Windows", "Internet Explorer 11 · Windows 7"},
	{"a company's browser", "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; Example Corp; http://intranet.example.com; rv:11.0) like Gecko", device.KindDesktop, "Internet Explorer on Windows", "Internet Explorer 11 · Windows 7"},
	{"Internet Explorer 8", "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0)", device.KindDesktop, "Internet Explorer on Windows", "Internet Explorer 8 · Windows XP"},
	{"Konqueror", "Mozilla/5.0 (compatible; Konqueror/4.14; Linux) KHTML/4.14.2 (like Gecko)", device.KindDesktop, "Konqueror on Linux", "Konqueror 4.14 · Linux"},
	{"GNOME Web", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15 Epiphany/605.1.15", device.KindDesktop, "GNOME Web on Linux", "GNOME Web 17 · Linux"},
	{"SeaMonkey", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:91.0) Gecko/20100101 Firefox/91.0 SeaMonkey/2.53.18", device.KindDesktop, "SeaMonkey on Windows", "SeaMonkey 2.53 · Windows"},
	{"a browser in no table", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Wexond/5.2.0", device.KindDesktop, "Wexond on Windows", "Wexond 5.2 · Windows"},
	{"Slack", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Slack/4.36.140 Chrome/120.0.6099.291 Electron/28.2.1 Safari/537.36", device.KindDesktop, "Slack app on Mac", "Slack 4.36.140 · macOS"},
	{"an Electron app", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Obsidian/1.7.7 Chrome/128.0.0.0 Electron/32.2.5 Safari/537.36", device.KindDesktop, "Obsidian app on Windows", "Obsidian 1.7.7 · Windows"},
	{"Thunderbird", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.4.0", device.KindDesktop, "Thunderbird app on Linux", "Thunderbird 128.4.0 · Linux"},

	// Phones.
	{"Safari on iPhone, frozen", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1", device.KindPhone, "Safari on iPhone", "Safari 26.1 · iOS 26.1"},
	{"Safari on iPhone", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1", device.KindPhone, "Safari on iPhone", "Safari 17.5 · iOS 17.5"},
	{"Chrome on iPhone", "Mozilla/5.0 (iPhone; CPU iPhone OS 26_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/153.0.7000.10 Mobile/15E148 Safari/604.1", device.KindPhone, "Chrome on iPhone", "Chrome 153 · iOS 26.6"},
	{"Firefox on iPhone, frozen", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/152.0 Mobile/15E148 Safari/604.1", device.KindPhone, "Firefox on iPhone", "Firefox 152 · iOS"},
	{"Edge on iPhone", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 EdgiOS/125.0.2535.60 Mobile/15E148 Safari/604.1", device.KindPhone, "Edge on iPhone", "Edge 125 · iOS 17.5"},
	{"Brave on iPhone", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.5 Mobile/15E148 Safari/604.1 Brave", device.KindPhone, "Brave on iPhone", "Brave 26.5 · iOS 26.5"},
	{"DuckDuckGo on iPhone", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 DuckDuckGo/7 Safari/605.1.15", device.KindPhone, "DuckDuckGo on iPhone", "DuckDuckGo 7 · iOS 17.4"},
	{"Google app on iPhone", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) GSA/320.0.640 Mobile/15E148 Safari/604.1", device.KindPhone, "Google app on iPhone", "Google 320.0.640 · iOS 17.5"},
	{"Facebook on iPhone", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21C62 [FBAN/FBIOS;FBAV/450.0.0.38.108;FBDV/iPhone15,2;FBMD/iPhone;FBSN/iOS;FBSV/17.2]", device.KindPhone, "Facebook app on iPhone 14 Pro", "Facebook 450.0.0.38 · iOS 17.2"},
	{"a web view on iPhone", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21C62", device.KindPhone, "App on iPhone", "WebKit · iOS 17.2"},
	{"Chrome on Android, reduced", "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Mobile Safari/537.36", device.KindPhone, "Chrome on Android", "Chrome 153 · Android"},
	{"Chrome on Pixel 8", "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.6099.43 Mobile Safari/537.36", device.KindPhone, "Chrome on Pixel 8", "Chrome 120 · Android 14"},
	{"Chrome on Galaxy S23", "Mozilla/5.0 (Linux; Android 13; SM-S911B Build/TP1A.220624.014) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/110.0.0.0 Mobile Safari/537.36", device.KindPhone, "Chrome on Samsung SM-S911B", "Chrome 110 · Android 13"},
	{"Samsung Internet", "Mozilla/5.0 (Linux; Android 14; SAMSUNG SM-A546B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/23.0 Chrome/115.0.0.0 Mobile Safari/537.36", device.KindPhone, "Samsung Internet on Samsung SM-A546B", "Samsung Internet 23 · Android 14"},
	{"Firefox on Android", "Mozilla/5.0 (Android 14; Mobile; rv:152.0) Gecko/152.0 Firefox/152.0", device.KindPhone, "Firefox on Android", "Firefox 152 · Android 14"},
	{"Edge on Android", "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/152.0.0.0 Mobile Safari/537.36 EdgA/152.0.0.0", device.KindPhone, "Edge on Android", "Edge 152 · Android"},
	{"Opera on Android", "Mozilla/5.0 (Linux; Android 11; Redmi Note 8 Pro) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36 OPR/84.0.0.0", device.KindPhone, "Opera on Redmi Note 8 Pro", "Opera 84 · Android 11"},
	{"MIUI Browser", "Mozilla/5.0 (Linux; U; Android 12; en-us; M2101K6G Build/SKQ1.210908.001) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/100.0.4896.127 Mobile Safari/537.36 XiaoMi/MiuiBrowser/13.28.0-gn", device.KindPhone, "MIUI Browser on Xiaomi M2101K6G", "MIUI Browser 13.28 · Android 12"},
	{"UC Browser", "Mozilla/5.0 (Linux; U; Android 11; en-US; RMX3231 Build/RP1A.201005.001) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/78.0.3904.108 UCBrowser/13.4.0.1306 Mobile Safari/537.36", device.KindPhone, "UC Browser on Realme RMX3231", "UC Browser 13.4 · Android 11"},
	{"Huawei Browser on HarmonyOS", "Mozilla/5.0 (Linux; Android 12; HarmonyOS; CTR-AL20; HMSCore 6.10.0.302) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0.4844.88 HuaweiBrowser/13.0.3.320 Mobile Safari/537.36", device.KindPhone, "Huawei Browser on Huawei CTR-AL20", "Huawei Browser 13 · HarmonyOS"},
	{"Huawei Browser on OpenHarmony", "Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1 Mobile HuaweiBrowser/5.1.3.300", device.KindPhone, "Huawei Browser on HarmonyOS", "Huawei Browser 5.1 · HarmonyOS 5"},
	{"Yandex Browser on Android", "Mozilla/5.0 (Linux; arm_64; Android 14; Nothing Phone) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/136.0.7103.52 YaBrowser/25.6.6.52.00 SA/3 Mobile Safari/537.36", device.KindPhone, "Yandex Browser on Nothing Phone", "Yandex Browser 25.6 · Android 14"},
	{"Instagram on Android", "Mozilla/5.0 (Linux; Android 13; CPH2423 Build/TP1A.220905.001; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/120.0.6099.144 Mobile Safari/537.36 Instagram 315.0.0.42.95 Android (33/13; 480dpi)", device.KindPhone, "Instagram app on OPPO CPH2423", "Instagram 315.0.0.42 · Android 13"},
	{"NAVER on iPhone", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21C62 NAVER(inapp; search; 2000; 12.8.1; 15PRO)", device.KindPhone, "NAVER app on iPhone", "NAVER 12.8.1 · iOS 17.2"},
	{"Twitter on iPhone", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21C62 Twitter for iPhone/10.20", device.KindPhone, "Twitter app on iPhone", "Twitter 10.20 · iOS 17.2"},
	{"Instagram itself", "Instagram 315.0.0.42.95 Android (33/13; 480dpi; 1080x2176; samsung; SM-G991B; o1s; exynos2100; en_GB)", device.KindPhone, "Instagram app on Samsung SM-G991B", "Instagram 315.0.0.42 · Android 13"},
	{"a Cubot, which is no bot", "Mozilla/5.0 (Linux; Android 11; CUBOT_X50) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36", device.KindPhone, "Chrome on Cubot X50", "Chrome 120 · Android 11"},
	{"a phone that asked for the desktop site", "Mozilla/5.0 (Linux; Android 13; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36", device.KindPhone, "Chrome on Pixel 7", "Chrome 120 · Android 13"},
	{"Windows Phone", "Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/52.0.2743.116 Mobile Safari/537.36 Edge/15.15254", device.KindPhone, "Edge on Lumia 950", "Edge 15 · Windows Phone 10"},
	{"BlackBerry 10", "Mozilla/5.0 (BB10; Touch) AppleWebKit/537.35+ (KHTML, like Gecko) Version/10.3.2.2876 Mobile Safari/537.35+", device.KindPhone, "BlackBerry Browser on BlackBerry", "BlackBerry Browser 10.3 · BlackBerry"},
	{"Nokia", "Nokia6120c/3.83; Profile/MIDP-2.0 Configuration/CLDC-1.1", device.KindPhone, "Nokia6120c", "Java ME"},

	// Tablets.
	{"Safari on iPad", "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1", device.KindTablet, "Safari on iPad", "Safari 16.6 · iOS 16.6"},
	{"an app on an iPad that passes for a Mac", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_6) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [LinkedInApp]/9.29", device.KindTablet, "LinkedIn app on iPad", "LinkedIn 9.29 · iOS"},
	{"an iPad in an app made for iPhone", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Snapchat/12.60.0.32 (iPad13,1; iOS 17.2; gzip)", device.KindTablet, "Snapchat app on iPad", "Snapchat 12.60.0.32 · iOS 17.2"},
	{"Galaxy Tab S9", "Mozilla/5.0 (Linux; Android 13; SM-X710) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/118.0.0.0 Safari/537.36", device.KindTablet, "Chrome on Samsung SM-X710", "Chrome 118 · Android 13"},
	{"a tablet that says Mobile", "Mozilla/5.0 (Linux; Android 12; Lenovo TB-X606X) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/118.0.0.0 Mobile Safari/537.36", device.KindTablet, "Chrome on Lenovo TB-X606X", "Chrome 118 · Android 12"},
	{"a tablet by its maker's rule", "Mozilla/5.0 (Linux; Android 10; BAH3-W59) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/118.0.0.0 Mobile Safari/537.36", device.KindTablet, "Chrome on Huawei BAH3-W59", "Chrome 118 · Android 10"},
	{"a tablet by its name", "Mozilla/5.0 (Linux; Android 13; Blackview Tab 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/118.0.0.0 Mobile Safari/537.36", device.KindTablet, "Chrome on Blackview Tab 8", "Chrome 118 · Android 13"},
	{"Fire HD with Silk", "Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/120.1.3 like Chrome/120.0.6099.193 Safari/537.36", device.KindTablet, "Amazon Silk on Amazon KFMAWI", "Amazon Silk 120.1 · Android 9"},

	// TVs and consoles.
	{"Samsung TV", "Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) 76.0.3809.146/6.0 TV Safari/537.36", device.KindTV, "Samsung TV", "Samsung Internet · Tizen 6"},
	{"LG TV", "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/94.0.4606.128 Safari/537.36 WebAppManager", device.KindTV, "LG TV", "Chrome 94 · webOS"},
	{"Bravia", "Mozilla/5.0 (Linux; Android 10; BRAVIA 4K VH2 Build/QTG3.200305.006) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/90.0.0.0 Safari/537.36", device.KindTV, "Sony TV", "Chrome 90 · Android 10"},
	{"Fire TV", "Mozilla/5.0 (Linux; Android 7.1.2; AFTKA Build/NS6271) AppleWebKit/537.36 (KHTML, like Gecko) Silk/120.1.3 like Chrome/120.0.0.0 Safari/537.36", device.KindTV, "Amazon TV", "Amazon Silk 120.1 · Android 7.1"},
	{"Chromecast", "Mozilla/5.0 (X11; Linux armv7l) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/90.0.4430.225 Safari/537.36 CrKey/1.56.500000", device.KindTV, "Chromecast", "Chrome 90 · Chromecast"},
	{"Roku", "Roku/DVP-9.10 (519.10E04111A)", device.KindTV, "Roku TV", "Roku"},
	{"PlayStation 5", "Mozilla/5.0 (PlayStation; PlayStation 5/2.26) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15", device.KindConsole, "PlayStation 5", "PlayStation Browser 13 · PlayStation 5"},
	{"Xbox", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox Series X) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0", device.KindConsole, "Edge on Xbox", "Edge 120 · Xbox"},

	// Apps, tools and robots.
	{"Immich 2.7 and later, Android", "immich-android/2.7.5", device.KindApp, "Immich app on Android", "Immich 2.7.5 · Android"},
	{"Immich 2.7 and later, iOS", "immich-ios/3.1.0", device.KindApp, "Immich app on iOS", "Immich 3.1.0 · iOS"},
	{"Immich 2.7 and later, unknown", "immich-unknown/3.1.0", device.KindApp, "Immich app", "Immich 3.1.0"},
	{"Immich 1.133 to 2.6, Android", "Immich_Android_1.133.1", device.KindApp, "Immich app on Android", "Immich 1.133.1 · Android"},
	{"Immich 1.133 to 2.6, iOS", "Immich_iOS_2.4.1", device.KindApp, "Immich app on iOS", "Immich 2.4.1 · iOS"},
	{"Dart", "Dart/3.5 (dart:io)", device.KindApp, "App", "Dart 3.5"},
	{"okhttp", "okhttp/4.12.0", device.KindApp, "App on Android", "okhttp 4.12 · Android"},
	{"CFNetwork", "WidgetExtension/241 CFNetwork/1494.0.7 Darwin/23.4.0", device.KindApp, "WidgetExtension app on iOS", "WidgetExtension 241 · iOS 17"},
	{"CFNetwork of iOS 26", "Overcast/2025.9 CFNetwork/3826.500.131 Darwin/25.0.0", device.KindApp, "Overcast app on iOS", "Overcast 2025.9 · iOS 26"},
	{"iOS video player", "AppleCoreMedia/1.0.0.21F90 (iPhone; U; CPU OS 17_5_1 like Mac OS X; en_us)", device.KindPhone, "App on iPhone", "AppleCoreMedia 1 · iOS 17.5"},
	{"a reader, which is no bot", "Feedly/401 CFNetwork/1494.0.7 Darwin/23.4.0", device.KindApp, "Feedly app on iOS", "Feedly 401 · iOS 17"},
	{"Dalvik", "Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8 Build/UD1A.231105.004)", device.KindPhone, "App on Pixel 8", "Dalvik 2.1 · Android 14"},
	{"curl", "curl/8.5.0", device.KindCLI, "curl (command line)", "curl 8.5"},
	{"Wget", "Wget/1.21.4", device.KindCLI, "Wget (command line)", "Wget 1.21"},
	{"python-requests", "python-requests/2.32.3", device.KindCLI, "Python (command line)", "Python 2.32"},
	{"Go", "Go-http-client/2.0", device.KindCLI, "Go (command line)", "Go 2"},
	{"Node", "node", device.KindCLI, "Node.js (command line)", "Node.js"},
	{"Googlebot", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", device.KindBot, "Googlebot (bot)", "Googlebot 2.1"},
	{"Googlebot, phone", "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", device.KindBot, "Googlebot (bot)", "Googlebot 2.1"},
	{"GPTBot", "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)", device.KindBot, "GPTBot (bot)", "GPTBot 1.2"},
	{"Headless Chrome", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.0.0 Safari/537.36", device.KindDesktop, "Headless Chrome on Linux", "Headless Chrome 120 · Linux"},
	{"a link preview", "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", device.KindBot, "facebookexternalhit (bot)", "facebookexternalhit 1.1"},

	// Nothing to go by.
	{"nothing", "", device.KindUnknown, "Unknown device", ""},
	{"Mozilla only", "Mozilla/5.0", device.KindUnknown, "Unknown device", ""},
}

func TestParseClients(t *testing.T) {
	t.Parallel()
	for _, c := range clients {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := device.Parse(device.Hints{UserAgent: c.userAgent})
			if d.Kind != c.kind || d.Title() != c.title || d.Subtitle() != c.subtitle {
				t.Errorf("got %s, %q, %q\nwant %s, %q, %q\n%+v", d.Kind, d.Title(), d.Subtitle(), c.kind, c.title, c.subtitle, d)
			}
		})
	}
}
