package cachestore

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/signedin/signedin/session"
)

// A lease says until when copies are believed.
type lease struct {
	start   time.Time // what the times here and in the table count from
	length  time.Duration
	until   atomic.Int64 // time.Duration; 0 for not at all
	running atomic.Bool
	missed  atomic.Int64
}

func (l *lease) now() time.Duration { return time.Since(l.start) }

func (l *lease) holds(now time.Duration) bool { return int64(now) < l.until.Load() }

func (l *lease) left() time.Duration { return max(0, time.Duration(l.until.Load())-l.now()) }

// Run has the Store learn by bus what other instances do to sessions, and hub
// cut what is open here on those that end, until ctx is done; it returns what
// bus.Run returned. Copies are made and believed only while it runs and bus
// gives signs of life. One Run at a time.
func (st *Store) Run(ctx context.Context, bus session.Bus, hub *session.Hub) error {
	if !st.lease.running.CompareAndSwap(false, true) {
		return errors.New("cachestore: Run is running already")
	}
	defer st.lease.running.Store(false)
	defer st.lease.until.Store(0)
	r := receiver{st: st, sign: st.lease.now()}
	return bus.Run(ctx, func(n session.Message) {
		r.receive(n)
		hub.Receive(n) // once copies are gone: who is cut comes back at once
	})
}

// receiver is one run of a bus.
type receiver struct {
	st *Store
	// sign is when the last sign of life came. The next one proves that what
	// was published until then has arrived, and no more: how long it was under
	// way itself, nobody knows. So the lease counts from the sign before.
	sign time.Duration
}

func (r *receiver) receive(n session.Message) {
	st := r.st
	if n.Missed || n.Everyone {
		st.copies.forgetAll()
	}
	if n.UserID != "" {
		st.copies.forgetUser(n.UserID)
	}
	st.copies.forget(n.Ended...)
	st.copies.forget(n.Changed...)
	if n.Missed {
		st.lease.missed.Add(1)
		st.lease.until.Store(0)
		r.sign = st.lease.now()
	} else if n.IsZero() {
		st.lease.until.Store(int64(r.sign + st.lease.length))
		r.sign = st.lease.now()
		st.copies.sweep(r.sign)
	}
}
