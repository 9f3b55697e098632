// Package within waits for calls no longer than their contexts, whatever a
// driver makes of those.
package within

import "context"

// Do runs f and returns what it does, or the cause of ctx once that is over: f
// may go on then, and its result is dropped.
func Do[T any](ctx context.Context, f func() (T, error)) (T, error) {
	return do(ctx, f, func(f func()) { go f() })
}

// DoBy is Do by one of the workers, for what is called with each request.
func DoBy[T any](ctx context.Context, w *Workers, f func() (T, error)) (T, error) {
	return do(ctx, f, w.do)
}

func do[T any](ctx context.Context, f func() (T, error), by func(func())) (result T, err error) {
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
	by(func() {
		r, err := f()
		answers <- answer{r, err}
	})
	select {
	case a := <-answers:
		return a.result, a.err
	case <-ctx.Done():
		return result, context.Cause(ctx)
	}
}
