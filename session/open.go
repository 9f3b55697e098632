package session

import (
	"sync"
	"sync/atomic"
)

// openList holds what is open on one session. To add and to remove is a write
// of one word, without a lock, since every request does both; to walk it is
// rare. A Conn that was closed while others stood in front of it stays in the
// list until one of them is closed too.
type openList struct {
	first listHead
	wide  atomic.Pointer[[listHeads]wideHead] // made when requests of one session get into each other's way
}

// listHeads is how many parts the list of a busy session has, so that its
// connections do not all write to one cache line.
const listHeads = 16

type listHead struct {
	conn  atomic.Pointer[Conn]
	prune sync.Mutex
}

type wideHead struct {
	listHead
	_ [48]byte // keeps two of them off one cache line
}

// head returns the part of the list that c belongs to.
func (l *openList) head(c *Conn) *listHead {
	if wide := l.wide.Load(); wide != nil {
		return &wide[c.spread()%listHeads].listHead
	}
	return &l.first
}

// add puts c into the list. Who walks the list afterwards meets it.
func (l *openList) add(c *Conn) {
	for tries := 0; ; tries++ {
		h := l.head(c)
		old := h.conn.Load()
		c.next.Store(firstOpen(old))
		if h.conn.CompareAndSwap(old, c) {
			return
		}
		if tries == 1 && l.wide.Load() == nil {
			l.wide.CompareAndSwap(nil, new([listHeads]wideHead))
		}
	}
}

// remove takes c out, which is closed. If others stand in front of it, and
// somebody else is at it, that is left to them.
func (l *openList) remove(c *Conn) {
	if l.first.remove(c) {
		return
	}
	if wide := l.wide.Load(); wide != nil {
		wide[c.spread()%listHeads].remove(c)
	}
}

func (h *listHead) remove(c *Conn) bool {
	if h.conn.Load() == c && h.conn.CompareAndSwap(c, firstOpen(c.next.Load())) {
		return true
	}
	if !h.prune.TryLock() {
		return false
	}
	defer h.prune.Unlock()
	found := false
	for at := h.conn.Load(); at != nil; {
		next := at.next.Load()
		open := firstOpen(next)
		if open != next {
			at.next.Store(open) // one at a time, and what comes in front looks at the head alone
			found = true
		}
		at = open
	}
	return found
}

// firstOpen returns the first of c and those behind it that is not closed.
func firstOpen(c *Conn) *Conn {
	for c != nil && c.isClosed() {
		c = c.next.Load()
	}
	return c
}

// each calls f for each Conn that is open, until f says stop.
func (l *openList) each(f func(*Conn) (more bool)) {
	if !l.first.each(f) {
		return
	}
	wide := l.wide.Load()
	if wide == nil {
		return
	}
	for i := range wide {
		if !wide[i].each(f) {
			return
		}
	}
}

func (h *listHead) each(f func(*Conn) bool) bool {
	for c := firstOpen(h.conn.Load()); c != nil; c = firstOpen(c.next.Load()) {
		if !f(c) {
			return false
		}
	}
	return true
}

// any returns one that is open, nil if there is none.
func (l *openList) any() (open *Conn) {
	l.each(func(c *Conn) bool { open = c; return false })
	return open
}
