package memstore

import (
	"bytes"
	"context"
	"time"

	"github.com/signedin/signedin/session"
)

var _ session.Profiles = (*Store)(nil)

// Profile returns the user's blob and its version.
func (st *Store) Profile(ctx context.Context, userID string) ([]byte, int64, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	u := st.users.get(userID)
	if u == nil {
		return nil, 0, nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.extra == nil {
		return nil, 0, nil
	}
	return bytes.Clone(u.extra.profile), u.extra.profiled, nil
}

// SaveProfile stores a blob in the place of the one that has that version.
func (st *Store) SaveProfile(ctx context.Context, userID string, blob []byte, version int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	u := st.lock(userID)
	defer u.mu.Unlock()
	defer st.forget(u, time.Time{})
	x := u.more()
	if x.profiled != version {
		return session.ErrConflict
	}
	x.profile, x.profiled = bytes.Clone(blob), version+1
	return nil
}
