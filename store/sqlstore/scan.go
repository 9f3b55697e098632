package sqlstore

import (
	"context"
	"encoding/hex"
	"errors"

	"github.com/signedin/signedin/session"
)

var _ session.Scanner = (*Store)(nil)

// Scan returns the live sessions of all users, by ID.
func (st *Store) Scan(ctx context.Context, after string, limit int) ([]*session.Session, string, error) {
	from, err := hex.DecodeString(after)
	if err != nil {
		return nil, "", nil // not ours
	}
	if len(from) == 0 {
		from = make([]byte, len(session.ID{}))
	}
	type page struct {
		all  []*session.Session
		next string
	}
	p, err := again(ctx, st, func() (p page, err error) {
		p.all, p.next, err = st.scanFrom(ctx, from, limit)
		return p, err
	})
	return p.all, p.next, st.fail(ctx, "scan", err)
}

func (st *Store) scanFrom(ctx context.Context, from []byte, limit int) (all []*session.Session, next string, err error) {
	rows, err := st.query(ctx, st.stmts.scan, from, limit)
	if err != nil {
		return nil, "", err
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		var r row
		var now current
		corrupt := scan(ctx, rows, append(r.pointers(), &now.User, &now.Global))
		if corrupt != nil && !errors.Is(corrupt, session.ErrCorrupt) {
			return nil, "", corrupt
		}
		if len(r.ID) == len(session.ID{}) {
			next = hex.EncodeToString(r.ID)
		}
		if corrupt != nil {
			continue
		}
		gens, err := now.generations()
		if err != nil {
			return nil, "", err
		}
		if s, err := r.decode(); err == nil && s.Ended == nil && s.Generations == gens {
			all = append(all, s)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, "", err
	}
	if n < limit {
		next = ""
	}
	return all, next, rows.Close()
}
