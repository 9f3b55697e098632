package memstore

import (
	"sync"
	"time"
)

// dueQueue gives out records in the order of time. A session that is touched
// is not moved: when its turn comes it is looked at, and put back.
type dueQueue struct {
	mu sync.Mutex
	h  []turn // a heap
}

// turn is when a record is looked at, in milliseconds since 1970.
type turn struct {
	at  int64
	rec *record
}

// put gives rec its turn at that time, instead of the one that it may have.
func (q *dueQueue) put(rec *record, at time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	t := turn{ceilMilli(at), rec}
	if rec.place == 0 {
		q.h = append(q.h, t)
		q.up(len(q.h)-1, t)
		return
	}
	q.settle(int(rec.place-1), t)
}

// ceilMilli returns the first millisecond that is not before t.
func ceilMilli(t time.Time) int64 { return t.Add(time.Millisecond - 1).UnixMilli() }

// remove takes rec out, so that nothing of it stays in memory.
func (q *dueQueue) remove(rec *record) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if rec.place > 0 {
		q.take(int(rec.place - 1))
	}
}

// pop returns the next record whose time is not after at, or nil.
func (q *dueQueue) pop(at time.Time) *record {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.h) == 0 || q.h[0].at > at.UnixMilli() {
		return nil
	}
	return q.take(0)
}

func (q *dueQueue) isDue(at time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.h) > 0 && q.h[0].at <= at.UnixMilli()
}

func (q *dueQueue) take(i int) *record {
	rec, last := q.h[i].rec, len(q.h)-1
	t := q.h[last]
	q.h[last] = turn{}
	q.h = q.h[:last]
	if i < last {
		q.settle(i, t)
	}
	rec.place = 0
	return rec
}

// settle puts t where it belongs, from the place i, which is free, on.
func (q *dueQueue) settle(i int, t turn) {
	if i > 0 && t.at < q.h[(i-1)/2].at {
		q.up(i, t)
	} else {
		q.down(i, t)
	}
}

func (q *dueQueue) up(i int, t turn) {
	for i > 0 && t.at < q.h[(i-1)/2].at {
		q.set(i, q.h[(i-1)/2])
		i = (i - 1) / 2
	}
	q.set(i, t)
}

func (q *dueQueue) down(i int, t turn) {
	for {
		child := 2*i + 1
		if child+1 < len(q.h) && q.h[child+1].at < q.h[child].at {
			child++
		}
		if child >= len(q.h) || t.at <= q.h[child].at {
			break
		}
		q.set(i, q.h[child])
		i = child
	}
	q.set(i, t)
}

func (q *dueQueue) set(i int, t turn) {
	q.h[i] = t
	t.rec.place = int32(i + 1) //nolint:gosec // two billion sessions do not fit into memory
}
