package cachestore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/signedin/signedin/session"
)

var _ session.Issuers = (*Store)(nil)

var errNoIssuers = fmt.Errorf("cachestore: the store behind knows no identity providers: %w", errors.ErrUnsupported)

// Sign-ins and sign-outs are no work for a cache: all of this passes on.

func (st *Store) issuers() (session.Issuers, error) {
	if i, ok := st.inner.(session.Issuers); ok {
		return i, nil
	}
	return nil, errNoIssuers
}

// KeepsIssued reports whether the store behind has [session.Issuers].
func (st *Store) KeepsIssued() bool {
	_, err := st.issuers()
	return err == nil
}

// Link passes on.
func (st *Store) Link(ctx context.Context, id session.ID, keys []session.IssuerKey, until time.Time) error {
	i, err := st.issuers()
	if err != nil {
		return err
	}
	return i.Link(ctx, id, keys, until)
}

// Linked passes on.
func (st *Store) Linked(ctx context.Context, key session.IssuerKey, after session.ID, limit int) ([]session.Owned, error) {
	i, err := st.issuers()
	if err != nil {
		return nil, err
	}
	return i.Linked(ctx, key, after, limit)
}

// Counters passes on.
func (st *Store) Counters(ctx context.Context, keys []session.IssuerKey) ([]int64, error) {
	i, err := st.issuers()
	if err != nil {
		return nil, err
	}
	return i.Counters(ctx, keys)
}

// Count passes on.
func (st *Store) Count(ctx context.Context, keys []session.IssuerKey, until time.Time) error {
	i, err := st.issuers()
	if err != nil {
		return err
	}
	return i.Count(ctx, keys, until)
}
