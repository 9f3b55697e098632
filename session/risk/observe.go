package risk

import (
	"encoding/binary"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
)

// observe reduces a visit to what is compared.
func (h hasher) observe(v *session.Visit) observation {
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
		asn := [5]byte{byte(traitProvider)}
		binary.BigEndian.PutUint32(asn[1:], v.Location.ASN)
		o.keys[traitProvider] = h.hash(asn[:])
	}
	h.device(&o, v.Device.Family())
	return o
}

func (h hasher) device(o *observation, f device.Family) {
	if isNameless(f) {
		return
	}
	o.keys[traitFamily] = h.words(traitFamily, string(f.Kind), f.Product, f.OS)
	if f.OS != "" {
		o.keys[traitSystem] = h.words(traitSystem, f.OS)
	}
	if f.Product != "" {
		o.keys[traitBrowser] = h.words(traitBrowser, f.Product)
	}
}

// network returns 0 for an address that is not on the internet: behind a proxy
// that is not told of, all users have the same.
func (h hasher) network(v *session.Visit) uint32 {
	network := v.Network
	if v.IP.IsValid() {
		network = geo.Identity(v.IP)
	}
	switch geo.ScopeOf(network.Addr()) {
	case geo.ScopeUnknown, geo.ScopeLoopback, geo.ScopePrivate, geo.ScopeShared:
		return 0
	}
	addr := network.Addr().As16()
	b := [18]byte{byte(traitNetwork), byte(network.Bits())}
	copy(b[2:], addr[:])
	return h.hash(b[:])
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
