package risk_test

import (
	"testing"

	"github.com/signedin/signedin/session/risk"
)

// TestSipHash holds the hash against the vectors of its authors (SipHash-2-4, key 00 to 0f,
// messages of as many bytes, 00, 01 and so on).
func TestSipHash(t *testing.T) {
	key, message := make([]byte, 16), make([]byte, 15)
	for i := range key {
		key[i] = byte(i)
	}
	for i := range message {
		message[i] = byte(i)
	}
	for n, want := range map[int]uint64{0: 0x726fdb47dd0e0e31, 1: 0x74f839c593dc67fd, 7: 0xab0200f58b01d137, 8: 0x93f5f5799a932462, 15: 0xa129ca6149be45e5} {
		if got := risk.SipHash([16]byte(key), message[:n]); got != want {
			t.Errorf("of %d bytes: got %x, want %x", n, got, want)
		}
	}
}
