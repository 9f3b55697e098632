package device

import "strings"

// Whose hands an HTTP library is in.
const (
	stackOfApp = iota + 1
	stackOfTool
)

// stackTokens are HTTP libraries and command-line tools, by the name that they
// give when their program gives none.
var stackTokens = []token{
	{"applecoremedia", "AppleCoreMedia", stackOfApp},
	{"cfnetwork", "CFNetwork", stackOfApp},
	{"dalvik", "Dalvik", stackOfApp},
	{"dart", "Dart", stackOfApp},
	{"okhttp", "okhttp", stackOfApp},
	{"cronet", "Cronet", stackOfApp},
	{"exoplayer*", "ExoPlayer", stackOfApp},
	{"alamofire", "Alamofire", stackOfApp},
	{"ktor*", "Ktor", stackOfApp},

	{"aiohttp", "aiohttp", stackOfTool},
	{"apache-httpclient", "Apache-HttpClient", stackOfTool},
	{"axios", "axios", stackOfTool},
	{"curl", "curl", stackOfTool},
	{"go-http-client", "Go", stackOfTool},
	{"got", "got", stackOfTool},
	{"guzzlehttp", "Guzzle", stackOfTool},
	{"httpie", "HTTPie", stackOfTool},
	{"java/", "Java", stackOfTool},
	{"java-http-client", "Java", stackOfTool},
	{"jakarta commons*", "Apache-HttpClient", stackOfTool},
	{"lavf", "FFmpeg", stackOfTool},
	{"libcurl*", "curl", stackOfTool},
	{"libwww*", "libwww-perl", stackOfTool},
	{"lwp*", "libwww-perl", stackOfTool},
	{"node", "Node.js", stackOfTool},
	{"node-fetch", "Node.js", stackOfTool},
	{"node-superagent", "superagent", stackOfTool},
	{"node.js", "Node.js", stackOfTool},
	{"php", "PHP", stackOfTool},
	{"postmanruntime", "Postman", stackOfTool},
	{"powershell", "PowerShell", stackOfTool},
	{"python*", "Python", stackOfTool},
	{"reqwest", "reqwest", stackOfTool},
	{"rest-client", "Ruby", stackOfTool},
	{"ruby", "Ruby", stackOfTool},
	{"undici", "Node.js", stackOfTool},
	{"wget", "Wget", stackOfTool},
	{"wget2", "Wget", stackOfTool},
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

var tools = map[string]bool{
	"ansible": true, "apache-cxf": true, "apt": true, "aria2": true, "aws-cli": true, "bittorrent": true, "bluedragon": true, "boto3": true, "botocore": true, "bun": true, "cakephp": true, "cargo": true, "check_http": true,
	"btwebclient": true, "claude-code": true, "composer": true, "davclnt": true, "dnf": true, "docker": true, "faraday": true, "gh": true, "git": true, "git-lfs": true,
	"helm": true, "gofeed": true, "homebrew": true, "httpx": true, "hyper": true, "immich-go": true, "insomnia": true, "jersey": true, "jetty": true,
	"k6": true, "kubectl": true, "lua-resty-http": true, "mechanize": true, "microsoft-cryptoapi": true, "newspaper": true, "npm": true, "pip": true, "pnpm": true, "rclone": true,
	"restic": true, "restsharp": true, "resty": true, "rsync": true, "scrapy": true, "sqlmap": true, "terraform": true, "ureq": true,
	"winhttp": true, "yarn": true, "youtube-dl": true, "yt-dlp": true, "yum": true,
}

// isLibrary reports whether an app speaks through a library that only apps use.
func (a *agent) isLibrary() bool {
	return a.seen[inStacks].name == "CFNetwork" || a.seen[inStacks].name == "okhttp"
}
