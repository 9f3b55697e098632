package risk

// An outcome says how familiar the device of a sign-in is.
type outcome uint8

const (
	outcomeKnown     outcome = iota // by its cookie
	outcomeSimilar                  // no cookie, but a kind of device that the user has
	outcomePartlyNew                // the system or the browser is known, or only the cookie
	outcomeNew
	outcomes
)

// The shares of the outcomes among strangers and among users. The latter count
// as much as forty sign-ins of the user's own, so that it matters little that
// the cookie is missing for a user who keeps none.
var (
	strangers = [outcomes]float64{.001, .35, .35, .30}
	users     = [outcomes]float64{.80, .106, .058, .036}
)

const devicePrior = 40

// code returns the code of an outcome.
func (p *profile) code(out outcome, o *observation) string {
	switch out {
	case outcomeKnown:
		return codeDeviceKnown
	case outcomeSimilar:
		return codeDeviceSimilar
	case outcomeNew:
		return codeDeviceNew
	}
	switch system, browser := p.has(o, traitSystem), p.has(o, traitBrowser); {
	case system && !browser:
		return codeDeviceBrowserNew
	case browser && !system:
		return codeDeviceSystemNew
	}
	return codeDevicePartlyNew
}

func (p *profile) outcome(o *observation) outcome {
	cookie := o.recognized && p.has(o, traitDevice)
	family := p.has(o, traitFamily)
	partly := family || o.keys[traitFamily] == 0 || p.has(o, traitSystem) || p.has(o, traitBrowser)
	switch {
	case cookie && partly:
		return outcomeKnown
	case family:
		return outcomeSimilar
	case partly || cookie:
		return outcomePartlyNew
	}
	return outcomeNew
}

// judgeDevice adds how familiar the device is. A client that does not say what
// it is says nothing against itself.
func (p *profile) judgeDevice(f *findings, o *observation) (known bool) {
	out := p.outcome(o)
	if out != outcomeKnown && o.keys[traitFamily] == 0 {
		return false
	}
	f.deviceIsNew = out > outcomeSimilar
	f.add(p.code(out, o), p.habits.devicePoints(out, o.cookieless))
	if points := p.suspicion(o); points > 0 {
		f.add(codeDeviceSuspect, points)
	}
	return out == outcomeKnown
}

// suspicion returns what spoke against a sign-in from that device which is not
// believed yet, and would not any more.
func (p *profile) suspicion(o *observation) int {
	for i := range p.suspects[:p.n] {
		s := &p.suspects[i]
		if key := s.keys[traitDevice]; key != 0 && key == o.keys[traitDevice] {
			return int(s.passing)
		}
	}
	return 0
}

// devicePoints returns the points of an outcome. Where there can be no cookie,
// its absence says nothing: a kind of device that the user has is all that one
// can know of a known device.
func (h *habits) devicePoints(o outcome, cookieless bool) int {
	n := 0.0
	for _, c := range h.outcomes {
		n += float64(c)
	}
	share := (float64(h.outcomes[o]) + devicePrior*users[o]) / (n + devicePrior)
	if o == outcomeSimilar && cookieless {
		share += (float64(h.outcomes[outcomeKnown]) + devicePrior*users[outcomeKnown]) / (n + devicePrior)
		return max(0, points(strangers[o]/share))
	}
	if o == outcomeSimilar { // that the cookie is missing never speaks for a visit
		return max(0, points(strangers[o]/share))
	}
	return points(strangers[o] / share)
}
