package middleware

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/signedin/signedin/session"
)

// BePatient has last words wait for a machine that does much else.
func BePatient(d time.Duration) { lastWords = d }

// TakenOver is takenOver.
var TakenOver = takenOver

// Remembered returns how many of n hashes a memory keeps, and how many of n sessions
// are kept to be logged once a minute.
func Remembered(n int) (hashes, sessions int) {
	m, once := new(memory[int]), new(minutely)
	for i := range n {
		key := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
		m.put(key, i)
		once.allows(session.ID(key[:16]), time.Time{})
	}
	for i := range m {
		hashes += len(m[i].m)
	}
	return hashes, len(once.last)
}

// Get, Put and Replace are of what is known of cookies.
func (t *knownTable) Get(key [32]byte) *session.Known { return t.get(&key) }
func (t *knownTable) Put(k *session.Known)            { t.put(k) }
func (t *knownTable) Replace(old, k *session.Known)   { t.replace(old, k) }

// KnownTable is the table of them, and MaxKnown how many it keeps at most.
type KnownTable = knownTable

const MaxKnown = maxKnownSets * len(knownSet{})
