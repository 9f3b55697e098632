package catalog

// Which form a whole number takes, as CLDR has it
// (https://www.unicode.org/cldr/charts/48/supplemental/language_plural_rules.html).

func oneOther(n int) string {
	if n == 1 {
		return "one"
	}
	return "other"
}
