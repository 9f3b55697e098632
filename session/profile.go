package session

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// Profiles is what a [Store] may have besides: one small blob a user, in which
// the Manager keeps the user's known devices and an [Assessor] the user's
// habits. The blob is sealed; a Store cannot read it. It goes with the user
// when [Purge].UserID is purged. storetest.Run checks this too, of a Store that
// has it.
type Profiles interface {
	// Profile returns the user's blob and its version, nil and 0 if there is
	// none.
	Profile(ctx context.Context, userID string) (blob []byte, version int64, err error)
	// SaveProfile stores a blob of at most [MaxProfile] bytes with the next
	// version, in the place of the one that has the given version; 0 means that
	// there was none. It returns ErrConflict if that is not so.
	SaveProfile(ctx context.Context, userID string, blob []byte, version int64) error
}

// MaxProfile is the largest blob of [Profiles], in bytes.
const MaxProfile = 2048

// profile is the content of a user's blob. To lose an update of it does no
// harm: what was not learnt is learnt the next time.
type profile struct {
	devices  knownDevices
	reviewed uint32 // seconds since 1970, when the user last looked through their devices
	assessor []byte // the Assessor's part, as it gave it
	version  int64
}

// profiles reads and writes the blobs, sealed with a key of their own for each
// user.
type profiles struct {
	store Profiles
	keys  Keys
}

func newProfiles(store Store, keys Keys) (*profiles, error) {
	if keys.IsZero() {
		return nil, nil
	}
	p, ok := store.(Profiles)
	if !ok {
		return nil, errors.New("session: Config.ProfileKeys: the Store keeps no profiles")
	}
	if err := keys.Check(); err != nil {
		return nil, fmt.Errorf("session: Config.ProfileKeys: %w", err)
	}
	return &profiles{store: p, keys: keys}, nil
}

// load returns the user's profile. One that cannot be opened, because its key
// is gone, is as good as none.
func (p *profiles) load(ctx context.Context, userID string) (profile, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	blob, version, err := p.store.Profile(ctx, userID)
	if err != nil {
		return profile{}, fmt.Errorf("session: profile: %w", err)
	}
	out := profile{version: version}
	for _, key := range p.keys.Reveal() {
		room := make([]byte, 0, 2*MaxProfile) // an Assessor writes behind what it gets
		plain, err := p.aead(key, userID).Open(room, nil, blob, nil)
		if err == nil && out.decode(plain) {
			return out, nil
		}
	}
	return profile{version: version}, nil
}

func (p *profiles) save(ctx context.Context, userID string, prof profile) error {
	blob := p.aead(p.keys.Reveal()[0], userID).Seal(nil, nil, prof.encode(), nil)
	if len(blob) > MaxProfile {
		return fmt.Errorf("session: profile: %d bytes, at most %d", len(blob), MaxProfile)
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	return p.store.SaveProfile(ctx, userID, blob, prof.version)
}

// aead returns the cipher for the blob of one user: AES-256-GCM with random
// nonces, whose key is derived from the user's ID, so that a blob that was moved
// to another user does not open.
func (p *profiles) aead(key []byte, userID string) cipher.AEAD {
	derived, err := hkdf.Key(sha256.New, key, nil, "signedin profile "+userID, 32)
	if err != nil {
		panic(err) // the length is right
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		panic(err) // the length is right
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // the block size is right
	}
	return aead
}

// profileVersion is written; the one before, which is also read, had no reviewed.
const profileVersion = 2

func (p *profile) encode() []byte {
	b := binary.BigEndian.AppendUint32([]byte{profileVersion}, p.reviewed)
	b = append(b, byte(len(p.devices)))
	for _, d := range p.devices {
		b = d.append(b)
	}
	return append(b, p.assessor...)
}

func (p *profile) decode(b []byte) bool {
	switch {
	case len(b) >= 2 && b[0] == 1:
		b = b[1:]
	case len(b) >= 6 && b[0] == profileVersion:
		p.reviewed, b = binary.BigEndian.Uint32(b[1:]), b[5:]
	default:
		return false
	}
	n, b := int(b[0]), b[1:]
	if n > maxKnownDevices || len(b) < n*knownDeviceLen {
		return false
	}
	p.devices = make(knownDevices, n)
	for i := range p.devices {
		p.devices[i] = decodeKnownDevice(b[i*knownDeviceLen:])
	}
	p.assessor = b[n*knownDeviceLen:]
	return true
}

// A DeviceID recognises a browser across sign-ins. It is random, is kept in a
// cookie of its own, and says nothing of who uses the browser. The zero
// DeviceID is none.
type DeviceID [16]byte

// NewDeviceID returns a random DeviceID.
func NewDeviceID() (id DeviceID) {
	_, _ = rand.Read(id[:])
	return id
}
