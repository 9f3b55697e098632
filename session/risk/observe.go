package risk

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
)

// hasher hashes what is seen of one user, with a key of the user's own.
type hasher [sha256.Size]byte

func (a *Assessor) hasher(userID string) hasher {
	var buf [512]byte // user IDs are at most 255 bytes
	b := append(buf[:0], "signedin risk"...)
	b = append(b, a.key[:]...)
	return sha256.Sum256(append(b, userID...))
}

// hash returns 32 bits of a hash that nobody can compute without the key. It is
// never 0. The key before the message is as good as HMAC where most of the hash
// is cut off.
func (h *hasher) hash(t trait, parts ...string) uint32 {
	var buf [256]byte
	b := append(buf[:0], h[:]...)
	b = append(b, byte(t))
	for _, s := range parts {
		b = binary.BigEndian.AppendUint16(b, uint16(len(s)))
		b = append(b, s...)
	}
	sum := sha256.Sum256(b)
	return max(1, binary.BigEndian.Uint32(sum[:]))
}

// observe reduces a visit to what is compared.
func (h *hasher) observe(v *session.Visit) observation {
	o := observation{
		place: placeOf(v.Location),
		kind:  v.Location.KindOfNetwork(),
		city:  v.Location.City,
	}
	o.minute = minutes(v.At)
	o.at = stamp(o.minute / 60)
	o.country = countryKey(v.Location.CountryCode)
	o.keys[traitCountry] = o.country
	o.keys[traitNetwork] = h.network(v)
	if v.Location.ASN != 0 {
		var asn [4]byte
		binary.BigEndian.PutUint32(asn[:], v.Location.ASN)
		o.keys[traitProvider] = h.hash(traitProvider, string(asn[:]))
	}
	h.device(&o, v.Device.Family())
	return o
}

func (h *hasher) device(o *observation, f device.Family) {
	if isNameless(f) {
		return
	}
	o.keys[traitFamily] = h.hash(traitFamily, string(f.Kind), f.Product, f.OS)
	if f.OS != "" {
		o.keys[traitSystem] = h.hash(traitSystem, f.OS)
	}
	if f.Product != "" {
		o.keys[traitBrowser] = h.hash(traitBrowser, f.Product)
	}
}

// network returns 0 for an address that is not on the internet: behind a proxy
// that is not told of, all users have the same.
func (h *hasher) network(v *session.Visit) uint32 {
	network := v.Network
	if v.IP.IsValid() {
		network = geo.Identity(v.IP)
	}
	switch geo.ScopeOf(network.Addr()) {
	case geo.ScopeUnknown, geo.ScopeLoopback, geo.ScopePrivate, geo.ScopeShared:
		return 0
	}
	addr := network.Addr().As16()
	return h.hash(traitNetwork, string(addr[:]), string(rune(network.Bits())))
}

// minutes bounds times to what a stamp can hold.
func minutes(t time.Time) uint32 {
	return uint32(min(max(0, t.Unix()/60), 1<<stampBits*60-1))
}

// countryKey makes a number of a country code, 0 of what is none.
func countryKey(code string) uint32 {
	if len(code) != 2 {
		return 0
	}
	return uint32(code[0])<<8 | uint32(code[1])
}

func countryCode(key uint32) string {
	return string([]byte{byte(key >> 8), byte(key)})
}
