package risk

// The codes of the evidence. Those that are said to a person have a sentence in
// [sentence].
const (
	codeHistoryShort      = "history.short"
	codeNetworkKnown      = "network.known"
	codeNetworkSame       = "network.same"
	codeNetworkPlain      = "network.plain"
	codeNetworkHosting    = "network.hosting"
	codeProviderKnown     = "network.provider-known"
	codeProviderElsewhere = "network.provider-known-elsewhere"
	codeProviderNew       = "network.new-provider"
	codePlaceNew          = "place.new"
	codePlaceKnown        = "place.known"
	codeCountryKnown      = "country.known"
	codeCountryNew        = "country.new"
	codeCountries         = "countries.simultaneous"
	codeDeviceKnown       = "device.known"
	codeDeviceSame        = "device.same"
	codeDeviceUpdated     = "device.updated"
	codeDeviceSimilar     = "device.same-kind"
	codeDevicePartlyNew   = "device.partly-new"
	codeDeviceBrowserNew  = "device.new-browser"
	codeDeviceSystemNew   = "device.new-system"
	codeDeviceNew         = "device.new"
	codeDeviceSuspect     = "device.suspect"
	codeDenied            = "answer.denied"
	codeCopied            = "network.copied"
	codeDeviceOlder       = "device.older"
	codeDeviceDesktopSite = "device.desktop-site"
	codeDeviceOther       = "device.other"
	codeTravel            = "travel.impossible"
	codeHour              = "hour.unusual"
	codeAttemptsSome      = "attempts.some"
	codeAttemptsMany      = "attempts.many"
	codeDormant           = "session.dormant"
)

// finding is one line of the evidence.
type finding struct {
	code   string
	points int
}

// findings are all that was found of one visit, and what their sentences speak
// of.
type findings struct {
	n      int
	all    [14]finding
	extra  []Evidence // the host's own
	points int

	travelled    float64  // km since from
	from         sighting // where the user was before
	ago          uint32   // minutes
	other        uint32   // a country where the user was active lately
	otherAgo     stamp
	quietDays    int
	attempts     int
	rareHour     bool
	deviceIsNew  bool // this kind of device was never seen
	firstHosting bool
}

func (f *findings) add(code string, points int) {
	f.all[f.n] = finding{code, points}
	f.n++
	f.points += points
}

func (f *findings) addExtra(lines []Evidence) {
	f.extra = lines
	for _, x := range lines {
		f.points += x.Points
	}
}

func (f *findings) has(code string) bool {
	for _, x := range f.all[:f.n] {
		if x.code == code {
			return true
		}
	}
	return false
}

// passing returns the points of what speaks against this visit alone: who was
// let in may come back without.
func (f *findings) passing() (points int) {
	for _, x := range f.all[:f.n] {
		switch x.code {
		case codeTravel, codeCountries, codeAttemptsSome, codeAttemptsMany, codeDeviceSuspect:
			points += x.points
		}
	}
	return points
}

// isReason reports whether x is a reason to give, which is true even where it
// is usual for the user and earns no points.
func (f *findings) isReason(x finding) bool {
	switch x.code {
	case codeHour:
		return false
	case codeProviderElsewhere, codeDeviceSimilar, codeDevicePartlyNew, codeDeviceBrowserNew, codeDeviceSystemNew, codeDeviceNew:
		return true
	}
	return x.points > 0
}

// hasReason reports whether there is a reason to give at all.
func (f *findings) hasReason() bool {
	for _, x := range f.all[:f.n] {
		if f.isReason(x) {
			return true
		}
	}
	for _, x := range f.extra {
		if x.Text != "" {
			return true
		}
	}
	return false
}

// hasMoreThanDevice reports whether more than the device speaks against a
// sign-in. Where no place is known, a new device alone would be an alert.
func (f *findings) hasMoreThanDevice() bool {
	for _, x := range f.all[:f.n] {
		switch x.code {
		case codeDeviceSimilar, codeDevicePartlyNew, codeDeviceBrowserNew, codeDeviceSystemNew, codeDeviceNew, codeDeviceSuspect, codeHour:
		default:
			if x.points > 0 {
				return true
			}
		}
	}
	return f.hasExtraPoints()
}

func (f *findings) hasExtraPoints() bool {
	for _, x := range f.extra {
		if x.Points > 0 {
			return true
		}
	}
	return false
}
