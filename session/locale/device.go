package locale

import (
	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/session"
)

// Label is what a user calls a session, or what its device is, with the number
// that tells twins apart: [session.Session.Label].
func (l *Locale) Label(s *session.Session) string {
	if s.Name != "" {
		return s.Name
	}
	return l.Numbered(l.Device(s.Last.Device), s.Twin)
}

// Numbered puts a number behind a title, if it has twins.
func (l *Locale) Numbered(title string, twin uint16) string {
	if twin < 2 {
		return title
	}
	return l.say("device.twin", title, int(twin))
}

// Device names a device: [device.Device.Title].
func (l *Locale) Device(d device.Device) string { return l.Name(d.Name()) }

// Name says a name from its parts.
func (l *Locale) Name(n device.Name) string {
	if l == nil {
		return n.String()
	}
	what := n.What
	if what == "" && (n.Form == device.FormBot || n.Form == device.FormTool) {
		what = l.say("device.nameless")
	}
	switch {
	case n.Form == device.FormUnknown:
		return l.say("device.unknown")
	case n.Form == device.FormSomeApp && n.Where != "":
		return l.say("device.some app on", n.Where)
	case n.Form == device.FormSomeApp:
		return l.say("device.some app")
	case n.Form == device.FormApp && n.Where != "":
		return l.say("device.app on", what, n.Where)
	case n.Form != device.FormPlain:
		return l.say("device."+string(n.Form), what)
	case n.Where != "":
		return l.say("device.on", what, n.Where)
	}
	return what
}
