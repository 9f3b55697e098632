package redisstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/internal/record"
)

// Get returns a session and the current generations of its user. It takes at
// most Config.ReadTimeout.
func (st *Store) Get(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
	return st.getWith(ctx, id, new(string))
}

// getWith is Get, and leaves the session's data as it is stored.
func (st *Store) getWith(ctx context.Context, id session.ID, data *string) (*session.Session, session.Generations, error) {
	type found struct {
		s    *session.Session
		g    session.Generations
		data string
	}
	f, err := bounded(ctx, st, func(ctx context.Context) (f found, err error) {
		err = st.withOwner(ctx, id, func(o owner) (err error) {
			f.s, f.g, f.data, err = st.get(ctx, o, id)
			return err
		})
		return f, err
	})
	if rest, ok := remnantOf(err); ok {
		return rest, session.Generations{}, nil
	}
	if err != nil {
		return nil, session.Generations{}, fail("get", err)
	}
	*data = f.data
	return f.s, f.g, nil
}

// get reads the session and then the counters. If those are the session's, it
// was live when it was read, since they only grow while there is a session; if
// they are not, there may have been a revocation in between that keeps it, so
// it reads again, as one. (It could do so at once, but a script costs the server
// ten times as much, and no transaction begins when its memory is full.)
func (st *Store) get(ctx context.Context, o owner, id session.ID) (s *session.Session, g session.Generations, data string, err error) {
	keys := []string{st.sessionKeys(o.shard()) + hexID(id), st.ofUser(o, "user"), st.ofShard(o.shard(), "everyone"), st.ofUser(o, "bumps")}
	var values *redis.SliceCmd
	var user, everyone *redis.StringCmd
	_, err = st.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		values = p.HMGet(ctx, keys[0], fields...)
		user = p.HGet(ctx, keys[1], "generation")
		everyone = p.HGet(ctx, keys[2], "generation")
		return nil
	})
	if err := notRead(err, user, everyone); err != nil {
		return nil, g, "", err
	}
	g, err = generations(user.Val(), everyone.Val())
	if err != nil {
		return nil, g, "", err
	}
	if err := values.Err(); redis.HasErrorPrefix(err, "WRONGTYPE") {
		return nil, g, "", corrupt(id, err)
	} else if err != nil {
		return nil, g, "", err
	}
	s, err = decode(id, values.Val())
	if err == nil && s.Ended == nil && s.Generations != g {
		s, g, err = st.getAsOne(ctx, id, keys)
		return s, g, "", err
	}
	if err == nil {
		data, _ = values.Val()[slices.Index(fields, "data")].(string)
	}
	return s, g, data, err
}

func (st *Store) getAsOne(ctx context.Context, id session.ID, keys []string) (*session.Session, session.Generations, error) {
	v, err := st.run(ctx, getScript, call{keys: keys})
	if err != nil {
		return nil, session.Generations{}, err
	}
	answer, ok := v.([]any)
	if !ok || len(answer) != 6 {
		return nil, session.Generations{}, unexpected(v)
	}
	counters, err := texts(answer[1:])
	if err != nil {
		return nil, session.Generations{}, err
	}
	g, err := generations(counters[0], counters[1])
	if err != nil {
		return nil, g, err
	}
	s, err := decode(id, answer[0])
	if err == nil && s.Ended == nil && counters[2] != "" { // a bump has ended it, and it is not marked
		e, err := (&bump{At: counters[2], Reason: counters[3], By: counters[4]}).ending()
		if err != nil {
			return nil, g, err
		}
		s.Ended = &e
		s.DropAddresses()
	}
	return s, g, err
}

// notRead returns why counters could not be read. One that is not there is 0.
func notRead(err error, counters ...*redis.StringCmd) error {
	for _, c := range counters {
		if c.Err() != nil && c.Err() != redis.Nil {
			return c.Err()
		}
	}
	if redis.HasErrorPrefix(err, "WRONGTYPE") || err == redis.Nil {
		return nil
	}
	return err
}

// decode returns the session of an answer: ErrUnknown if there is none.
func decode(id session.ID, v any) (*session.Session, error) {
	r, err := readValues(v)
	if err == session.ErrUnknown {
		return nil, err
	}
	var s *session.Session
	if err == nil {
		s, err = r.decode(id)
	}
	if err != nil && !errors.Is(err, errMixedUp) {
		err = corrupt(id, err)
	}
	return s, err
}

// generations reads the counters of a user and of everyone; none is 0.
func generations(user, everyone string) (g session.Generations, err error) {
	var err1, err2 error
	if user != "" {
		g.User, err1 = strconv.ParseInt(user, 10, 64)
	}
	if everyone != "" {
		g.Global, err2 = strconv.ParseInt(everyone, 10, 64)
	}
	return g, errors.Join(err1, err2)
}

// Generation returns the current generations for a user. It takes at most
// Config.ReadTimeout: whoever signs in asks for it, and need not be anybody.
func (st *Store) Generation(ctx context.Context, userID string) (session.Generations, error) {
	o := ownerOf(userID)
	g, err := bounded(ctx, st, func(ctx context.Context) (session.Generations, error) {
		var user, everyone *redis.StringCmd
		_, err := st.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			user = p.HGet(ctx, st.ofUser(o, "user"), "generation")
			everyone = p.HGet(ctx, st.ofShard(o.shard(), "everyone"), "generation")
			return nil
		})
		if err := notRead(err, user, everyone); err != nil {
			return session.Generations{}, err
		}
		return generations(user.Val(), everyone.Val())
	})
	return g, fail("generation", err)
}

// GetMany returns those of the sessions that there are.
func (st *Store) GetMany(ctx context.Context, ids []session.ID) ([]session.Found, error) {
	ids = slices.Clone(ids)
	all, err := await(ctx, func() (all []session.Found, err error) {
		slices.SortFunc(ids, func(a, b session.ID) int { return bytes.Compare(a[:], b[:]) })
		var corrupt error
		for chunk := range slices.Chunk(slices.Compact(ids), manyChunk) {
			if err := st.getMany(ctx, chunk, &all); errors.Is(err, session.ErrCorrupt) {
				corrupt = errors.Join(corrupt, err)
			} else if err != nil {
				return nil, err
			}
		}
		return all, corrupt
	})
	return all, fail("get many", err)
}

// manyChunk is how many sessions are read in one round trip.
const manyChunk = 500

// getMany reads as get does. What does not look live, or has gone, is read by
// itself.
func (st *Store) getMany(ctx context.Context, ids []session.ID, all *[]session.Found) error {
	owners, err := st.ownersOf(ctx, ids)
	if err != nil {
		return err
	}
	type reading struct {
		values         *redis.SliceCmd
		user, everyone *redis.StringCmd
	}
	readings := make(map[session.ID]reading, len(owners))
	if len(owners) > 0 {
		_, err = st.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for id, o := range owners {
				readings[id] = reading{
					p.HMGet(ctx, st.sessionKeys(o.shard())+hexID(id), fields...),
					p.HGet(ctx, st.ofUser(o, "user"), "generation"),
					p.HGet(ctx, st.ofShard(o.shard(), "everyone"), "generation"),
				}
			}
			return nil
		})
		if isUnanswered(err) && err != redis.Nil {
			return err
		}
	}
	var corrupted error
	for _, id := range ids {
		r, asked := readings[id]
		if asked && r.values.Err() == nil {
			g, err := generations(r.user.Val(), r.everyone.Val())
			if err := errors.Join(err, notRead(nil, r.user, r.everyone)); err != nil {
				return err
			}
			if s, err := decode(id, r.values.Val()); err == nil && s.Ended == nil && s.Generations == g {
				*all = append(*all, session.Found{Session: s, Generations: g})
				continue
			}
		}
		s, g, err := st.Get(ctx, id)
		switch {
		case errors.Is(err, session.ErrCorrupt):
			corrupted = errors.Join(corrupted, err)
		case errors.Is(err, session.ErrUnknown):
		case err != nil:
			return err
		default:
			*all = append(*all, session.Found{Session: s, Generations: g})
		}
	}
	return corrupted
}

// CountLive returns how many live sessions the user has. While a revocation of
// everyone is being marked, its own are among them.
func (st *Store) CountLive(ctx context.Context, userID string) (int, error) {
	n, err := await(ctx, func() (int64, error) { return st.client.ZCard(ctx, st.ofUser(ownerOf(userID), "live")).Result() })
	return int(n), fail("count", err)
}

// List returns the sessions that q asks for.
func (st *Store) List(ctx context.Context, q session.Query) ([]*session.Session, error) {
	all, err := await(ctx, func() ([]*session.Session, error) { return st.list(ctx, q) })
	return all, fail("list", err)
}

// list reads what is not marked first: what is marked meanwhile comes twice, and
// counts once.
func (st *Store) list(ctx context.Context, q session.Query) ([]*session.Session, error) {
	var unmarked []*session.Session
	var corrupted error
	if q.State == session.StateEnded {
		var err error
		if unmarked, corrupted, err = st.listUnmarked(ctx, q); err != nil {
			return nil, err
		}
	}
	v, err := st.run(ctx, listScript, st.listCall(q))
	if err != nil {
		return nil, err
	}
	all, err := decodeAll(v)
	if err != nil && !errors.Is(err, session.ErrCorrupt) {
		return nil, err
	}
	if len(unmarked) > 0 {
		all = record.Merge(q, all, unmarked)
	}
	return all, errors.Join(err, corrupted)
}

func (st *Store) listCall(q session.Query) call {
	o := ownerOf(q.UserID)
	state, after, id := "live", "+inf", ""
	order := "latest"
	if q.Oldest {
		order, after = "oldest", "-inf"
	}
	if q.State == session.StateEnded {
		state = "ended"
	}
	switch {
	case q.After == nil:
	case q.State == session.StateLive:
		after, id = strconv.FormatInt(q.After.First.At.UnixMilli(), 10), hexID(q.After.ID)
	case q.After.Ended != nil:
		after, id = strconv.FormatInt(q.After.Ended.At.UnixMilli(), 10), hexID(q.After.ID)
	}
	return call{
		keys: []string{st.ofUser(o, "user"), st.ofShard(o.shard(), "everyone"), st.ofUser(o, state)},
		args: []any{st.sessionKeys(o.shard()), state, after, id, max(q.Limit, 0), order},
	}
}

// decodeAll returns the sessions of an answer but those that are corrupt.
func decodeAll(v any) (all []*session.Session, corrupted error) {
	list, ok := v.([]any)
	if !ok {
		return nil, unexpected(v)
	}
	for _, e := range list {
		pair, ok := e.([]any)
		if !ok || len(pair) != 2 {
			return nil, unexpected(e)
		}
		s, err := decodeListed(pair[0], pair[1])
		if err != nil {
			corrupted = errors.Join(corrupted, err)
			continue
		}
		all = append(all, s)
	}
	return all, corrupted
}

func decodeListed(name, v any) (*session.Session, error) {
	text, _ := name.(string)
	id, err := parseID(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", session.ErrCorrupt, err)
	}
	s, err := decode(id, v)
	if err != nil && !errors.Is(err, session.ErrCorrupt) {
		err = corrupt(id, err) // here it concerns one of several
	}
	return s, err
}
