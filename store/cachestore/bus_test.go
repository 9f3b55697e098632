package cachestore_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/cachestore"
)

// wire joins the buses of several instances in one process.
type wire struct {
	mu   sync.Mutex
	ends []*end
}

// end is the bus of one instance.
type end struct {
	wire  *wire
	beat  time.Duration
	wake  chan struct{}
	queue []session.Message // under wire.mu
	cut   bool              // nothing arrives, and what comes meanwhile is lost; under wire.mu

	signs atomic.Int64 // that were given
}

var _ session.Bus = (*end)(nil)

func (w *wire) end(beat time.Duration) *end {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := &end{wire: w, beat: beat, wake: make(chan struct{}, 1)}
	w.ends = append(w.ends, e)
	return e
}

func (w *wire) publish(n session.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.ends {
		if e.cut {
			continue
		}
		e.queue = append(e.queue, n)
		select {
		case e.wake <- struct{}{}:
		default:
		}
	}
}

// set cuts the bus of one instance, or mends it.
func (e *end) set(cut bool) {
	e.wire.mu.Lock()
	defer e.wire.mu.Unlock()
	if e.cut && !cut {
		e.queue = append(e.queue, session.Message{Missed: true})
	}
	e.cut = cut
}

func (e *end) Observe(_ context.Context, ev session.Event) {
	if n, ok := ev.Message(); ok {
		e.wire.publish(n)
	}
}

func (e *end) Run(ctx context.Context, receive func(session.Message)) error {
	receive(session.Message{Missed: true})
	beat := time.NewTicker(e.beat)
	defer beat.Stop()
	for {
		sign := false
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-e.wake:
		case <-beat.C:
			sign = true
		}
		e.wire.mu.Lock()
		all, cut := e.queue, e.cut
		e.queue = nil
		e.wire.mu.Unlock()
		for _, n := range all {
			receive(n)
		}
		if sign && !cut {
			receive(session.Message{})
			e.signs.Add(1)
		}
	}
}

// instance is one process: its cache, its Manager and its end of the wire.
type instance struct {
	*session.Manager
	cache *cachestore.Store
	bus   *end
}

// start runs a cache in front of inner until the test ends, and waits until it
// believes its copies.
func (w *wire) start(t testing.TB, inner session.Store, cfg cachestore.Config, beat time.Duration) *instance {
	t.Helper()
	cache, err := cachestore.New(inner, cfg)
	if err != nil {
		t.Fatal(err)
	}
	i := &instance{cache: cache, bus: w.end(beat)}
	i.Manager, err = session.New(cache, session.Config{Observers: []session.Observer{i.bus}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan error)
	go func() { stopped <- cache.Run(ctx, i.bus, i.Hub()) }()
	t.Cleanup(func() {
		cancel()
		if err := <-stopped; err != context.Canceled {
			t.Errorf("Run: got %v, want that it was cancelled", err)
		}
	})
	for time.Sleep(2 * beat); i.bus.signs.Load() == 0; {
		time.Sleep(beat)
	}
	return i
}

// newBus returns the bus of a process that has no other beside it.
func newBus() session.Bus { return new(wire).end(time.Second) }
