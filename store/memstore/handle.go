package memstore

import "github.com/signedin/signedin/session"

var _ session.Handles = (*Store)(nil)

// Handle returns what reads a session without looking it up, nil if there is none.
func (st *Store) Handle(id session.ID) session.Handle {
	if r := st.recordsOf(id).get(id); r != nil {
		return r
	}
	return nil
}

// Held returns the session and the current generations of its user. A session
// that is not live may be one that a revocation has just kept: Get reads it as one.
func (r *record) Held() (*session.Session, session.Generations, bool) {
	if r.gone.Load() {
		return nil, session.Generations{}, false
	}
	return r.s.Load(), r.user.st.generations(r.user), true
}
