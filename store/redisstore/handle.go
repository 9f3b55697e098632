package redisstore

import (
	"context"
	"hash/maphash"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
)

var _ session.Handles = (*Store)(nil)

// state are the fields that tell of a change: a change counts version on, a visit
// moves last_at, an ending has its field, and a bump its counter. The data has the
// secrets, so that an answer about another session is none about this one.
var state = []string{"version", "last_at", "user_generation", "global_generation", "ended_at", "data"}

var seed = maphash.MakeSeed()

// handle is of a session as it was read.
type handle struct {
	st             *Store
	key            string    // of the session
	user, everyone string    // keys of the counters
	values         [4]string // of the first fields of state
	data           uint64    // hash
}

// Hold is Get, with a handle of what it returned.
func (st *Store) Hold(ctx context.Context, id session.ID) (*session.Session, session.Generations, session.Handle, error) {
	var data string
	s, gens, err := st.getWith(ctx, id, &data)
	if err != nil || s.Ended != nil || s.Generations != gens || data == "" {
		return s, gens, nil, err
	}
	o := ownerOf(s.UserID)
	h := &handle{
		st: st, key: st.sessionKeys(o.shard()) + hexID(id), user: st.ofUser(o, "user"), everyone: st.ofShard(o.shard(), "everyone"),
		data: maphash.String(seed, data),
	}
	for i, n := range []int64{s.Version, s.Last.At.UnixMilli(), gens.User, gens.Global} {
		h.values[i] = strconv.FormatInt(n, 10)
	}
	return s, gens, h, nil
}

// Holds asks for what tells of a change. It takes at most Config.ReadTimeout.
func (h *handle) Holds(ctx context.Context) (bool, error) {
	ok, err := bounded(ctx, h.st, h.holds)
	return ok, fail("get", err)
}

// holds reads the session and then the counters, see [Store.get].
func (h *handle) holds(ctx context.Context) (bool, error) {
	var values *redis.SliceCmd
	var user, everyone *redis.StringCmd
	_, err := h.st.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		values = p.HMGet(ctx, h.key, state...)
		user = p.HGet(ctx, h.user, "generation")
		everyone = p.HGet(ctx, h.everyone, "generation")
		return nil
	})
	if err := notRead(err, user, everyone); err != nil {
		return false, err
	}
	if values.Err() != nil || !is(user.Val(), h.values[2]) || !is(everyone.Val(), h.values[3]) {
		return false, nil // Get says what it is
	}
	now := values.Val()
	for i, want := range h.values {
		if got, _ := now[i].(string); got != want {
			return false, nil
		}
	}
	data, _ := now[5].(string)
	return now[4] == nil && maphash.String(seed, data) == h.data, nil
}

// is reports whether a counter, which is 0 where there is none, is that.
func is(counter, want string) bool { return counter == want || counter == "" && want == "0" }

// isPunctual reports whether the client is one that keeps to the deadline of a
// context, whatever it waits for.
func isPunctual(client redis.UniversalClient) bool {
	switch c := client.(type) {
	case *redis.Client:
		return c.Options().ContextTimeoutEnabled
	case *redis.ClusterClient:
		return c.Options().ContextTimeoutEnabled
	}
	return false
}
