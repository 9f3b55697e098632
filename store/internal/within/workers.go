package within

import (
	"sync"
	"sync/atomic"
	"time"
)

// Workers are goroutines for [DoBy] that stay for a moment when they are done: the
// stack of a new one has to grow each time, which takes a driver as long as to read a
// row. There are as many as calls at once. The zero value has none.
type Workers struct {
	once    sync.Once
	calls   chan func()
	waiting atomic.Int32
}

const (
	// maxWaiting bounds those that wait for a call.
	maxWaiting = 64
	// patience is how long one waits, or up to twice as long.
	patience = time.Second
)

// do has f called by one that waits, or by a new one.
func (w *Workers) do(f func()) {
	w.once.Do(func() { w.calls = make(chan func()) })
	select {
	case w.calls <- f:
	default:
		go w.work(f)
	}
}

func (w *Workers) work(f func()) {
	f()
	tick := time.NewTicker(patience)
	defer tick.Stop()
	for busy := true; w.waiting.Add(1) <= maxWaiting; {
		select {
		case f = <-w.calls:
			w.waiting.Add(-1)
			f()
			busy = true
		case <-tick.C:
			w.waiting.Add(-1)
			if !busy {
				return
			}
			busy = false
		}
	}
	w.waiting.Add(-1)
}
