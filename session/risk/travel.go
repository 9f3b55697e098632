package risk

import "github.com/signedin/signedin/geo"

// Travel is impossible over so many kilometres at the least, at such a speed,
// half an hour being allowed for, within two days. Places are known to a few
// hundred kilometres at worst.
const (
	travelKM     = 400
	travelKMH    = 900
	travelSlack  = -.1 // hours
	travelWindow = 48 * 60
	travelRadius = 500
)

// judgeTravel compares a visit with an earlier one. It counts for little when
// either place may not be where the person was.
func (p *profile) judgeTravel(f *findings, o *observation, from sighting) {
	km, minutes, ok := o.travelled(from)
	if !ok {
		return
	}
	f.from, f.travelled, f.ago = from, km, minutes
	switch {
	case from.hidden || hidesPlace(o.kind) || p.has(o, traitProvider):
		f.add(codeTravel, pointsTravelSoft)
	case o.kind == geo.KindUnknown:
		f.add(codeTravel, pointsTravelUnsure)
	default:
		f.add(codeTravel, pointsTravel)
	}
}

// travelled returns how far, at the least, a person would have come since;
// ok is false if a person can.
func (o *observation) travelled(from sighting) (km float64, minutes uint32, ok bool) {
	if !o.place.known() || !from.place.known() || max(o.place.km(), from.place.km()) > travelRadius {
		return 0, 0, false
	}
	minutes = max(o.minute, from.at) - min(o.minute, from.at) // clocks differ
	least := max(travelKM, travelKMH*(float64(minutes)/60+travelSlack))
	if minutes > travelWindow || float64(o.place.northward(from.place)+o.place.eastward(from.place))*maxPerTenth < least {
		return 0, 0, false
	}
	km = o.place.distance(from.place) - o.place.km() - from.place.km()
	return km, minutes, km >= least
}
