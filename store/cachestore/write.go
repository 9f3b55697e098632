package cachestore

import (
	"context"

	"github.com/signedin/signedin/session"
)

// Every write drops the copies of what it may have changed once it is over,
// whatever came of it: after an error the outcome is not known. In a
// transaction of the host's it does so again after the commit, since until
// then others read, and copy, what was before.

// Create inserts a session.
func (st *Store) Create(ctx context.Context, s *session.Session) error {
	id := s.ID
	defer st.after(ctx, func() { st.copies.forget(id) })
	return st.inner.Create(ctx, s)
}

// Update writes a session that was read before.
func (st *Store) Update(ctx context.Context, s *session.Session) error {
	id := s.ID
	defer st.after(ctx, func() { st.copies.forget(id) })
	return st.inner.Update(ctx, s)
}

// Touch writes the latest visits.
func (st *Store) Touch(ctx context.Context, touches []session.Touch) error {
	ids := make([]session.ID, 0, len(touches))
	for _, t := range touches {
		ids = append(ids, t.ID)
	}
	defer st.after(ctx, func() { st.copies.forget(ids...) })
	return st.inner.Touch(ctx, touches)
}

// Revoke ends sessions, all of them or none.
func (st *Store) Revoke(ctx context.Context, r session.Revocation) (session.Revoked, error) {
	forget := func() { st.forgetRevoked(r) }
	// Before as well: if the store has done it but is slow to say so, requests
	// meanwhile are answered by what it holds.
	forget()
	defer st.after(ctx, forget)
	return st.inner.Revoke(ctx, r)
}

// forgetRevoked goes by what r could have ended, not only by what it did:
// another instance may have ended the rest, and its notice be under way.
func (st *Store) forgetRevoked(r session.Revocation) {
	switch {
	case r.Everyone:
		st.copies.forgetAll()
	case r.All:
		st.copies.forgetUser(r.UserID)
	default:
		st.copies.forget(r.Only...)
	}
}

// Mark passes on: of what it changes there are no copies.
func (st *Store) Mark(ctx context.Context, userID string, limit int) (bool, error) {
	return st.inner.Mark(ctx, userID, limit)
}

// Purge ends what has expired and deletes what is long over.
func (st *Store) Purge(ctx context.Context, p session.Purge) (done session.Purged, err error) {
	defer st.after(ctx, func() {
		switch {
		case p.UserID != "":
			st.copies.forgetUser(p.UserID)
		case err != nil:
			st.copies.forgetAll() // it is not known what has expired
		}
		st.copies.forget(p.Remnants...)
		for _, e := range done.Expired {
			st.copies.forget(e.ID)
		}
	})
	return st.inner.Purge(ctx, p)
}

// after calls forget now, and once more when the host's transaction is
// committed, or may be, if there is one.
func (st *Store) after(ctx context.Context, forget func()) {
	forget()
	if session.Held(ctx) {
		session.AfterAnyCommit(ctx, forget)
	}
}
