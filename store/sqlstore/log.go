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
}

// tell writes an entry in the transaction of what it tells of, where processes
// have to ask.
func (st *Store) tell(tx *tx, n notice) error {
	if !st.dialect.log || len(n.Ended)+len(n.Changed) == 0 && !n.Everyone {
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
		all = append(all, pollbus.Entry{Number: number, Notice: session.Notice{Ended: n.Ended, Changed: n.Changed, Everyone: n.Everyone}})
	}
	return all, rows.Err()
}

// trim deletes entries that everybody has read. An entry has no time of its
// own: of when it is committed nobody knows but that it was before the first
// Purge that sees it, which notes its time.
func (st *Store) trim(tx *tx) error {
	if !st.dialect.log {
		return nil
	}
	fresh, err := numbers(tx, st.stmts.freshEntries, logChunk)
	if err != nil {
		return err
	}
	if fresh != "" {
		if _, err := tx.exec(st.stmts.stampEntries, fresh); err != nil {
			return err
		}
	}
	old, err := numbers(tx, st.stmts.oldEntries, logKeep.Milliseconds(), logChunk)
	if err != nil || old == "" {
		return err
	}
	_, err = tx.exec(st.stmts.removeEntries, old)
	return err
}

// numbers returns those that stmt selects, as a parameter; "" if there are none.
func numbers(tx *tx, stmt *sqlx.Stmt, args ...any) (string, error) {
	var all []int64
	if err := tx.sel(&all, stmt, args...); err != nil || len(all) == 0 {
		return "", err
	}
	return marshal(all)
}
