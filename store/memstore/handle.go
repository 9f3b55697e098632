package memstore

import (
	"context"

	"github.com/signedin/signedin/session"
)

var _ session.Handles = (*Store)(nil)

// held is a session as it was read, live.
type held struct {
	st          *Store
	r           *record
	facts       *facts
	generations session.Generations
	_           [24]byte // what every request looks at is in two cache lines
	session     session.Session
}

// Hold is Get, with a handle of what was read.
func (st *Store) Hold(ctx context.Context, id session.ID) (*session.Session, session.Generations, session.Handle, error) {
	if err := ctx.Err(); err != nil {
		return nil, session.Generations{}, nil, err
	}
	r := st.records.get(id)
	if r == nil {
		return nil, session.Generations{}, nil, session.ErrUnknown
	}
	at := r.lastAt.Load() // first: facts are never older than it
	h := &held{st: st, r: r, facts: r.facts.Load()}
	h.facts.fill(&h.session, r, at)
	gens := st.generations(r.user)
	if h.session.Ended != nil {
		return &h.session, gens, nil, nil
	}
	if h.generations = gens; h.session.Generations == gens {
		return &h.session, gens, h, nil
	}
	// A revocation came between the two reads, or before: read as one.
	r.user.mu.Lock()
	defer r.user.mu.Unlock()
	gens = st.generations(r.user)
	s := r.latest()
	if e := st.endingOf(r); e != nil && s.Ended == nil {
		s = ended(s, *e)
	}
	return s, gens, nil, nil
}

// Holds reports whether the session is live and as it was read.
func (h *held) Holds(context.Context) (bool, error) {
	return h.r.facts.Load() == h.facts && !h.r.gone.Load() && h.generations == h.st.generations(h.r.user), nil
}
