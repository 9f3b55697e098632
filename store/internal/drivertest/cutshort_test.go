package drivertest_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"
)

// cutShort returns a context that lets others run whenever a store looks at it,
// and that is cancelled in the middle of some calls: at one of those looks, or
// some time later.
func (c *client) cutShort(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	looked := &lookedAt{Context: ctx, cancel: cancel}
	if c.rng == nil || c.rng.IntN(8) > 0 || c.lost.Load() >= maxLost {
		return looked, cancel
	}
	if c.rng.IntN(2) == 0 {
		looked.left.Store(1 + c.rng.Int64N(8))
		return looked, cancel
	}
	timer := time.AfterFunc(time.Duration(c.rng.IntN(3000))*time.Microsecond, cancel)
	return looked, func() { timer.Stop(); cancel() }
}

// lookedAt is cancelled when it has been looked at so many times, if that is
// not 0.
type lookedAt struct {
	context.Context
	cancel context.CancelFunc
	left   atomic.Int64
}

func (l *lookedAt) look() {
	runtime.Gosched()
	if l.left.Add(-1) == 0 {
		l.cancel()
	}
}

func (l *lookedAt) Done() <-chan struct{} {
	l.look()
	return l.Context.Done()
}

func (l *lookedAt) Err() error {
	l.look()
	return l.Context.Err()
}
