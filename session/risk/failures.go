package risk

import (
	"hash/maphash"
	"sync"
	"time"
)

const (
	failureWindow = time.Hour
	maxFailures   = 10   // as many as make a difference
	failureSlots  = 4096 // 400 kB
)

// failures counts wrong passwords of the last hour, in bounded memory: users
// that fall on the same slot push each other out.
type failures struct {
	seed  maphash.Seed
	mu    sync.Mutex
	slots []failure // made with the first failure
}

// failure holds the latest wrong passwords of one user, in seconds since 1970.
type failure struct {
	user uint64
	n    int
	at   [maxFailures]int64
}

func (f *failures) add(userID string, at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.slots == nil {
		f.slots = make([]failure, failureSlots)
	}
	user := maphash.String(f.seed, userID)
	s := &f.slots[user%failureSlots]
	if s.user != user {
		*s = failure{user: user}
	}
	s.at[s.n%maxFailures] = at.Unix()
	if s.n++; s.n == 2*maxFailures {
		s.n = maxFailures
	}
}

// count returns how many there were in the hour up to a time.
func (f *failures) count(userID string, at time.Time) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.slot(userID)
	if s == nil {
		return 0
	}
	for _, t := range s.at[:min(s.n, maxFailures)] {
		if ago := at.Unix() - t; ago >= 0 && ago < int64(failureWindow/time.Second) {
			n++
		}
	}
	return n
}

// clear forgets those of a user that has signed in.
func (f *failures) clear(userID string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := f.slot(userID); s != nil {
		*s = failure{}
	}
}

func (f *failures) slot(userID string) *failure {
	if f.slots == nil {
		return nil
	}
	user := maphash.String(f.seed, userID)
	if s := &f.slots[user%failureSlots]; s.user == user {
		return s
	}
	return nil
}
