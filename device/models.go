package device

import (
	"bytes"
	"strings"
	"sync"
)

// A line names a maker and, in short, its models: patterns as in a [token],
// with _ for a space or an underscore.
type line struct{ maker, models string }

// The tables that the start of a model is looked up in.
const (
	inMakers = iota
	inPhones
	inTablets
	inTVs
)

var models = sync.OnceValue(func() *index {
	return newIndex(tokens(makers), tokens(phones), tokens(tablets), tokens(tvs))
})

func tokens(lines []line) (all []token) {
	for _, l := range lines {
		for text := range strings.FieldsSeq(l.models) {
			all = append(all, token{text: text, name: l.maker})
		}
	}
	return all
}

// readModel names the maker and the model, and returns the kind of device that
// they are known to be, if any.
func (d *Device) readModel(a *agent) Kind {
	switch {
	case d.OS == "iOS" || d.OS == "macOS":
		d.Brand, d.Model = "Apple", or(d.Model, appleModel(a))
		if d.Model == "iPad" {
			return KindTablet
		}
		return ""
	case d.OS == "BlackBerry":
		d.Brand = "BlackBerry"
	case a.model != span{}:
		kind := d.setModel(a.text[a.model.from:a.model.to])
		d.Brand = or(d.Brand, buildMaker(a))
		return kind
	case a.field("fbdv/") != "":
		return d.setModel(a.field("fbdv/"))
	}
	return ""
}

// readFeaturePhone knows a phone of old by the maker that its User-Agent starts
// with: "Nokia6120c/GoBrowser".
func (d *Device) readFeaturePhone(a *agent) bool {
	old := d.OS == "" || d.OS == "Symbian" || d.OS == "Java ME" || d.OS == "MTK"
	if !old || d.Model != "" || a.has(inApps) || d.Kind != KindUnknown && d.Kind != KindPhone {
		return false
	}
	maker, _ := lookup(a.low)
	if maker == "" {
		return false
	}
	d.Kind, d.Brand = KindPhone, maker
	d.Model, _ = a.firstProduct()
	return true
}

// setModel takes a model by its maker's name for it.
func (d *Device) setModel(model string) Kind {
	var buf [maxHint]byte
	low := lower(buf[:], model)
	maker, kind := lookup(low)
	if number := withoutMaker(model, maker); isCode(number) {
		model = number
	}
	d.Brand, d.Model = maker, model
	return kind
}

// withoutMaker cuts the maker's name off the start: "SAMSUNG SM-A546B".
func withoutMaker(model, maker string) string {
	if maker == "" || !startsWith(model, maker) {
		return model
	}
	return strings.TrimLeft(model[len(maker):], " _-")
}

// lookup finds the maker and the kind of a model in lower case. Makers may
// stand before the model, even twice: "SAMSUNG SAMSUNG-SM-T377A".
func lookup(low []byte) (maker string, kind Kind) {
	for range 3 {
		best, n := models().longest(low)
		if n == 0 {
			break
		}
		maker = or(maker, best.name)
		if kind = [...]Kind{inPhones: KindPhone, inTablets: KindTablet, inTVs: KindTV}[best.table]; kind != "" {
			break
		}
		low = bytes.TrimLeft(low[n:], " _-")
	}
	if kind == "" {
		kind = kindByForm(low)
	}
	if maker == "" && isHuawei(low) {
		maker = "Huawei"
	}
	return maker, kind
}

// longest returns the entry that matches the most of the start of s, and among
// equals the one with the fewest wildcards, so that exceptions need no order.
func (x *index) longest(s []byte) (best entry, length int) {
	for _, at := range x.at(s) {
		e := &x.entries[at]
		n := match(e.text, s)
		if n > length || n > 0 && n == length && wildcards(e.text) < wildcards(best.text) {
			best, length = *e, n
		}
	}
	return best, length
}

func wildcards(text string) int {
	return strings.Count(text, "#") + strings.Count(text, "?")
}

// kindByForm tells a tablet or a TV by a word in its name, or a tablet by what
// its maker's numbers have in common.
func kindByForm(low []byte) Kind {
	for word := range bytes.FieldsFuncSeq(low, func(r rune) bool { return r < 'a' || r > 'z' }) {
		switch w := string(word); {
		case strings.HasSuffix(w, "pad"), strings.HasSuffix(w, "tab"), strings.Contains(w, "tablet"):
			return KindTablet
		case w == "tv", w == "stb", w == "ott", strings.HasSuffix(w, "box"):
			return KindTV
		}
	}
	if isHuawei(low) {
		if low[bytes.IndexByte(low, '-')+1] == 'w' { // Wi-Fi only
			return KindTablet
		}
		return KindPhone
	}
	if hasBoardCode(low) {
		return KindTablet
	}
	return ""
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
	return strings.IndexByte("acdlntuw", low[dash+1]) >= 0 && (isDigit(low[dash+3]) || low[dash+2] == 'l' || isDigit(low[dash+2]))
}

// hasBoardCode knows what Teclast and its neighbours write behind a model:
// "T10(E3C5)".
func hasBoardCode(low []byte) bool {
	n := len(low)
	return n > 6 && low[n-1] == ')' && low[n-6] == '(' && isDigit(low[n-2])
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' }

// buildMaker returns the maker that a build number starts with, behind the
// model: "Build/HUAWEIBGO-L03".
func buildMaker(a *agent) string {
	_, build, ok := bytes.Cut(a.low[a.model.to:], []byte("build/"))
	if !ok {
		return ""
	}
	for _, maker := range [...]struct{ start, name string }{
		{"huawei", "Huawei"}, {"honor", "Honor"}, {"lenovo", "Lenovo"}, {"lge", "LG"},
	} {
		if bytes.HasPrefix(build, []byte(maker.start)) {
			return maker.name
		}
	}
	return ""
}
