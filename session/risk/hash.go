package risk

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
)

// hasher hashes what is seen of one user, with a key of the user's own.
type hasher struct{ k0, k1 uint64 }

func (a *Assessor) hasher(userID string) hasher {
	var buf [sha256.Size + 255]byte // user IDs are at most 255 bytes
	sum := sha256.Sum256(append(append(buf[:0], a.key[:]...), userID...))
	return hasher{binary.LittleEndian.Uint64(sum[:]), binary.LittleEndian.Uint64(sum[8:])}
}

// words returns the hash of a trait that is told in words.
func (h hasher) words(t trait, words ...string) uint32 {
	var buf [128]byte
	b := append(buf[:0], byte(t))
	for _, s := range words {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(s)))
		b = append(b, s...)
	}
	return h.hash(b)
}

// hash returns 32 bits of a hash that nobody can compute without the key. It is
// never 0.
func (h hasher) hash(b []byte) uint32 { return max(1, uint32(h.sum(b))) }

// sum is SipHash-2-4 (Aumasson and Bernstein, 2012), which is made for keyed hashes of
// short strings: it takes a fraction of the time of SHA-256.
func (h hasher) sum(b []byte) uint64 {
	v0, v1, v2, v3 := h.k0^0x736f6d6570736575, h.k1^0x646f72616e646f6d, h.k0^0x6c7967656e657261, h.k1^0x7465646279746573
	last := uint64(len(b)) << 56
	for len(b) >= 8 {
		m := binary.LittleEndian.Uint64(b)
		v0, v1, v2, v3 = sipRound(sipRound(v0, v1, v2, v3^m))
		v0, b = v0^m, b[8:]
	}
	for i, c := range b {
		last |= uint64(c) << (8 * i)
	}
	v0, v1, v2, v3 = sipRound(sipRound(v0, v1, v2, v3^last))
	v0, v1, v2, v3 = sipRound(sipRound(v0^last, v1, v2^0xff, v3))
	v0, v1, v2, v3 = sipRound(sipRound(v0, v1, v2, v3))
	return v0 ^ v1 ^ v2 ^ v3
}

func sipRound(v0, v1, v2, v3 uint64) (uint64, uint64, uint64, uint64) {
	v0 += v1
	v2 += v3
	v1 = bits.RotateLeft64(v1, 13) ^ v0
	v3 = bits.RotateLeft64(v3, 16) ^ v2
	v2 += v1
	v0 = bits.RotateLeft64(v0, 32) + v3
	v1 = bits.RotateLeft64(v1, 17) ^ v2
	v3 = bits.RotateLeft64(v3, 21) ^ v0
	return v0, v1, bits.RotateLeft64(v2, 32), v3
}
