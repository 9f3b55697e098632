package redisstore

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/internal/record"
)

// Mark gives sessions that a bump has ended its ending.
func (st *Store) Mark(ctx context.Context, userID string, limit int) (bool, error) {
	more, err := await(ctx, func() (bool, error) {
		if userID != "" {
			_, more, err := st.markOwner(ctx, ownerOf(userID), limit)
			return more, err
		}
		return st.markAny(ctx, limit)
	})
	return more, fail("mark", err)
}

// markOwner marks sessions of a user.
func (st *Store) markOwner(ctx context.Context, o owner, limit int) (marked int, more bool, err error) {
	counters, err := st.client.HKeys(ctx, st.ofUser(o, "bumps")).Result()
	if err != nil {
		return 0, false, err
	}
	if len(counters) == 0 {
		// A user whom a crash has left among those to be marked.
		return 0, false, st.client.ZRem(ctx, st.ofShard(o.shard(), "marks"), o[:]).Err()
	}
	slices.SortFunc(counters, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	for _, counter := range counters {
		for {
			n, err := st.markSome(ctx, o, counter, min(markChunk, limit-marked))
			if err != nil {
				return marked, true, err
			}
			if marked += n; marked >= limit {
				return marked, true, nil
			}
			if n == 0 {
				break
			}
		}
	}
	return marked, true, nil
}

// markChunk is how many sessions one script marks: what it does to each is more
// than to look, and others wait meanwhile.
const markChunk = 4

// markSome marks sessions that one bump has ended, and returns how many it looked
// at.
func (st *Store) markSome(ctx context.Context, o owner, counter string, limit int) (int, error) {
	dead := st.ofUser(o, "bumps") + ":" + counter
	ids, err := st.client.ZRange(ctx, dead, 0, int64(limit)-1).Result()
	if err != nil {
		return 0, err
	}
	c := call{append(st.endingKeys(o), st.ofUser(o, "bumps"), st.ofShard(o.shard(), "marks"), dead), []any{newOp(), o[:], counter}}
	for _, id := range ids {
		c.keys = append(c.keys, st.sessionKeys(o.shard())+id)
		c.args = append(c.args, id)
	}
	_, err = st.run(ctx, markScript, c)
	return len(ids), err
}

// markAny marks sessions of users whose counters were bumped, and then those
// that the counter of all has ended.
func (st *Store) markAny(ctx context.Context, limit int) (more bool, err error) {
	users, _, err := st.take(ctx, "marks", "+inf", max(limit, 1))
	if err != nil {
		return false, err
	}
	for shard, list := range users {
		for _, text := range list {
			o, err := parseOwner(text)
			if err != nil || o.shard() != shard {
				continue
			}
			n, _, err := st.markOwner(ctx, o, limit)
			if err != nil {
				return true, err
			}
			if limit -= max(n, 1); limit <= 0 {
				return true, nil
			}
			more = true
		}
	}
	if more {
		return true, nil
	}
	return st.markShards(ctx, limit)
}

// longAgo is before every time at which a session is due.
const longAgo = -1 << 53

// markShards marks what the counter of all has ended, one shard after the other,
// as many as hold about so many sessions.
func (st *Store) markShards(ctx context.Context, limit int) (more bool, err error) {
	last, err := st.client.HMGet(ctx, st.globalKey(), "generation", "marked").Result()
	if err != nil || last[0] == nil || last[0] == last[1] {
		return false, err
	}
	cmds := make(map[string]*redis.SliceCmd, shards)
	if _, err := st.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, shard := range shardNames() {
			cmds[shard] = p.HMGet(ctx, st.ofShard(shard, "everyone"), "generation", "marked")
		}
		return nil
	}); err != nil {
		return false, err
	}
	for _, shard := range shardNames() {
		v := cmds[shard].Val()
		if v[0] == nil || v[0] == v[1] {
			continue
		}
		if limit <= 0 {
			return true, nil
		}
		n, err := st.markShard(ctx, shard, v[0])
		if err != nil {
			return true, err
		}
		limit -= n
	}
	// Of the counter that all shards have; the next one begins anew.
	return false, st.client.HSet(ctx, st.globalKey(), "marked", last[0]).Err()
}

// markShard marks what the counter of all has ended in a shard, and returns how
// many sessions it looked at.
func (st *Store) markShard(ctx context.Context, shard string, counter any) (looked int, err error) {
	var cursor uint64
	for {
		// ZSCAN returns what is there from its beginning to its end, and so every
		// session of before.
		page, next, err := st.client.ZScan(ctx, st.ofShard(shard, "due"), cursor, "", chunk).Result()
		if err != nil {
			return looked, err
		}
		if _, _, err := st.visit(ctx, map[string][]string{shard: members(page)}, longAgo); err != nil {
			return looked, err
		}
		looked += len(page) / 2
		if cursor = next; cursor == 0 {
			break
		}
	}
	_, err = st.run(ctx, markedScript, call{[]string{st.ofShard(shard, "everyone")}, []any{counter}})
	return looked, err
}

// members drops the scores, which come after each member.
func members(page []string) (all []string) {
	for i := 0; i < len(page); i += 2 {
		all = append(all, page[i])
	}
	return all
}

// bump is how a counter was bumped, as scripts keep it.
type bump struct {
	At     string `json:"at"`
	Reason string `json:"reason"`
	By     string `json:"by"`
	Global string `json:"global"` // the counter of all at the time
}

func readBump(text string) (*bump, error) {
	b := new(bump)
	return b, json.Unmarshal([]byte(text), b)
}

func (b *bump) ending() (session.Ending, error) {
	at, err := strconv.ParseInt(b.At, 10, 64)
	return session.Ending{At: record.Time(at), Reason: session.Reason(b.Reason), By: b.By}, err
}

// pending is how the counters of a user were bumped, and that of all, whose
// sessions are not all marked.
type pending struct {
	own, all map[int64]*bump
	current  session.Generations
}

// endedBy returns the bump that came first of those that ended s, nil if none is
// kept.
func (p *pending) endedBy(s *session.Session) *bump {
	var own, all *bump
	if s.Generations.User != p.current.User {
		own = p.own[s.Generations.User+1]
	}
	if s.Generations.Global != p.current.Global {
		all = p.all[s.Generations.Global+1]
	}
	if own != nil {
		global, err := strconv.ParseInt(own.Global, 10, 64)
		if all == nil || err == nil && global <= s.Generations.Global {
			return own
		}
	}
	return all
}

func (st *Store) pending(ctx context.Context, o owner) (*pending, error) {
	var own, all *redis.MapStringStringCmd
	var user *redis.StringCmd
	_, err := st.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		own = p.HGetAll(ctx, st.ofUser(o, "bumps"))
		all = p.HGetAll(ctx, st.ofShard(o.shard(), "everyone"))
		user = p.HGet(ctx, st.ofUser(o, "user"), "generation")
		return nil
	})
	if err != nil && err != redis.Nil {
		return nil, err
	}
	p := &pending{own: make(map[int64]*bump), all: make(map[int64]*bump)}
	if p.current, err = generations(user.Val(), all.Val()["generation"]); err != nil {
		return nil, err
	}
	for counter, text := range own.Val() {
		n, err1 := strconv.ParseInt(counter, 10, 64)
		b, err2 := readBump(text)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		p.own[n] = b
	}
	for field, text := range all.Val() {
		counter, ok := strings.CutPrefix(field, "bump:")
		if !ok {
			continue
		}
		n, err1 := strconv.ParseInt(counter, 10, 64)
		b, err2 := readBump(text)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		p.all[n] = b
	}
	return p, nil
}

// listUnmarked returns sessions of a user that bumps have ended and that are not
// marked, as many of each bump as q may need.
func (st *Store) listUnmarked(ctx context.Context, q session.Query) (all []*session.Session, corrupted, err error) {
	o := ownerOf(q.UserID)
	p, err := st.pending(ctx, o)
	if err != nil || len(p.own)+len(p.all) == 0 {
		return nil, nil, err
	}
	sets := []string{}
	for n := range p.own {
		sets = append(sets, st.ofUser(o, "bumps")+":"+strconv.FormatInt(n, 10))
	}
	if len(p.all) > 0 {
		sets = append(sets, st.ofUser(o, "live"))
	}
	for _, set := range sets {
		limit, below := math.MaxInt, ""
		if q.Limit > 0 && !q.Oldest && len(p.own)+len(p.all) == 1 { // else some of a set may have ended otherwise
			limit = q.Limit
			if after := q.After; after != nil && after.Ended != nil {
				if at := strconv.FormatInt(after.Ended.At.UnixMilli(), 10); p.is(at) {
					below = hexID(after.ID)
				}
			}
		}
		for limit > 0 {
			ids, more, err := st.greatest(ctx, set, below, limit)
			if err != nil {
				return nil, nil, err
			}
			for part := range slices.Chunk(ids, chunk) {
				some, bad, err := st.readUnmarked(ctx, o, p, part)
				if err != nil {
					return nil, nil, err
				}
				all, corrupted = append(all, some...), errors.Join(corrupted, bad)
				if limit -= len(some); limit <= 0 {
					break
				}
			}
			if !more {
				break
			}
			below = ids[len(ids)-1]
		}
	}
	return all, corrupted, nil
}

// scanned is about how many members of a set one command looks at.
const scanned = 1000

// greatest returns the members of a set that are below one, or below none if that
// is empty, from the greatest down, as many as a page may need. It says whether
// there are more. However large the set is, a command is short, and no more than
// that is kept.
func (st *Store) greatest(ctx context.Context, set, below string, page int) (ids []string, more bool, err error) {
	most := max(page, chunk) // some may not be for the page
	for cursor := uint64(0); ; {
		var some []string
		some, cursor, err = st.client.ZScan(ctx, set, cursor, "", scanned).Result()
		if err != nil {
			return nil, false, err
		}
		for n := 0; n+1 < len(some); n += 2 { // each with its score
			if below == "" || some[n] < below {
				ids = append(ids, some[n])
			}
		}
		if over := len(ids) - most; over > scanned || cursor == 0 { // else it is not worth sorting
			slices.Sort(ids)
			ids = slices.Compact(ids) // a scan may tell of one twice
			if over = len(ids) - most; over > 0 {
				ids, more = slices.Delete(ids, 0, over), true
			}
		}
		if cursor == 0 {
			slices.Reverse(ids)
			return ids, more, nil
		}
	}
}

// is reports whether one of the bumps was at that time.
func (p *pending) is(at string) bool {
	for _, bumps := range []map[int64]*bump{p.own, p.all} {
		for _, b := range bumps {
			if b.At == at {
				return true
			}
		}
	}
	return false
}

// readUnmarked returns those of the sessions that a bump has ended and that are
// not marked.
func (st *Store) readUnmarked(ctx context.Context, o owner, p *pending, ids []string) (all []*session.Session, corrupted, err error) {
	cmds := make([]*redis.SliceCmd, len(ids))
	_, err = st.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for i, id := range ids {
			cmds[i] = pipe.HMGet(ctx, st.sessionKeys(o.shard())+id, fields...)
		}
		return nil
	})
	if isUnanswered(err) {
		return nil, nil, err
	}
	for i, id := range ids {
		var v any = cmds[i].Val()
		if err := cmds[i].Err(); err != nil {
			v = err.Error()
		}
		s, err := decodeListed(id, v)
		if err != nil {
			if !errors.Is(err, session.ErrUnknown) {
				corrupted = errors.Join(corrupted, err)
			}
			continue
		}
		if s.Ended != nil || s.Generations == p.current {
			continue
		}
		if b := p.endedBy(s); b != nil {
			e, err := b.ending()
			if err != nil {
				return nil, nil, err
			}
			s.Ended = &e
			s.DropAddresses()
			all = append(all, s)
		}
	}
	return all, corrupted, nil
}
