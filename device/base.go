package device

import (
	"github.com/mssola/useragent"
)

// fillFromBase asks a general parser for what our tables left empty.
func (d *Device) fillFromBase(a *agent) {
	needsModel := d.OS == "Android" && d.Model == "" && a.model == (span{}) && !a.has(inBrowsers)
	needsName := d.Browser == "" && d.App == "" && d.Kind != KindTV
	if !needsModel && !needsName && d.OS != "" || d.Kind == KindCLI || a.isOwn() && !needsName {
		return
	}
	base := useragent.New(a.text[:min(len(a.text), maxBase)])
	if needsName {
		if name, version := base.Browser(); name != "Mozilla" && name != d.Model {
			d.Browser, d.BrowserVersion = name, shortVersion(version)
		}
	}
	if d.OS == "" && !contains(a.low, "kepler") {
		info := base.OSInfo()
		d.OS, d.OSVersion = info.Name, shortVersion(info.Version)
	}
	if needsModel {
		d.setModel(base.Model())
	}
}

// maxBase is how much of a User-Agent the general parser gets: it takes its time
// over long ones, and what it is asked for stands in front.
const maxBase = 128
