package pgbus

import (
	"encoding/base64"
	"slices"

	"github.com/signedin/signedin/session"
)

// A payload is a version, a kind, and the IDs one after the other in base64.
const (
	version = '1'

	kindEnded    = 'e'
	kindChanged  = 'c'
	kindEveryone = 'a'
	kindMissed   = 'm'
	kindProof    = 'p' // published by a listener to see whether it arrives
)

// maxIDs is how many IDs go into one payload, which PostgreSQL allows 7,999
// bytes: 374 of 16 bytes are 7,979 in base64.
const maxIDs = 374

// encode returns the payloads that tell of n.
func encode(n session.Notice) (payloads []string) {
	if n.Missed {
		payloads = append(payloads, payload(kindMissed))
	}
	if n.Everyone {
		payloads = append(payloads, payload(kindEveryone))
	}
	for ids := range slices.Chunk(n.Ended, maxIDs) {
		payloads = append(payloads, payload(kindEnded, ids...))
	}
	for ids := range slices.Chunk(n.Changed, maxIDs) {
		payloads = append(payloads, payload(kindChanged, ids...))
	}
	return payloads
}

func payload(kind byte, ids ...session.ID) string {
	raw := make([]byte, 0, len(ids)*len(session.ID{}))
	for _, id := range ids {
		raw = append(raw, id[:]...)
	}
	return string(base64.RawURLEncoding.AppendEncode([]byte{version, kind}, raw))
}

// decode returns what a payload tells; ok is false for a proof, which is not
// meant for others. What cannot be read, as from a later version, may have
// told of anything.
func decode(payload string) (n session.Notice, ok bool) {
	n.Missed = true
	if len(payload) < 2 || payload[0] != version {
		return n, true
	}
	raw, err := base64.RawURLEncoding.DecodeString(payload[2:])
	if err != nil || len(raw)%len(session.ID{}) != 0 {
		return n, true
	}
	var ids []session.ID
	for id := range slices.Chunk(raw, len(session.ID{})) {
		ids = append(ids, session.ID(id))
	}
	switch kind := payload[1]; {
	case kind == kindProof:
		return session.Notice{}, false
	case kind == kindEveryone:
		return session.Notice{Everyone: true}, true
	case kind == kindEnded && len(ids) > 0:
		return session.Notice{Ended: ids}, true
	case kind == kindChanged && len(ids) > 0:
		return session.Notice{Changed: ids}, true
	}
	return n, true
}
