// Package within waits for calls no longer than their contexts, whatever a
// driver makes of those.
package within

import "context"

// Do runs f and returns what it does, or the cause of ctx once that is over: f
// may go on then, and its result is dropped.
func Do[T any](ctx context.Context, f func() (T, error)) (result T, err error) {
	if ctx.Done() == nil {
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
