package device

import (
	"bytes"
	"strings"
	"sync"
)

// modelTables are the tables that the start of a model is looked up in.
const (
	inMakers = iota
	inSeries
	inTablets
	inNotTablets
	inTVs
)

var models = sync.OnceValue(func() *index {
	return newIndex(makers, series, kinds(tablets), kinds(notTablets), kinds(tvs))
})

func kinds(texts []string) []token {
	tokens := make([]token, len(texts))
	for i, text := range texts {
		tokens[i] = token{text: text}
	}
	return tokens
}

// readModel names the maker and the model, and returns the kind of device that
// they are known to be, if any.
func (d *Device) readModel(a *agent) Kind {
	switch {
	case d.OS == "iOS" || d.OS == "macOS":
		d.Brand = "Apple"
		d.Model = appleModel(a)
		return ""
	case a.model != span{}:
		kind := d.setModel(a.text[a.model.from:a.model.to])
		d.Brand = or(d.Brand, buildMaker(a))
		return kind
	case a.field("fbdv/") != "":
		return d.setModel(a.field("fbdv/"))
	}
	return ""
}

// setModel takes a model by its maker's name for it.
func (d *Device) setModel(model string) Kind {
	var buf [maxHint]byte
	low := buf[:copy(buf[:], model)]
	for i, c := range low {
		if 'A' <= c && c <= 'Z' {
			low[i] = c + ('a' - 'A')
		}
	}
	brand, kind := lookup(low)
	d.Brand, d.Model = brand, model
	return kind
}

// lookup finds the maker and the kind of a model in lower case.
func lookup(low []byte) (brand string, kind Kind) {
	for range 3 { // "samsung" may stand before "samsung-sm-t500"
		longest := [5]int{}
		maker := ""
		for _, e := range models().at(low) {
			if n := match(e.text, low); n > longest[e.table] {
				longest[e.table] = n
				if e.table <= inSeries && n >= max(longest[inMakers], longest[inSeries]) {
					maker = e.name
				}
			}
		}
		brand = or(brand, maker)
		if k := kindOfLongest(longest); k != "" {
			return brand, k
		}
		if longest[inMakers] == 0 {
			break
		}
		low = bytes.TrimLeft(low[longest[inMakers]:], " _-")
	}
	return or(brand, makerByForm(low)), kindByForm(low)
}

func kindOfLongest(n [5]int) Kind {
	switch {
	case n[inNotTablets] > 0:
		return ""
	case n[inTVs] > n[inTablets]:
		return KindTV
	case n[inTablets] > 0:
		return KindTablet
	}
	return ""
}

// kindByForm tells a tablet by a word in its name, as in "Blackview Tab 8", or
// by what Huawei gives the models without a phone: "-W09".
func kindByForm(low []byte) Kind {
	for i := 0; i < len(low); {
		if !isLetter(low[i]) {
			i++
			continue
		}
		start := i
		for i < len(low) && isLetter(low[i]) {
			i++
		}
		switch word := string(low[start:i]); {
		case strings.HasSuffix(word, "pad") || strings.HasSuffix(word, "tab") || strings.Contains(word, "tablet"):
			return KindTablet
		case word == "tv" || strings.HasSuffix(word, "box") || word == "stb" || word == "ott":
			return KindTV
		}
	}
	if isHuawei(low) && low[bytes.IndexByte(low, '-')+1] == 'w' || hasBoardCode(low) {
		return KindTablet
	}
	return ""
}

func makerByForm(low []byte) string {
	if isHuawei(low) {
		return "Huawei"
	}
	return ""
}

// isHuawei knows the form of the models of Huawei: three letters or four
// characters, a dash, letters for the region, two digits or more.
func isHuawei(low []byte) bool {
	dash := bytes.IndexByte(low, '-')
	if dash != 3 && dash != 4 || len(low) < dash+3 || len(low) > dash+8 {
		return false
	}
	for _, c := range low[:3] {
		if !isLetter(c) {
			return false
		}
	}
	rest := low[dash+1:]
	return strings.IndexByte("latwnd", rest[0]) >= 0 && isDigit(rest[len(rest)-1]) || len(rest) > 3 && isLetter(rest[0]) && isDigit(rest[2])
}

// hasBoardCode knows what Teclast and its neighbours write behind a model:
// T10(E3C5).
func hasBoardCode(low []byte) bool {
	n := len(low)
	return n > 6 && low[n-1] == ')' && low[n-6] == '(' && isDigit(low[n-2])
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' }

// buildMaker returns the maker that a build number starts with, behind the
// model: "Build/HUAWEIBGO-L03".
func buildMaker(a *agent) string {
	rest := a.low[a.model.to:]
	i := bytes.Index(rest, []byte("build/"))
	if i < 0 {
		return ""
	}
	rest = rest[i+len("build/"):]
	for _, maker := range [...]struct{ start, name string }{
		{"huawei", "Huawei"}, {"honor", "Honor"}, {"lenovo", "Lenovo"}, {"lge", "LG"}, {"motorola", "Motorola"},
	} {
		if bytes.HasPrefix(rest, []byte(maker.start)) {
			return maker.name
		}
	}
	return ""
}
