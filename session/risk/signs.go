package risk

// A group says of a code where a sign comes from.
type group int

const (
	groupNone group = iota // of no weight by itself
	groupWhere
	groupDevice
	groupAnswer
	groupAttempts
	groupsOfSigns
)

func groupOf(code string) group {
	switch code {
	case codeNetworkHosting, codeProviderElsewhere, codeProviderNew, codePlaceNew, codeCountryNew, codeCountries, codeTravel:
		return groupWhere
	case codeDeviceOlder, codeDeviceOther, codeDeviceDesktopSite, codeDeviceSuspect,
		codeDeviceSimilar, codeDevicePartlyNew, codeDeviceBrowserNew, codeDeviceSystemNew, codeDeviceNew:
		return groupDevice
	case codeDenied, codeCopied:
		return groupAnswer
	case codeAttemptsSome, codeAttemptsMany:
		return groupAttempts
	}
	return groupNone
}

// isOnlyWhere reports whether nothing but where it came from speaks against a
// visit.
func (f *findings) isOnlyWhere() bool {
	for _, x := range f.all[:f.n] {
		if g := groupOf(x.code); x.points > 0 && g != groupWhere && g != groupNone {
			return false
		}
	}
	return !f.hasExtraPoints()
}

// isBacked reports whether two signs that do not come from each other speak
// against a visit: that it is abroad, came through a VPN and travelled far is
// one.
func (f *findings) isBacked() bool {
	var seen [groupsOfSigns]bool
	n := 0
	for _, x := range f.all[:f.n] {
		if g := groupOf(x.code); x.points > 0 && g != groupNone && !seen[g] {
			seen[g] = true
			n++
		}
	}
	return n > 1 || f.hasExtraPoints()
}
