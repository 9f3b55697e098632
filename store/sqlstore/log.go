package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/pollbus"
)

var _ pollbus.Log = (*Store)(nil)

// logChunk is how many entries of the log one Purge looks at.
const logChunk = 10_000

// logKeep is how long an entry is kept once a Purge has seen it, by the
// database's clock: those of two processes may differ by more. It is as long as
// readers need it, and as much in case that clock is set.
const logKeep = 2 * pollbus.Keep

// notice is the JSON of an entry.
type notice struct {
	Ended    []session.ID `json:"ended,omitempty"`
	Changed  []session.ID `json:"changed,omitempty"`
	Everyone bool         `json:"everyone,omitzero"`

	// If User is set, all of the user's sessions ended but Keep. Ended and
	// Everyone are then for programs that do not know that.
	User       string      `json:"user,omitempty"`
	Keep       *session.ID `json:"keep,omitempty"`
	Generation int64       `json:"generation,omitempty"` // of the user
	Global     int64       `json:"global,omitempty"`
}

func (n notice) notice() session.Message {
	out := session.Message{Ended: n.Ended, Changed: n.Changed, Everyone: n.Everyone}
	out.Generations = session.Generations{User: n.Generation, Global: n.Global}
	if n.User != "" {
		out.UserID, out.Ended, out.Everyone = n.User, nil, false
	}
	if n.Keep != nil {
		out.Keep = *n.Keep
	}
	return out
}

// tell writes an entry in the transaction of what it tells of, where processes
// have to ask.
func (st *Store) tell(tx *tx, n notice) error {
	if !st.dialect.log || len(n.Ended)+len(n.Changed) == 0 && !n.Everyone && n.User == "" {
		return nil
	}
	text, err := marshal(n)
	if err == nil {
		_, err = tx.exec(st.stmts.addEntry, text)
	}
	return err
}

// Entries returns what other processes did, for a [pollbus.Bus]. PostgreSQL has
// no log: package pgbus tells at once.
func (st *Store) Entries(ctx context.Context, after int64, missing []int64) ([]pollbus.Entry, error) {
	all, err := st.entries(ctx, after, missing)
	return all, st.fail(ctx, "log", err)
}

func (st *Store) entries(ctx context.Context, after int64, missing []int64) ([]pollbus.Entry, error) {
	if !st.dialect.log {
		return nil, errors.New("PostgreSQL has no log to poll: use package pgbus")
	}
	if missing == nil {
		missing = []int64{}
	}
	numbers, err := marshal(missing)
	if err != nil {
		return nil, err
	}
	rows, err := st.query(ctx, st.stmts.entries, after, numbers)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []pollbus.Entry
	for rows.Next() {
		var number int64
		var text []byte
		var n notice
		if err := rows.Scan(&number, &text); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &n); err != nil {
			return nil, fmt.Errorf("entry %d: %w", number, err)
		}
		all = append(all, pollbus.Entry{Number: number, Message: n.notice()})
	}
	return all, rows.Err()
}

// trim deletes entries that everybody has read, and reports whether there may
// be more. An entry has no time of its
// own: of when it is committed nobody knows but that it was before the first
// Purge that sees it, which notes its time.
func (st *Store) trim(tx *tx) (more bool, err error) {
	if !st.dialect.log {
		return false, nil
	}
	stamped, err := forNumbers(tx, st.stmts.stampEntries, st.stmts.freshEntries, logChunk)
	if err != nil {
		return false, err
	}
	removed, err := forNumbers(tx, st.stmts.removeEntries, st.stmts.oldEntries, logKeep.Milliseconds(), logChunk)
	return max(stamped, removed) >= logChunk, err
}

// forNumbers runs do for the entries that which selects, and returns how many
// they were.
func forNumbers(tx *tx, do, which *sqlx.Stmt, args ...any) (int, error) {
	var all []int64
	if err := tx.sel(&all, which, args...); err != nil || len(all) == 0 {
		return 0, err
	}
	arg, err := marshal(all)
	if err == nil {
		_, err = tx.exec(do, arg)
	}
	return len(all), err
}
