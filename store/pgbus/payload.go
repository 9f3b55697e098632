package pgbus

import (
	"encoding/base64"
	"encoding/binary"
	"slices"

	"github.com/signedin/signedin/session"
)

// A payload is a version, a kind, and the IDs one after the other in base64; of
// kindUser the ID to keep, the counter and the user's ID, and of kindEveryone the
// counter, as an ID. What an older binary does not know, or cannot cut into IDs,
// it takes for a message that was missed.
const (
	version = '1'

	kindEnded    = 'e'
	kindChanged  = 'c'
	kindEveryone = 'a'
	kindUser     = 'u'
	kindMissed   = 'm'
	kindProof    = 'p' // published by a listener to see whether it arrives
)

// maxIDs is how many IDs go into one payload, which PostgreSQL allows 7,999
// bytes: 374 of 16 bytes are 7,979 in base64.
const maxIDs = 374

// encode returns the payloads that tell of n.
func encode(n session.Message) (payloads []string) {
	if n.Missed {
		payloads = append(payloads, payload(kindMissed))
	}
	if n.Everyone {
		payloads = append(payloads, payload(kindEveryone, counter(n.Generations.Global)))
	}
	if n.UserID != "" {
		gen := counter(n.Generations.User)
		payloads = append(payloads, text(kindUser, slices.Concat(n.Keep[:], gen[:], []byte(n.UserID))))
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
	return text(kind, raw)
}

func text(kind byte, raw []byte) string {
	return string(base64.RawURLEncoding.AppendEncode([]byte{version, kind}, raw))
}

// counter is how a counter is written: as an ID.
func counter(n int64) (id session.ID) {
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	return id
}

func readCounter(id []byte) int64 { return int64(binary.BigEndian.Uint64(id[8:])) }

// decode returns what a payload tells; ok is false for a proof, which is not
// meant for others. What cannot be read, as from a later version, may have
// told of anything.
func decode(payload string) (n session.Message, ok bool) {
	n.Missed = true
	if len(payload) < 2 || payload[0] != version {
		return n, true
	}
	raw, err := base64.RawURLEncoding.DecodeString(payload[2:])
	const size = len(session.ID{})
	if err == nil && payload[1] == kindUser && len(raw) > 2*size {
		return session.Message{
			Keep: session.ID(raw[:size]), Generations: session.Generations{User: readCounter(raw[size : 2*size])},
			UserID: string(raw[2*size:]),
		}, true
	}
	if err != nil || len(raw)%size != 0 {
		return n, true
	}
	var ids []session.ID
	for id := range slices.Chunk(raw, size) {
		ids = append(ids, session.ID(id))
	}
	switch kind := payload[1]; {
	case kind == kindProof:
		return session.Message{}, false
	case kind == kindEveryone:
		if len(ids) == 0 { // of an older binary
			return session.Message{Everyone: true}, true
		}
		return session.Message{Everyone: true, Generations: session.Generations{Global: readCounter(ids[0][:])}}, true
	case kind == kindEnded && len(ids) > 0:
		return session.Message{Ended: ids}, true
	case kind == kindChanged && len(ids) > 0:
		return session.Message{Changed: ids}, true
	}
	return n, true
}
