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
	codeProviderElsewhere: "A provider you usually use, in another place: {place}.",
	codeProviderNew:       "A network you don't usually use: {network}.",
	codePlaceNew:          "You're not usually active in {place}.",
	codeCountryNew:        "You're not usually active in {country}.",
	codeCountries:         "Your account was used in {country} and {other} within {hours} hours.",
	codeDeviceSimilar:     "It looks like a device you use, but we can't tell that it's the same one, as after clearing cookies: {device}.",
	codeDevicePartlyNew:   "Your account isn't usually used with this: {device}.",
	codeDeviceBrowserNew:  "A browser you don't usually use: {device}.",
	codeDeviceSystemNew:   "A device you don't usually use: {device}.",
	codeDeviceNew:         "A device you don't usually use: {device}.",
	codeDeviceSuspect:     "It is the device of an earlier sign-in that looked unusual.",
	codeDenied:            "It comes from a device or a network that you said wasn't you.",
	codeCopied:            "It comes from a network where a copy of your sign-in was used, and refused.",
	codeDeviceOlder:       "It now shows an older browser than before: {device}.",
	codeDeviceDesktopSite: "It now shows as {device}.",
	codeDeviceOther:       "It was used on another device: {device}.",
	codeTravel:            "Your account was used in {from} {ago} before; {place} is at least {km} km away.",
	codeHour:              "It was a time of day at which you're rarely active.",
	codeAttemptsSome:      "{n} wrong passwords were tried just before.",
	codeAttemptsMany:      "At least {n} wrong passwords were tried just before.",
	codeDormant:           "It had been quiet for {days} days.",
}

// Sentences returns the sentence of each code that a [session.Signal] of this
// package may have, for translators: in English, with the Args in braces. Beside
// what is said in English, Args has its parts: of countries their codes (ISO 3166),
// countryCode, otherCode and fromCode; of places placeCity and fromCity, or else
// placeForm; of a device deviceForm, deviceWhat and deviceWhere
// (device.Device.Name); of a time minutes.
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
		name, city, form := partOf(v.Location)
		return where(v, "place", name, "placeCity", city, "placeForm", form)
	case codeProviderElsewhere:
		return where(v, "place", placeName(v.Location.City, v.Location.CountryCode), "placeCity", v.Location.City)
	case codeCountryNew:
		return map[string]string{"country": inSentence(v.Location.CountryCode), "countryCode": v.Location.CountryCode}
	case codeCountries:
		return map[string]string{
			"country": inSentence(v.Location.CountryCode), "countryCode": v.Location.CountryCode,
			"other": inSentence(countryCode(f.other)), "otherCode": countryCode(f.other), "hours": strconv.Itoa(max(2, int(f.otherAgo)+1)),
		}
	case codeDeviceSimilar, codeDevicePartlyNew, codeDeviceBrowserNew, codeDeviceSystemNew, codeDeviceNew, codeDeviceOlder, codeDeviceDesktopSite, codeDeviceOther:
		n := v.Device.Name()
		return known("device", n.String(), "deviceForm", string(n.Form), "deviceWhat", n.What, "deviceWhere", n.Where)
	case codeTravel:
		city, code := string(f.from.city.bytes()), countryCode(f.from.country)
		name, form := placeIn(v.Location)
		return where(v, "from", placeName(city, code), "fromCity", city, "fromCode", code, "ago", duration(f.ago), "minutes", strconv.Itoa(int(f.ago)),
			"place", name, "placeCity", v.Location.City, "placeForm", form, "km", roundKM(f.travelled))
	case codeAttemptsSome, codeAttemptsMany:
		return map[string]string{"n": strconv.Itoa(f.attempts)}
	case codeDormant:
		return map[string]string{"days": strconv.Itoa(f.quietDays)}
	}
	return nil
}

// where returns the args of a sentence about a place: what is known of one country
// within a week is told once.
func where(v *session.Visit, pairs ...string) map[string]string {
	args := known(pairs...)
	if code := v.Location.CountryCode; code != "" {
		args["countryCode"] = code
	}
	return args
}

// known returns args without those that are not known.
func known(pairs ...string) map[string]string {
	args := make(map[string]string, len(pairs)/2+1)
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			args[pairs[i]] = pairs[i+1]
		}
	}
	return args
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
func placeIn(l geo.Location) (name, form string) {
	switch {
	case l.City != "":
		return placeName(l.City, l.CountryCode), ""
	case l.CountryCode != "":
		return "a place in " + inSentence(l.CountryCode), "in"
	}
	return "the place", "this"
}

// maxCityRadius is how wide, in kilometres, the circle around a city may be for
// the city still to be named.
const maxCityRadius = 100

// partOf names the place, or says that it is elsewhere in a country of the user's.
func partOf(l geo.Location) (name, city, form string) {
	switch {
	case l.City != "" && l.Radius <= maxCityRadius:
		return placeName(l.City, l.CountryCode), l.City, ""
	case l.CountryCode != "":
		return "this part of " + inSentence(l.CountryCode), "", "part"
	}
	return "this place", "", "this"
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
