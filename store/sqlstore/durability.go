package sqlstore

import (
	"context"
	"fmt"
)

// A Crash is what a revocation has to survive once it is acknowledged.
type Crash uint8

// The crashes.
const (
	CrashNone    Crash = iota // need not survive anything
	CrashProcess              // the database's process is killed
	CrashPower                // the machine loses power
)

// A Durability says whether what the database acknowledged, a revocation above
// all, is still there after a crash.
type Durability struct {
	Dialect Dialect
	// Process reports whether it survives a crash of the process.
	Process bool
	// Power reports whether it survives a loss of power.
	Power bool
	// Settings are those of the database from which this follows.
	Settings map[string]string
	// Advice says what to change; empty if nothing.
	Advice string
}

// Durability reads the settings of the database on which it depends whether a
// revocation can be undone by a crash.
func (st *Store) Durability(ctx context.Context) (Durability, error) {
	d, err := st.dialect.durability(ctx, st.db)
	return d, st.fail(ctx, "durability", err)
}

// survives reports whether an acknowledged write is there after c.
func (d Durability) survives(c Crash) bool {
	return c == CrashNone || d.Process && (c == CrashProcess || d.Power)
}

// A DurabilityError says that the database, as it is configured, does not keep
// what [Config].MustSurvive asks for.
type DurabilityError struct {
	Durability
	MustSurvive Crash
}

// Error says what is wrong and what to do.
func (e *DurabilityError) Error() string {
	what := "a loss of power"
	if !e.Process {
		what = "a crash of the database"
	}
	return fmt.Sprintf("%s can undo a revocation, and Config.MustSurvive forbids that: %s", what, e.Advice)
}

// checkDurability returns a [*DurabilityError] if the database does not keep
// what it must, and warns if it keeps less than it could.
func (st *Store) checkDurability(ctx context.Context) error {
	d, err := st.Durability(ctx)
	switch must := st.cfg.MustSurvive; {
	case err != nil && must > CrashNone:
		return err
	case err != nil:
		st.cfg.Logger.WarnContext(ctx, "sqlstore: not known whether a crash can undo a revocation", "error", err)
	case !d.survives(must):
		return fmt.Errorf("sqlstore: %w", &DurabilityError{d, must})
	case !d.Power:
		st.cfg.Logger.WarnContext(ctx, "sqlstore: a crash can undo a revocation", "survives_process", d.Process,
			"survives_power", d.Power, "settings", d.Settings, "advice", d.Advice)
	}
	return nil
}
