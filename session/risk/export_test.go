package risk

import (
	"encoding/binary"

	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
)

// MaxEncoded is what the tests hold the length of a profile against.
const MaxEncoded = maxEncoded

// Decode reads a profile and returns it encoded again.
func Decode(b []byte) ([]byte, error) {
	var p profile
	if err := p.decode(b); err != nil {
		return nil, err
	}
	return p.encode(nil), nil
}

// Decoded is a decoded profile and a visit that has been observed.
type Decoded struct {
	p profile
	o observation
}

// Observe decodes the profile of a sign-in and observes the visit.
func (a *Assessor) Observe(c session.Case) (d Decoded, err error) {
	err = d.p.decode(c.Profile)
	h := a.hasher(c.Session.UserID)
	d.o = h.observe(&c.Visit)
	d.o.keys[traitDevice] = binary.BigEndian.Uint32(c.Session.DeviceKey[:])
	d.o.recognized = c.Session.Familiarity == session.FamiliarityKnown
	return d, err
}

// Level is the pure core of Assess.
func (d *Decoded) Level(a *Assessor) session.Level {
	f := d.p.signIn(&d.o)
	return a.signInLevel(&d.p, &f, nil)
}

// Learn is the pure core of learning.
func (d *Decoded) Learn() { d.p.learn(&d.o, true) }

// SipHash is the hash of traits, with a key.
func SipHash(key [16]byte, b []byte) uint64 {
	return hasher{binary.LittleEndian.Uint64(key[:]), binary.LittleEndian.Uint64(key[8:])}.sum(b)
}

// IsWithin reports whether two places are at most so many kilometres apart.
func IsWithin(a, b geo.Location, km int) bool { return placeOf(a).isWithin(km, placeOf(b)) }
