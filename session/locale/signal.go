package locale

import (
	"strconv"
	"strings"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/session"
)

// Signal says what looked unusual, by its Code and Args. If the Locale does not
// have it, or it lacks Args, known is false, and the text is the English one.
func (l *Locale) Signal(g session.Signal) (text string, known bool) {
	n := -1
	for _, name := range [...]string{"n", "hours", "days"} {
		if v, err := strconv.Atoi(g.Args[name]); err == nil {
			n = v
		}
	}
	text, known = l.text("signal."+g.Code, n)
	if !known {
		return g.Text, l == nil || l.Tag == "en"
	}
	var b strings.Builder
	for {
		before, rest, _ := strings.Cut(text, "{")
		name, after, ok := strings.Cut(rest, "}")
		b.WriteString(before)
		if !ok {
			return b.String(), true
		}
		arg := l.arg(g.Args, name)
		if arg == "" {
			return g.Text, false // of an Assessor that says the same otherwise
		}
		b.WriteString(fill("%s", []any{arg}, l.RightToLeft))
		text = after
	}
}

// arg says one of the Args, of which those that are words have their parts beside
// them.
func (l *Locale) arg(args map[string]string, name string) string {
	switch name {
	case "country":
		return l.country(args["countryCode"], args[name])
	case "other":
		return l.country(args["otherCode"], args[name])
	case "place":
		return l.place(args, args["placeCity"], args["countryCode"])
	case "from":
		return l.place(args, args["fromCity"], args["fromCode"])
	case "ago":
		if n, err := strconv.Atoi(args["minutes"]); err == nil && n < 120 {
			return l.say("time.minutes", max(n, 1))
		} else if err == nil {
			return l.say("time.hours", n/60)
		}
	case "device":
		n := device.Name{Form: device.Form(args["deviceForm"]), What: args["deviceWhat"], Where: args["deviceWhere"]}
		if n != (device.Name{}) {
			return l.Name(n)
		}
	}
	return args[name]
}

func (l *Locale) country(code, otherwise string) string {
	if name := l.Country(code); name != "" {
		return name
	}
	return otherwise
}

// place names a city, or says how much of its country is meant.
func (l *Locale) place(args map[string]string, city, code string) string {
	country := l.country(code, code)
	switch {
	case city != "" && country == "":
		return city
	case city != "":
		return l.say("place.city", city, country)
	case args["placeForm"] != "":
		return l.say("place."+args["placeForm"], country)
	case country != "":
		return country
	}
	return l.say("place.other")
}
