package cachestore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/signedin/signedin/session"
)

var _ session.Clock = (*Store)(nil)

// ServerTime passes on.
func (st *Store) ServerTime(ctx context.Context) (time.Time, error) {
	if c, ok := st.inner.(session.Clock); ok {
		return c.ServerTime(ctx)
	}
	return time.Time{}, fmt.Errorf("cachestore: the store behind has no clock: %w", errors.ErrUnsupported)
}
