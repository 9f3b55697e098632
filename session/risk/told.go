package risk

import (
	"slices"
	"time"

	"github.com/signedin/signedin/session"
)

// tellAgain is for how long what was told is not told again.
const tellAgain = 7 * 24 * time.Hour

// Somebody who has been elsewhere so often lately is somebody who is: by a VPN,
// or an eSIM that leaves in one country today and in another tomorrow.
const (
	maxRoamed  = 2
	keepRoamed = 30 * stampDay
)

// isTold reports whether the user knows already of a move that is an alert only
// for where it came from: of the same country, or the same way of hiding it, from
// whichever device, within the week that it is in quarantine; or of as many
// other countries lately.
func (p *profile) isTold(o *observation) bool {
	for i := range p.suspects[:p.n] {
		s := &p.suspects[i]
		if !s.denied && (s.hosting && o.isHosting() || o.country != 0 && s.keys[traitCountry] == o.country) {
			return true
		}
	}
	return p.roamed[maxRoamed-1] != 0 && o.at.since(p.roamed[maxRoamed-1]) < keepRoamed
}

// roam notes that the user is told where a session was used.
func (p *profile) roam(at stamp) {
	copy(p.roamed[1:], p.roamed[:])
	p.roamed[0] = at
}

// isRepeated reports whether a move says nothing that the session did not say
// within the week, of a level as high.
func isRepeated(c *session.Case, signals []session.Signal) bool {
	for _, s := range signals {
		if !slices.ContainsFunc(c.Session.Signals, func(old session.Signal) bool {
			return cause(&old) == cause(&s) && old.Level >= s.Level && old.At.After(c.Session.AuthenticatedAt) && s.At.Sub(old.At).Abs() < tellAgain
		}) {
			return false
		}
	}
	return len(signals) > 0
}

// cause returns what a signal is about: of all that is said of a country, the
// country.
func cause(s *session.Signal) string {
	if groupOf(s.Code) == groupWhere && s.Code != codeNetworkHosting {
		return "where " + s.Args["countryCode"]
	}
	return s.Code + " " + s.Args["device"]
}
