package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/session"
)

// everyoneChunk is how many sessions a revocation of everyone ends by one
// statement, so that no lock is held for long.
const everyoneChunk = 1000

// Revoke ends sessions, all of them or none.
func (st *Store) Revoke(ctx context.Context, r session.Revocation) (session.Revoked, error) {
	r = own(r)
	done, err := await(ctx, st, func() (done session.Revoked, err error) {
		switch {
		case r.Everyone:
			done.Generations.Global, err = st.revokeEveryone(ctx, r.Ending)
			return done, err
		case r.All:
			return st.revokeAll(ctx, r)
		}
		done.IDs, err = st.revokeOnly(ctx, r)
		done.Count = len(done.IDs)
		return done, err
	})
	return done, st.fail(ctx, "revoke", err)
}

func (st *Store) revokeOnly(ctx context.Context, r session.Revocation) (ended []session.ID, err error) {
	only, err := encodeIDs(r.Only)
	if err != nil {
		return nil, err
	}
	if !st.dialect.noReturn && !st.dialect.log { // one statement does it
		stmt, err := st.in(ctx, st.stmts.endOnly)
		if err != nil {
			return nil, err
		}
		err = st.persist(ctx, func() error {
			ended = nil
			return stmt.SelectContext(ctx, &ended, endOnlyArgs(r, only)...)
		})
		return ended, err
	}
	err = st.transaction(ctx, func(tx *tx) error {
		ended = nil
		if err := st.endOnly(tx, r, only, &ended); err != nil {
			return err
		}
		return st.tell(tx, notice{Ended: ended})
	})
	if err != nil {
		return nil, err
	}
	return ended, nil
}

// endOnly ends the sessions that r names. Where an UPDATE does not tell what it
// did, they are locked first.
func (st *Store) endOnly(tx *tx, r session.Revocation, only string, ended *[]session.ID) error {
	if !st.dialect.noReturn {
		return tx.sel(ended, st.stmts.endOnly, endOnlyArgs(r, only)...)
	}
	if err := tx.sel(ended, st.stmts.liveOnly, only, r.UserID); err != nil {
		return err
	}
	return st.end(tx, *ended, r.Ending)
}

func endOnlyArgs(r session.Revocation, only string) []any {
	return []any{only, r.UserID, r.Ending.At.UnixMilli(), r.Ending.Reason, r.Ending.By}
}

func (st *Store) revokeAll(ctx context.Context, r session.Revocation) (done session.Revoked, err error) {
	var ended []session.ID
	err = st.transaction(ctx, func(tx *tx) error {
		// The counter first: from its commit on nothing of before is live, and
		// a sign-in that comes now waits for it.
		generation, err := st.bump(tx, r.UserID, r.Ending.At)
		if err != nil {
			return err
		}
		done.Generations.User = generation
		ended = nil
		var told notice
		if err := tx.sel(&ended, st.stmts.liveOf, r.UserID, generation-1); err != nil {
			return err
		}
		// The kept one after all rows are locked, in the order in which
		// everybody locks them.
		if r.Keep != nil {
			if err := st.keep(tx, r, generation-1); err != nil {
				return err
			}
			ended = slices.DeleteFunc(ended, func(id session.ID) bool { return id == r.Keep.ID })
			told.Changed = []session.ID{r.Keep.ID}
		}
		told.Ended = ended
		if err := st.end(tx, ended, r.Ending); err != nil {
			return err
		}
		return st.tell(tx, told)
	})
	if err == errCannotKeep {
		s, err := st.standing(ctx, r.Keep.ID)
		return session.Revoked{}, cmp.Or(err, s.why(r.UserID))
	}
	if err != nil {
		return session.Revoked{}, err
	}
	done.Count = len(ended)
	return done, nil
}

// bump bumps the user's counter, and so locks it, and returns it.
func (st *Store) bump(tx *tx, userID string, now time.Time) (generation int64, err error) {
	at := now.UnixMilli()
	if !st.dialect.noReturn {
		err = tx.get(&generation, st.stmts.bump, userID, at)
		return generation, err
	}
	if _, err := tx.exec(st.stmts.bump, userID, at, at); err != nil {
		return 0, err
	}
	err = tx.get(&generation, st.stmts.bumped, userID)
	return generation, err
}

// errCannotKeep rolls a revocation back.
var errCannotKeep = errors.New("cannot keep")

// keep updates the session that stays and takes it along to the next
// generation.
func (st *Store) keep(tx *tx, r session.Revocation, generation int64) error {
	n, err := tx.exec(st.stmts.keep, append(updateArgs(r.Keep), r.UserID, generation)...)
	if err != nil || n > 0 {
		return err
	}
	return errCannotKeep
}

// revokeEveryone bumps the counter, by which every session is over at once, and
// then marks them as ended, a part at a time. What a crash leaves unmarked is
// marked by the next call, or by Purge.
func (st *Store) revokeEveryone(ctx context.Context, e session.Ending) (generation int64, err error) {
	if err := st.transaction(ctx, func(tx *tx) error {
		if err := st.bumpEveryone(tx, e, &generation); err != nil {
			return err
		}
		return st.tell(tx, notice{Everyone: true})
	}); err != nil {
		return 0, err
	}
	// Those that somebody is writing come last, in the order in which everybody
	// locks them.
	for _, pick := range []*sqlx.Stmt{st.stmts.outdated, st.stmts.stragglers} {
		for n := everyoneChunk; n == everyoneChunk; {
			if err := st.transaction(ctx, func(tx *tx) error {
				var ids []session.ID
				if err := tx.sel(&ids, pick, generation, everyoneChunk); err != nil {
					return err
				}
				n = len(ids)
				return st.end(tx, ids, e)
			}); err != nil {
				return 0, err
			}
		}
	}
	return generation, nil
}

// Mark does nothing: what is revoked is marked at once.
func (st *Store) Mark(ctx context.Context, _ string, _ int) (bool, error) { return false, ctx.Err() }

func (st *Store) bumpEveryone(tx *tx, e session.Ending, generation *int64) error {
	at := e.At.UnixMilli()
	if !st.dialect.noReturn {
		return tx.get(generation, st.stmts.bumpEveryone, at, e.Reason, e.By)
	}
	if _, err := tx.exec(st.stmts.bumpEveryone, at, e.Reason, e.By); err != nil {
		return err
	}
	return tx.get(generation, st.stmts.bumpedEveryone)
}

// end ends sessions whose rows are locked.
func (st *Store) end(tx *tx, ids []session.ID, e session.Ending) error {
	if len(ids) == 0 {
		return nil
	}
	arg, err := encodeIDs(ids)
	if err == nil {
		_, err = tx.exec(st.stmts.end, e.At.UnixMilli(), e.Reason, e.By, arg)
	}
	return err
}
