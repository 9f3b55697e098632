package redisstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/signedin/signedin/session"
)

var _ session.Clock = (*Store)(nil)

// ServerTime returns the time by the clock of the server, or of one node of the
// cluster. It is unsupported if the client's user may not ask (+time).
func (st *Store) ServerTime(ctx context.Context) (time.Time, error) {
	at, err := await(ctx, func() (time.Time, error) { return st.client.Time(ctx).Result() })
	if err != nil && isDenied(err) {
		return time.Time{}, fmt.Errorf("redisstore: clock: %w: %w", errors.ErrUnsupported, err)
	}
	return at.UTC(), fail("clock", err)
}
