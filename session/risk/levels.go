package risk

import "github.com/signedin/signedin/session"

// A Preset says how readily an [Assessor] raises an alert.
type Preset string

// The presets.
const (
	PresetDefault Preset = ""     // at 20 points
	PresetCalm    Preset = "calm" // at 30 points
	// PresetPrecise raises an alert of a sign-in from a device that is not
	// known if the country is new, or if it is the first through a data centre.
	// For moves it is as PresetDefault.
	PresetPrecise Preset = "precise"
)

const (
	noticeSignIn = -3
	noticeMove   = 10
	alertDefault = 20
	alertCalm    = 30
	high         = 40
)

func (p Preset) alert() int {
	if p == PresetCalm {
		return alertCalm
	}
	return alertDefault
}

// signInLevel returns how much a sign-in looks wrong. The first of a user of
// whom nothing else is known cannot.
func (a *Assessor) signInLevel(p *profile, f *findings, methods []string) session.Level {
	if p.signIns == 0 && !p.isKnownByMoves() || !f.hasReason() {
		return session.LevelNone
	}
	switch alert := a.isAlert(f) && !isProved(f, methods); {
	case alert && f.points >= high:
		return session.LevelHigh
	case alert:
		return session.LevelAlert
	case f.points >= noticeSignIn || f.deviceIsNew:
		return session.LevelNotice
	}
	return session.LevelNone
}

func (a *Assessor) isAlert(f *findings) bool {
	if a.cfg.Preset == PresetPrecise {
		return !f.has(codeDeviceKnown) && (f.has(codeCountryNew) || f.firstHosting)
	}
	return f.points >= a.cfg.Preset.alert() && f.hasMoreThanDevice()
}

// isProved reports whether a second factor has spoken for the sign-in, by its
// name in RFC 8176 or "passkey": one that cannot be phished, or any, unless a
// proxy in a data centre may have passed it on.
func isProved(f *findings, methods []string) bool {
	for _, m := range methods {
		switch m {
		case "hwk", "swk", "sc", "passkey":
			return true
		case "otp", "sms", "tel", "mfa", "mca":
			if f.has(codeDeviceKnown) || !f.has(codeNetworkHosting) {
				return true
			}
		}
	}
	return false
}

// moveLevel returns how much the change of a live session looks wrong.
func (a *Assessor) moveLevel(f *findings) session.Level {
	switch {
	case !f.hasReason():
		return session.LevelNone
	case f.points >= high && f.isBacked(): // a first VPN is not: nobody's session is paused for it
		return session.LevelHigh
	case f.points >= a.cfg.Preset.alert():
		return session.LevelAlert
	case f.points >= noticeMove || f.has(codeDormant):
		return session.LevelNotice
	}
	return session.LevelNone
}
