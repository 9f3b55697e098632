package catalog

// Which form a whole number takes, as CLDR has it
// (https://www.unicode.org/cldr/charts/48/supplemental/language_plural_rules.html).

func other(int) string { return "other" }

func oneOther(n int) string {
	if n == 1 {
		return "one"
	}
	return "other"
}

func zeroOneOther(n int) string {
	if n == 0 || n == 1 {
		return "one"
	}
	return "other"
}

// million is for languages that say "1 million of devices".
func million(rule func(int) string) func(int) string {
	return func(n int) string {
		if n != 0 && n%1_000_000 == 0 {
			return "many"
		}
		return rule(n)
	}
}

func polish(n int) string {
	switch tens := n % 100; {
	case n == 1:
		return "one"
	case n%10 >= 2 && n%10 <= 4 && (tens < 12 || tens > 14):
		return "few"
	}
	return "many"
}

func arabic(n int) string {
	switch hundreds := n % 100; {
	case n == 0:
		return "zero"
	case n == 1:
		return "one"
	case n == 2:
		return "two"
	case hundreds >= 3 && hundreds <= 10:
		return "few"
	case hundreds >= 11:
		return "many"
	}
	return "other"
}
