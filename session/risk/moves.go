package risk

import (
	"strconv"
	"strings"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
)

// The points of what has changed of a live session.
const (
	pointsNetworkSame = -20
	pointsDeviceSame  = -5
	pointsUpdated     = -13
	pointsOlder       = 38
	pointsDesktopSite = 8
	pointsOther       = 58
	pointsDormant     = 5
	pointsHostingMove = 35 // a first VPN is an alert, by any preset, and not high by itself
)

// move judges that a live session is seen on another network or device. It is
// compared with the session's own last visit.
func (p *profile) move(o *observation, was *observation, c *session.Case) (f findings) {
	judgeChange(&f, c.Session.Last.Device, c.Visit.Device, o.keys[traitNetwork] == was.keys[traitNetwork])
	if o.keys[traitNetwork] != 0 && o.keys[traitNetwork] == was.keys[traitNetwork] {
		f.add(codeNetworkSame, pointsNetworkSame)
		return f
	}
	p.judgeNetwork(&f, o, p.habits.moves, pointsHostingMove)
	p.judgeDenied(&f, o)
	p.judgeTravel(&f, o, was.sighting())
	if !o.isHosting() && o.kind != geo.KindRelay { // who switches a VPN on seems to be elsewhere at once
		p.judgeCountries(&f, o, was)
	}
	if quiet := c.Visit.At.Sub(c.Session.Last.At); quiet > p.dormant() {
		f.quietDays = int(quiet / (24 * time.Hour))
		f.add(codeDormant, pointsDormant)
	}
	return f
}

// judgeChange compares two devices that used one session. On one network, a
// part of the same machine, such as a video player, uses it too.
func judgeChange(f *findings, was, is device.Device, sameNetwork bool) {
	a, b := was.Family(), is.Family()
	switch {
	case isNameless(a) || isNameless(b):
	case a == b:
		judgeVersion(f, was, is)
	case a.IsSameBrowser(b) || sameNetwork && a.OS == b.OS:
		f.add(codeDeviceDesktopSite, pointsDesktopSite)
	default:
		f.add(codeDeviceOther, pointsOther)
	}
}

func judgeVersion(f *findings, was, is device.Device) {
	a, b := version(was.BrowserVersion), version(is.BrowserVersion)
	switch {
	case a == 0 || b == 0 || a == b:
		f.add(codeDeviceSame, pointsDeviceSame)
	case a < b:
		f.add(codeDeviceUpdated, pointsUpdated)
	default:
		f.add(codeDeviceOlder, pointsOlder)
	}
}

// version makes a number of "26.1", so that versions can be compared.
func version(s string) int {
	major, minor, _ := strings.Cut(s, ".")
	a, _ := strconv.Atoi(major)
	b, _ := strconv.Atoi(minor)
	return a*10000 + min(b, 9999)
}

func isNameless(f device.Family) bool { return f.Product == "" && f.OS == "" }

const dormantAfter = 14 * 24 * time.Hour

// dormant returns how long a session has to be quiet for its user to wonder
// that it wakes: two weeks, or five times the usual.
func (p *profile) dormant() time.Duration {
	usual := time.Duration(0)
	if p.signIns > 1 {
		usual = time.Duration(stamp(p.last.at/60).since(p.first)) * time.Hour / time.Duration(p.signIns)
	}
	return max(dormantAfter, 5*usual)
}

func (o *observation) sighting() sighting {
	return sighting{o.minute, o.place, hidesPlace(o.kind), o.country, townOf(o.city)}
}

// hasProved reports whether a move is of a session that is bound to its device, and seen
// with a device like that: it has proved its key within minutes, so it is elsewhere, and
// not another one.
func hasProved(c *session.Case) bool {
	return !c.SignIn && c.Session.IsBound() && c.Session.Last.Device.Family() == c.Visit.Device.Family()
}
