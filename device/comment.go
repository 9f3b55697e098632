package device

import "bytes"

// findModel finds where a device names its model: in the comment that names the
// system, behind it and what is no model, or else before it, as the apps of
// some makers write: "(Xiaomi; Mi 9T; Android 11; RKQ1.200826.002)".
func findModel(low []byte, head span) span {
	at := indexSystem(low, head.to)
	if at < 0 {
		return labelled(low, head)
	}
	if head.to > 0 {
		if model := besideSystem(low, at); model != (span{}) {
			return model
		}
	}
	behind := modelBehind(low, at, head.to > 0)
	if head.to == 0 || behind != (span{}) && isKnownModel(low[behind.from:behind.to]) {
		return behind
	}
	if before := modelBefore(low, at, head.to); before != (span{}) && (behind == (span{}) || isKnownModel(low[before.from:before.to])) {
		return before
	}
	return behind
}

// besideSystem finds a model that stands in one part with the system and its
// version: "(Android/14 Pixel 8)".
func besideSystem(low []byte, i int) span {
	i += len("android")
	for i < len(low) && (low[i] == ' ' || low[i] == '/' || low[i] == '-' || low[i] == '.' || isDigit(low[i])) {
		i++
	}
	end := i
	for end < len(low) && low[end] != ';' && low[end] != ',' && low[end] != ')' && low[end] != '(' {
		end++
	}
	if i < len(low) && low[i-1] == ' ' && end < len(low) && isLetter(low[i]) {
		if model := trimModel(low, span{i, end}); model != (span{}) && isKnownModel(low[model.from:model.to]) {
			return model
		}
	}
	return span{}
}

// labelled finds a model that an app labels as such, in a comment that names no
// system: "(OS: 14; Model: SM-T560NU)".
func labelled(low []byte, head span) span {
	at := bytes.Index(low, []byte("model: "))
	if head.to == 0 || at < head.to || isWord(low[at-1]) {
		return span{}
	}
	end := at
	for end < len(low) && low[end] != ';' && low[end] != ',' && low[end] != ')' {
		end++
	}
	return trimModel(low, span{at, end})
}

// modelBehind finds the first part behind i that may be a model. A maker that
// has a part of its own stands before the model. What an app writes there may be
// anything: what is in no table has to have a digit.
func modelBehind(low []byte, i int, own bool) (model span) {
	maker := span{}
	if open := bytes.IndexAny(low[i:], "();"); open >= 0 && low[i+open] == '(' { // "Android/14 (Pixel 8)"
		end := i + open + 1
		for end < len(low) && low[end] != ';' && low[end] != ')' {
			end++
		}
		if found := trimModel(low, span{i + open + 1, end}); found != (span{}) && isKnownModel(low[found.from:found.to]) {
			return found
		}
	}
	for part := nextPart(low, i); part.to > part.from; part = nextPart(low, part.to) {
		if found := trimModel(low, part); found != (span{}) && (!own || isLikely(low[found.from:found.to]) || isBeforeBuild(low[found.to:])) {
			if !isMaker(low[found.from:found.to]) {
				return found
			}
			if maker == (span{}) {
				maker = found
			}
		}
		if part.to < len(low) && low[part.to] == ')' {
			break
		}
	}
	return maker
}

// modelBefore finds the last part before i, within its comment, that may be a
// model.
func modelBefore(low []byte, i, head int) (model span) {
	open := bytes.LastIndexByte(low[:i], '(')
	if open < head {
		return span{}
	}
	to := i
	for from := i; from > open; from-- {
		if low[from-1] != ';' && low[from-1] != ',' && from-1 != open {
			continue
		}
		if found := trimModel(low, span{from, to}); found != (span{}) && isLikely(low[found.from:found.to]) {
			if !isMaker(low[found.from:found.to]) {
				return found
			}
			if model == (span{}) {
				model = found
			}
		}
		to = from - 1
	}
	return model
}

// isBeforeBuild reports whether Android's word for the build follows, as it
// does behind a model.
func isBeforeBuild(rest []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(rest, "; "), []byte("build/"))
}

func isLikely(model []byte) bool {
	return bytes.ContainsAny(model, "0123456789") || isMaker(model) || isKnownModel(model)
}

// trimModel cuts off what surrounds a model in its part of a comment, and
// returns the empty span if nothing is left.
func trimModel(low []byte, part span) span {
	for part.from < part.to && low[part.from] == ' ' {
		part.from++
	}
	for _, label := range [...]string{"model", "device model", "device"} {
		if n := len(label); bytes.HasPrefix(low[part.from:part.to], []byte(label)) && part.from+n < part.to && bytes.IndexByte([]byte(" :=/"), low[part.from+n]) >= 0 {
			part.from += n
			for part.from < part.to && bytes.IndexByte([]byte(" :=/"), low[part.from]) >= 0 {
				part.from++
			}
			break
		}
	}
	part.to = part.from + modelLength(low[part.from:part.to])
	if isNoModel(low[part.from:part.to]) {
		return span{}
	}
	return part
}

// indexSystem finds "Android 14;", or "Adr 14;" as UC Browser writes it. Android
// in the name that the User-Agent starts with says nothing.
func indexSystem(low []byte, head int) int {
	if i := bytes.Index(low[head:], []byte("android")); i >= 0 {
		return head + i
	}
	if bytes.HasPrefix(low, []byte("mozilla/5.0 (windows nt ")) || bytes.HasPrefix(low, []byte("mozilla/5.0 (macintosh;")) {
		return -1 // most of all desktops
	}
	for _, name := range [...]string{"adr ", "opera mini/", "juc", "harmonyos", "openharmony", "tizen"} {
		if i := bytes.Index(low, []byte(name)); i >= 0 {
			return i
		}
	}
	return -1
}

// nextPart returns the part of a comment that follows the one that holds i. A
// part ends with a semicolon, which some loggers write as ##, or with the
// comment; a model may have balanced parentheses of its own: Moto G (5).
func nextPart(low []byte, i int) span {
	for i < len(low) && low[i] != ';' && low[i] != ')' && !isDoubleHash(low, i) {
		i++
	}
	if i == len(low) || low[i] == ')' {
		return span{}
	}
	for i < len(low) && (low[i] == ';' || low[i] == '#' || low[i] == ' ') {
		i++
	}
	part, depth := span{i, i}, 0
	for ; part.to < len(low); part.to++ {
		switch c := low[part.to]; {
		case c == ';' || c == ')' && depth == 0 || isDoubleHash(low, part.to):
			return part
		case c == '(':
			depth++
		case c == ')':
			depth--
		}
	}
	return part
}

func isDoubleHash(low []byte, i int) bool {
	return low[i] == '#' && i+1 < len(low) && low[i+1] == '#'
}

// modelLength cuts off the build number.
func modelLength(part []byte) int {
	for _, end := range [...]string{" build", "/build", " miui/", "_build"} {
		if i := bytes.Index(part, []byte(end)); i >= 0 {
			part = part[:i]
		}
	}
	return len(bytes.TrimRight(part, " "))
}
