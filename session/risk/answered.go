package risk

import (
	"slices"

	"github.com/signedin/signedin/session"
)

// reasonCodes are the codes of reasons, in the order of their bits in a
// [reasons]. It may grow at its end.
var reasonCodes = [...]string{
	codeNetworkHosting, codeProviderElsewhere, codeProviderNew, codePlaceNew, codeCountryNew, codeCountries,
	codeDeviceSimilar, codeDevicePartlyNew, codeDeviceNew, codeDeviceOlder, codeDeviceDesktopSite, codeDeviceOther,
	codeTravel, codeAttemptsSome, codeAttemptsMany, codeDormant, codeDeviceBrowserNew, codeDeviceSystemNew,
}

// reasons are a set of codes.
type reasons uint32

// reasonsOf returns the set of codes; ok is false if it is empty, or if it holds
// a code that stays worth telling whatever was answered before.
func reasonsOf(codes []string) (set reasons, ok bool) {
	for _, code := range codes {
		i := slices.Index(reasonCodes[:], code)
		if i < 0 {
			return 0, false
		}
		set |= 1 << i
	}
	return set, set != 0
}

// answered are reasons of alerts of which the user has said "This was me".
type answered struct {
	reasons reasons
	at      stamp
}

const (
	maxAnswered  = 2
	keepAnswered = 30 * stampDay
)

// settle remembers that the user has answered the alerts among signals.
func (p *profile) settle(signals []session.Signal, at stamp) {
	var codes []string
	for _, s := range signals {
		if s.Level >= session.LevelAlert && s.Code != codeHour {
			codes = append(codes, s.Code)
		}
	}
	for _, code := range []string{codeDeviceNew, codeDevicePartlyNew, codeDeviceBrowserNew, codeDeviceSystemNew} {
		if slices.Contains(codes, code) { // it is less new from now on
			codes = append(codes, codeDevicePartlyNew, codeDeviceBrowserNew, codeDeviceSystemNew, codeDeviceSimilar)
			break
		}
	}
	if set, ok := reasonsOf(codes); ok {
		p.answered[1] = p.answered[0]
		p.answered[0] = answered{set, at}
	}
}

// isAnswered reports whether the user has said lately, of an alert for all the
// reasons of f, that it was them.
func (p *profile) isAnswered(f *findings, now stamp) bool {
	var codes []string
	for _, x := range f.all[:f.n] {
		if f.isReason(x) {
			codes = append(codes, x.code)
		}
	}
	for _, x := range f.extra {
		if x.Points > 0 {
			codes = append(codes, x.Code)
		}
	}
	set, ok := reasonsOf(codes)
	return ok && slices.ContainsFunc(p.answered[:], func(a answered) bool {
		return set&^a.reasons == 0 && now.since(a.at) < keepAnswered
	})
}
