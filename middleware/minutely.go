package middleware

import (
	"sync"
	"time"

	"github.com/signedin/signedin/session"
)

const maxMinutely = 4096

// minutely allows something once a minute for each session. It forgets when it is
// full, and then allows more.
type minutely struct {
	mu   sync.Mutex
	last map[session.ID]time.Time
}

func (m *minutely) allows(id session.ID, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if last, ok := m.last[id]; ok && now.Sub(last) < time.Minute && !now.Before(last) {
		return false
	}
	if m.last == nil || len(m.last) >= maxMinutely {
		m.last = make(map[session.ID]time.Time)
	}
	m.last[id] = now
	return true
}
