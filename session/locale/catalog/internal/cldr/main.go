// Command cldr writes what CLDR says of each language of the catalog: countries,
// months, dates, times gone by, and which plural a number takes.
//
//	npm install cldr-core cldr-localenames-full cldr-dates-full cldr-units-full
//	go run . node_modules ../..
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/signedin/signedin/geo"
)

var languages = []string{"ar", "de", "es", "fr", "it", "ja", "nl", "pl", "pt-BR", "zh-Hans"}

// tree is some JSON.
type tree map[string]any

func (t tree) at(path ...string) any {
	var v any = map[string]any(t)
	for _, key := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return v
}

func (t tree) text(path ...string) string {
	s, _ := t.at(path...).(string)
	return s
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: cldr NODE_MODULES CATALOG")
	}
	for _, tag := range languages {
		if err := write(os.Args[1], os.Args[2], tag); err != nil {
			log.Fatalf("%s: %v", tag, err)
		}
	}
	if err := writePlurals(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

// writePlurals writes samples of each plural, for the tests.
func writePlurals(in, out string) error {
	b, err := os.ReadFile(filepath.Join(in, "cldr-core", "supplemental", "plurals.json"))
	if err != nil {
		return err
	}
	var t tree
	if err := json.Unmarshal(b, &t); err != nil {
		return err
	}
	var lines strings.Builder
	for _, tag := range languages {
		name, _, _ := strings.Cut(tag, "-")
		rules, _ := t.at("supplemental", "plurals-type-cardinal", name).(map[string]any)
		for _, form := range forms(rules, "pluralRule-count-") {
			_, samples, _ := strings.Cut(rules["pluralRule-count-"+form].(string), "@integer ")
			samples, _, _ = strings.Cut(samples, "@decimal")
			fmt.Fprintf(&lines, "%s %s %s\n", tag, form, strings.NewReplacer(",", "", "…", "").Replace(strings.TrimSpace(samples)))
		}
	}
	return os.WriteFile(filepath.Join(out, "testdata", "plurals.txt"), []byte(lines.String()), 0o644)
}

func write(in, out, tag string) error {
	name := map[string]string{"pt-BR": "pt"}[tag] // whose data is Brazil's
	if name == "" {
		name = tag
	}
	read := func(parts ...string) (t tree) {
		b, err := os.ReadFile(filepath.Join(append([]string{in}, parts...)...))
		if err == nil {
			err = json.Unmarshal(b, &t)
		}
		if err != nil {
			log.Fatal(err)
		}
		return t
	}
	var b strings.Builder
	put := func(name, text string) { fmt.Fprintf(&b, "%s = %s\n", name, text) }
	b.WriteString("# Written by internal/cldr from Unicode CLDR. See NOTICE.\n")
	territories := read("cldr-localenames-full", "main", name, "territories.json")
	for _, code := range codes() {
		at := []string{"main", name, "localeDisplayNames", "territories"}
		text := territories.text(append(at, code+"-alt-short")...)
		if text == "" || code != "HK" && code != "MO" && code != "PS" {
			text = territories.text(append(at, code)...)
		}
		if text == "" {
			return fmt.Errorf("no name of %s", code)
		}
		put("country."+code, text)
	}
	calendar := read("cldr-dates-full", "main", name, "ca-gregorian.json")
	at := []string{"main", name, "dates", "calendars", "gregorian"}
	for m := 1; m <= 12; m++ {
		put(fmt.Sprintf("time.month.%d", m), calendar.text(append(at, "months", "format", "wide", fmt.Sprint(m))...))
	}
	put("time.date", pattern(calendar.text(append(at, "dateFormats", "long")...)))
	put("time.day", pattern(calendar.text(append(at, "dateTimeFormats", "availableFormats", "MMMMd")...)))
	fields := read("cldr-dates-full", "main", name, "dateFields.json")
	units := read("cldr-units-full", "main", name, "units.json")
	for _, unit := range []string{"minute", "hour", "day", "month"} {
		past, _ := fields.at("main", name, "dates", "fields", unit, "relativeTime-type-past").(map[string]any)
		for _, form := range forms(past, "relativeTimePattern-count-") {
			put("page."+unit+"s["+form+"]", verb(past["relativeTimePattern-count-"+form].(string)))
		}
		one, ok := past["relativeTimePattern-count-one"].(string)
		if !ok {
			one = past["relativeTimePattern-count-other"].(string)
		}
		if unit != "month" {
			put("page.1 "+unit, strings.ReplaceAll(one, "{0}", "1"))
		}
		if unit == "day" || unit == "month" {
			continue
		}
		long, _ := units.at("main", name, "units", "long", "duration-"+unit).(map[string]any)
		for _, form := range forms(long, "unitPattern-count-") {
			put("time."+unit+"s["+form+"]", verb(long["unitPattern-count-"+form].(string)))
		}
	}
	return os.WriteFile(filepath.Join(out, "cldr", tag+".txt"), []byte(b.String()), 0o644)
}

func codes() (all []string) {
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			if code := string(a) + string(b); geo.CountryName(code) != "" {
				all = append(all, code)
			}
		}
	}
	return all
}

// forms returns the plurals that there are, by their names.
func forms(m map[string]any, prefix string) (all []string) {
	for key := range m {
		if form, ok := strings.CutPrefix(key, prefix); ok && !strings.Contains(form, "-") {
			all = append(all, form)
		}
	}
	slices.Sort(all)
	return all
}

func verb(s string) string { return strings.ReplaceAll(s, "{0}", "%d") }

// pattern rewrites a pattern of CLDR: d, M, MMMM, y, and quoted words.
func pattern(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		n := 1
		for i+n < len(s) && s[i+n] == s[i] {
			n++
		}
		switch c := s[i]; {
		case c == '\'':
			end := strings.IndexByte(s[i+1:], '\'')
			b.WriteString(s[i+1 : i+1+end])
			n = end + 2
		case c == 'd':
			b.WriteString("{d}")
		case c == 'M' && n < 3:
			b.WriteString("{m}")
		case c == 'M':
			b.WriteString("{month}")
		case c == 'y':
			b.WriteString("{y}")
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}
