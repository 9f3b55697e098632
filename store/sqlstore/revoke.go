package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/session"
)

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
			return st.alone(ctx, stmt, func(stmt *sqlx.Stmt) error {
				return stmt.SelectContext(ctx, &ended, st.endOnlyArgs(r, only)...)
			})
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
// did, they are locked first, and before them the counters: those by which they
// are judged stay in force until the end.
func (st *Store) endOnly(tx *tx, r session.Revocation, only string, ended *[]session.ID) error {
	if !st.dialect.noReturn {
		return tx.sel(ended, st.stmts.endOnly, st.endOnlyArgs(r, only)...)
	}
	var now current
	if err := tx.get(&now, st.stmts.holdGens, r.UserID); err != nil {
		return err
	}
	if err := tx.sel(ended, st.stmts.liveOnly, only, r.UserID, now.User, now.Global); err != nil {
		return err
	}
	return st.end(tx, *ended, r.Ending)
}

func (st *Store) endOnlyArgs(r session.Revocation, only string) []any {
	args := []any{only, r.UserID, r.Ending.At.UnixMilli(), r.Ending.Reason, r.Ending.By}
	if st.dialect.lock != "" {
		args = append([]any{r.UserID}, args...) // whose counter is locked first
	}
	return args
}

// maxTold is how many sessions a log entry names that tells of all of a user's,
// for programs that do not know of users yet. Of more they hear that it was
// everyone.
const maxTold = 500

func (st *Store) revokeAll(ctx context.Context, r session.Revocation) (done session.Revoked, err error) {
	err = st.explained(ctx, func() (bool, error) {
		if done, err = st.bumpAll(ctx, r); err != errCannotKeep {
			return true, err
		}
		done = session.Revoked{}
		stands, err := st.standing(ctx, r.Keep.ID)
		if err != nil {
			return true, err
		}
		if err = stands.why(r.UserID); err == session.ErrConflict && st.dialect.lock != "" {
			// It may be that the user has no counter yet, and so nothing to lock.
			_, added := st.add(ctx, st.stmts.addUser, r.UserID, r.Ending.At.UnixMilli())
			err = cmp.Or(added, err)
		}
		return !stands.is(r.UserID, r.Keep.Version), err
	})
	return done, err
}

// bumpAll bumps the user's counter, by which every session is over but the one
// to keep, which it takes along.
func (st *Store) bumpAll(ctx context.Context, r session.Revocation) (done session.Revoked, err error) {
	if st.stmts.bumpAll != nil {
		return st.bumpAtOnce(ctx, r)
	}
	err = st.transaction(ctx, func(tx *tx) error {
		done = session.Revoked{}
		// The counter first, which a sign-in locks: one that comes now waits.
		generation, err := st.bump(tx, r.UserID, r.Ending.At)
		if err != nil {
			return err
		}
		done.Generations.User = generation
		told := notice{User: r.UserID, Generation: generation}
		var kept any
		if r.Keep != nil {
			if err := st.keep(tx, r, generation-1); err != nil {
				return err
			}
			kept, told.Keep, told.Changed = r.Keep.ID[:], &r.Keep.ID, []session.ID{r.Keep.ID}
		}
		if err := st.addBump(tx, r.UserID, generation, r.Ending, kept); err != nil {
			return err
		}
		if err := tx.sel(&told.Ended, st.stmts.liveOf, r.UserID, generation-1, maxTold+1); err != nil {
			return err
		}
		if done.Count = len(told.Ended); done.Count > maxTold {
			told.Ended, told.Everyone = nil, true
			if err := tx.get(&done.Count, st.stmts.countOf, r.UserID, generation-1, session.CountLimit); err != nil {
				return err
			}
		}
		return st.tell(tx, told)
	})
	return done, err
}

// bumpAtOnce is bumpAll by one statement.
func (st *Store) bumpAtOnce(ctx context.Context, r session.Revocation) (done session.Revoked, err error) {
	at := r.Ending.At.UnixMilli()
	stmt, args := st.stmts.bumpAll, []any{r.UserID, at}
	if r.Keep != nil {
		stmt = st.stmts.bumpRest
		args = slices.Concat([]any{r.UserID}, updateArgs(r.Keep), []any{r.UserID, at})
	}
	args = append(args, at, r.Ending.Reason, r.Ending.By, session.CountLimit)
	var answer struct {
		Generation int64 `db:"generation"`
		Ended      int   `db:"ended"`
	}
	err = st.persist(ctx, func() error { return st.getRow(ctx, &answer, stmt, args...) })
	if errors.Is(err, sql.ErrNoRows) {
		return done, errCannotKeep
	}
	done.Count, done.Generations.User = answer.Ended, answer.Generation
	return done, err
}

// addBump keeps how a counter was bumped, of the user or, if that is empty, of
// all, until Mark has told each session that it ended.
func (st *Store) addBump(tx *tx, userID string, generation int64, e session.Ending, kept any) error {
	_, err := tx.exec(st.stmts.addBump, userID, generation, e.At.UnixMilli(), e.Reason, e.By, kept)
	return err
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

// revokeEveryone bumps the counter of all, by which every session is over.
func (st *Store) revokeEveryone(ctx context.Context, e session.Ending) (generation int64, err error) {
	err = st.transaction(ctx, func(tx *tx) error {
		if err := st.bumpEveryone(tx, e, &generation); err != nil {
			return err
		}
		if err := st.addBump(tx, "", generation, e, nil); err != nil {
			return err
		}
		return st.tell(tx, notice{Everyone: true, Global: generation})
	})
	return generation, err
}

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
