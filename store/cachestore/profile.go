package cachestore

import (
	"context"
	"errors"
	"fmt"

	"github.com/signedin/signedin/session"
)

var _ session.Profiles = (*Store)(nil)

var errNoProfiles = fmt.Errorf("cachestore: the store behind keeps no profiles: %w", errors.ErrUnsupported)

// Profile passes on: a sign-in reads one profile, which is no work for a cache.
func (st *Store) Profile(ctx context.Context, userID string) ([]byte, int64, error) {
	if p, ok := st.inner.(session.Profiles); ok {
		return p.Profile(ctx, userID)
	}
	return nil, 0, errNoProfiles
}

// SaveProfile passes on.
func (st *Store) SaveProfile(ctx context.Context, userID string, blob []byte, version int64) error {
	if p, ok := st.inner.(session.Profiles); ok {
		return p.SaveProfile(ctx, userID, blob, version)
	}
	return errNoProfiles
}
