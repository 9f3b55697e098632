package device

import "strings"

// Whose hands an HTTP library is in.
const (
	stackOfApp = iota + 1
	stackOfTool
)

// stackTokens are HTTP libraries and command-line tools, by the name that they
// give when their program gives none.
var stackTokens = []ranked{
	{stackOfApp, `
		AppleCoreMedia: applecoremedia
		CFNetwork: cfnetwork
		Dalvik: dalvik
		Dart: dart
		okhttp: okhttp
		Cronet: cronet
		ExoPlayer: exoplayer*
		Alamofire: alamofire
		Ktor: ktor*`},
	{stackOfTool, `
		aiohttp: aiohttp
		Apache-HttpClient: apache-httpclient jakarta_commons*
		axios: axios
		curl: curl libcurl*
		Go: go-http-client
		got: got
		Guzzle: guzzlehttp
		HTTPie: httpie
		Java: java/ java-http-client
		FFmpeg: lavf
		libwww-perl: libwww* lwp*
		Node.js: node node-fetch node.js undici
		superagent: node-superagent
		PHP: php
		Postman: postmanruntime
		PowerShell: powershell
		Python: python*
		reqwest: reqwest
		Ruby: rest-client ruby
		Wget: wget wget2`},
}

// readTool names a tool that introduces itself: programs of other sorts name
// their parts too, but behind themselves.
func (d *Device) readTool(a *agent) {
	if tool := a.seen[inStacks]; tool.rank == stackOfTool && tool.at == 0 {
		d.Kind = KindCLI
		d.Browser, d.BrowserVersion = tool.name, shortVersion(a.version(inStacks))
	}
}

// readLibrary takes the library's name for the browser if the app that speaks
// through it has none.
func (d *Device) readLibrary(a *agent) {
	library := a.seen[inStacks]
	if library.rank != stackOfApp {
		return
	}
	if d.Browser == "" && (d.App == "" || library.name == buildNumbered) {
		d.Browser, d.BrowserVersion = library.name, shortVersion(a.version(inStacks))
	}
	if library.name != "Dalvik" && d.Model == "" && a.seen[inKinds].name == "" {
		d.Kind = KindApp
	}
}

// buildNumbered is the library that names an app by the number of its build,
// which its people do not know.
const buildNumbered = "CFNetwork"

// isToolName knows by its name, in lower case, a program that people run from a
// command line or build into another.
func isToolName(name string) bool {
	if tools[name] {
		return true
	}
	for _, end := range [...]string{"-cli", " cli", "_cli", "sdk", "-http"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	if rest, ok := strings.CutPrefix(name, "java"); ok && (rest == "" || isDigit(rest[0])) {
		return true
	}
	for _, part := range [...]string{"curl", "http-client", "httpclient", "http.rb", "httplib", "http_request", "-sdk-", "python", "perl", "winhttp"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return strings.HasPrefix(name, "lib") && strings.IndexByte(name, ' ') < 0 && strings.HasPrefix(strings.TrimPrefix(name, "lib"), "w")
}

var tools = wordSet(`
	ansible apache-cxf apt aria2 aws-cli bittorrent bluedragon boto3 botocore bun cakephp cargo check_http
	btwebclient claude-code composer davclnt dnf docker faraday gh git git-lfs helm gofeed homebrew httpx hyper
	immich-go insomnia jersey jetty k6 kubectl lua-resty-http mechanize microsoft-cryptoapi newspaper npm pip pnpm
	rclone restic restsharp resty rsync scrapy sqlmap terraform ureq winhttp yarn youtube-dl yt-dlp yum`)

// isLibrary reports whether an app speaks through a library that only apps use.
func (a *agent) isLibrary() bool {
	return a.seen[inStacks].name == "CFNetwork" || a.seen[inStacks].name == "okhttp"
}
