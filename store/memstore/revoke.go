package memstore

import (
	"context"
	"time"

	"github.com/signedin/signedin/session"
)

// Revoke ends sessions, all of them or none.
func (st *Store) Revoke(ctx context.Context, r session.Revocation) (session.Revoked, error) {
	if err := ctx.Err(); err != nil {
		return session.Revoked{}, err
	}
	if r.Everyone {
		return session.Revoked{Generations: session.Generations{Global: st.bumpGlobal(r.Ending)}}, nil
	}
	u := st.lock(r.UserID)
	defer u.mu.Unlock()
	if !r.All {
		defer st.forget(u, time.Time{}) // revoking nothing leaves no trace
		ids := st.revokeOnly(u, r)
		return session.Revoked{IDs: ids, Count: len(ids)}, nil
	}
	return st.revokeAll(u, r)
}

func (st *Store) revokeOnly(u *user, r session.Revocation) (ended []session.ID) {
	for _, id := range r.Only {
		if rec := st.session(u, id); rec != nil && st.end(rec, r.Ending) {
			ended = append(ended, id)
		}
	}
	return ended
}

func (st *Store) revokeAll(u *user, r session.Revocation) (done session.Revoked, err error) {
	var kept *record
	var next *session.Session
	if r.Keep != nil {
		if kept = st.session(u, r.Keep.ID); kept == nil {
			return done, session.ErrUnknown
		}
		if next, err = st.changed(kept, r.Keep); err != nil {
			return done, err
		}
	}
	done.Count = st.bump(u, r.Ending, kept)
	done.Generations.User = u.generation.Load()
	if kept != nil {
		next.Generations = st.generations(u)
		st.replace(kept, next)
	}
	return done, nil
}

// end ends a session unless it is over. The user's lock is held.
func (st *Store) end(rec *record, e session.Ending) bool {
	if !st.live(rec) {
		return false
	}
	st.setEnded(rec, e)
	return true
}

func (st *Store) setEnded(rec *record, e session.Ending) {
	st.set(rec, ended(rec.latest(), e))
	st.due.remove(rec)
	st.over.put(rec, e.At)
}

// Purge ends what has expired and deletes what is long over.
func (st *Store) Purge(ctx context.Context, p session.Purge) (session.Purged, error) {
	if err := ctx.Err(); err != nil {
		return session.Purged{}, err
	}
	switch {
	case p.UserID != "":
		deleted, more := st.erase(p)
		return session.Purged{Deleted: deleted, More: more}, nil
	case p.Remnants != nil:
		return session.Purged{Deleted: st.deleteRemnants(p.Remnants)}, nil
	}
	var done session.Purged
	for range p.Limit {
		rec := st.due.pop(p.Now)
		if rec == nil {
			break
		}
		if st.expire(rec, p.Now) {
			done.Expired = append(done.Expired, session.Owned{ID: rec.id, UserID: rec.user.id})
		}
	}
	for range p.Limit {
		rec := st.over.pop(p.EndedBefore.Add(-1))
		if rec == nil {
			break
		}
		if st.delete(rec, p) {
			done.Deleted++
		}
	}
	st.issuers.purge(p.Now)
	done.More = st.due.isDue(p.Now) || st.over.isDue(p.EndedBefore.Add(-1))
	return done, nil
}

// expire ends rec if its time has come, or looks again when it may have.
func (st *Store) expire(rec *record, now time.Time) bool {
	rec.user.mu.Lock()
	defer rec.user.mu.Unlock()
	if rec.gone.Load() || !st.live(rec) {
		return false
	}
	at := rec.expiresAt()
	if at.After(now) {
		st.due.put(rec, at)
		return false
	}
	return st.end(rec, session.Ending{At: at, Reason: session.ReasonExpired, By: "system"})
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

func (st *Store) delete(rec *record, p session.Purge) bool {
	rec.user.mu.Lock()
	defer rec.user.mu.Unlock()
	if rec.gone.Load() {
		return false
	}
	st.drop(rec, rec.latest().Remnant(p.Now))
	st.forget(rec.user, bumpedBefore(p))
	return true
}

// deleteRemnants deletes those of the sessions that belong to nobody.
func (st *Store) deleteRemnants(ids []session.ID) (deleted int) {
	st.nobody.mu.Lock()
	defer st.nobody.mu.Unlock()
	for _, id := range ids {
		if rec := st.records.get(id); rec != nil && rec.user == &st.nobody {
			st.drop(rec, nil)
			deleted++
		}
	}
	return deleted
}

// drop takes a session out of both tables, and leaves its remnant if there is
// one. The user's lock is held.
func (st *Store) drop(rec *record, rest *session.Session) {
	st.issuers.unlink(rec.id)
	if rest == nil {
		st.records.remove(rec.id)
	} else {
		r := &record{id: rec.id, user: &st.nobody}
		st.set(r, rest)
		st.records.replace(r)
		st.over.put(r, rest.Ended.At)
	}
	rec.user.remove(rec)
	if rec.facts.Load().ended == nil {
		st.due.remove(rec)
	} else {
		st.over.remove(rec)
	}
	rec.gone.Store(true)
	rec.facts.Load().outdated.Store(true)
}

func (st *Store) erase(p session.Purge) (deleted int, more bool) {
	u := st.lock(p.UserID)
	defer u.mu.Unlock()
	st.bump(u, session.Ending{At: p.Now, Reason: session.ReasonErased, By: "system"}, nil)
	x := u.more()
	x.profile, x.profiled = nil, 0
	for u.first != nil {
		rec := u.first
		if p.Limit > 0 && deleted == p.Limit {
			return deleted, true
		}
		st.drop(rec, nil)
		deleted++
	}
	st.unmark(u)
	return deleted, false
}
