package redisstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

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

// insists is how often a revocation of all starts again because somebody has
// signed in between looking which sessions there are and ending them. After
// that the script takes those that it finds: only while a cluster moves the
// slot to another node might it then stop half-way, with the counter bumped.
const insists = 8

func (st *Store) revokeAll(ctx context.Context, r session.Revocation, keep []any) (session.Revoked, error) {
	if r.Keep == nil {
		keep = []any{"", "", "", "", "", ""}
	}
	o := ownerOf(r.UserID)
	args := endingArgs(r, o)
	args = append(args, st.sessionKeys(o.shard()), "")
	args = append(args, keep...)
	keys := append(st.endingKeys(o), st.ofShard(o.shard(), "bumped"))
	fixed := len(keys)
	for try := range insists + 1 {
		if try == insists {
			args[7] = "1"
		}
		v, err := st.run(ctx, revokeAllScript, call{keys, args})
		if err != nil {
			return session.Revoked{}, err
		}
		answer, err := texts(v)
		if err != nil || len(answer) == 0 {
			return session.Revoked{}, errors.Join(err, unexpected(v))
		}
		if answer[0] != "again" {
			return st.revokedAll(r, answer)
		}
		keys = keys[:fixed:fixed]
		if r.Keep != nil {
			keys = append(keys, st.sessionKeys(o.shard())+hexID(r.Keep.ID))
		}
		for _, id := range answer[1:] {
			keys = append(keys, st.sessionKeys(o.shard())+id)
		}
	}
	panic("unreachable: the last try does not insist")
}

func (st *Store) revokedAll(r session.Revocation, answer []string) (done session.Revoked, err error) {
	var kept session.ID
	if r.Keep != nil {
		kept = r.Keep.ID
	}
	if err := verdict(kept, answer[0]); err != nil {
		return done, err
	}
	if len(answer) < 2 {
		return done, unexpected(answer)
	}
	done.Count = len(answer) - 2
	done.Generations.User, err = strconv.ParseInt(answer[1], 10, 64)
	return done, err
}

// Mark does nothing: what is revoked is marked at once.
func (st *Store) Mark(ctx context.Context, _ string, _ int) (bool, error) { return false, ctx.Err() }

// revokeEveryone bumps the counter, by which every session is over at once, and
// then marks them as ended, a part at a time. What a crash leaves unmarked is
// marked by the next call, or by Purge when it is due.
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
	if err := st.markAll(ctx); err != nil {
		return 0, fmt.Errorf("no session is accepted any more, but not all are marked as ended: %w", err)
	}
	return generation, nil
}

// longAgo is before every time at which a session is due.
const longAgo = -1 << 53

// markAll marks as ended what the counter has ended, in every shard.
func (st *Store) markAll(ctx context.Context) error {
	counts, err := st.eachShard(ctx, func(p redis.Pipeliner, shard string) *redis.IntCmd { return p.ZCard(ctx, st.ofShard(shard, "due")) })
	if err != nil {
		return err
	}
	for _, shard := range shardNames() {
		if counts[shard] == 0 {
			continue
		}
		var cursor uint64
		for {
			// ZSCAN returns what is there from its beginning to its end, and so
			// every session of before.
			page, next, err := st.client.ZScan(ctx, st.ofShard(shard, "due"), cursor, "", chunk).Result()
			if err != nil {
				return err
			}
			if _, _, err := st.visit(ctx, map[string][]string{shard: members(page)}, longAgo); err != nil {
				return err
			}
			if cursor = next; cursor == 0 {
				break
			}
		}
	}
	return nil
}

// members drops the scores, which come after each member.
func members(page []string) (all []string) {
	for i := 0; i < len(page); i += 2 {
		all = append(all, page[i])
	}
	return all
}
