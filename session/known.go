package session

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"time"
)

// A Familiarity says whether a user has signed in from a device before. It
// recognises, and proves nothing: whoever copies the device's cookie looks
// familiar.
type Familiarity string

// The familiarities.
const (
	FamiliarityUnknown Familiarity = ""        // not asked: profiles are off
	FamiliarityKnown   Familiarity = "known"   // by the device's cookie
	FamiliaritySimilar Familiarity = "similar" // no cookie, but one like it was in this network or country lately
	FamiliarityNew     Familiarity = "new"
)

// A DeviceKey links a session to a known device of its user. It is a hash of the
// [DeviceID], which is random, and of the user's ID, so it links nobody else's. The
// zero DeviceKey is none.
type DeviceKey [8]byte

const (
	maxKnownDevices = 16
	// keepKnown is how long a device is remembered without a sign-in.
	keepKnown = 400 * day
	// similarFor is how long ago a device like this one may have been seen.
	similarFor = 90 * day

	knownDeviceLen = 22
)

// knownDevice is what is remembered of one device: hashes and days.
type knownDevice struct {
	key         DeviceKey
	first, last uint16 // days since 1970
	family      [4]byte
	network     [4]byte
	country     [2]byte
}

// knownDevices are the devices of one user, the latest used first.
type knownDevices []knownDevice

func (d knownDevice) append(b []byte) []byte {
	b = append(b, d.key[:]...)
	b = binary.BigEndian.AppendUint16(b, d.first)
	b = binary.BigEndian.AppendUint16(b, d.last)
	b = append(b, d.family[:]...)
	b = append(b, d.network[:]...)
	return append(b, d.country[:]...)
}

func decodeKnownDevice(b []byte) (d knownDevice) {
	copy(d.key[:], b)
	d.first, d.last = binary.BigEndian.Uint16(b[8:]), binary.BigEndian.Uint16(b[10:])
	copy(d.family[:], b[12:])
	copy(d.network[:], b[16:])
	copy(d.country[:], b[20:])
	return d
}

func dayOf(t time.Time) uint16 { return uint16(t.Unix() / int64(day/time.Second)) }

// describe returns what would be remembered of a sign-in. Families and
// networks are hashed with the user's ID: a profile tells nobody where its user
// has been.
func describe(userID string, id DeviceID, v Visit) knownDevice {
	d := knownDevice{first: dayOf(v.At), last: dayOf(v.At)}
	if id != (DeviceID{}) {
		copy(d.key[:], hashKnown(userID, "device", string(id[:])))
	}
	f := v.Device.Family()
	copy(d.family[:], hashKnown(userID, "family", string(f.Kind), f.Product, f.OS))
	if v.Network.IsValid() {
		copy(d.network[:], hashKnown(userID, "network", v.Network.String()))
	}
	copy(d.country[:], v.Location.CountryCode)
	return d
}

// hashKnown hashes what is remembered. It needs no key, so that devices stay known when
// keys are replaced: a [DeviceID] cannot be guessed, and the rest is sealed.
func hashKnown(userID string, parts ...string) []byte {
	h := sha256.New()
	for _, s := range append([]string{"signedin known", userID}, parts...) {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(s))))
		h.Write([]byte(s))
	}
	return h.Sum(nil)
}

// familiarity judges d, which signs in now, by what is known.
func (k knownDevices) familiarity(d knownDevice) Familiarity {
	similar := FamiliarityNew
	for _, o := range k {
		if o.key == d.key && d.key != (DeviceKey{}) {
			return FamiliarityKnown
		}
		recent := int(d.last)-int(o.last) <= int(similarFor/day)
		near := o.network == d.network && d.network != [4]byte{} || o.country == d.country && d.country != [2]byte{}
		if o.family == d.family && near && recent {
			similar = FamiliaritySimilar
		}
	}
	return similar
}

// with returns k with d in front. The longest unused give way.
func (k knownDevices) with(d knownDevice) knownDevices {
	if d.key == (DeviceKey{}) {
		return k
	}
	out := knownDevices{d}
	for _, o := range k {
		if o.key == d.key {
			out[0].first = o.first
		} else if len(out) < maxKnownDevices && int(d.last)-int(o.last) <= int(keepKnown/day) {
			out = append(out, o)
		}
	}
	return out
}

// recognize fills in how familiar the device of a sign-in is. Without profiles,
// or when they cannot be read, that stays unknown.
func (m *Manager) recognize(ctx context.Context, s *Session, id DeviceID) (prof profile, d knownDevice, ok bool) {
	if m.profiles == nil {
		return prof, d, false
	}
	spare, cancel := context.WithTimeout(ctx, spareTimeout)
	defer cancel()
	prof, err := m.profiles.load(spare, s.UserID)
	if err != nil {
		m.cfg.Logger.WarnContext(ctx, "session: profile not read", "user", s.UserID, "error", err)
		return prof, d, false
	}
	d = describe(s.UserID, id, s.First)
	s.DeviceKey, s.Familiarity = d.key, prof.devices.familiarity(d)
	return prof, d, true
}

// changeProfile changes a user's profile, if change reports that it has; when
// somebody else was first, it looks again.
func (m *Manager) changeProfile(ctx context.Context, userID string, change func(*profile) bool) error {
	if m.profiles == nil {
		return nil
	}
	var err error
	for range maxAttempts {
		var prof profile
		if prof, err = m.profiles.load(ctx, userID); err != nil {
			return err
		}
		if !change(&prof) {
			return nil
		}
		if err = m.profiles.save(ctx, userID, prof); !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return err
}

// distrust has the devices of sessions that a change of the password has ended
// be recognised by what they look like only: one of the cookies may be with
// whoever knew the password. The one that was kept stays known.
func (m *Manager) distrust(ctx context.Context, r Revocation) {
	if m.profiles == nil {
		return
	}
	wctx, cancel := write(ctx)
	defer cancel()
	ended, err := m.History(wctx, r.UserID, maxEnded)
	many := len(ended) == maxEnded && *ended[maxEnded-1].Ended == r.Ending // so any device may be one of theirs
	if err == nil {
		err = m.changeProfile(wctx, r.UserID, func(p *profile) (changed bool) {
			for i, d := range p.devices {
				if d.key == (DeviceKey{}) || r.Keep != nil && r.Keep.DeviceKey == d.key {
					continue
				}
				if many || slices.ContainsFunc(ended, func(s *Session) bool { return s.DeviceKey == d.key && *s.Ended == r.Ending }) {
					p.devices[i].key, changed = DeviceKey{}, true
				}
			}
			return changed
		})
	}
	if err != nil {
		m.cfg.Logger.WarnContext(ctx, "session: devices still known after a change of the password", "user", r.UserID, "error", err)
	}
}

// ForgetDevice forgets that the user has signed in from the device of a
// session, which may be over: the next sign-in from it is one from a new
// device. It returns [ErrNotFound] if it is not a session of the user.
func (m *Manager) ForgetDevice(ctx context.Context, userID string, id ID) error {
	if err := checkUserID(userID); err != nil {
		return err
	}
	s, _, err := m.store.Get(ctx, id)
	if errors.Is(err, ErrUnknown) || err == nil && s.UserID != userID {
		return ErrNotFound
	}
	if err != nil {
		return err
	}
	return m.changeProfile(ctx, userID, func(p *profile) bool { return p.forget(s.DeviceKey) })
}

// forget forgets a device, and reports whether it was known.
func (p *profile) forget(key DeviceKey) bool {
	n := len(p.devices)
	p.devices = slices.DeleteFunc(p.devices, func(d knownDevice) bool { return d.key == key && key != (DeviceKey{}) })
	return len(p.devices) < n
}

// ForgetDevices forgets all devices of a user.
func (m *Manager) ForgetDevices(ctx context.Context, userID string) error {
	if err := checkUserID(userID); err != nil {
		return err
	}
	return m.changeProfile(ctx, userID, func(p *profile) (changed bool) {
		changed, p.devices = len(p.devices) > 0, nil
		return changed
	})
}
