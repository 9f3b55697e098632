package sqlstore

import (
	"context"

	"github.com/signedin/signedin/session"
)

// Purge ends what has expired and deletes what is long over.
func (st *Store) Purge(ctx context.Context, p session.Purge) (done session.Purged, err error) {
	if p.UserID != "" {
		done.Deleted, err = st.erase(ctx, p)
		return done, st.fail("erase", err)
	}
	err = st.transaction(ctx, func(tx *tx) error {
		done = session.Purged{}
		return st.purge(tx, p, &done)
	})
	if err != nil {
		return session.Purged{}, st.fail("purge", err)
	}
	return done, nil
}

func (st *Store) purge(tx *tx, p session.Purge, done *session.Purged) error {
	expired, err := st.expire(tx, p, done)
	if err != nil {
		return err
	}
	before := p.EndedBefore.UnixMilli()
	var users []string
	if err := tx.sel(&users, st.stmts.deleteEnded, before, p.Limit); err != nil {
		return err
	}
	done.Deleted = len(users)
	forgotten, err := st.forget(tx, before, p.Limit, users)
	done.More = max(expired, done.Deleted, forgotten) >= p.Limit
	return err
}

// expire looks at the sessions that are due: those that were seen since are
// due later, the others end. It returns how many it looked at.
func (st *Store) expire(tx *tx, p session.Purge, done *session.Purged) (int, error) {
	now := p.Now.UnixMilli()
	moved, err := tx.exec(st.stmts.moveDue, now, p.Limit, now)
	if err != nil {
		return 0, err
	}
	var ended []struct {
		ID     session.ID `db:"id"`
		UserID string     `db:"user_id"`
	}
	if err := tx.sel(&ended, st.stmts.endDue, session.ReasonExpired, "system", now, p.Limit, now); err != nil {
		return 0, err
	}
	for _, e := range ended {
		done.Expired = append(done.Expired, session.Expired{ID: e.ID, UserID: e.UserID})
	}
	dead, err := tx.exec(st.stmts.endDead, now, p.Limit, now)
	return moved + len(ended) + dead, err
}

// forget deletes the counters of users of whom nothing is kept. A counter that
// was bumped long ago is looked at once; if its user still has sessions then,
// it goes with the last of them. users are those of whom one was deleted.
func (st *Store) forget(tx *tx, before int64, limit int, users []string) (int, error) {
	settled, err := tx.exec(st.stmts.settleUsers, before, limit)
	if err != nil {
		return 0, err
	}
	forgotten, err := tx.exec(st.stmts.forgetUsers, before, limit)
	if err != nil || len(users) == 0 {
		return settled + forgotten, err
	}
	arg, err := st.dialect.encodeTexts(users)
	if err != nil {
		return 0, err
	}
	_, err = tx.exec(st.stmts.forgetOf, arg)
	return settled + forgotten, err
}

// erase deletes everything of a user but the counter, the counter first.
func (st *Store) erase(ctx context.Context, p session.Purge) (deleted int, err error) {
	err = st.transaction(ctx, func(tx *tx) error {
		var generation int64
		if err := tx.get(&generation, st.stmts.bump, p.UserID, p.Now.UnixMilli()); err != nil {
			return err
		}
		deleted, err = tx.exec(st.stmts.erase, p.UserID)
		return err
	})
	return deleted, err
}
