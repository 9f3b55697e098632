package redisstore

import (
	"context"
	"errors"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
)

var _ session.Scanner = (*Store)(nil)

// Scan returns the live sessions of all users, whole shards at a time.
func (st *Store) Scan(ctx context.Context, after string, limit int) ([]*session.Session, string, error) {
	type page struct {
		all  []*session.Session
		next string
	}
	p, err := await(ctx, func() (p page, err error) {
		p.all, p.next, err = st.scan(ctx, after, limit)
		return p, err
	})
	return p.all, p.next, fail("scan", err)
}

func (st *Store) scan(ctx context.Context, after string, limit int) (all []*session.Session, next string, err error) {
	counts, err := st.eachShard(ctx, func(p redis.Pipeliner, shard string) *redis.IntCmd {
		return p.ZCard(ctx, st.ofShard(shard, "due"))
	})
	if err != nil {
		return nil, "", err
	}
	names := shardNames()
	slices.Sort(names)
	var part []string
	for _, shard := range names {
		if shard <= after || counts[shard] == 0 {
			continue
		}
		if limit <= 0 {
			next = part[len(part)-1]
			break
		}
		part = append(part, shard)
		limit -= counts[shard]
	}
	cmds := make([]*redis.StringSliceCmd, len(part))
	if len(part) > 0 {
		if _, err := st.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i, shard := range part {
				cmds[i] = p.ZRange(ctx, st.ofShard(shard, "due"), 0, -1)
			}
			return nil
		}); err != nil {
			return nil, "", err
		}
	}
	var ids []session.ID
	for _, cmd := range cmds {
		for _, text := range cmd.Val() {
			if e, err := parseEntry(text); err == nil {
				id, _ := parseID(e.id) // checked by parseEntry
				ids = append(ids, id)
			}
		}
	}
	found, err := st.GetMany(ctx, ids)
	if err != nil && !errors.Is(err, session.ErrCorrupt) {
		return nil, "", err
	}
	for _, f := range found {
		if f.Session.Ended == nil && f.Session.Generations == f.Generations {
			all = append(all, f.Session)
		}
	}
	return all, next, nil
}
