package redisstore

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
)

var _ session.Issuers = (*Store)(nil)

// These keys are each in a slot of its own. Nothing here has to be one step: a
// link is written before its session, and a counter before it is looked for
// links. What is to be forgotten one day is noted first.

func (st *Store) issuedKey(key session.IssuerKey) string {
	return st.cfg.Prefix + "issued:" + hex.EncodeToString(key[:])
}

func (st *Store) issuerKey(key session.IssuerKey) string {
	return st.cfg.Prefix + "issuer:" + hex.EncodeToString(key[:])
}

func (st *Store) belongsKey(id string) string { return st.cfg.Prefix + "belongs:" + id }

func (st *Store) keptKey() string { return st.cfg.Prefix + "kept" }

// keep notes until when something is kept, at least.
func (st *Store) keep(ctx context.Context, until time.Time, what ...string) error {
	z := redis.ZAddArgs{GT: true}
	for _, name := range what {
		z.Members = append(z.Members, redis.Z{Score: float64(until.UnixMilli()), Member: name})
	}
	return st.client.ZAddArgs(ctx, st.keptKey(), z).Err()
}

// pipelined runs commands in one round trip and returns the first error of any.
func (st *Store) pipelined(ctx context.Context, f func(p redis.Pipeliner)) error {
	_, err := st.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		f(p)
		return nil
	})
	if err == redis.Nil {
		return nil
	}
	return err
}

// Link notes that a session belongs to keys.
func (st *Store) Link(ctx context.Context, id session.ID, keys []session.IssuerKey, until time.Time) error {
	name, keys := hexID(id), slices.Clone(keys)
	return fail("link", await0(ctx, func() error {
		if err := st.keep(ctx, until, "l:"+name); err != nil {
			return err
		}
		return st.pipelined(ctx, func(p redis.Pipeliner) {
			for _, key := range keys {
				p.SAdd(ctx, st.belongsKey(name), key[:])
				p.ZAdd(ctx, st.issuedKey(key), redis.Z{Member: name})
			}
		})
	}))
}

// Linked returns sessions that belong to a key. What it finds to be over it
// forgets.
func (st *Store) Linked(ctx context.Context, key session.IssuerKey, after session.ID, limit int) ([]session.Owned, error) {
	all, err := await(ctx, func() (all []session.Owned, err error) {
		from := "(" + hexID(after)
		for len(all) < limit {
			names, err := st.client.ZRangeByLex(ctx, st.issuedKey(key), &redis.ZRangeBy{Min: from, Max: "+", Count: int64(limit - len(all))}).Result()
			if err != nil || len(names) == 0 {
				return all, err
			}
			from = "(" + names[len(names)-1]
			if all, err = st.addLinked(ctx, all, names); err != nil {
				return nil, err
			}
		}
		return all, nil
	})
	return all, fail("linked", err)
}

func (st *Store) addLinked(ctx context.Context, all []session.Owned, names []string) ([]session.Owned, error) {
	for _, name := range names {
		id, err := parseID(name)
		if err != nil {
			return nil, err
		}
		s, _, err := st.Get(ctx, id)
		switch {
		case errors.Is(err, session.ErrUnknown): // it may be about to be stored
		case err != nil && !errors.Is(err, session.ErrCorrupt):
			return nil, err
		case err == nil && s.Ended == nil:
			all = append(all, session.Owned{ID: id, UserID: s.UserID})
		case err == nil:
			if err := st.unlink(ctx, name); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// unlink forgets to what sessions belong.
func (st *Store) unlink(ctx context.Context, names ...string) error {
	keys := make([]*redis.StringSliceCmd, len(names))
	if err := st.pipelined(ctx, func(p redis.Pipeliner) {
		for i, name := range names {
			keys[i] = p.SMembers(ctx, st.belongsKey(name))
		}
	}); err != nil {
		return err
	}
	return st.pipelined(ctx, func(p redis.Pipeliner) {
		for i, name := range names {
			for _, text := range keys[i].Val() {
				var key session.IssuerKey
				copy(key[:], text)
				p.ZRem(ctx, st.issuedKey(key), name)
			}
			if len(keys[i].Val()) > 0 {
				p.Del(ctx, st.belongsKey(name))
				p.ZRem(ctx, st.keptKey(), "l:"+name)
			}
		}
	})
}

// Counters returns the counter of each key.
func (st *Store) Counters(ctx context.Context, keys []session.IssuerKey) ([]int64, error) {
	keys = slices.Clone(keys)
	all, err := await(ctx, func() ([]int64, error) {
		cmds := make([]*redis.StringCmd, len(keys))
		if err := st.pipelined(ctx, func(p redis.Pipeliner) {
			for i, key := range keys {
				cmds[i] = p.Get(ctx, st.issuerKey(key))
			}
		}); err != nil {
			return nil, err
		}
		all := make([]int64, len(keys))
		for i, cmd := range cmds {
			n, err := cmd.Int64()
			if err != nil && err != redis.Nil {
				return nil, err
			}
			all[i] = n
		}
		return all, nil
	})
	return all, fail("counters", err)
}

// Count adds one to the counter of each key. If it fails some may have been
// counted, which refuses a sign-in more.
func (st *Store) Count(ctx context.Context, keys []session.IssuerKey, until time.Time) error {
	keys = slices.Clone(keys)
	return fail("count", await0(ctx, func() error {
		var names []string
		for _, key := range keys {
			names = append(names, "c:"+hex.EncodeToString(key[:]))
		}
		if err := st.keep(ctx, until, names...); err != nil {
			return err
		}
		return st.pipelined(ctx, func(p redis.Pipeliner) {
			for _, key := range keys {
				p.Incr(ctx, st.issuerKey(key))
			}
		})
	}))
}

// forgetIssued deletes what was to be kept until before now, and reports
// whether there is more.
func (st *Store) forgetIssued(ctx context.Context, now time.Time, limit int) (more bool, err error) {
	below := "(" + strconv.FormatInt(now.UnixMilli(), 10)
	old, err := st.client.ZRangeByScore(ctx, st.keptKey(), &redis.ZRangeBy{Min: "-inf", Max: below, Count: int64(limit)}).Result()
	if err != nil || len(old) == 0 {
		return false, err
	}
	var links []string
	for _, name := range old {
		if id, is := strings.CutPrefix(name, "l:"); is {
			links = append(links, id)
		}
	}
	if err := st.unlink(ctx, links...); err != nil {
		return false, err
	}
	return len(old) == limit, st.pipelined(ctx, func(p redis.Pipeliner) {
		for _, name := range old {
			if key, is := strings.CutPrefix(name, "c:"); is {
				p.Del(ctx, st.cfg.Prefix+"issuer:"+key)
			}
			p.ZRem(ctx, st.keptKey(), name)
		}
	})
}
