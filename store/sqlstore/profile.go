package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"

	"github.com/signedin/signedin/session"
)

var _ session.Profiles = (*Store)(nil)

// Profile returns the user's blob and its version.
func (st *Store) Profile(ctx context.Context, userID string) ([]byte, int64, error) {
	type profile struct {
		Profile []byte `db:"profile"`
		Version int64  `db:"version"`
	}
	p, err := again(ctx, st, func() (p profile, err error) {
		err = st.getRow(ctx, &p, st.stmts.profile, userID)
		return p, err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0, nil
	}
	return p.Profile, p.Version, st.fail(ctx, "profile", err)
}

// SaveProfile stores a blob in the place of the one that has that version.
func (st *Store) SaveProfile(ctx context.Context, userID string, blob []byte, version int64) error {
	blob = bytes.Clone(blob)
	stmt, args := st.stmts.replaceProfile, []any{blob, userID, version}
	if version == 0 {
		stmt, args = st.stmts.addProfile, []any{userID, blob}
	}
	return st.fail(ctx, "save profile", await0(ctx, st, func() error {
		done, err := st.add(ctx, stmt, args...)
		if err == nil && !done {
			err = session.ErrConflict
		}
		return err
	}))
}
