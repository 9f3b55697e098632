package redisstore

import (
	"context"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
)

// owners remembers whose sessions are. A session never changes hands, so what
// it says is not stale; that there still is such a session it does not say. It
// holds at most twice limit: when young is full, old makes way for it.
type owners struct {
	limit      int
	mu         sync.Mutex
	young, old map[session.ID]owner
}

func (c *owners) get(id session.ID) (o owner, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if o, ok = c.young[id]; ok {
		return o, true
	}
	if o, ok = c.old[id]; ok {
		c.put(id, o)
	}
	return o, ok
}

func (c *owners) add(id session.ID, o owner) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(id, o)
}

// put adds an owner. c.mu is held.
func (c *owners) put(id session.ID, o owner) {
	if len(c.young) >= max(c.limit, 1) {
		c.old, c.young = c.young, nil
	}
	if c.young == nil {
		c.young = make(map[session.ID]owner)
	}
	c.young[id] = o
}

func (c *owners) forget(id session.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.young, id)
	delete(c.old, id)
}

// ownerOf returns whose a session is, and whether that is from memory.
func (st *Store) ownerOf(ctx context.Context, id session.ID) (o owner, remembered bool, err error) {
	if o, ok := st.owners.get(id); ok {
		return o, true, nil
	}
	o, err = st.readOwner(ctx, id)
	return o, false, err
}

func (st *Store) readOwner(ctx context.Context, id session.ID) (owner, error) {
	name, err := st.client.Get(ctx, st.ownerKey(hexID(id))).Result()
	if err == redis.Nil {
		return owner{}, session.ErrUnknown
	}
	if err != nil {
		return owner{}, err
	}
	if rest, ok := parseRemnant(id, name); ok {
		return owner{}, rest
	}
	o, err := parseOwner(name)
	if err != nil {
		return o, corrupt(id, err)
	}
	st.owners.add(id, o)
	return o, nil
}

// withOwner calls f with whose the session is. If there is no such session with
// an owner that was remembered, it is asked again: the ID may have come to be
// somebody else's after it was purged.
func (st *Store) withOwner(ctx context.Context, id session.ID, f func(owner) error) error {
	o, remembered, err := st.ownerOf(ctx, id)
	if err != nil {
		return err
	}
	err = f(o)
	if err != session.ErrUnknown || !remembered {
		return err
	}
	st.owners.forget(id)
	now, err := st.readOwner(ctx, id)
	if err != nil || now == o {
		return orUnknown(err)
	}
	return f(now)
}

func orUnknown(err error) error {
	if err == nil {
		return session.ErrUnknown
	}
	return err
}

// ownersOf returns whose the sessions are; those that are nobody's are left out.
func (st *Store) ownersOf(ctx context.Context, ids []session.ID) (map[session.ID]owner, error) {
	found := make(map[session.ID]owner, len(ids))
	asked := make(map[session.ID]*redis.StringCmd)
	for _, id := range ids {
		if o, ok := st.owners.get(id); ok {
			found[id] = o
		} else {
			asked[id] = nil
		}
	}
	if len(asked) == 0 {
		return found, nil
	}
	_, err := st.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for id := range asked {
			asked[id] = p.Get(ctx, st.ownerKey(hexID(id)))
		}
		return nil
	})
	if err != nil && err != redis.Nil {
		return nil, err
	}
	for id, cmd := range asked {
		if cmd.Err() != nil && cmd.Err() != redis.Nil {
			return nil, cmd.Err()
		}
		if o, err := parseOwner(cmd.Val()); err == nil {
			found[id] = o
			st.owners.add(id, o)
		}
	}
	return found, nil
}
