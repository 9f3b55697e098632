package risk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"
)

// encodingVersion comes first in an encoded profile. Those before had other hashes.
const encodingVersion = 4

// maxEncoded is the length of the largest profile there can be.
const maxEncoded = 1279

// encode returns the profile as it is kept: numbers in big-endian order, lists
// with their length before them. It is written behind b, if there is room.
func (p *profile) encode(b []byte) []byte {
	if b = b[len(b):]; cap(b) < maxEncoded {
		b = make([]byte, 0, maxEncoded)
	}
	b = append(b, encodingVersion, p.since)
	b = binary.BigEndian.AppendUint16(b, p.signIns)
	b = p.first.append(b)
	for t := range p.marks {
		m := &p.marks[t]
		b = append(b, byte(m.n))
		for i := range m.all[:m.n] {
			x := &m.all[i]
			binary.BigEndian.PutUint64(b[len(b):len(b)+8], uint64(x.key)<<32|uint64(x.seen)<<8)
			b = b[:len(b)+markLen]
		}
	}
	b = append(b, byte(p.spots.n))
	for i := range p.spots.all[:p.spots.n] {
		x := &p.spots.all[i]
		binary.BigEndian.PutUint64(b[len(b):len(b)+8], x.place.packed()<<24|uint64(x.seen))
		b = b[:len(b)+spotLen]
	}
	b = append(p.hours.last.append(b), p.hours.bins[:]...)
	b = append(b, p.habits.outcomes[:]...)
	b = append(b, p.habits.signIns.hits, p.habits.signIns.n, p.habits.moves.hits, p.habits.moves.n)
	b = p.last.append(b)
	b = append(b, byte(p.n))
	for i := range p.suspects[:p.n] {
		b = p.suspects[i].append(b)
	}
	b = append(b, byte(p.rounds.n))
	for _, at := range p.rounds.all[:p.rounds.n] {
		b = binary.BigEndian.AppendUint32(b, at)
	}
	for _, x := range p.answered {
		b = x.at.append(binary.BigEndian.AppendUint32(b, uint32(x.reasons)))
	}
	for _, at := range p.roamed {
		b = at.append(b)
	}
	return b
}

func (s stamp) append(b []byte) []byte { return append(b, byte(s>>16), byte(s>>8), byte(s)) }

// packed returns the five bytes of an encoded place.
func (p place) packed() uint64 {
	return uint64(uint16(p.lat))<<24 | uint64(uint16(p.lon))<<8 | uint64(p.radius)
}

func (p place) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(p.lat))
	return append(binary.BigEndian.AppendUint16(b, uint16(p.lon)), p.radius)
}

func (s *sighting) append(b []byte) []byte {
	b = s.place.append(binary.BigEndian.AppendUint32(b, s.at))
	b = append(b, flag(s.hidden, 1))
	b = binary.BigEndian.AppendUint32(b, s.country)
	return append(append(b, s.city.n), s.city.bytes()...)
}

func (s *suspect) append(b []byte) []byte {
	for _, k := range s.keys {
		b = binary.BigEndian.AppendUint32(b, k)
	}
	return append(s.at.append(s.place.append(b)), byte(s.outcome)|flag(s.copied, 1<<4)|flag(s.denied, 1<<5)|flag(s.signIn, 1<<6)|flag(s.hosting, 1<<7), s.passing)
}

func flag(set bool, bit byte) byte {
	if set {
		return bit
	}
	return 0
}

var errDamaged = errors.New("risk: damaged profile")

// read reads an encoded profile into p, which is empty and stays so if that
// cannot be.
func (p *profile) read(b []byte) {
	if p.decode(b) != nil {
		*p = profile{}
	}
}

// decode reads an encoded profile into p, which is empty. Nothing is the
// profile of a user who was never seen.
func (p *profile) decode(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if b[0] != encodingVersion {
		return fmt.Errorf("risk: profile of version %d, want %d", b[0], encodingVersion)
	}
	r := reader{b: b[1:]}
	p.since = min(r.byte(), settled)
	p.signIns = r.uint16()
	p.first = r.stamp()
	for t := range p.marks {
		p.marks[t].read(&r, bounds[t])
	}
	p.spots.read(&r)
	p.hours.last = r.stamp()
	copy(p.hours.bins[:], r.next(len(p.hours.bins)))
	copy(p.habits.outcomes[:], r.next(int(outcomes)))
	p.habits.signIns.read(&r)
	p.habits.moves.read(&r)
	p.last.read(&r)
	p.n = r.count(maxSuspects)
	for i := range p.suspects[:p.n] {
		p.suspects[i].read(&r)
	}
	p.rounds.read(&r)
	for i := range p.answered {
		p.answered[i].reasons, p.answered[i].at = reasons(r.uint32()), r.stamp()
	}
	for i := range p.roamed {
		p.roamed[i] = r.stamp()
	}
	if r.damaged || r.at < len(r.b) {
		*p = profile{}
		return errDamaged
	}
	return nil
}

// reader takes bytes from the front of b. Once it is damaged it gives zeros.
type reader struct {
	b       []byte
	at      int
	damaged bool
}

// zeros are what is read of something that is too short.
var zeros [256]byte

func (r *reader) next(n int) []byte {
	b := r.b[r.at:]
	if n > len(b) {
		r.damaged, r.at = true, len(r.b)
		return zeros[:n]
	}
	r.at += n
	return b[:n]
}

func (r *reader) byte() byte { return r.next(1)[0] }

func (r *reader) uint16() uint16 { return binary.BigEndian.Uint16(r.next(2)) }

func (r *reader) uint32() uint32 { return binary.BigEndian.Uint32(r.next(4)) }

func (r *reader) stamp() stamp { return readStamp(r.next(3)) }

func readStamp(b []byte) stamp { return stamp(b[0])<<16 | stamp(b[1])<<8 | stamp(b[2]) }

func (r *reader) count(bound int) int {
	n := int(r.byte())
	if n > bound {
		r.damaged = true
		return 0
	}
	return n
}

func (r *reader) place() place {
	p := readPlace(r.next(placeLen))
	r.damaged = r.damaged || p.isNowhere()
	return p
}

func readPlace(b []byte) place {
	return place{int16(binary.BigEndian.Uint16(b)), int16(binary.BigEndian.Uint16(b[2:])), b[4]}
}

func (p place) isNowhere() bool { return uint16(p.lat+900) > 1800 || uint16(p.lon+1800) > 3600 }

// The lengths of what is encoded. Lists of them are read in one go.
const (
	stampLen = 3
	placeLen = 5
	markLen  = 4 + stampLen
	spotLen  = placeLen + stampLen
)

func (m *marks) read(r *reader, bound int) {
	m.n = r.count(bound)
	b := r.next(m.n*markLen + 1) // eight bytes are read at once; others always follow
	if r.damaged {
		return
	}
	r.at--
	for i := range m.all[:m.n] {
		x := binary.BigEndian.Uint64(b[i*markLen:])
		m.all[i] = mark{uint32(x >> 32), seen(x >> 8 & (1<<24 - 1))}
	}
}

func (s *spots) read(r *reader) {
	s.n = r.count(maxPlaces)
	b := r.next(s.n * spotLen)
	for i := range s.all[:s.n] {
		x := binary.BigEndian.Uint64(b[i*spotLen:])
		s.all[i] = spot{place{int16(x >> 48), int16(x >> 32), uint8(x >> 24)}, seen(x & (1<<24 - 1))}
		r.damaged = r.damaged || s.all[i].isNowhere()
	}
}

func (s *rounds) read(r *reader) {
	s.n = r.count(maxRounds)
	b := r.next(s.n * 4)
	for i := range s.all[:s.n] {
		s.all[i] = binary.BigEndian.Uint32(b[i*4:])
	}
}

func (x *rate) read(r *reader) {
	x.hits, x.n = r.byte(), r.byte()
	r.damaged = r.damaged || x.hits > x.n
}

func (s *sighting) read(r *reader) {
	s.at, s.place, s.hidden, s.country = r.uint32(), r.place(), r.byte() == 1, r.uint32()
	s.city.n = uint8(copy(s.city.name[:], r.next(r.count(maxCity))))
	r.damaged = r.damaged || !utf8.Valid(s.city.bytes())
}

func (s *suspect) read(r *reader) {
	for i := range s.keys {
		s.keys[i] = r.uint32()
	}
	s.place, s.at = r.place(), r.stamp()
	flags := r.byte()
	s.outcome, s.copied, s.denied = outcome(flags&3), flags&(1<<4) != 0, flags&(1<<5) != 0
	s.signIn, s.hosting = flags&(1<<6) != 0, flags&(1<<7) != 0
	s.passing = r.byte()
}
