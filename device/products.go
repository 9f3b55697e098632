package device

import (
	"bytes"
	"strings"
)

// plumbing are products that browsers and apps name beside themselves.
var plumbing = wordSet(`
	applewebkit ariver arkweb bdos bropp build capacitor ce-html cfnetwork channel cordova core crosswalk dalvik
	darwin device electron gecko goanna hbbtv icapohttps javafx jssdk khtml language lightning like mmwebid
	mmwebsdk mobile mozilla nebula nebulasdk nettype okhttp presto process qbcore qblink qt qtwebengine qtwebkit
	region release safari swan tbs titanium u2 u3 u4 ucbs uws version webkit webkitgtk+ webview weex windowswechat
	xwalk xweb kepler kindle kobo lite qtcarbrowser tesla vr arch centos debian fedora gentoo hat kubuntu linux
	linuxmint mandriva mint raspbian redhat slackware suse ubuntu xubuntu adg agency atcontent config gls herring
	likewise trailer unique viewer`)

// readUnknown takes a product that no table knows at its word: the first of
// all, or one beside a browser that many products are built on.
func (d *Device) readUnknown(a *agent) {
	generic := !a.has(inBrowsers) || a.seen[inBrowsers].rank <= rankBrowser
	if d.App != "" || !generic || d.Kind == KindCLI || d.Kind == KindConsole || d.Kind == KindCar || d.Kind == KindTV && (a.has(inBrowsers) || a.model == span{} && d.Model == "" || contains(a.low, "kepler")) {
		return
	}
	if !bytes.HasPrefix(a.low, []byte("mozilla/")) {
		d.readFirst(a)
		return
	}
	name, version := a.besideProduct()
	switch {
	case name == "":
	case d.Kind == KindDesktop && !contains(a.low, "electron/"), strings.Contains(strings.ToLower(name), "browser"):
		d.Browser, _ = productName(name)
		d.BrowserVersion = shortVersion(version)
	default:
		d.setProduct(name, version)
	}
}

// readFirst takes the product that the User-Agent starts with for a native app,
// unless that is the browser or library that is known already, or the system.
func (d *Device) readFirst(a *agent) {
	name, version := a.firstProduct()
	known := a.seen[inBrowsers].at == 0 || a.seen[inStacks].at == 0
	if plumbing[strings.ToLower(name)] || a.seen[inSystems].at == 0 && a.head.isWhole(a.low, 0, a.seen[inSystems].end) {
		name, version = a.besideProduct()
	}
	if name == "" || known {
		return
	}
	named := d.OS != ""
	d.setProduct(name, version)
	switch {
	case d.Kind == KindUnknown && d.OS != "" && !named:
		d.Kind = d.kindOfSystem(a)
	case d.Kind == KindUnknown:
		d.Kind = KindApp
	}
	low := strings.ToLower(name)
	if agent := d.OS == "" && (strings.HasSuffix(low, "-agent") || strings.HasSuffix(low, " agent")); (agent || isToolName(low)) && d.Model == "" {
		d.Kind, d.Browser, d.BrowserVersion = KindCLI, name, shortVersion(version)
		d.App, d.AppVersion = "", ""
	}
}

// setProduct names a native app, and the system that its name gives away.
func (d *Device) setProduct(name, version string) {
	name, system := productName(name)
	d.App, d.AppVersion = name, version
	d.Browser, d.BrowserVersion = "", ""
	d.OS = or(d.OS, system)
	if isApple(d.OS) {
		d.Brand = "Apple"
	}
}

// besideProduct returns the first product outside of comments that is not
// plumbing and that no table knows. Its name may be of several words: "Home
// Assistant/2025.9".
func (a *agent) besideProduct() (name, version string) {
	depth, start, fresh := 0, -1, true // a name starts behind a product or a comment
	for i := 0; i < len(a.low); i++ {
		switch c := a.low[i]; {
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			depth--
			start, fresh = -1, true
		case depth <= 0 && isLetter(c) && (i == 0 || a.low[i-1] == ' '):
			end := i
			for end < len(a.low) && (isNameByte(a.low[end]) || a.low[end] == '+') {
				end++
			}
			switch {
			case a.isProduct(i, end):
				if start >= 0 {
					i = start
				}
				return a.text[i:end], numbers(a.text[end+1:], 4)
			case end < len(a.low) && a.low[end] == '/':
				start, fresh = -1, true
			case !a.isNameWord(i, end):
				start = -1
			case fresh && start < 0:
				start, fresh = i, false
			}
			i = end - 1
		case c != ' ' && depth <= 0 && (i == 0 || a.low[i-1] == ' '):
			start, fresh = -1, false
		}
	}
	return "", ""
}

// isNameWord reports whether a word may be one of several of a product's name.
func (a *agent) isNameWord(from, to int) bool {
	for _, c := range a.low[from:to] {
		if !isLetter(c) {
			return false
		}
	}
	return to < len(a.low) && a.low[to] == ' ' && !plumbing[string(a.low[from:to])] && !isBrowserWord(a.low[from:to])
}

func (a *agent) isProduct(from, to int) bool {
	return to-from >= 2 && to+1 < len(a.low) && a.low[to] == '/' && isDigit(a.low[to+1]) &&
		!plumbing[string(a.low[from:to])] && from != a.seen[inBrowsers].at && (from > 0 || a.seen[inSystems].at != 0) && !isBrowserWord(a.low[from:to])
}

// isBrowserWord reports whether a word is in the table of browsers.
func isBrowserWord(word []byte) bool {
	x := words()
	for _, c := range x.at(word) {
		if e := &x.entries[c.entry]; e.table == inBrowsers && match(e.text, word) == len(word) {
			return true
		}
	}
	return false
}
