package sqlstore

import (
	"context"
	"slices"

	"github.com/signedin/signedin/session"
)

// await waits for f, but no longer than ctx: lib/pq hears of the end of a
// context from the server only, and SQLite once it has got a lock. In a
// transaction of the host's it waits for f in any case, since f uses that.
func await[T any](ctx context.Context, st *Store, f func() (T, error)) (result T, err error) {
	if ctx.Done() == nil || st.joined(ctx) != nil {
		return f()
	}
	if ctx.Err() != nil {
		return result, context.Cause(ctx)
	}
	type answer struct {
		result T
		err    error
	}
	answers := make(chan answer, 1)
	go func() {
		r, err := f()
		answers <- answer{r, err}
	}()
	select {
	case a := <-answers:
		return a.result, a.err
	case <-ctx.Done():
		return result, context.Cause(ctx)
	}
}

// await0 is await for what has no result.
func await0(ctx context.Context, st *Store, f func() error) error {
	_, err := await(ctx, st, func() (struct{}, error) { return struct{}{}, f() })
	return err
}

// own returns r without what the caller may change: it may be looked at when
// the call has returned.
func own(r session.Revocation) session.Revocation {
	r.Only = slices.Clone(r.Only)
	if r.Keep != nil {
		r.Keep = r.Keep.Clone()
	}
	return r
}
