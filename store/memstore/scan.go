package memstore

import (
	"context"
	"strconv"

	"github.com/signedin/signedin/session"
)

var _ session.Scanner = (*Store)(nil)

// Scan returns the live sessions of all users, a part of the table at a time.
func (st *Store) Scan(ctx context.Context, after string, limit int) (all []*session.Session, next string, err error) {
	n := 0
	if after != "" {
		if n, err = strconv.Atoi(after); err != nil || n < 0 {
			return nil, "", nil // not ours
		}
	}
	for ; n < shards; n++ {
		if err := ctx.Err(); err != nil {
			return nil, "", err
		}
		if len(all) >= limit {
			return all, strconv.Itoa(n), nil
		}
		for _, r := range st.records.shards[n].all() {
			if s, gens, err := st.Get(ctx, r.id); err == nil && s.Ended == nil && s.Generations == gens {
				all = append(all, s)
			}
		}
	}
	return all, "", nil
}
