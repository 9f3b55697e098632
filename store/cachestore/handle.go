package cachestore

import (
	"context"

	"github.com/signedin/signedin/session"
)

var _ session.Handles = (*Store)(nil)

// Hold is Get, with the copy as the handle, if there is one.
func (st *Store) Hold(ctx context.Context, id session.ID) (*session.Session, session.Generations, session.Handle, error) {
	s, gens, c, err := st.get(ctx, id)
	if c == nil {
		return s, gens, nil, err
	}
	return s, gens, c, err
}

// Holds reports whether the copy is still believed.
func (c *entry) Holds(ctx context.Context) (bool, error) {
	st := c.st
	now := st.lease.now()
	if !st.lease.holds(now) || !st.copies.believes(c, now) || session.Held(ctx) {
		return false, nil
	}
	st.copies.shard(c.s.ID).use(c, now)
	return true, nil
}
