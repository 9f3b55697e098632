package redisstore

import (
	"context"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/internal/record"
)

// touchChunk is how many visits one script writes: about a millisecond of the
// server's time.
const touchChunk = 200

// await0 is [await] for what has no result.
func await0(ctx context.Context, f func() error) error {
	_, err := await(ctx, func() (struct{}, error) { return struct{}{}, f() })
	return err
}

// Create inserts a session.
func (st *Store) Create(ctx context.Context, s *session.Session) error {
	n := &creation{st: st, id: s.ID, owner: ownerOf(s.UserID), op: newOp()}
	due := min(s.ExpiresAt.UnixMilli(), s.Last.At.UnixMilli()+s.IdleTimeout.Milliseconds())
	args := append([]any{
		n.op, hexID(s.ID), member(n.owner, hexID(s.ID)), s.UserID,
		s.Generations.User, s.Generations.Global, s.First.At.UnixMilli(), due,
	}, encode(s)...)
	return fail("create", await0(ctx, func() error { return n.run(ctx, args) }))
}

// creation is one call of Create. The name of the owner comes after the
// session, so that there is none without one.
type creation struct {
	st    *Store
	id    session.ID
	owner owner
	op    string
}

func (n *creation) run(ctx context.Context, args []any) error {
	taken, err := n.isTaken(ctx)
	if err != nil {
		return err
	}
	if taken {
		return session.ErrExists
	}
	shard := n.owner.shard()
	v, err := n.st.run(ctx, createScript, call{[]string{
		n.key(), n.st.ofUser(n.owner, "user"), n.st.ofShard(shard, "everyone"),
		n.st.ofUser(n.owner, "live"), n.st.ofShard(shard, "due"),
	}, args})
	if err != nil {
		return err
	}
	// One that is alive may have lost its owner's name to a crash in between.
	if v == "ok" || v == "alive" {
		if err := n.name(ctx); err != nil {
			return err
		}
	}
	return verdict(n.id, v)
}

func (n *creation) key() string { return n.st.sessionKeys(n.owner.shard()) + hexID(n.id) }

// isTaken reports whether another user has a session with this ID.
func (n *creation) isTaken(ctx context.Context) (bool, error) {
	o, err := n.st.readOwner(ctx, n.id)
	if err == session.ErrUnknown || err == nil && o == n.owner {
		return false, nil
	}
	if _, ok := remnantOf(err); ok {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	there, err := n.st.client.Exists(ctx, n.st.sessionKeys(o.shard())+hexID(n.id)).Result()
	if err != nil || there > 0 {
		return true, err
	}
	n.st.owners.forget(n.id)
	return false, n.st.disown(ctx, []entry{{owner: o, id: hexID(n.id)}})
}

// name says whose the session is. If another user's came first, or it is gone
// already, it is as if there had been none.
func (n *creation) name(ctx context.Context) error {
	var name *redis.StringCmd
	var there *redis.IntCmd
	_, err := n.st.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.SetNX(ctx, n.st.ownerKey(hexID(n.id)), n.owner[:], 0)
		name = p.Get(ctx, n.st.ownerKey(hexID(n.id)))
		there = p.Exists(ctx, n.key())
		return nil
	})
	switch {
	case err != nil:
		return err
	case name.Val() != string(n.owner[:]):
		_, err := n.st.run(ctx, undoScript, call{
			[]string{n.key(), n.st.ofUser(n.owner, "live"), n.st.ofShard(n.owner.shard(), "due")},
			[]any{n.op, hexID(n.id), member(n.owner, hexID(n.id))},
		})
		return orExists(err)
	case there.Val() == 0: // erased meanwhile
		return n.st.disown(ctx, []entry{{owner: n.owner, id: hexID(n.id)}})
	}
	n.st.owners.add(n.id, n.owner)
	return nil
}

func orExists(err error) error {
	if err == nil {
		return session.ErrExists
	}
	return err
}

// Update writes a session that was read before.
func (st *Store) Update(ctx context.Context, s *session.Session) error {
	args := updateArgs(s)
	id, op := s.ID, newOp()
	return fail("update", await0(ctx, func() error {
		return st.withOwner(ctx, id, func(o owner) error {
			v, err := st.run(ctx, updateScript, call{
				[]string{st.sessionKeys(o.shard()) + hexID(id), st.ofUser(o, "user"), st.ofShard(o.shard(), "everyone"), st.ofShard(o.shard(), "due")},
				append([]any{op, member(o, hexID(id))}, args...),
			})
			if err != nil {
				return err
			}
			return verdict(id, v)
		})
	}))
}

// updateArgs are the arguments that say what an update writes, and over which
// version.
func updateArgs(s *session.Session) []any {
	return []any{s.Version, s.Version + 1, record.DataAndName.Text(s), s.ExpiresAt.UnixMilli(), s.IdleTimeout.Milliseconds(), encodeBound(s)}
}

// Touch writes the latest visits.
func (st *Store) Touch(ctx context.Context, touches []session.Touch) error {
	args := make(map[session.ID][]any, len(touches)) // of several, the latest
	latest := make(map[session.ID]int64, len(touches))
	var ids []session.ID
	for _, t := range touches {
		at := t.Visit.At.UnixMilli()
		if before, ok := latest[t.ID]; ok && before >= at {
			continue
		}
		if args[t.ID] == nil {
			ids = append(ids, t.ID)
		}
		latest[t.ID], args[t.ID] = at, []any{strconv.FormatInt(at, 10), record.Addr(t.Visit.IP), record.Visit.Text(&t.Visit)}
	}
	return fail("touch", await0(ctx, func() error { return st.touch(ctx, ids, args) }))
}

func (st *Store) touch(ctx context.Context, ids []session.ID, args map[session.ID][]any) error {
	found, err := st.ownersOf(ctx, ids)
	if err != nil {
		return err
	}
	groups := make(map[string][]session.ID)
	for _, id := range ids {
		o, ok := found[id]
		if !ok {
			continue
		}
		group := "" // all at once
		if st.cluster {
			group = o.shard()
		}
		groups[group] = append(groups[group], id)
	}
	var calls []call
	for _, group := range groups {
		for chunk := range slices.Chunk(group, touchChunk) {
			calls = append(calls, st.touchCall(chunk, found, args))
		}
	}
	_, err = st.runAll(ctx, touchScript, calls)
	return err
}

func (st *Store) touchCall(ids []session.ID, owners map[session.ID]owner, args map[session.ID][]any) (c call) {
	for _, id := range ids {
		o := owners[id]
		c.keys = append(c.keys, st.sessionKeys(o.shard())+hexID(id), st.ofUser(o, "user"), st.ofShard(o.shard(), "everyone"))
		c.args = append(c.args, args[id]...)
	}
	return c
}
