package activity

import (
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/signedin/signedin/session"
)

const (
	// looksFor is how long it is remembered which sessions of a user with many
	// need a look: to find them, all are read.
	looksFor = 20 * time.Second
	maxLooks = 64 // users
)

// looks are the sessions that are in question, of users who have more than a
// page of them. What is done on the page takes them away.
type looks struct {
	mu  sync.Mutex
	all map[string]looked
}

type looked struct {
	at       time.Time
	sessions []*session.Session
}

func (l *looks) of(h *Handler, r *http.Request, userID string) ([]*session.Session, error) {
	now := h.manager.Now()
	l.mu.Lock()
	known, ok := l.all[userID]
	l.mu.Unlock()
	if ok && now.Sub(known.at) < looksFor {
		return known.sessions, nil
	}
	all, err := h.manager.List(r.Context(), userID)
	if err != nil {
		return nil, err
	}
	known = looked{at: now}
	for _, s := range all {
		if s.InQuestion() {
			known.sessions = append(known.sessions, s)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.all, func(_ string, k looked) bool { return now.Sub(k.at) >= looksFor || len(l.all) > maxLooks })
	if l.all == nil {
		l.all = make(map[string]looked)
	}
	l.all[userID] = known
	return known.sessions, nil
}

func (l *looks) forget(userID string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.all, userID)
}
