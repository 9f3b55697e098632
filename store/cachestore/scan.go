package cachestore

import (
	"context"
	"errors"
	"fmt"

	"github.com/signedin/signedin/session"
)

var _ session.Scanner = (*Store)(nil)

// Scan passes on.
func (st *Store) Scan(ctx context.Context, after string, limit int) ([]*session.Session, string, error) {
	if s, ok := st.inner.(session.Scanner); ok {
		return s.Scan(ctx, after, limit)
	}
	return nil, "", fmt.Errorf("cachestore: the store behind cannot be scanned: %w", errors.ErrUnsupported)
}
