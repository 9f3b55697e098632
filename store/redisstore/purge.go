package redisstore

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
)

// chunk is how many sessions one script looks at, so that it keeps the server
// from other work for about a millisecond.
const chunk = 200

// Purge ends what has expired and deletes what is long over.
func (st *Store) Purge(ctx context.Context, p session.Purge) (session.Purged, error) {
	if p.UserID != "" {
		done, err := await(ctx, func() (session.Purged, error) { return st.erase(ctx, p) })
		return done, fail("erase", err)
	}
	if p.Remnants != nil {
		deleted, err := await(ctx, func() (int, error) { return st.deleteRemnants(ctx, p.Remnants) })
		return session.Purged{Deleted: deleted}, fail("purge", err)
	}
	done, err := await(ctx, func() (session.Purged, error) { return st.purge(ctx, p) })
	return done, fail("purge", err)
}

func (st *Store) purge(ctx context.Context, p session.Purge) (done session.Purged, err error) {
	due, more, err := st.take(ctx, "due", strconv.FormatInt(p.Now.UnixMilli(), 10), p.Limit)
	if err != nil {
		return done, err
	}
	done.Expired, done.More, err = st.visit(ctx, due, p.Now.UnixMilli())
	done.More = done.More || more
	if err == nil {
		err = st.clear(ctx, p, &done)
	}
	if err != nil && len(done.Expired) > 0 {
		// What has expired must be told; the next call comes to the trouble.
		done.More, err = true, nil
	}
	return done, err
}

// clear deletes sessions that ended long ago, and then counters.
func (st *Store) clear(ctx context.Context, p session.Purge, done *session.Purged) error {
	before := p.EndedBefore.UnixMilli()
	// A counter is forgotten later than any sign-in may end that began before it
	// was bumped.
	forgettable := min(before, p.Now.Add(-session.MaxTicketAge).UnixMilli())
	below := "(" + strconv.FormatInt(before, 10)
	over, more, err := st.take(ctx, "over", below, p.Limit)
	if err != nil {
		return err
	}
	done.More = done.More || more
	if done.Deleted, err = st.delete(ctx, over, before, forgettable, p.Now); err != nil {
		return err
	}
	bumped, more, err := st.take(ctx, "bumped", "("+strconv.FormatInt(forgettable, 10), p.Limit)
	done.More = done.More || more
	if err != nil {
		return err
	}
	if err := st.forget(ctx, bumped, forgettable); err != nil {
		return err
	}
	more, err = st.forgetIssued(ctx, p.Now, p.Limit)
	done.More = done.More || more
	return err
}

// eachShard asks for a number in each shard, in one round trip with each node.
func (st *Store) eachShard(ctx context.Context, ask func(p redis.Pipeliner, shard string) *redis.IntCmd) (map[string]int, error) {
	cmds := make(map[string]*redis.IntCmd, shards)
	_, err := st.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, shard := range shardNames() {
			cmds[shard] = ask(p, shard)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	counts := make(map[string]int)
	for shard, cmd := range cmds {
		if n := int(cmd.Val()); n > 0 {
			counts[shard] = n
		}
	}
	return counts, nil
}

// take returns what stands up to a score in the sorted sets of a kind, by
// shard: at most so many in all, and whether there are more.
func (st *Store) take(ctx context.Context, kind, upTo string, limit int) (taken map[string][]string, more bool, err error) {
	counts, err := st.eachShard(ctx, func(p redis.Pipeliner, shard string) *redis.IntCmd {
		return p.ZCount(ctx, st.ofShard(shard, kind), "-inf", upTo)
	})
	if err != nil || len(counts) == 0 {
		return nil, false, err
	}
	cmds := make(map[string]*redis.StringSliceCmd)
	_, err = st.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for shard, n := range counts {
			n, more = min(n, limit), more || n > limit
			if limit -= n; n > 0 {
				cmds[shard] = p.ZRangeByScore(ctx, st.ofShard(shard, kind), &redis.ZRangeBy{Min: "-inf", Max: upTo, Count: int64(n)})
			}
		}
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	taken = make(map[string][]string, len(cmds))
	for shard, cmd := range cmds {
		taken[shard] = cmd.Val()
	}
	return taken, more, nil
}

// batch is a part of the sessions of one shard.
type batch struct {
	shard   string
	entries []entry
}

// batches cuts what was taken into parts. What is not ours among it is left
// alone.
func batches(taken map[string][]string) (all []batch) {
	for shard, list := range taken {
		var entries []entry
		for _, text := range list {
			if e, err := parseEntry(text); err == nil && e.owner.shard() == shard {
				entries = append(entries, e)
			}
		}
		for part := range slices.Chunk(entries, chunk) {
			all = append(all, batch{shard, part})
		}
	}
	return all
}

// visit ends, of the sessions that may be due, those that are.
func (st *Store) visit(ctx context.Context, taken map[string][]string, now int64) (expired []session.Owned, more bool, err error) {
	all := batches(taken)
	op := newOp()
	for group := range slices.Chunk(all, 100) {
		var calls []call
		for _, b := range group {
			c := call{[]string{st.ofShard(b.shard, "everyone"), st.ofShard(b.shard, "due"), st.ofShard(b.shard, "over")}, []any{op, now}}
			for _, e := range b.entries {
				c.keys = append(c.keys, st.keysOf(e)...)
				c.args = append(c.args, e.member, e.id)
			}
			calls = append(calls, c)
		}
		results, err := st.runAll(ctx, visitScript, calls)
		if err != nil {
			return expired, true, err
		}
		for i, v := range results {
			told, err := readExpired(group[i], v)
			if err != nil {
				return expired, true, err
			}
			expired = append(expired, told...)
		}
	}
	return expired, false, nil
}

// readExpired reads the answer of visit.lua: in turns, the number of a session
// and its user.
func readExpired(b batch, v any) (expired []session.Owned, err error) {
	told, ok := v.([]any)
	if !ok || len(told)%2 != 0 {
		return nil, unexpected(v)
	}
	for i := 0; i < len(told); i += 2 {
		n, ok1 := told[i].(int64)
		user, ok2 := told[i+1].(string)
		if !ok1 || !ok2 || n < 0 || int(n) >= len(b.entries) {
			return nil, unexpected(told[i])
		}
		id, err := parseID(b.entries[n].id)
		if err != nil {
			return nil, err
		}
		expired = append(expired, session.Owned{ID: id, UserID: user})
	}
	return expired, nil
}

// delete deletes sessions that ended before a time, the names of their owners
// first: so no name is left without a session.
func (st *Store) delete(ctx context.Context, taken map[string][]string, before, bumped int64, now time.Time) (deleted int, err error) {
	for _, b := range batches(taken) {
		if err := st.reduce(ctx, b.entries, now); err != nil {
			return deleted, err
		}
		n, err := st.deleteBatch(ctx, b, strconv.FormatInt(before, 10), strconv.FormatInt(bumped, 10))
		if err != nil {
			return deleted, err
		}
		deleted += n
	}
	return deleted, nil
}

func (st *Store) deleteBatch(ctx context.Context, b batch, before, bumped string) (int, error) {
	var names []string
	for _, e := range b.entries {
		names = append(names, e.id)
	}
	if err := st.unlink(ctx, names...); err != nil {
		return 0, err
	}
	if err := st.disown(ctx, b.entries); err != nil {
		return 0, err
	}
	c := call{[]string{st.ofShard(b.shard, "due"), st.ofShard(b.shard, "over"), st.ofShard(b.shard, "bumped")}, []any{before, bumped}}
	for _, e := range b.entries {
		c.keys = append(c.keys, st.keysOf(e)...)
		c.args = append(c.args, e.member, e.id, e.owner[:])
	}
	v, err := st.run(ctx, deleteScript, c)
	if err != nil {
		return 0, err
	}
	n, ok := v.(int64)
	if !ok {
		return 0, unexpected(v)
	}
	return int(n), nil
}

// disown deletes the names of the owners of sessions.
func (st *Store) disown(ctx context.Context, entries []entry) error {
	var calls []call
	for _, e := range entries {
		calls = append(calls, call{[]string{st.ownerKey(e.id)}, []any{e.owner[:]}})
	}
	_, err := st.runAll(ctx, disownScript, calls)
	return err
}

func (st *Store) forget(ctx context.Context, taken map[string][]string, before int64) error {
	var calls []call
	for shard, list := range taken {
		c := call{[]string{st.ofShard(shard, "bumped")}, []any{before}}
		for _, text := range list {
			o, err := parseOwner(text)
			if err != nil || o.shard() != shard {
				continue
			}
			c.keys = append(c.keys, st.ofUser(o, "user"), st.ofUser(o, "live"), st.ofUser(o, "ended"), st.ofUser(o, "bumps"))
			c.args = append(c.args, text)
		}
		calls = append(calls, c)
	}
	_, err := st.runAll(ctx, forgetScript, calls)
	return err
}

// erase deletes everything of a user but the counter, the counter first: by it
// all sessions are dead at once. It deletes as many as p.Limit says.
func (st *Store) erase(ctx context.Context, p session.Purge) (done session.Purged, err error) {
	o := ownerOf(p.UserID)
	if _, err := st.run(ctx, eraseScript, call{
		[]string{
			st.ofUser(o, "user"), st.ofUser(o, "live"), st.ofShard(o.shard(), "everyone"), st.ofShard(o.shard(), "bumped"),
			st.ofUser(o, "profile"), st.ofUser(o, "bumps"), st.ofShard(o.shard(), "marks"),
		},
		[]any{newOp(), o[:], p.Now.UnixMilli()},
	}); err != nil {
		return done, err
	}
	counters, err := st.client.HKeys(ctx, st.ofUser(o, "bumps")).Result()
	if err != nil {
		return done, err
	}
	sets := []string{st.ofUser(o, "ended")}
	for _, n := range counters {
		sets = append(sets, st.ofUser(o, "bumps")+":"+n)
	}
	for _, set := range sets {
		for {
			n := chunk
			if p.Limit > 0 {
				n = min(n, p.Limit-done.Deleted)
			}
			if n == 0 {
				done.More = true
				return done, nil
			}
			ids, err := st.client.ZRange(ctx, set, 0, int64(n)-1).Result()
			if err != nil || len(ids) == 0 {
				if err != nil {
					return done, err
				}
				break
			}
			if err := st.eraseSome(ctx, o, set, ids); err != nil {
				return done, err
			}
			done.Deleted += len(ids)
		}
	}
	_, _, err = st.markOwner(ctx, o, chunk) // nothing: the bumps are to be forgotten
	return done, err
}

func (st *Store) eraseSome(ctx context.Context, o owner, set string, ids []string) error {
	b := batch{shard: o.shard()}
	gone := make([]any, 0, len(ids))
	for _, id := range ids {
		gone = append(gone, id)
		if e, err := parseEntry(member(o, id)); err == nil {
			b.entries = append(b.entries, e)
		}
	}
	if _, err := st.deleteBatch(ctx, b, "", ""); err != nil {
		return err
	}
	return st.client.ZRem(ctx, set, gone...).Err() // also what is damaged
}
