package device

import (
	"bytes"
	"strings"
)

// plumbing are products that browsers and apps name beside themselves.
var plumbing = map[string]bool{
	// Engines, frameworks, and settings written like products.
	"applewebkit": true, "ariver": true, "arkweb": true, "bdos": true, "bropp": true, "build": true,
	"capacitor": true, "ce-html": true, "cfnetwork": true, "channel": true, "cordova": true, "core": true,
	"crosswalk": true, "dalvik": true, "darwin": true, "device": true, "electron": true, "gecko": true,
	"goanna": true, "hbbtv": true, "icapohttps": true, "javafx": true, "jssdk": true, "khtml": true,
	"language": true, "lightning": true, "like": true, "mmwebid": true, "mmwebsdk": true, "mobile": true,
	"mozilla": true, "nebula": true, "nebulasdk": true, "nettype": true, "okhttp": true, "presto": true,
	"process": true, "qbcore": true, "qblink": true, "qt": true, "qtwebengine": true, "qtwebkit": true,
	"region": true, "release": true, "safari": true, "swan": true, "tbs": true, "titanium": true, "u2": true,
	"u3": true, "u4": true, "ucbs": true, "uws": true, "version": true, "webkit": true, "webkitgtk+": true,
	"webview": true, "weex": true, "windowswechat": true, "xwalk": true, "xweb": true,
	// Distributions.
	"arch": true, "centos": true, "debian": true, "fedora": true, "gentoo": true, "hat": true, "kubuntu": true,
	"linux": true, "linuxmint": true, "mandriva": true, "mint": true, "raspbian": true, "redhat": true,
	"slackware": true, "suse": true, "ubuntu": true, "xubuntu": true,
	// What unwanted extensions add to Chrome.
	"adg": true, "agency": true, "atcontent": true, "config": true, "gls": true, "herring": true,
	"likewise": true, "trailer": true, "unique": true, "viewer": true,
}

// readUnknown takes a product that no table knows at its word: the first of
// all, or one beside a browser that many products are built on.
func (d *Device) readUnknown(a *agent) {
	generic := !a.has(inBrowsers) || a.seen[inBrowsers].rank <= rankBrowser
	if d.App != "" || !generic || d.Kind == KindCLI || d.Kind == KindTV || d.Kind == KindConsole {
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
		d.Browser, d.BrowserVersion = name, shortVersion(version)
	default:
		d.Browser, d.BrowserVersion, d.App, d.AppVersion = "", "", name, version
	}
}

// readFirst takes the product that the User-Agent starts with for a native app,
// unless that is the browser or library that is known already.
func (d *Device) readFirst(a *agent) {
	name, version := a.firstProduct()
	known := a.seen[inBrowsers].at == 0 || a.seen[inStacks].at == 0
	if name == "" || known {
		return
	}
	d.App, d.AppVersion = name, version
	d.Browser, d.BrowserVersion = "", ""
	if d.Kind == KindUnknown {
		d.Kind = KindCLI
	}
}

// besideProduct returns the first product outside of comments that is not
// plumbing and that no table knows.
func (a *agent) besideProduct() (name, version string) {
	depth := 0
	for i := 0; i < len(a.low); i++ {
		switch c := a.low[i]; {
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			depth--
		case depth <= 0 && isLetter(c) && (i == 0 || a.low[i-1] == ' '):
			end := i
			for end < len(a.low) && (isNameByte(a.low[end]) || a.low[end] == '+') {
				end++
			}
			if a.isProduct(i, end) {
				return spaced(a.text[i:end]), numbers(a.text[end+1:], 4)
			}
			i = end - 1
		}
	}
	return "", ""
}

func (a *agent) isProduct(from, to int) bool {
	return to-from >= 2 && to+1 < len(a.low) && a.low[to] == '/' && isDigit(a.low[to+1]) &&
		!plumbing[string(a.low[from:to])] && from != a.seen[inBrowsers].at && !isBrowserWord(a.low[from:to])
}

// isBrowserWord reports whether a word is in the table of browsers.
func isBrowserWord(word []byte) bool {
	x := words()
	for _, n := range x.at(word) {
		if e := &x.entries[n]; e.table == inBrowsers && match(e.text, word) == len(word) {
			return true
		}
	}
	return false
}

// spaced writes a product as people would: "AtomicBrowser" is "Atomic Browser",
// and "AolApp" is the "Aol" app.
func spaced(name string) string {
	name = strings.ReplaceAll(name, "%20", " ")
	if short, ok := strings.CutSuffix(name, "App"); ok && short != "" {
		return strings.TrimRight(short, " -_")
	}
	if short, ok := strings.CutSuffix(name, "Browser"); ok && short != "" && isLetter(short[len(short)-1]|0x20) {
		return short + " Browser"
	}
	return name
}
