package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/signedin/signedin/session"
)

var _ session.Clock = (*Store)(nil)

// ServerTime returns the time by the clock of the database server, to the
// second. SQLite has none but this machine's.
func (st *Store) ServerTime(ctx context.Context) (time.Time, error) {
	if st.dialect.now == "" {
		return time.Time{}, fmt.Errorf("sqlstore: clock: %w", errors.ErrUnsupported)
	}
	at, err := await(ctx, st, func() (at int64, err error) {
		err = st.db.GetContext(ctx, &at, st.dialect.now)
		return at, err
	})
	return time.UnixMilli(at).UTC(), st.fail(ctx, "clock", err)
}
