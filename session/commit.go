package session

import (
	"context"
	"slices"
	"sync"
)

// Pending holds what has to wait for a transaction of the host's: what was
// revoked in it must not be cut, and nobody be told of it, before it is
// committed.
type Pending struct {
	mu        sync.Mutex
	committed bool
	wait      []waiting
}

type waiting struct {
	f      func()
	anyway bool // also if nobody knows whether it was committed
}

type pendingKey struct{}

// Hold returns a context whose revocations and changes wait with their
// consequences until [Pending.Committed] is called. It is for a Store that
// joins a transaction of the host's; if that is rolled back, forget the
// Pending.
func Hold(ctx context.Context) (context.Context, *Pending) {
	p := new(Pending)
	return context.WithValue(ctx, pendingKey{}, p), p
}

// Committed says that the transaction is committed. Call it once.
func (p *Pending) Committed() {
	p.mu.Lock()
	wait := p.wait
	p.wait, p.committed = nil, true
	p.mu.Unlock()
	for _, w := range wait {
		w.f()
	}
}

// Unknown says that the commit failed, and it is not known whether it happened:
// nobody is cut and nobody told, but copies of what it may have changed are
// forgotten.
func (p *Pending) Unknown() {
	p.mu.Lock()
	wait := slices.Clone(p.wait)
	p.mu.Unlock()
	for _, w := range wait {
		if w.anyway {
			w.f()
		}
	}
}

// AfterCommit calls f when the transaction that ctx belongs to is committed,
// at once if there is none: for what must not happen if it is rolled back, as
// sending a new cookie.
func AfterCommit(ctx context.Context, f func()) {
	after(ctx, waiting{f: f})
}

// AfterAnyCommit is [AfterCommit] for what does no harm if nothing was
// committed, as forgetting a copy: f is also called by [Pending.Unknown].
func AfterAnyCommit(ctx context.Context, f func()) {
	after(ctx, waiting{f, true})
}

func after(ctx context.Context, w waiting) {
	if p, ok := ctx.Value(pendingKey{}).(*Pending); !ok || !p.hold(w) {
		w.f()
	}
}

// Held reports whether ctx belongs to a transaction of the host's that is not
// committed yet: what a Store reads by it, others do not see.
func Held(ctx context.Context) bool {
	p, ok := ctx.Value(pendingKey{}).(*Pending)
	return ok && p.held()
}

func (p *Pending) held() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.committed
}

// hold keeps w for later, unless the transaction is committed already.
func (p *Pending) hold(w waiting) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.committed {
		p.wait = append(p.wait, w)
	}
	return !p.committed
}
