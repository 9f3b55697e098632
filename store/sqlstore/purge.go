package sqlstore

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/internal/record"
)

// Purge ends what has expired and deletes what is long over.
func (st *Store) Purge(ctx context.Context, p session.Purge) (session.Purged, error) {
	what, f := "purge", st.purgeOver
	if p.UserID != "" {
		what, f = "erase", st.purgeUser
	}
	if p.Remnants != nil {
		p.Remnants = slices.Clone(p.Remnants)
		f = st.purgeRemnants
	}
	done, err := await(ctx, st, func() (session.Purged, error) { return f(ctx, p) })
	return done, st.fail(ctx, what, err)
}

func (st *Store) purgeUser(ctx context.Context, p session.Purge) (session.Purged, error) {
	n, more, err := st.erase(ctx, p)
	return session.Purged{Deleted: n, More: more}, err
}

func (st *Store) purgeRemnants(ctx context.Context, p session.Purge) (session.Purged, error) {
	n, err := st.removeRemnants(ctx, p.Remnants)
	return session.Purged{Deleted: n}, err
}

func (st *Store) purgeOver(ctx context.Context, p session.Purge) (done session.Purged, err error) {
	err = st.transaction(ctx, func(tx *tx) error {
		done = session.Purged{}
		return st.purge(tx, p, &done)
	})
	if err != nil {
		return session.Purged{}, err
	}
	return done, nil
}

func (st *Store) purge(tx *tx, p session.Purge, done *session.Purged) error {
	due, err := st.expire(tx, p, done)
	if err != nil {
		return err
	}
	before := p.EndedBefore.UnixMilli()
	var over []outdated
	if err := tx.sel(&over, st.stmts.over, before, p.Limit); err != nil {
		return err
	}
	var ids, reduced []session.ID
	var users []string
	for _, e := range over {
		users = append(users, e.UserID)
		if e.leavesRemnant(p.Now) {
			reduced = append(reduced, e.ID)
		} else {
			ids = append(ids, e.ID)
		}
	}
	if done.Deleted, err = st.remove(tx, ids); err != nil {
		return err
	}
	if err := st.reduce(tx, reduced, done); err != nil {
		return err
	}
	forgotten, err := st.forget(tx, bumpedBefore(p).UnixMilli(), p.Limit, users)
	if err != nil {
		return err
	}
	issued, err := st.forgetIssued(tx, p.Now, p.Limit)
	if err != nil {
		return err
	}
	trim, err := st.trim(tx)
	done.More = max(due, len(over), forgotten, issued) >= p.Limit || trim
	return err
}

// bumpedBefore is when a counter was last bumped that may be forgotten: longer
// ago than a sign-in may take, which would else begin before a revocation and
// end after it.
func bumpedBefore(p session.Purge) time.Time {
	if t := p.Now.Add(-session.MaxTicketAge); t.Before(p.EndedBefore) {
		return t
	}
	return p.EndedBefore
}

// expired is a session whose time has come.
type expired struct {
	ID     session.ID `db:"id"`
	UserID string     `db:"user_id"`
}

// outdated is a session that ended long ago.
type outdated struct {
	expired
	Carrier   string `db:"carrier"`
	ExpiresAt int64  `db:"expires_at"`
}

func (o outdated) leavesRemnant(now time.Time) bool {
	s := session.Session{Carrier: session.Carrier(o.Carrier), ExpiresAt: record.Time(o.ExpiresAt), Ended: new(session.Ending)}
	return s.Remnant(now) != nil
}

// reduce leaves of sessions whose rows are locked the remnant.
func (st *Store) reduce(tx *tx, ids []session.ID, done *session.Purged) error {
	if len(ids) == 0 {
		return nil
	}
	arg, err := st.unlink(tx, ids)
	if err != nil {
		return err
	}
	n, err := tx.exec(st.stmts.reduce, arg)
	done.Deleted += n
	return err
}

func (st *Store) removeRemnants(ctx context.Context, ids []session.ID) (int, error) {
	arg, err := encodeIDs(ids)
	if err != nil {
		return 0, err
	}
	return st.exec(ctx, st.stmts.removeRemnants, arg)
}

// expire looks at the sessions that are due, and returns how many they are.
// Those that were seen since are due later, the others end.
func (st *Store) expire(tx *tx, p session.Purge, done *session.Purged) (int, error) {
	now := p.Now.UnixMilli()
	var due []session.ID
	if err := tx.sel(&due, st.stmts.due, now, p.Limit); err != nil || len(due) == 0 {
		return 0, err
	}
	ids, err := encodeIDs(due)
	if err != nil {
		return 0, err
	}
	if _, err := tx.exec(st.stmts.moveDue, ids, now); err != nil {
		return 0, err
	}
	ended, err := st.endDue(tx, ids, now)
	if err != nil {
		return 0, err
	}
	var told notice
	for _, e := range ended {
		done.Expired = append(done.Expired, session.Owned{ID: e.ID, UserID: e.UserID})
		told.Ended = append(told.Ended, e.ID)
	}
	if err := st.tell(tx, told); err != nil {
		return 0, err
	}
	return len(due), st.markDead(tx, ids)
}

// endDue ends those of the locked sessions that have expired.
func (st *Store) endDue(tx *tx, ids string, now int64) (ended []expired, err error) {
	if !st.dialect.noReturn {
		err = tx.sel(&ended, st.stmts.endDue, session.ReasonExpired, bySystem, ids, now)
		return ended, err
	}
	if err = tx.sel(&ended, st.stmts.expired, ids, now); err != nil || len(ended) == 0 {
		return nil, err
	}
	var which []session.ID
	for _, e := range ended {
		which = append(which, e.ID)
	}
	if ids, err = encodeIDs(which); err == nil {
		_, err = tx.exec(st.stmts.endDue, session.ReasonExpired, bySystem, ids)
	}
	return ended, err
}

// remove deletes sessions whose rows are locked.
func (st *Store) remove(tx *tx, ids []session.ID) (int, error) {
	if len(ids) == 0 {
		return 0, nil
	}
	arg, err := st.unlink(tx, ids)
	if err != nil {
		return 0, err
	}
	return tx.exec(st.stmts.remove, arg)
}

// unlink forgets of sessions that go to what they belong, and returns them as a
// parameter.
func (st *Store) unlink(tx *tx, ids []session.ID) (arg string, err error) {
	if arg, err = encodeIDs(ids); err == nil {
		_, err = tx.exec(st.stmts.unlink, arg)
	}
	return arg, err
}

// forget deletes the counters of users of whom nothing is kept, and returns how
// many it looked at. A counter that was bumped long ago is looked at once; if
// its user still has sessions then, it goes with the last of them. deleted are
// the users of whom a session was deleted.
func (st *Store) forget(tx *tx, before int64, limit int, deleted []string) (int, error) {
	var users []string
	if err := tx.sel(&users, st.stmts.longAgo, before, limit); err != nil {
		return 0, err
	}
	looked := len(users)
	if len(deleted) > 0 {
		arg, err := marshal(deleted)
		if err != nil {
			return 0, err
		}
		var settled []string
		if err := tx.sel(&settled, st.stmts.settled, arg); err != nil {
			return 0, err
		}
		users = append(users, settled...)
	}
	if len(users) == 0 {
		return 0, nil
	}
	return looked, st.settleOrForget(tx, users)
}

// settleOrForget forgets the users without sessions. Their rows are locked: no
// sign-in comes between the look and the deed.
func (st *Store) settleOrForget(tx *tx, users []string) error {
	settle, forget := users, users // each statement looks for itself
	if st.dialect.noReturn {
		arg, err := marshal(users)
		if err != nil {
			return err
		}
		settle = nil
		if err := tx.sel(&settle, st.stmts.occupied, arg); err != nil {
			return err
		}
		forget = slices.DeleteFunc(users, func(u string) bool { return slices.Contains(settle, u) })
	}
	for _, do := range []struct {
		stmt  *sqlx.Stmt
		users []string
	}{{st.stmts.settle, settle}, {st.stmts.forget, forget}} {
		if len(do.users) == 0 {
			continue
		}
		arg, err := marshal(do.users)
		if err == nil {
			_, err = tx.exec(do.stmt, arg)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// erase deletes everything of a user but the counter, the counter first: as many
// sessions as p.Limit says.
func (st *Store) erase(ctx context.Context, p session.Purge) (deleted int, more bool, err error) {
	limit := p.Limit
	if limit <= 0 {
		limit = math.MaxInt32
	}
	err = st.transaction(ctx, func(tx *tx) error {
		generation, err := st.bump(tx, p.UserID, p.Now)
		if err != nil {
			return err
		}
		if _, err := tx.exec(st.stmts.removeProfile, p.UserID); err != nil {
			return err
		}
		var ids []session.ID
		if err := tx.sel(&ids, st.stmts.allOf, p.UserID, limit); err != nil {
			return err
		}
		if deleted, err = st.remove(tx, ids); err != nil {
			return err
		}
		if more = len(ids) == limit; more {
			err = st.addBump(tx, p.UserID, generation, session.Ending{At: p.Now, Reason: session.ReasonErased, By: bySystem}, nil)
		} else {
			_, err = tx.exec(st.stmts.dropBumps, p.UserID)
		}
		if err != nil {
			return err
		}
		return st.tell(tx, notice{Ended: ids, User: p.UserID, Generation: generation})
	})
	return deleted, more, err
}
