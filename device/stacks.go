package device

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

// readStack names what is neither a browser nor a known app. A tool counts
// only where it introduces itself: programs name their parts behind them.
func (d *Device) readStack(a *agent) {
	stack := a.seen[inStacks]
	switch {
	case stack.rank == stackOfTool && stack.at == 0:
		d.Kind = KindCLI
		d.Browser, d.BrowserVersion = stack.name, shortVersion(a.version(inStacks))
	case stack.rank == stackOfApp && d.Browser == "" && d.App == "":
		d.Browser, d.BrowserVersion = stack.name, shortVersion(a.version(inStacks))
	}
	if stack.rank == stackOfApp && stack.name != "Dalvik" && a.seen[inKinds].at < 0 {
		d.Kind = KindApp
	}
}
