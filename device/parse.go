package device

// parse goes from what says most to what says least: an app's own words, then
// our tables, then the general parser for what they left empty; hints, which a
// frozen User-Agent cannot contradict, come over all but the app.
func (p *Parser) parse(h Hints) Device {
	d, more := p.parseApp(h.UserAgent)
	if h.UserAgent != "" && (d.App == "" || more) {
		var buf [maxUserAgent]byte
		a := readAgent(h.UserAgent, &buf)
		if of := parseAgent(&a); more {
			d.addDevice(of)
		} else {
			d = of
		}
	}
	d.applyHints(&h)
	d.applyRequestedWith(h.RequestedWith)
	d.applyAppHeaders(&h)
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
	d.readKind(a, d.readModel(a))
	if d.Kind == KindBot {
		return robot(a)
	}
	d.readPlace(a)
	d.readTool(a)
	if !d.readFeaturePhone(a) {
		d.readUnknown(a)
	}
	d.readLibrary(a)
	d.fillFromBase(a)
	if d.Kind == KindUnknown {
		d.Kind = d.kindOfProduct(a)
	}
	return d
}
