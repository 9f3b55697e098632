package device

import "strings"

// parse goes from what says most to what says least: an app's own words, then
// our tables, then the general parser for what they left empty; hints, which a
// frozen User-Agent cannot contradict, come over all but the app.
func (p *Parser) parse(h *Hints) Device {
	d := p.parseApp(h.UserAgent)
	if d.App == "" && h.UserAgent != "" {
		var buf [maxUserAgent]byte
		a := readAgent(h.UserAgent, &buf)
		d = parseAgent(&a)
	}
	d.applyHints(h)
	d.applyAppHeaders(h)
	if d.Kind == "" {
		d.Kind = KindUnknown
	}
	d.sanitize()
	return d
}

func parseAgent(a *agent) (d Device) {
	d.readSystem(a)
	d.readBrowser(a)
	d.readApp(a)
	d.Brand, d.Model = "", ""
	kind := d.readModel(a)
	d.readKind(a, kind)
	if d.Kind == KindBot {
		return robot(a)
	}
	d.readStack(a)
	d.readUnknown(a)
	d.fillFromBase(a)
	return d
}

// readUnknown takes a product that no table knows at its word.
func (d *Device) readUnknown(a *agent) {
	if d.App != "" || d.Kind == KindCLI || strings.HasPrefix(a.text, "Mozilla/") {
		return
	}
	name, version := a.firstProduct()
	switch {
	case strings.EqualFold(name, d.Browser) || name == "":
		return
	case d.Browser != "" && a.seen[inBrowsers].rank > rankEngine:
		return
	case a.has(inStacks) && a.seen[inStacks].at == 0:
		return
	}
	d.App, d.AppVersion = name, version
	d.Browser, d.BrowserVersion = "", ""
	if d.Kind == KindUnknown {
		d.Kind = KindCLI
	}
}
