package risk

import (
	"fmt"
	"maps"
	"math"
	"strconv"
	"strings"

	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
)

// sentences are what is said of a code, with arguments in braces.
var sentences = map[string]string{
	codeNetworkHosting:    "The connection came through a VPN or data centre.",
	codeProviderElsewhere: "The network is one you use, but not in this place.",
	codeProviderNew:       "A network you don't usually use: {network}.",
	codePlaceNew:          "{place} is about {km} km from the places you're usually active in.",
	codeCountryNew:        "You're not usually active in {country}.",
	codeCountries:         "Your account was used in {country} and {other} within {hours} hours.",
	codeDeviceSimilar:     "It looks like a device you use, but we can't tell that it's the same one: {device}.",
	codeDevicePartlyNew:   "A browser you don't usually use: {device}.",
	codeDeviceNew:         "A device you don't usually use: {device}.",
	codeDeviceSuspect:     "It is the device of an earlier sign-in that looked unusual.",
	codeDenied:            "It looks like an earlier sign-in that wasn't you, as you told us.",
	codeDeviceOlder:       "The browser is older than it was before: {device}.",
	codeDeviceDesktopSite: "The browser calls itself something else: {device}.",
	codeDeviceOther:       "It was used on another device: {device}.",
	codeTravel:            "You were active in {from} {ago} before; {place} is at least {km} km away.",
	codeHour:              "It was a time of day at which you're rarely active.",
	codeAttemptsSome:      "{n} wrong passwords were tried just before.",
	codeAttemptsMany:      "At least {n} wrong passwords were tried just before.",
	codeDormant:           "It had been quiet for {days} days.",
}

// Sentences returns the sentence of each code that a [session.Signal] of this
// package may have, for translators: in English, with the Args in braces. Beside
// the names of countries, Args has their codes (ISO 3166): countryCode, otherCode.
func Sentences() map[string]string { return maps.Clone(sentences) }

// signals says what was found. Nothing that speaks for the visit is said, and
// the hour not alone. A new country is said even of a visit that looks right.
func (f *findings) signals(v *session.Visit, level session.Level) (out []session.Signal) {
	for _, x := range f.all[:f.n] {
		if level == session.LevelNone && x.code != codeCountryNew {
			continue
		}
		if f.isReason(x) || x.code == codeHour && f.rareHour {
			args := f.args(x.code, v)
			out = append(out, session.Signal{Code: x.code, Text: sentence(x.code, args), Args: args, Level: level, At: v.At})
		}
	}
	for _, x := range f.extra {
		if level > session.LevelNone && x.Text != "" {
			out = append(out, session.Signal{Code: x.Code, Text: x.Text, Level: level, At: v.At})
		}
	}
	return out
}

func sentence(code string, args map[string]string) string {
	pairs := make([]string, 0, 2*len(args))
	for name, value := range args {
		pairs = append(pairs, "{"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(sentences[code])
}

// args are what the sentence of a code speaks of.
func (f *findings) args(code string, v *session.Visit) map[string]string {
	switch code {
	case codeProviderNew:
		return map[string]string{"network": nonEmpty(v.Location.Organization, "AS"+strconv.Itoa(int(v.Location.ASN)))}
	case codePlaceNew:
		return map[string]string{"place": startOfSentence(placeIn(v.Location)), "km": roundKM(f.nearest)}
	case codeCountryNew:
		return map[string]string{"country": inSentence(v.Location.CountryCode), "countryCode": v.Location.CountryCode}
	case codeCountries:
		return map[string]string{
			"country": inSentence(v.Location.CountryCode), "countryCode": v.Location.CountryCode,
			"other": inSentence(countryCode(f.other)), "otherCode": countryCode(f.other), "hours": strconv.Itoa(max(2, int(f.otherAgo)+1)),
		}
	case codeDeviceSimilar, codeDevicePartlyNew, codeDeviceNew, codeDeviceOlder, codeDeviceDesktopSite, codeDeviceOther:
		return map[string]string{"device": v.Device.Title()}
	case codeTravel:
		return map[string]string{
			"from": placeName(string(f.from.city.bytes()), countryCode(f.from.country)), "ago": duration(f.ago),
			"place": placeIn(v.Location), "km": roundKM(f.travelled),
		}
	case codeAttemptsSome, codeAttemptsMany:
		return map[string]string{"n": strconv.Itoa(f.attempts)}
	case codeDormant:
		return map[string]string{"days": strconv.Itoa(f.quietDays)}
	}
	return nil
}

// placeName names a place as well as it is known, as within a sentence.
func placeName(city, countryCode string) string {
	switch country := countryName(countryCode); {
	case city == "":
		return nonEmpty(inSentence(countryCode), "another place")
	case country == "":
		return city
	default:
		return city + ", " + country
	}
}

func countryName(code string) string { return nonEmpty(geo.CountryName(code), code) }

func inSentence(country string) string { return nonEmpty(geo.CountryPhrase(country), country) }

// placeIn names a place of which a distance is told: to a whole country there
// is none.
func placeIn(l geo.Location) string {
	switch {
	case l.City != "":
		return placeName(l.City, l.CountryCode)
	case l.CountryCode != "":
		return "a place in " + inSentence(l.CountryCode)
	}
	return "the place"
}

// startOfSentence gives an article its capital.
func startOfSentence(place string) string {
	if strings.HasPrefix(place, "a ") || strings.HasPrefix(place, "the ") {
		return strings.ToUpper(place[:1]) + place[1:]
	}
	return place
}

// roundKM gives a distance no more digits than it deserves, rounded down.
func roundKM(km float64) string {
	unit := 10.0
	if km >= 1000 {
		unit = 100
	}
	return strconv.Itoa(int(math.Floor(km/unit) * unit))
}

func duration(minutes uint32) string {
	switch {
	case minutes <= 1:
		return "a minute"
	case minutes < 120:
		return fmt.Sprintf("%d minutes", minutes)
	}
	return fmt.Sprintf("%d hours", minutes/60)
}

func nonEmpty(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
