package session

import "sync"

// A Subscription tells that a list of one user's sessions may have changed.
type Subscription struct {
	// C gets a value when something has happened to the user's sessions: in this
	// process, or in another one if its [Bus] tells of the sessions that were named
	// with See. It holds one value; who is slow misses none.
	C <-chan struct{}

	c      chan struct{}
	userID string
	of     *watches

	mu  sync.Mutex
	ids map[ID]bool
}

// Subscribe returns a Subscription to what happens to the user's sessions, to be stopped.
func (m *Manager) Subscribe(userID string) *Subscription {
	c := make(chan struct{}, 1)
	w := &Subscription{C: c, c: c, userID: userID, of: &m.hub.watches}
	w.of.mu.Lock()
	defer w.of.mu.Unlock()
	if w.of.all == nil {
		w.of.all = make(map[*Subscription]bool)
	}
	w.of.all[w] = true
	return w
}

// See names the sessions that are in the list.
func (w *Subscription) See(all []*Session) {
	ids := make(map[ID]bool, len(all))
	for _, s := range all {
		ids[s.ID] = true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ids = ids
}

// Stop ends the Subscription. It may be called more than once.
func (w *Subscription) Stop() {
	w.of.mu.Lock()
	defer w.of.mu.Unlock()
	delete(w.of.all, w)
}

func (w *Subscription) sees(ids []ID) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		if w.ids[id] {
			return true
		}
	}
	return false
}

// watches are all that is watched in this process: the pages that are open.
type watches struct {
	mu  sync.RWMutex
	all map[*Subscription]bool
}

func (s *watches) tell(concerns func(*Subscription) bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for w := range s.all {
		if concerns(w) {
			select {
			case w.c <- struct{}{}:
			default: // there is one already
			}
		}
	}
}

// happened tells those that watch the user of e, or all if that is everybody.
func (s *watches) happened(e Event) {
	s.tell(func(w *Subscription) bool { return e.UserID == "" || w.userID == e.UserID })
}

// received tells those that see what another process tells of.
func (s *watches) received(n Message) {
	if n.Everyone || n.Missed || len(n.Ended)+len(n.Changed) > 0 {
		s.tell(func(w *Subscription) bool { return n.Everyone || n.Missed || w.sees(n.Ended) || w.sees(n.Changed) })
	}
}
