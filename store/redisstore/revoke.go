package redisstore

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/signedin/signedin/session"
)

// Revoke ends sessions, all of them or none.
func (st *Store) Revoke(ctx context.Context, r session.Revocation) (session.Revoked, error) {
	var update []any
	if r.All && r.Keep != nil {
		update = append([]any{hexID(r.Keep.ID)}, updateArgs(r.Keep)...)
		r.Keep = &session.Session{ID: r.Keep.ID} // the caller may change it
	}
	r.Only = slices.Clone(r.Only)
	done, err := await(ctx, func() (done session.Revoked, err error) {
		switch {
		case r.Everyone:
			done.Generations.Global, err = st.revokeEveryone(ctx, r.Ending)
			return done, err
		case r.All:
			return st.revokeAll(ctx, r, update)
		}
		done.IDs, err = st.revokeOnly(ctx, r)
		done.Count = len(done.IDs)
		return done, err
	})
	return done, fail("revoke", err)
}

// endingArgs are the first arguments of a script that ends a user's sessions.
func endingArgs(r session.Revocation, o owner) []any {
	return []any{newOp(), r.UserID, o[:], r.Ending.At.UnixMilli(), string(r.Ending.Reason), r.Ending.By}
}

// endingKeys are its first keys.
func (st *Store) endingKeys(o owner) []string {
	return []string{
		st.ofUser(o, "user"), st.ofShard(o.shard(), "everyone"), st.ofUser(o, "live"),
		st.ofUser(o, "ended"), st.ofShard(o.shard(), "due"), st.ofShard(o.shard(), "over"),
	}
}

func (st *Store) revokeOnly(ctx context.Context, r session.Revocation) ([]session.ID, error) {
	o := ownerOf(r.UserID)
	c := call{st.endingKeys(o), endingArgs(r, o)}
	seen := make(map[session.ID]bool, len(r.Only))
	for _, id := range r.Only {
		if !seen[id] {
			seen[id] = true
			c.keys = append(c.keys, st.sessionKeys(o.shard())+hexID(id))
			c.args = append(c.args, hexID(id))
		}
	}
	if len(seen) == 0 {
		return nil, nil
	}
	v, err := st.run(ctx, revokeOnlyScript, c)
	if err != nil {
		return nil, err
	}
	list, err := texts(v)
	if err != nil {
		return nil, err
	}
	return parseIDs(list)
}

func parseIDs(list []string) ([]session.ID, error) {
	ids := make([]session.ID, len(list))
	for i, text := range list {
		var err error
		if ids[i], err = parseID(text); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

func (st *Store) revokeAll(ctx context.Context, r session.Revocation, keep []any) (done session.Revoked, err error) {
	o := ownerOf(r.UserID)
	c := call{[]string{
		st.ofUser(o, "user"), st.ofShard(o.shard(), "everyone"), st.ofUser(o, "live"), st.ofShard(o.shard(), "bumped"),
		st.ofUser(o, "bumps"), st.ofShard(o.shard(), "marks"), st.ofShard(o.shard(), "due"),
	}, endingArgs(r, o)}
	var kept session.ID
	if r.Keep == nil {
		keep = []any{"", "", "", "", "", "", ""}
	} else {
		kept = r.Keep.ID
		c.keys = append(c.keys, st.sessionKeys(o.shard())+hexID(kept))
	}
	c.args = append(c.args, keep...)
	v, err := st.run(ctx, revokeAllScript, c)
	if err != nil {
		return done, err
	}
	answer, err := texts(v)
	if err != nil || len(answer) == 0 {
		return done, errors.Join(err, unexpected(v))
	}
	if err := verdict(kept, answer[0]); err != nil {
		return done, err
	}
	if len(answer) != 3 {
		return done, unexpected(v)
	}
	if done.Generations.User, err = strconv.ParseInt(answer[1], 10, 64); err == nil {
		done.Count, err = strconv.Atoi(answer[2])
	}
	return done, err
}

// revokeEveryone bumps the counter, by which every session is over once each
// shard has taken it over.
func (st *Store) revokeEveryone(ctx context.Context, e session.Ending) (int64, error) {
	v, err := st.run(ctx, bumpScript, call{[]string{st.globalKey()}, []any{newOp()}})
	if err != nil {
		return 0, err
	}
	text, _ := v.(string)
	generation, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, unexpected(v)
	}
	var calls []call
	for _, shard := range shardNames() {
		calls = append(calls, call{[]string{st.ofShard(shard, "everyone")}, []any{generation, e.At.UnixMilli(), string(e.Reason), e.By}})
	}
	if _, err := st.runAll(ctx, everyoneScript, calls); err != nil {
		return 0, err
	}
	return generation, nil
}
