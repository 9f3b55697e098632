package memstore

import (
	"context"

	"github.com/signedin/signedin/session"
)

var _ session.Handles = (*Store)(nil)

// Hold is Get, with a handle of what was read.
func (st *Store) Hold(ctx context.Context, id session.ID) (*session.Session, session.Generations, session.Handle, error) {
	if err := ctx.Err(); err != nil {
		return nil, session.Generations{}, nil, err
	}
	for {
		r := st.records.get(id)
		if r == nil {
			return nil, session.Generations{}, nil, session.ErrUnknown
		}
		if s, gens, f := st.read(r); s != nil {
			if f == nil {
				return s, gens, nil, nil
			}
			return s, gens, f, nil
		}
	}
}

// read returns the session of r with its user's generations of the same moment, and
// its facts if it is live; nil if r was deleted, and is in the table no more.
func (st *Store) read(r *record) (*session.Session, session.Generations, *facts) {
	at := r.lastAt.Load() // first: facts are never older than it
	f := r.facts.Load()
	s, gens := f.session(r, at), st.generations(r.user)
	switch {
	case s.Ended == nil && s.Generations == gens:
		return s, gens, f
	case s.Ended != nil && !r.gone.Load(): // not when gens were read either
		return s, gens, nil
	}
	// A revocation came between the two reads, or before: read as one.
	r.user.mu.Lock()
	defer r.user.mu.Unlock()
	if r.gone.Load() {
		return nil, session.Generations{}, nil
	}
	gens = st.generations(r.user)
	s = r.latest()
	if e := st.endingOf(r); e != nil && s.Ended == nil {
		s = ended(s, *e)
	}
	return s, gens, nil
}

// Holds reports whether the session is live and as it was read.
func (f *facts) Holds(context.Context) (bool, error) { return f.holds(), nil }

func (f *facts) holds() bool {
	return !f.outdated.Load() && f.generations.Global == f.st.global.Load()
}
