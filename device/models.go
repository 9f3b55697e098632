package device

import (
	"bytes"
	"strings"
	"sync"
)

// The tables that the start of a model is looked up in.
const (
	inMakers = iota
	inPhones
	inTablets
	inTVs
	inHeadsets
	inWatches
	inConsoles
	inCars
)

var models = sync.OnceValue(func() *index {
	x := new(index)
	for table, text := range [...]string{makers, phones, tablets, tvs, headsets, watches, consoles, cars} {
		x.add(table, tokens(0, text))
	}
	return x
})

// A guess is what a model says of the kind of device.
type guess struct {
	kind Kind
	sure bool // by a line of its maker, or a word; else by the form of a number
	wide bool // by a letter and digits, as many makers number their models
}

// readModel names the maker and the model, and returns the kind of device that
// they are known to be, if any.
func (d *Device) readModel(a *agent) guess {
	switch {
	case isApple(d.OS):
		d.Brand, d.Model = "Apple", or(d.Model, appleModel(a))
		if d.Model == "" && a.isOwn() {
			d.Model = map[string]string{"tvOS": "Apple TV", "watchOS": "Apple Watch"}[d.OS]
		}
		return appleKind(d.Model)
	case d.OS == "BlackBerry":
		d.Brand = "BlackBerry"
	case a.field("fbdv/") != "":
		return d.setModel(a.field("fbdv/"))
	case a.model != span{}:
		known := d.setModel(a.text[a.model.from:a.model.to])
		d.Brand = d.brandOfBuild(buildMaker(a))
		return known
	}
	return guess{}
}

// readFeaturePhone knows a phone of old by the maker and the number that its
// User-Agent starts with: "Nokia6120c/GoBrowser". A maker's name alone makes no
// phone: "Philips Hue".
func (d *Device) readFeaturePhone(a *agent) bool {
	old := d.OS == "" || d.OS == "Symbian" || d.OS == "Java ME" || d.OS == "MTK"
	if !old || d.Model != "" || a.has(inApps) || d.Kind != KindUnknown && d.Kind != KindPhone {
		return false
	}
	if !isModelName(a) {
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

// isModelName reports whether a User-Agent starts with a product whose name is
// written as makers of phones did: "Nokia6120c", "PHILIPS-FISIO", "Lemon B556",
// "LG 245"; or speaks of what only such phones had.
func isModelName(a *agent) bool {
	end := nameEnd(a.low)
	maker, number, _ := strings.Cut(a.text[:end], " ")
	if strings.ContainsAny(maker, "0123456789") || bytes.HasSuffix(a.low[:end], []byte("browser")) || contains(a.low, " up/") || contains(a.low, " ave-front/") {
		return true
	}
	if number == "" && isCode(maker) && len(maker) <= 4 && end < len(a.text) {
		number, _, _ = strings.Cut(a.text[end+1:], "/")
		return strings.IndexByte(number, '.') < 0 && len(number) > 2 && strings.ContainsAny(number, "0123456789")
	}
	number, _, _ = strings.Cut(number, "-")
	return isCode(maker) && strings.IndexByte(maker, '-') > 0 || isCode(number) && len(number) > 2 && !isBare(number) && strings.ContainsAny(number, "0123456789")
}

// setModel takes a model by its maker's name for it. What is none it leaves out.
func (d *Device) setModel(model string) guess {
	model = strings.Trim(model, " ;,")
	var buf [maxHint]byte
	low := lower(buf[:], model)
	if isNoModel(low) {
		return guess{}
	}
	maker, known := lookup(low)
	if number := withoutMaker(model, maker); isCode(number) && !isBare(number) || startsWith(number, "pixel") {
		model = number
	}
	if isBare(model) {
		model = ""
	}
	if major, _ := splitVersion(d.OSVersion); maker == "Huawei" && d.OS == "Android" && major > lastHuawei && isLateHonor(low) {
		maker = "Honor"
	}
	d.Brand, d.Model = maker, model
	return known
}

// lastHuawei is the last version of Android on Huawei's own phones. Those of
// Honor, which kept the form of the numbers when it went its own way, go on.
const lastHuawei = 12

// withoutMaker cuts the maker's name off the start: "SAMSUNG SM-A546B".
func withoutMaker(model, maker string) string {
	if maker == "" || !startsWith(model, maker) {
		return model
	}
	return strings.TrimLeft(model[len(maker):], " _-")
}

// lookup finds the maker and the kind of a model in lower case. Makers may
// stand before the model, even twice, "SAMSUNG SAMSUNG-SM-T377A"; then only
// their own numbers count.
func lookup(low []byte) (maker string, known guess) {
	rest, isNamed := low, false
	for range 3 {
		best, n := models().longest(rest, maker)
		if n == 0 {
			break
		}
		maker = or(maker, best.name)
		if kind := kindOfTable(best.table); kind != "" {
			wide := kind == KindPhone && isWide(best.text) && !isNamed
			known = guess{kind, !wide, wide}
			break
		}
		rest, isNamed = bytes.TrimLeft(rest[n:], " _-"), true
	}
	if byName := kindByName(rest); known.kind == "" || known.kind == KindPhone && byName.kind == KindTablet || known.kind == KindCar && byName.kind == KindPhone {
		known = byName
	}
	if known.kind == "" {
		known = kindByForm(rest)
	}
	if !isNamed && hasBoardCode(low) {
		maker = "Teclast"
	}
	if maker == "" && isHuawei(low) {
		maker = "Huawei"
		if isHonor(low) {
			maker = "Honor"
		}
	}
	return maker, known
}

func kindOfTable(table int) Kind {
	return [...]Kind{
		inPhones: KindPhone, inTablets: KindTablet, inTVs: KindTV,
		inHeadsets: KindHeadset, inWatches: KindWatch, inConsoles: KindConsole, inCars: KindCar,
	}[table]
}

// isMaker reports whether a part of a comment, in lower case, is a maker's name
// and nothing else.
func isMaker(low []byte) bool {
	best, n := models().longest(low, "")
	return n > 0 && n == len(low) && best.table == inMakers
}

// isKnownModel reports whether a part of a comment, in lower case, is in a table.
func isKnownModel(low []byte) bool {
	maker, known := lookup(low)
	return (maker != "" || known.kind != "") && !isMaker(low)
}

// longest returns the entry that matches the most of the start of s, and among
// equals the one with the fewest wildcards, so that exceptions need no order.
// Of a named maker, only its own entries count.
func (x *index) longest(s []byte, maker string) (best *entry, length int) {
	for _, c := range x.at(s) {
		if !c.fits(s) {
			continue
		}
		e := &x.entries[c.entry]
		n := match(e.text, s)
		if n == 0 || n < length || n == length && wildcards(e.text) >= wildcards(best.text) {
			continue
		}
		if e.table == inMakers || maker == "" || isHouse(maker, e.name) {
			best, length = e, n
		}
	}
	return best, length
}

// isHouse reports whether models of a maker may go by the numbers of another:
// they are one house, or the first only sells what others make.
func isHouse(maker, other string) bool {
	return maker == other || other != "" && (houses[maker] != "" && houses[maker] == houses[other] || houses[maker] == "carrier")
}

var houses = nameMap(`
	TCL: Alcatel TCL
	Huawei: Huawei Honor
	Xiaomi: Xiaomi POCO
	Lenovo: Motorola Lenovo ZUK
	OPPO: OPPO OnePlus Realme
	HMD: Nokia HMD Microsoft
	Sony: Sony Sony_Ericsson
	ZTE: ZTE Nubia
	Transsion: Itel itel Tecno Infinix
	Meta: Meta Oculus
	carrier: Beeline Docomo Jio MTS Orange Smartfren Tele2 Verizon Vodafone`)

// isWide reports whether a pattern is a letter and digits, as many makers number
// their models.
func isWide(text string) bool { return len(text)-wildcards(text) <= 1 }

func wildcards(text string) int {
	return strings.Count(text, "#") + strings.Count(text, "?")
}

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

// brandOfBuild takes the maker of the build where the model names none. Honor
// was a name of Huawei's before it went its own way, in 2020.
func (d *Device) brandOfBuild(build string) string {
	if major, _ := splitVersion(d.OSVersion); d.Brand == "Huawei" && build == "Honor" && (major == 0 || major >= 10) {
		return build
	}
	return or(d.Brand, build)
}
