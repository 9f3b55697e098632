package risk

import (
	"time"

	"github.com/signedin/signedin/geo"
)

// profile is what is remembered of one user. It says nothing of anyone else.
type profile struct {
	signIns uint16 // believed ones
	first   stamp  // the first of them
	since   uint8  // how many since the user was last away for long, up to settled
	marks   [traits]marks
	spots   spots
	hours   hours
	habits  habits
	last    sighting
	// rounds are the latest sign-ins that were learnt, in the order in which
	// that was.
	rounds rounds
	// suspects wait to be believed.
	n        int
	suspects [maxSuspects]suspect
	answered [maxAnswered]answered // the latest first
	// roamed are the times of the latest alerts of moves for nothing but where
	// they came from, the latest first.
	roamed [maxRoamed]stamp
}

// habits count what is unusual in general and may be usual for this user.
type habits struct {
	outcomes [outcomes]uint8 // of sign-ins after the first
	signIns  rate            // through a hosting network
	moves    rate            // the same, of live sessions
}

// rate is how many of n were so.
type rate struct{ hits, n uint8 }

// maxCount bounds the counts of a habit; they are halved there.
const maxCount = 200

func (r *rate) add(hit bool) {
	r.n++
	if hit {
		r.hits++
	}
	if r.n >= maxCount {
		r.n, r.hits = r.n/2, r.hits/2
	}
}

func (h *habits) addOutcome(o outcome) {
	h.outcomes[o]++
	sum := 0
	for _, n := range h.outcomes {
		sum += int(n)
	}
	if sum < maxCount {
		return
	}
	for i := range h.outcomes {
		h.outcomes[i] /= 2
	}
}

// sighting is the latest visit, to compare the next one with.
type sighting struct {
	at      uint32 // minutes since 1970
	place   place
	hidden  bool // the place is the network's rather than the person's
	country uint32
	city    town
}

// town is the name of a city, cut to what is kept, without memory of its own.
type town struct {
	n    uint8
	name [maxCity]byte
}

func townOf(city string) (t town) {
	t.n = uint8(copy(t.name[:], cut(city, maxCity)))
	return t
}

func (t *town) bytes() []byte { return t.name[:t.n] }

const maxCity = 32

// before orders sightings by time, and those of the same minute by place.
func (s sighting) before(o sighting) bool {
	switch {
	case s.at != o.at:
		return s.at < o.at
	case s.place.lat != o.place.lat:
		return s.place.lat < o.place.lat
	case s.place.lon != o.place.lon:
		return s.place.lon < o.place.lon
	}
	return string(s.city.bytes()) < string(o.city.bytes())
}

// suspect is a visit that looked wrong. It is believed after quarantine, unless
// the user has denied it.
type suspect struct {
	keys    keys
	place   place
	at      stamp
	signIn  bool
	hosting bool
	outcome outcome
	passing uint8 // points that only this visit had
	denied  bool  // it was not the user, who said so
	copied  bool  // denied, and nobody said so: a copy of a session was refused there
}

const (
	maxSuspects = 8
	quarantine  = 7 * 24 * time.Hour
)

// observation is one visit as the rules see it.
type observation struct {
	keys    keys
	place   place
	at      stamp
	minute  uint32
	kind    geo.Kind
	country uint32
	city    string

	recognized bool // the Manager knows the device by its cookie
	cookieless bool // of a carrier that can have no cookie
	wrong      int  // passwords in the hour before
}

// isHosting reports whether the connection came through a machine in a data
// centre.
func (o *observation) isHosting() bool { return o.kind == geo.KindHosting || o.kind == geo.KindTor }

// hidesPlace reports whether the place is the network's rather than the
// person's.
func hidesPlace(k geo.Kind) bool {
	switch k {
	case geo.KindMobile, geo.KindRelay, geo.KindHosting, geo.KindTor, geo.KindSatellite:
		return true
	}
	return false
}

// minMoves is how many moves, beside sign-ins, make a user known.
const minMoves = 10

// isKnownByMoves reports whether enough was seen of the user in live sessions,
// such as those that were adopted, for a first sign-in to be compared with.
func (p *profile) isKnownByMoves() bool { return p.habits.moves.n >= minMoves }

func (p *profile) has(o *observation, t trait) bool { return p.marks[t].has(o.keys[t]) }
