package redisstore

import (
	"bytes"
	"context"
	"errors"
	"strconv"

	"github.com/signedin/signedin/session"
)

var _ session.Profiles = (*Store)(nil)

// Profile returns the user's blob and its version.
func (st *Store) Profile(ctx context.Context, userID string) (blob []byte, version int64, err error) {
	values, err := await(ctx, func() ([]any, error) {
		return st.client.HMGet(ctx, st.ofUser(ownerOf(userID), "profile"), "version", "blob").Result()
	})
	if err != nil {
		return nil, 0, fail("profile", err)
	}
	if len(values) != 2 || values[0] == nil && values[1] == nil {
		return nil, 0, nil
	}
	number, ok1 := values[0].(string)
	text, ok2 := values[1].(string)
	version, err = strconv.ParseInt(number, 10, 64)
	if err != nil || !ok1 || !ok2 {
		return nil, 0, fail("profile", errors.Join(errors.New("not the fields of a profile"), err))
	}
	return []byte(text), version, nil
}

// SaveProfile stores a blob in the place of the one with the given version.
func (st *Store) SaveProfile(ctx context.Context, userID string, blob []byte, version int64) error {
	c := call{
		[]string{st.ofUser(ownerOf(userID), "profile")},
		[]any{newOp(), version, version + 1, bytes.Clone(blob)},
	}
	return fail("save profile", await0(ctx, func() error {
		v, err := st.run(ctx, saveProfileScript, c)
		if err != nil {
			return err
		}
		return verdict(session.ID{}, v)
	}))
}
