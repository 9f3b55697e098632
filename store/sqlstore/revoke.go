package sqlstore

import (
	"cmp"
	"context"
	"errors"

	"github.com/signedin/signedin/session"
)

// everyoneChunk is how many sessions a revocation of everyone ends by one
// statement, so that no lock is held for long.
const everyoneChunk = 1000

// Revoke ends sessions, all of them or none.
func (st *Store) Revoke(ctx context.Context, r session.Revocation) (ended []session.ID, err error) {
	switch {
	case r.Everyone:
		err = st.revokeEveryone(ctx, r.Ending)
	case r.All:
		ended, err = st.revokeAll(ctx, r)
	default:
		ended, err = st.revokeOnly(ctx, r)
	}
	return ended, st.fail("revoke", err)
}

func (st *Store) revokeOnly(ctx context.Context, r session.Revocation) ([]session.ID, error) {
	arg, err := st.dialect.encodeIDs(r.Only)
	if err != nil {
		return nil, err
	}
	done, err := st.exclusive(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	var ended []session.ID
	e := r.Ending
	err = st.stmts.endOnly.SelectContext(ctx, &ended, e.At.UnixMilli(), e.Reason, e.By, arg, r.UserID)
	return ended, err
}

func (st *Store) revokeAll(ctx context.Context, r session.Revocation) (ended []session.ID, err error) {
	err = st.transaction(ctx, func(tx *tx) error {
		// The counter first: from its commit on nothing of before is live, and
		// a sign-in that comes now waits for it.
		var generation int64
		at := r.Ending.At.UnixMilli()
		if err := tx.get(&generation, st.stmts.bump, r.UserID, at); err != nil {
			return err
		}
		if r.Keep != nil {
			if err := st.keep(tx, r, generation-1); err != nil {
				return err
			}
		}
		return tx.sel(&ended, st.stmts.endAll, at, r.Ending.Reason, r.Ending.By, r.UserID, generation-1)
	})
	if err == errCannotKeep {
		s, err := standing(ctx, st.stmts.standing, r.Keep.ID)
		return nil, cmp.Or(err, s.why(r.UserID))
	}
	if err != nil {
		return nil, err
	}
	return ended, nil
}

// errCannotKeep rolls a revocation back.
var errCannotKeep = errors.New("cannot keep")

// keep updates the session that stays and takes it along to the next
// generation.
func (st *Store) keep(tx *tx, r session.Revocation, generation int64) error {
	args, err := updateArgs(r.Keep)
	if err != nil {
		return err
	}
	n, err := tx.exec(st.stmts.keep, append(args, r.UserID, generation)...)
	if err != nil || n > 0 {
		return err
	}
	return errCannotKeep
}

// revokeEveryone bumps the counter, by which every session is over at once, and
// then marks them as ended, a part at a time. What a crash leaves unmarked is
// marked by the next call, or by Purge.
func (st *Store) revokeEveryone(ctx context.Context, e session.Ending) error {
	at := e.At.UnixMilli()
	var generation int64
	if err := st.transaction(ctx, func(tx *tx) error {
		return tx.get(&generation, st.stmts.bumpEveryone, at, e.Reason, e.By)
	}); err != nil {
		return err
	}
	for {
		n, err := st.exec(ctx, st.stmts.endEveryone, at, e.Reason, e.By, generation, everyoneChunk)
		if err != nil || n < everyoneChunk {
			return err
		}
	}
}
