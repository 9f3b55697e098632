package session

import (
	"sync"
	"sync/atomic"
)

// below are the sessions that a bump of a counter has ended: those of a user,
// or of all if user is empty, under a smaller counter.
type below struct {
	user string
	keep ID
	gens Generations // the counter that was bumped; the other one is 0
}

// has reports whether the bump has ended s, as it was read.
func (b below) has(s *Session) bool {
	if b.user == "" {
		return s.Generations.Global < b.gens.Global
	}
	return s.UserID == b.user && s.ID != b.keep && (s.Generations.User < b.gens.User || b.gens.User == 0)
}

// bumps are the latest that this process has heard of, for requests under way
// that have read their session before, and are open only now.
type bumps struct {
	n      atomic.Uint64 // how many there were; grows under mu
	mu     sync.Mutex
	latest [keptBumps]below
}

// keptBumps is how many are remembered. A request that more than these overtook
// reads its session again.
const keptBumps = 256

func (b *bumps) add(e below) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.latest[b.n.Load()%keptBumps] = e
	b.n.Add(1)
}

// overtook reports whether one since the first so many has ended s. If they are
// not remembered any more, it is not known.
func (b *bumps) overtook(since uint64, s *Session) (ended, known bool) {
	if b.n.Load() == since {
		return false, true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.n.Load()
	if n-since > keptBumps {
		return false, false
	}
	for ; since < n; since++ {
		if b.latest[since%keptBumps].has(s) {
			return true, true
		}
	}
	return false, true
}

// cutBelow cuts what is open on the sessions that a bump has ended. What began
// under the new counter goes on.
func (h *Hub) cutBelow(b below) {
	h.bumps.add(b) // first: who registers later looks there
	h.each(func(l *live) {
		if s := l.session(); s != nil && b.has(s) {
			l.cut(ErrRevoked)
			h.drop(l)
		}
	})
}

// session returns the session that is open on l, as it was read, nil if nothing
// is.
func (l *live) session() *Session {
	if c := l.open.any(); c != nil {
		return c.view.s
	}
	return nil
}
