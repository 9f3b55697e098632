package storetest

import (
	"context"
	"sync/atomic"

	"github.com/signedin/signedin/session"
)

// Hooked is a Store that calls Before and After around each call of another
// one, with the name of the method: to hold it up, to let something else
// happen in between, or to fail it. Both may be nil, and are called
// concurrently.
type Hooked struct {
	Store session.Store
	// Before comes before the call. If it returns an error, the call is not
	// made and returns that.
	Before func(method string) error
	// After comes once the call has had its effect. If it returns an error,
	// the call returns that: the effect stays, its answer is lost.
	After func(method string) error

	calls atomic.Int64
}

var _ session.Store = (*Hooked)(nil)

// Failing returns a Store like store whose n-th call, counted from 1, fails
// with err and has no effect. The next ones work. [Hooked.Calls] tells whether
// it has come to that.
func Failing(store session.Store, n int, err error) *Hooked {
	return &Hooked{Store: store, Before: nth(n, err)}
}

// FailingLate is [Failing] for an answer that gets lost: the n-th call has its
// effect, and fails.
func FailingLate(store session.Store, n int, err error) *Hooked {
	return &Hooked{Store: store, After: nth(n, err)}
}

func nth(n int, err error) func(string) error {
	var calls atomic.Int64
	return func(string) error {
		if calls.Add(1) == int64(n) {
			return err
		}
		return nil
	}
}

// Calls returns how many calls were made.
func (h *Hooked) Calls() int { return int(h.calls.Load()) }

// call makes one call between the hooks.
func call[T any](h *Hooked, method string, f func() (T, error)) (result T, err error) {
	h.calls.Add(1)
	if h.Before != nil {
		if err := h.Before(method); err != nil {
			return result, err
		}
	}
	done, err := f()
	if h.After != nil {
		if late := h.After(method); late != nil {
			return result, late
		}
	}
	return done, err
}

// Create calls Create of the Store.
func (h *Hooked) Create(ctx context.Context, s *session.Session) error {
	_, err := call(h, "Create", func() (struct{}, error) { return struct{}{}, h.Store.Create(ctx, s) })
	return err
}

// Get calls Get of the Store.
func (h *Hooked) Get(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
	type answer struct {
		s *session.Session
		g session.Generations
	}
	a, err := call(h, "Get", func() (a answer, err error) {
		a.s, a.g, err = h.Store.Get(ctx, id)
		return a, err
	})
	return a.s, a.g, err
}

// GetMany calls GetMany of the Store.
func (h *Hooked) GetMany(ctx context.Context, ids []session.ID) ([]session.Found, error) {
	return call(h, "GetMany", func() ([]session.Found, error) { return h.Store.GetMany(ctx, ids) })
}

// CountLive calls CountLive of the Store.
func (h *Hooked) CountLive(ctx context.Context, userID string) (int, error) {
	return call(h, "CountLive", func() (int, error) { return h.Store.CountLive(ctx, userID) })
}

// List calls List of the Store.
func (h *Hooked) List(ctx context.Context, q session.Query) ([]*session.Session, error) {
	return call(h, "List", func() ([]*session.Session, error) { return h.Store.List(ctx, q) })
}

// Update calls Update of the Store.
func (h *Hooked) Update(ctx context.Context, s *session.Session) error {
	_, err := call(h, "Update", func() (struct{}, error) { return struct{}{}, h.Store.Update(ctx, s) })
	return err
}

// Touch calls Touch of the Store.
func (h *Hooked) Touch(ctx context.Context, touches []session.Touch) error {
	_, err := call(h, "Touch", func() (struct{}, error) { return struct{}{}, h.Store.Touch(ctx, touches) })
	return err
}

// Revoke calls Revoke of the Store.
func (h *Hooked) Revoke(ctx context.Context, r session.Revocation) (session.Revoked, error) {
	return call(h, "Revoke", func() (session.Revoked, error) { return h.Store.Revoke(ctx, r) })
}

// Mark calls Mark of the Store.
func (h *Hooked) Mark(ctx context.Context, userID string, limit int) (bool, error) {
	return call(h, "Mark", func() (bool, error) { return h.Store.Mark(ctx, userID, limit) })
}

// Generation calls Generation of the Store.
func (h *Hooked) Generation(ctx context.Context, userID string) (session.Generations, error) {
	return call(h, "Generation", func() (session.Generations, error) { return h.Store.Generation(ctx, userID) })
}

// Purge calls Purge of the Store.
func (h *Hooked) Purge(ctx context.Context, p session.Purge) (session.Purged, error) {
	return call(h, "Purge", func() (session.Purged, error) { return h.Store.Purge(ctx, p) })
}
