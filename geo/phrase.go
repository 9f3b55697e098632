package geo

import (
	"slices"
	"strings"
)

// CountryPhrase returns the name of a country as it stands within a sentence:
// [CountryName], with "the" where English wants it ("in the Netherlands").
func CountryPhrase(code string) string {
	name := CountryName(code)
	isPlural := strings.HasSuffix(name, "Islands") || strings.HasSuffix(name, "Territory") || strings.HasSuffix(name, "Territories")
	isUnion := strings.HasPrefix(name, "United ") || strings.HasSuffix(name, " Republic") || strings.HasSuffix(name, "Netherlands")
	if isPlural || isUnion || slices.Contains(withArticle, name) {
		return "the " + name
	}
	return name
}

var withArticle = []string{"Bahamas", "Comoros", "Congo", "DR Congo", "Gambia", "Isle of Man", "Ivory Coast", "Maldives", "Philippines", "Seychelles"}
