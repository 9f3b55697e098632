// Package pollbus is the [session.Bus] for a store that cannot push, as one on
// MySQL or SQLite: it asks each second what has happened.
//
//	bus, err := pollbus.New(log, pollbus.Config{})
//	go cache.Run(ctx, bus, manager.Hub()) // a cachestore.Store
//
// The store writes the [Log] itself, in the same transaction as what it tells
// of, so nothing is lost if a process dies. To publish, the Bus does nothing.
package pollbus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/signedin/signedin/session"
)

// A Log holds what happened to sessions, numbered. A store writes an entry in
// the transaction of the change that it tells of, for every session that ends
// or is deleted while live, and for every one that Update or Revoke changes.
//
// Numbers are positive. They are given when an entry is written and seen when
// it is committed, so an entry may appear after others with greater numbers,
// and some numbers never appear, because the transaction was rolled back. A
// sequence or an auto-increment column does. Two entries never have the same
// number, and one that is written after another was committed has the greater
// one, in every process.
//
// An entry is kept for at least [Keep] after its commit.
type Log interface {
	// Entries returns all committed entries whose number is greater than after
	// or among missing, in any order. It reads where entries are written, not
	// from a replica that may lag.
	Entries(ctx context.Context, after int64, missing []int64) ([]Entry, error)
}

// An Entry is one line of a [Log].
type Entry struct {
	Number  int64
	Message session.Message
}

// Keep is how long a [Log] keeps an entry, and how long the Bus looks out for
// one whose number it has seen passed over. A transaction that takes longer
// from its entry to its commit is not noticed.
const Keep = 10 * time.Minute

const (
	// maxMissing bounds the numbers that the Bus looks out for. If more were
	// passed over within Keep, it gives no signs of life for so long: readers
	// then ask the store itself.
	maxMissing = 4096
	// nearby is how many numbers before the first entry that it has ever seen
	// the Bus takes for written and not yet committed.
	nearby = 256
)

// pollTimeout bounds one look into the log.
const pollTimeout = 2 * time.Second

// Config holds what a [Bus] can be told. The zero Config works and is safe.
type Config struct {
	// Interval is how often the log is read, and so how late notices are; a
	// second at most. Defaults to a second.
	Interval time.Duration
	// Logger is told of trouble that no caller sees. Defaults to discarding.
	Logger *slog.Logger
}

// A Bus reads a [Log].
type Bus struct {
	log Log
	cfg Config
}

var _ session.Bus = (*Bus)(nil)

// New returns a Bus over log. The error names the field of cfg that cannot be
// used.
func New(log Log, cfg Config) (*Bus, error) {
	if log == nil {
		return nil, errors.New("pollbus: no Log")
	}
	if cfg.Interval < 0 || cfg.Interval > time.Second {
		return nil, fmt.Errorf("pollbus: Config.Interval: %v is not between 0 and a second", cfg.Interval)
	}
	if cfg.Interval == 0 {
		cfg.Interval = time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Bus{log: log, cfg: cfg}, nil
}

// Observe does nothing: the store has written the log.
func (b *Bus) Observe(context.Context, session.Event) {}

// Run calls receive with everything that is written to the log, this process's
// own entries included, until ctx is done. See [session.Bus].
func (b *Bus) Run(ctx context.Context, receive func(session.Message)) error {
	r := reader{log: b.log}
	tick := time.NewTicker(b.cfg.Interval)
	defer tick.Stop()
	said := false
	for {
		err := r.poll(ctx, receive)
		if err != nil && ctx.Err() == nil && !said { // once, and again after it worked in between
			b.cfg.Logger.WarnContext(ctx, "pollbus: log not read, others' revocations arrive late", "error", err)
		}
		said = err != nil
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// reader is one reading of the log.
type reader struct {
	log     Log
	read    time.Time // when it was last read; zero before the first time
	last    int64     // the greatest number seen
	since   time.Time // the entry of the last number was committed later; zero if not known
	missing []gap     // smaller ones that were not, ascending
	lost    time.Time // when there were too many of them; zero if never
}

// gap is a number that was not there when a greater one was.
type gap struct {
	number int64
	since  time.Time
}

// poll reads the log once. A sign of life proves that what was committed
// before the reading began has been passed on.
func (r *reader) poll(ctx context.Context, receive func(session.Message)) error {
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	began := time.Now()
	entries, err := r.log.Entries(ctx, r.last, r.numbers())
	if err != nil {
		return fmt.Errorf("pollbus: read log: %w", err)
	}
	if r.wentBack(entries, began) {
		*r = reader{log: r.log}
		return errors.New("pollbus: the log has lost entries: the database is not the one of before, or is an older state of it")
	}
	first := r.read.IsZero()
	if first || began.Sub(r.read) > Keep { // what was kept for us may be gone
		receive(session.Message{Missed: true})
	}
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Number, b.Number) })
	for _, e := range entries {
		again := e.Number == r.last
		r.see(e.Number, began)
		if !first && !again { // what happened before Run must not cut what began since
			receive(e.Message)
		}
	}
	r.giveUp(began)
	r.read = began
	if r.lost.IsZero() || began.Sub(r.lost) > Keep {
		receive(session.Message{})
	}
	return nil
}

// wentBack reports whether the last entry is gone though it has to be kept: the
// log is another one, whose numbers may have been passed already.
func (r *reader) wentBack(entries []Entry, now time.Time) bool {
	return !r.since.IsZero() && now.Sub(r.since) < Keep &&
		!slices.ContainsFunc(entries, func(e Entry) bool { return e.Number == r.last })
}

// numbers returns what is to be asked for beside all that is new.
func (r *reader) numbers() []int64 {
	numbers := make([]int64, 0, len(r.missing)+1)
	for _, g := range r.missing {
		numbers = append(numbers, g.number)
	}
	if r.last > 0 {
		numbers = append(numbers, r.last)
	}
	return numbers
}

// see notes that number has appeared. Those that it passes over are written
// and not committed yet, or rolled back, or were deleted long ago: nobody can
// tell.
func (r *reader) see(number int64, now time.Time) {
	r.missing = slices.DeleteFunc(r.missing, func(g gap) bool { return g.number == number })
	if number <= r.last {
		return
	}
	from, most := r.last+1, int64(maxMissing)
	if r.read.IsZero() || r.last == 0 { // of what was before, most has been deleted
		most = nearby
	} else if number-from > most {
		r.lost = now
	}
	for n := max(from, number-most); n < number; n++ {
		r.missing = append(r.missing, gap{n, now})
	}
	r.last, r.since = number, r.read
}

// giveUp forgets the numbers that have been missing for too long, and the
// smallest if there are too many.
func (r *reader) giveUp(now time.Time) {
	r.missing = slices.DeleteFunc(r.missing, func(g gap) bool { return now.Sub(g.since) > Keep })
	if over := len(r.missing) - maxMissing; over > 0 {
		r.missing = slices.Delete(r.missing, 0, over)
		r.lost = now
	}
}
