package device

import (
	"bytes"
	"strings"
)

// readPlace names what is no phone, tablet or computer, by the words that it
// gives itself away with.
func (d *Device) readPlace(a *agent) {
	switch word := a.seen[inKinds].word(a); {
	case d.Kind == KindConsole:
		d.readConsole(a)
	case d.Kind == KindCar && d.Model == "" && (word == "tesla" || word == "qtcarbrowser"):
		d.Brand, d.Model = "Tesla", "Tesla"
	case d.OS == "visionOS":
		d.Brand, d.Model = "Apple", "Apple Vision Pro"
	case d.Kind == KindHeadset && d.Model == "":
		d.readHeadset(a)
	case a.seen[inKinds].rank == rankReader && d.Kind == KindTablet && d.Model == "":
		d.readReader(word)
	case (d.Kind == KindTV || d.Kind == KindUnknown) && (d.Model == "" || d.OS == "Linux"):
		d.readStick(a)
	}
}

// readConsole names a console by the longest that it calls itself:
// "PlayStation; PlayStation 5/2.26".
func (d *Device) readConsole(a *agent) {
	for _, system := range [...]string{"PlayStation", "Nintendo", "Xbox"} {
		for i := 0; d.OS == system; {
			next := bytes.Index(a.low[i:], []byte(strings.ToLower(system)))
			if next < 0 {
				break
			}
			i += next
			if name := a.consoleName(i, len(system)); system != "Xbox" && len(name) > len(d.Model) {
				d.Model = system + name[len(system):]
			}
			i += len(system)
		}
	}
	word := a.seen[inKinds].word(a)
	switch {
	case len(word) == 3 && strings.HasPrefix(word, "ps"):
		d.OS, d.Model = "PlayStation", "PlayStation "+word[2:]
	case word == "steam deck":
		d.Brand, d.Model = "Valve", "Steam Deck"
	}
	switch d.OS {
	case "PlayStation":
		d.Brand = "Sony"
		_, generation, _ := strings.Cut(d.Model, " ")
		d.OSVersion = numbers(generation, 1)
		if d.Browser == "Amazon Silk" { // as the Vita's calls itself
			d.Browser = webKits[d.OS]
		}
	case "Nintendo":
		d.Brand = "Nintendo"
	case "Xbox":
		d.Brand = "Microsoft"
	}
}

// consoleName returns the words of a name at i, whose first has n bytes, before
// the version of its software.
func (a *agent) consoleName(i, n int) string {
	end := i + n
	if end < len(a.low) && isLetter(a.low[end]) {
		return ""
	}
	for end < len(a.low) && (isWord(a.low[end]) || a.low[end] == ' ') {
		end++
	}
	name := a.text[i:end]
	if end < len(a.low) && a.low[end] == '.' { // "PlayStation 4 8.03"
		name = name[:max(strings.LastIndexByte(name, ' '), n)]
	}
	if like := strings.Index(strings.ToLower(name), " like "); like >= 0 {
		name = name[:like]
	}
	return strings.TrimRight(name, " ")
}

// readHeadset finds the model in the comment, where the desktop's system stands:
// "(X11; Linux x86_64; Quest 3)".
func (d *Device) readHeadset(a *agent) {
	for part := nextPart(a.low, 0); part.to > part.from; part = nextPart(a.low, part.to) {
		found := trimModel(a.low, part)
		if found == (span{}) {
			continue
		}
		if cut := bytes.Index(a.low[found.from:found.to], []byte(" os")); cut > 0 { // "PICO 4 OS5.4.0 like Quest"
			found.to = found.from + cut
		}
		if _, known := lookup(a.low[found.from:found.to]); known.kind == KindHeadset {
			d.setModel(a.text[found.from:found.to])
			return
		}
	}
}

// readReader names an e-reader by its make alone: the systems and models that
// they give are made up.
func (d *Device) readReader(word string) {
	for _, make := range [...]struct{ word, brand, model string }{
		{"kindle", "Amazon", "Kindle"}, {"kobo", "Kobo", "Kobo"}, {"pocketbook", "PocketBook", "PocketBook"}, {"tolino", "Tolino", "Tolino"},
	} {
		if word == make.word {
			d.Brand, d.Model = make.brand, make.model
		}
	}
	if word == "kobo" {
		d.OS, d.OSVersion = "Linux", ""
	}
}

// readStick knows Amazon's sticks, whose system of 2025 names no other: "Kepler/1.1
// (Linux; AFTCL001)".
func (d *Device) readStick(a *agent) {
	for i := 0; i+4 < len(a.text); i++ {
		if !strings.HasPrefix(a.text[i:], "AFT") || i > 0 && strings.IndexByte(" ;(", a.text[i-1]) < 0 {
			continue
		}
		end := i
		for end < len(a.low) && isWord(a.low[end]) {
			end++
		}
		d.Kind = d.setModel(a.text[i:end]).kind
		break
	}
	if contains(a.low, "kepler") {
		d.OS, d.OSVersion = "", ""
	}
}

// headsets are the models, by maker, that are worn before the eyes.
const headsets = `
	HTC: vive* htc_vive*
	Lenovo: mirage_solo vr-15##f vrl##
	Meta: meta_quest* quest quest_*
	Oculus: oculus* pacific standalone_hmd
	Pico: a7h10 a7q10 a81?? a9### pico pico_*
	Samsung: galaxy_xr sm-i610*
	Xiaomi: mi_vr*
	: dpvr* xreal* yvr*`

// watches are the models, by maker, that are worn on the wrist.
const watches = `
	Google: pixel_watch*
	Huawei: leo-bx* leo-dl*
	Lemfo: lem1#*
	Mobvoi: ticwatch*
	OPPO: ow19w# ow20w# ow2#w# opwwe###
	Samsung: galaxy_watch* sm-l3##* sm-l5##* sm-l7##* sm-r###*
	: moto_360*`

// consoles are the models, by maker, that run Android to play games on.
const consoles = `
	Abxylute: abxylute*
	Anbernic: rg28* rg35* rg40* rg405? rg406? rg476? rg477? rg505 rg55# rgcube* rg_*
	AYANEO: ayaneo*
	AYN: ayn_* odin odin2* odin_*
	Logitech: g_cloud* gr0006 logitech_g*
	Microsoft: xbox*
	Moqi: moqi*
	Nintendo: nintendo* switch_lite switch_oled
	Nvidia: shield_portable* roth
	Ouya: ouya*
	Razer: razer_edge*
	Retroid: retroid*
	Sony: playstation*`

// cars are the models, by maker, that are built into one: Android Automotive,
// and the radios that replace the car's own.
const cars = `
	Amazon: aftlbt* aftlft*
	Audi: audi*
	BMW: bmw*
	BYD: byd* di5.* dilink*
	Cadillac: cadillac*
	Chevrolet: chevrolet* silverado*
	Dudu: dudu*
	Ford: ford* lincoln*
	FYT: yt####* yt_####*
	GMC: gmc_* hummer*
	Honda: honda*
	Hyundai: hyundai_ccic* hyundai_mobis*
	Mercedes-Benz: benz_* mercedes*
	NewsMy: carpad*
	Nissan: aivi* nissan*
	Pioneer: sda-*tab
	Polestar: polestar*
	Porsche: porsche*
	Prology: mpc-1##* mpc-##
	Renault: renault*
	Rivian: rivian*
	Teyes: cc2l* cc3* spro_plus* teyes*
	Volkswagen: volkswagen*
	Volvo: ihu_* volvo*
	Webfleet: pro_5### pro_7### pro_8###
	Zebra: vc80* vc83##*
	: 8227l* 8227l_* 825x_pro* aaos* airtouch* ac8227l* ac8257* android_automotive* android_auto* car car_* carbit*
		coolwalk* f9212* gcar_* k2001* octa-core_t* octopus-core_t* px30 px5 px6 quad-core_t* roadrover* sdm_car*
		sofia_3gr_car* sp9853i* topway* ts10_* uis7862* uis8581* ums512_1h10_car*`
