package sqlstore

import (
	"context"
	"slices"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/internal/within"
)

// await waits for f, but no longer than ctx: lib/pq hears of the end of a
// context from the server only, and SQLite once it has got a lock. In a
// transaction of the host's it waits for f in any case, since f uses that.
func await[T any](ctx context.Context, st *Store, f func() (T, error)) (T, error) {
	if st.joined(ctx) != nil {
		return f()
	}
	return within.Do(ctx, f)
}

// again is await for what may be done a second time: a read, or a write that
// looks first. Where the server's default is serializable, a single read can be
// given up, too.
func again[T any](ctx context.Context, st *Store, f func() (T, error)) (T, error) {
	return await(ctx, st, func() (t T, err error) {
		err = st.persist(ctx, func() error {
			t, err = f()
			return err
		})
		return t, err
	})
}

// again0 is again for what has no result.
func again0(ctx context.Context, st *Store, f func() error) error {
	_, err := again(ctx, st, func() (struct{}, error) { return struct{}{}, f() })
	return err
}

// await0 is await for what has no result.
func await0(ctx context.Context, st *Store, f func() error) error {
	_, err := await(ctx, st, func() (struct{}, error) { return struct{}{}, f() })
	return err
}

// bounded calls f, the read of a request, for no longer than Config.ReadTimeout: by a
// worker, unless the driver keeps to the end of a context. What it started ends then by
// the driver's own patience.
//
// SQLite is not told of the context: database/sql and the driver have each a
// goroutine more to watch one, and the read of one row ends when the lock is given
// up, or by busy_timeout.
func bounded[T any](ctx context.Context, st *Store, f func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, st.cfg.ReadTimeout, errReadTimeout)
	defer cancel()
	reading := ctx
	if st.joined(ctx) == nil {
		if st.punctual {
			v, err := f(ctx)
			if err != nil && ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			return v, err
		}
		if st.dialect.oneWriter {
			reading = context.WithoutCancel(ctx)
		}
	}
	return within.DoBy(ctx, &st.workers, func() (T, error) { return f(reading) })
}

// inTime is await for what comes before there is a Store. A server that falls
// silent is one that cannot be reached.
func inTime[T any](ctx context.Context, d *dialect, f func() (T, error)) (T, error) {
	result, err := within.Do(ctx, f)
	if err != nil && err == context.Cause(ctx) { // else f says where it came to that
		err = trouble(d.advice, "the database cannot be reached, or not in time", err)
	}
	return result, err
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
