package store

import (
	"context"
	"fmt"
	"log/slog"
)

// A Crash is what a revocation has to survive once it is acknowledged.
type Crash uint8

// The crashes.
const (
	CrashNone     Crash = iota // need not survive anything
	CrashProcess               // the database's process is killed
	CrashPower                 // the machine loses power
	CrashFailover              // the machine is lost, and a replica takes over
)

// A Durability says whether what a database acknowledged, a revocation above
// all, is still there after a crash.
type Durability struct {
	// Server is the kind of database, such as "postgres" or "valkey".
	Server string
	// Process reports whether it survives a crash of the process.
	Process bool
	// Power reports whether it survives a loss of power.
	Power bool
	// Failover reports whether each write is acknowledged only once a replica has
	// it: at a failover to that one it is still there. It says nothing of other
	// replicas, and is false where there is none.
	Failover bool
	// Settings are those of the database from which this follows; "unknown" is
	// what it does not tell.
	Settings map[string]string
	// Advice says what to change; empty if nothing.
	Advice string
}

// Survives reports whether an acknowledged write is there after c.
func (d Durability) Survives(c Crash) bool {
	switch c {
	case CrashNone:
		return true
	case CrashProcess:
		return d.Process
	case CrashPower:
		return d.Process && d.Power
	}
	return d.Process && d.Power && d.Failover
}

// Check returns a [*DurabilityError] if less survives than must, and warns if
// it is less than there could be.
func (d Durability) Check(ctx context.Context, must Crash, log *slog.Logger) error {
	switch {
	case !d.Survives(must):
		return &DurabilityError{d, must}
	case d.Power && d.Advice != "":
		log.WarnContext(ctx, "store: the database is not set up well", "server", d.Server, "settings", d.Settings, "advice", d.Advice)
	case !d.Power:
		log.WarnContext(ctx, "store: a crash can undo a revocation", "server", d.Server, "survives_process", d.Process,
			"survives_power", d.Power, "settings", d.Settings, "advice", d.Advice)
	}
	return nil
}

// A DurabilityError says that a database, as it is configured, does not keep
// what its store's Config.MustSurvive asks for.
type DurabilityError struct {
	Durability
	MustSurvive Crash
}

// Error says what is wrong and what to do.
func (e *DurabilityError) Error() string {
	what, advice := "a loss of power", e.Advice
	switch {
	case !e.Process:
		what = "a crash of the database"
	case e.Power:
		what, advice = "a failover", "a replica that takes over may not have the last revocations: on PostgreSQL set synchronous_standby_names, "+
			"and synchronous_commit to on; of others it is not known"
	}
	return fmt.Sprintf("%s can undo a revocation, and Config.MustSurvive forbids that: %s", what, advice)
}
