package sqlstore

import (
	"context"
	"fmt"

	"github.com/signedin/signedin/store"
	"github.com/signedin/signedin/store/internal/within"
)

// Durability reads the settings of the database on which it depends whether a
// revocation can be undone by a crash.
func (st *Store) Durability(ctx context.Context) (store.Durability, error) {
	d, err := within.Do(ctx, func() (store.Durability, error) { return st.dialect.durability(ctx, st.db) })
	return d, st.fail(ctx, "durability", err)
}

// checkDurability returns a [*store.DurabilityError] if the database does not
// keep what it must, and warns if it keeps less than it could.
func (st *Store) checkDurability(ctx context.Context) error {
	d, err := st.Durability(ctx)
	switch must := st.cfg.MustSurvive; {
	case err != nil && must > store.CrashNone:
		return err
	case err != nil:
		st.cfg.Logger.WarnContext(ctx, "sqlstore: not known whether a crash can undo a revocation", "error", err)
		return nil
	default:
		if err := d.Check(ctx, must, st.cfg.Logger); err != nil {
			return fmt.Errorf("sqlstore: %w", err)
		}
		return nil
	}
}
