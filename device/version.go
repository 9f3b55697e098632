package device

import "strings"

// shortVersion keeps what people know of a version, "153" or "26.1": at most
// two numbers, the second neither 0 nor a build number.
func shortVersion(s string) string {
	v := numbers(s, 2)
	if major, minor, ok := strings.Cut(v, "."); ok && (minor == "0" || len(minor) > 3) {
		return major
	}
	return v
}

// numbers returns the version at the start of s, at most n numbers of it, with
// dots between. Apple writes 17_5_1.
func numbers(s string, n int) string {
	end, seen := 0, 0
	for end < len(s) && seen < n {
		start := end
		if seen > 0 {
			start++ // over the dot
		}
		digits := start
		for digits < len(s) && isDigit(s[digits]) {
			digits++
		}
		if digits == start {
			break
		}
		end = digits
		seen++
		if end == len(s) || s[end] != '.' && s[end] != '_' {
			break
		}
	}
	if strings.IndexByte(s[:end], '_') < 0 {
		return s[:end]
	}
	return strings.ReplaceAll(s[:end], "_", ".")
}

// splitVersion returns the first two numbers of a version. What is no number,
// or no number that a version has, is 0.
func splitVersion(s string) (major, minor int) {
	first, second, _ := strings.Cut(numbers(s, 2), ".")
	return smallNumber(first), smallNumber(second)
}

func smallNumber(s string) int {
	n := 0
	for i := range len(s) {
		if n = n*10 + int(s[i]-'0'); n > 1<<20 {
			return 0
		}
	}
	return n
}

// versionAfter returns what follows a product's name: "/17", " 17", "/v17", or
// "]/17" after LinkedIn's.
func versionAfter(s string, end int) string {
	for skipped := 0; end < len(s) && skipped < 3; skipped++ {
		if isDigit(s[end]) {
			return s[end:]
		}
		if strings.IndexByte("/ :_-vV(]", s[end]) < 0 {
			return ""
		}
		end++
	}
	if end < len(s) && isDigit(s[end]) {
		return s[end:]
	}
	return ""
}
