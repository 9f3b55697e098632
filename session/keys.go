package session

import (
	"bytes"
	"fmt"
	"log/slog"
)

// minKey is the fewest bytes of a key: 256 bits, for HMAC-SHA-256 and AES-256.
const minKey = 32

// Keys are secrets that seal or sign. The first seals, all of them open, so that
// a key can be replaced: put the new one behind the old one on every instance,
// then before it, and take the old one away once nothing needs it. The zero Keys
// are none.
//
// Neither fmt, slog nor an encoder prints them, also as a field of something
// else.
type Keys struct {
	// A func, since fmt and slog call no method of what is in an unexported
	// field, and print all but the inside of one.
	all func() [][]byte
}

// NewKeys returns keys, each of at least 32 bytes of crypto/rand: made once,
// kept as a secret, the same on all instances. Who takes them checks that.
func NewKeys(keys ...[]byte) Keys {
	if len(keys) == 0 {
		return Keys{}
	}
	own := make([][]byte, len(keys))
	for i, key := range keys {
		own[i] = bytes.Clone(key)
	}
	return Keys{func() [][]byte { return own }}
}

// Reveal returns the keys, which the caller must not change.
func (k Keys) Reveal() [][]byte {
	if k.all == nil {
		return nil
	}
	return k.all()
}

// IsZero reports whether there are none.
func (k Keys) IsZero() bool { return k.all == nil }

// Check returns an error if a key is too short, or was never filled in.
func (k Keys) Check() error {
	for i, key := range k.Reveal() {
		switch {
		case len(key) < minKey:
			return fmt.Errorf("key %d: %d bytes, want at least %d", i, len(key), minKey)
		case bytes.Count(key, key[:1]) == len(key):
			return fmt.Errorf("key %d: all bytes are equal", i)
		}
	}
	return nil
}

// String returns "[secret]".
func (k Keys) String() string { return redacted }

// GoString returns "[secret]".
func (k Keys) GoString() string { return redacted }

// Format writes "[secret]", whatever the verb.
func (k Keys) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue returns "[secret]".
func (k Keys) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns "[secret]", so that no encoder reveals them.
func (k Keys) MarshalText() ([]byte, error) { return []byte(redacted), nil }
