package session

import (
	"crypto/subtle"
	"time"
)

// RotationGrace is how long after its first sight the next secret has to be seen
// again for the previous one to be retired. A browser writes what it was sent to
// its disk some time later (Chromium every 30 seconds), so until then it may fall
// back on the previous one.
const RotationGrace = 2 * time.Minute

// which of a session's secrets a credential knows.
type which uint8

const (
	secretWrong    which = iota
	secretCurrent        // the one in force
	secretPrevious       // the one before, not retired yet
	secretReplaced       // one that was good once
)

// match compares in constant time: how near a wrong secret came to one of them
// cannot be told. That the current one was right may be seen, it shows anyway.
func (s *Secrets) match(h SecretHash) which {
	if subtle.ConstantTimeCompare(s.Current[:], h[:]) == 1 && !h.IsZero() {
		return secretCurrent
	}
	if h.IsZero() {
		return secretWrong
	}
	previous := subtle.ConstantTimeCompare(s.Previous[:], h[:])
	older := subtle.ConstantTimeCompare(s.Older[:], h[:])
	switch {
	case previous == 1:
		return secretPrevious
	case older == 1:
		return secretReplaced
	}
	return secretWrong
}

// isNews reports whether there is something to note when the current secret is
// seen at that time.
func (s *Secrets) isNews(now time.Time) bool {
	return s.SeenAt.IsZero() || s.mayRetire(now)
}

// mayRetire reports whether the previous secret is of no use any more to whoever
// shows the current one at that time.
func (s *Secrets) mayRetire(now time.Time) bool {
	return !s.Previous.IsZero() && !s.SeenAt.IsZero() && now.Sub(s.SeenAt) >= RotationGrace
}

// see notes that the current secret was shown. With the previous one goes what
// derives the current one from it.
func (s *Secrets) see(now time.Time) {
	if s.mayRetire(now) {
		s.Previous, s.Older, s.Salt = SecretHash{}, s.Previous, Salt{}
	}
	if s.SeenAt.IsZero() {
		s.SeenAt = now
	}
}

// rotate makes next the current secret, and has known lead to it by salt.
func (s *Secrets) rotate(known, next SecretHash, salt Salt, now time.Time) {
	older := s.Previous
	if older.IsZero() {
		older = s.Older
	}
	*s = Secrets{Current: next, Previous: known, Older: older, Salt: salt, RotatedAt: now}
}

// replace makes next the current secret, and all others dead.
func (s *Secrets) replace(next SecretHash, now time.Time) {
	shown := s.Current
	if s.SeenAt.IsZero() { // the client has not got it
		shown = s.Previous
	}
	*s = Secrets{Current: next, Older: shown, RotatedAt: now, SeenAt: now}
}

// lostCookies is for how long after a security rotation the secret before it is
// no sign of a thief: requests are under way, and a browser that crashed has lost
// what it was sent in its last minute.
const lostCookies = time.Minute

// wasJustReplaced reports whether the former secret was replaced for safety,
// lately.
func (s *Secrets) wasJustReplaced(now time.Time) bool {
	return s.Previous.IsZero() && now.Sub(s.RotatedAt) < lostCookies
}
