package session

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A Clock is what a [Store] may have besides: the time of its server. The
// Manager compares its own with it before [Manager.Purge] ends and deletes by
// time, while [Config].Now is unset. Nothing else depends on it.
type Clock interface {
	// ServerTime returns the time by the clock of the server that keeps the
	// sessions, and an error that is [errors.ErrUnsupported] if that is this
	// machine, or does not tell.
	ServerTime(ctx context.Context) (time.Time, error)
}

// maxClockDifference is what clocks may differ by. Sessions last an hour or
// more, and what has ended is kept for days.
const maxClockDifference = time.Minute

// A ClockError says that this machine's clock and that of the store's server
// differ by more than a minute. Nothing was ended or deleted by time.
type ClockError struct {
	Ahead time.Duration // by so much is this machine's clock ahead of the server's
}

// Error says by how much, and what to do.
func (e *ClockError) Error() string {
	by, which := e.Ahead, "ahead of"
	if by < 0 {
		by, which = -by, "behind"
	}
	return fmt.Sprintf("this machine's clock is %v %s that of the store's server, and who is active could look idle: set both, by NTP for instance",
		by.Round(time.Second), which)
}

// checkClock returns a [*ClockError] if the clocks differ by too much. What the
// answer took counts for neither side.
func (m *Manager) checkClock(ctx context.Context) error {
	if m.clock == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	before := m.cfg.Now()
	there, err := m.clock.ServerTime(ctx)
	after := m.cfg.Now()
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return nil
	case err != nil:
		return err
	case there.Add(maxClockDifference).Before(before):
		return &ClockError{before.Sub(there)}
	case there.Add(-maxClockDifference).After(after):
		return &ClockError{after.Sub(there)}
	}
	return nil
}
