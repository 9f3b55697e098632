package risk

import (
	"encoding/binary"

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
