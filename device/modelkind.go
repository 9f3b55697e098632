package device

import (
	"bytes"
	"strings"
)

// kindWordsOfNames give the kind away in a model's name: a whole word, or with -
// in front the end of one.
var kindWordsOfNames = []struct {
	kind  Kind
	words []string
}{
	{KindTablet, strings.Fields("-pad -tab -tablet")},
	{KindConsole, strings.Fields("xbox")},
	{KindTV, strings.Fields("stb ott shell uhd tvbox -led -lcd -box -stick -tv")},
	{KindPhone, strings.Fields("phone smartphone")},
	{KindWatch, strings.Fields("-watch")},
	{KindHeadset, strings.Fields("vr headset")},
}

// kindByName tells the kind by a word in the model's name.
func kindByName(low []byte) guess {
	for i := 0; i < len(low); i++ {
		start := i
		for i < len(low) && isLetter(low[i]) {
			i++
		}
		if i-start < 2 {
			continue
		}
		if kind := kindOfWord(string(low[start:i])); kind != "" {
			return guess{kind: kind, sure: true}
		}
	}
	return guess{}
}

func kindOfWord(word string) Kind {
	switch word {
	case "padfone", "table", "natv", "htv", "dtv":
		return ""
	}
	if strings.HasPrefix(word, "tab") {
		return KindTablet
	}
	for _, of := range kindWordsOfNames {
		for _, w := range of.words {
			if end, ok := strings.CutPrefix(w, "-"); ok && strings.HasSuffix(word, end) || w == word {
				return of.kind
			}
		}
	}
	return ""
}

// kindByForm tells the kind by what its maker's numbers have in common.
func kindByForm(low []byte) guess {
	switch {
	case isHuawei(low) && low[bytes.IndexByte(low, '-')+1] == 'w': // Wi-Fi only
		return guess{kind: KindTablet, sure: true}
	case isHuawei(low):
		return guess{kind: KindPhone}
	case hasBoardCode(low):
		return guess{kind: KindTablet}
	case hasResolution(low):
		return guess{kind: KindCar, sure: true}
	case hasInches(low):
		return guess{kind: KindTV, sure: true}
	}
	return guess{}
}

// hasInches knows what makers of televisions start a number with: the size of
// the screen, in inches. "65UP50GU", "LD-32SR5115BS".
func hasInches(low []byte) bool {
	for i := 0; i+5 <= len(low); i++ {
		if i > 0 && isWord(low[i-1]) || low[i] < '1' || low[i] > '9' || !isDigit(low[i+1]) || !isLetter(low[i+2]) {
			continue
		}
		end := i + 2
		for end < len(low) && end < i+7 && isLetter(low[end]) {
			end++
		}
		if end < len(low) && (low[end] == '-' || low[end] == '_') {
			end++
		}
		if inches := int(low[i]-'0')*10 + int(low[i+1]-'0'); inches >= 19 && end+1 < len(low) && isDigit(low[end]) && isDigit(low[end+1]) {
			return true
		}
	}
	return false
}

// hasResolution knows what makers of car radios write behind a model:
// "audi_ks1280x480".
func hasResolution(low []byte) bool {
	i := bytes.LastIndexByte(low, 'x')
	return i >= 4 && len(low)-i >= 4 && len(low)-i <= 5 && isDigits(low[i-3:i]) && isDigits(low[i+1:])
}

func isDigits(s []byte) bool {
	for _, c := range s {
		if !isDigit(c) {
			return false
		}
	}
	return true
}

// isHuawei knows the form of Huawei's model numbers: three letters and perhaps
// a digit or a letter, a dash, what they are sold as, two digits: "BAH3-W59",
// "ELS-NX9", "VOG-L29".
func isHuawei(low []byte) bool {
	dash := bytes.IndexByte(low, '-')
	if dash != 3 && dash != 4 || len(low) < dash+4 || len(low) > dash+7 {
		return false
	}
	for _, c := range low[:3] {
		if !isLetter(c) {
			return false
		}
	}
	digits := 0
	for _, c := range low[dash+1:] {
		if !isWord(c) {
			return false
		}
		if isDigit(c) {
			digits++
		}
	}
	return strings.IndexByte("acdlntuw", low[dash+1]) >= 0 && digits > 0 && (isDigit(low[dash+2]) || isDigit(low[dash+3]))
}

// isHonor knows what only Honor puts behind the dash since 2020, but for the
// phones that Huawei sold with 5G before.
func isHonor(low []byte) bool {
	dash := bytes.IndexByte(low, '-')
	return low[dash+1] == 'n' && !huawei5G[string(low[:dash])] || bytes.HasSuffix(low, []byte("hn"))
}

// isLateHonor knows a device that is in no table of Huawei's by its number:
// China's phones with AL and TL are Huawei's.
func isLateHonor(low []byte) bool {
	dash := bytes.IndexByte(low, '-')
	if !isHuawei(low) || low[dash+2] == 'l' && (low[dash+1] == 'a' || low[dash+1] == 't') {
		return false
	}
	_, n := models().longest(low, "")
	return n == 0
}

var huawei5G = wordSet(`
	ana ang brq cdl cdy els evr jef jer jny jsc lio noh nop oce tah tas tet wlz`)

// hasBoardCode knows what Teclast and its neighbours write behind a model:
// "T10(E3C5)". A year is none.
func hasBoardCode(low []byte) bool {
	n := len(low)
	return n > 6 && low[n-1] == ')' && low[n-6] == '(' && isDigit(low[n-2]) && !isDigits(low[n-5:n-1])
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' }
