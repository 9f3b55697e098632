package risk

import "math"

// The points of a line of evidence are ten times the natural logarithm of how
// much likelier it is of a stranger than of the user, measured on synthetic
// people. So they may be added, by hand too.
const (
	pointsHistoryShort      = -12
	pointsNetworkKnown      = -52
	pointsProviderKnown     = -19
	pointsProviderElsewhere = -10
	pointsProviderNew       = 3
	pointsPlaceNew          = 19
	pointsCountryNew        = 28
	pointsCountryExit       = 10  // another exit of the user's own VPN
	pointsPlaceKnown        = -19 // where no provider is known
	pointsCountryKnown      = -17 // where no place is known either
	pointsNotHosting        = -6
	pointsOtherHosting      = 22 // not through the one that is a habit: of a live session an alert
	pointsTravel            = 20
	pointsTravelUnsure      = 12 // the network may be one that hides where its users are
	pointsTravelSoft        = 5
	pointsCountries         = 6
	pointsAttemptsSome      = 13
	pointsAttemptsMany      = 20
	pointsDenied            = 40
	pointsCopied            = 40
)

// signIn judges a sign-in.
func (p *profile) signIn(o *observation) (f findings) {
	p.judgeHistory(&f, o)
	known := p.judgeDevice(&f, o)
	p.judgeNetwork(&f, o, p.habits.signIns, math.MaxInt)
	p.judgeTravel(&f, o, p.last)
	if !known {
		p.judgeCountries(&f, o, nil)
	}
	p.judgeHour(&f, o)
	p.judgeDenied(&f, o)
	f.attempts = o.wrong
	switch {
	case o.wrong >= 10:
		f.add(codeAttemptsMany, pointsAttemptsMany)
	case o.wrong >= 3:
		f.add(codeAttemptsSome, pointsAttemptsSome)
	}
	return f
}

// judgeHistory allows for how much of an unsettled user's life was not seen
// yet. To let no alert come of it instead would miss five in a hundred of the
// naive strangers, those who come early.
func (p *profile) judgeHistory(f *findings, o *observation) {
	few := p.since < settled && !(p.signIns < settled && p.isKnownByMoves())
	if few || o.at.since(p.first) < minAge {
		f.add(codeHistoryShort, pointsHistoryShort)
	}
}

// judgeNetwork adds the most specific that is known of the network: itself,
// its provider, its place, its country. A hosting network counts for most points
// at the most.
func (p *profile) judgeNetwork(f *findings, o *observation, hosting rate, most int) {
	if p.has(o, traitNetwork) {
		f.add(codeNetworkKnown, pointsNetworkKnown)
		return
	}
	provider := p.has(o, traitProvider)
	nearby := p.spots.near(o.place)
	abroad := o.country != 0 && !p.has(o, traitCountry)
	switch {
	case provider && nearby:
		f.add(codeProviderKnown, pointsProviderKnown)
	case abroad && provider && o.isHosting():
		f.add(codeCountryNew, pointsCountryExit)
	case abroad && provider: // blocks move between countries, and eSIMs leave elsewhere
		f.add(codeProviderElsewhere, pointsProviderElsewhere)
	case abroad && p.marks[traitCountry].n > 0:
		f.add(codeCountryNew, pointsCountryNew)
	case provider && (!o.place.known() || p.spots.n == 0):
		f.add(codeProviderKnown, pointsProviderElsewhere)
	case provider:
		f.add(codeProviderElsewhere, pointsProviderElsewhere)
	case o.place.known() && p.spots.n > 0 && !nearby:
		f.add(codePlaceNew, pointsPlaceNew)
	case o.keys[traitProvider] != 0 && p.marks[traitProvider].n > 0:
		f.add(codeProviderNew, pointsProviderNew)
	case o.keys[traitProvider] == 0 && nearby:
		f.add(codePlaceKnown, pointsPlaceKnown)
	case o.keys[traitProvider] == 0 && !o.place.known() && p.has(o, traitCountry):
		f.add(codeCountryKnown, pointsCountryKnown)
	}
	p.judgeHosting(f, o, hosting, most)
}

// The shares of strangers and of users that come through a hosting network. The
// latter counts as much as eight visits of the user's own, so that it matters
// little to whom it is a habit.
const (
	hostingStrangers = .45
	hostingUsers     = .03
	hostingPrior     = 8
)

// judgeHosting adds whether the connection came through a data centre. Relays
// are none: those that keep the country are on in many a browser unasked. A
// network of which the kind is not known is judged as most are.
func (p *profile) judgeHosting(f *findings, o *observation, habit rate, most int) {
	switch {
	case !o.isHosting():
		f.add(codeNetworkPlain, pointsNotHosting)
	default:
		f.firstHosting = habit.hits == 0
		points := min(hostingPoints(habit), most)
		if o.keys[traitProvider] != 0 && !p.has(o, traitProvider) {
			points = max(points, pointsOtherHosting)
		}
		f.add(codeNetworkHosting, points)
	}
}

func hostingPoints(habit rate) int {
	return points(hostingStrangers / ((float64(habit.hits) + hostingPrior*hostingUsers) / (float64(habit.n) + hostingPrior)))
}

func points(ratio float64) int { return int(math.Round(10 * math.Log(ratio))) }

// judgeHour adds the hour. It speaks against a visit only if a person would say
// so, and is spoken of only beside something else.
func (p *profile) judgeHour(f *findings, o *observation) {
	points, rare := p.hours.judge(o.at)
	f.rareHour = rare
	if points < 0 && f.has(codeCountryNew) { // abroad, the usual hours say less for the user
		points = (points - 1) / 2
	}
	if points < 0 || rare {
		f.add(codeHour, points)
	}
}

const simultaneous = 12 // hours

// judgeCountries notes that the user was active in another country just now, was
// being the last visit of the session, if any. Most of the points come from the
// country and the distance.
func (p *profile) judgeCountries(f *findings, o, was *observation) {
	if o.country == 0 || p.has(o, traitNetwork) {
		return
	}
	if was != nil && was.country != 0 && was.country != o.country && was.at <= o.at && o.at-was.at < simultaneous {
		f.other, f.otherAgo = was.country, o.at-was.at
	}
	countries := &p.marks[traitCountry]
	for _, m := range countries.all[:countries.n] {
		ago := o.at.since(m.at())
		newer := f.other == 0 || ago < f.otherAgo || ago == f.otherAgo && m.key < f.other
		if m.key != o.country && m.at() <= o.at && ago < simultaneous && newer {
			f.other, f.otherAgo = m.key, ago
		}
	}
	if f.other != 0 {
		f.add(codeCountries, pointsCountries)
	}
}
