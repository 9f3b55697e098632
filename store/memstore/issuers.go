package memstore

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/signedin/signedin/session"
)

var _ session.Issuers = (*Store)(nil)

// issuers is what identity providers can end. Its lock is the innermost.
type issuers struct {
	mu       sync.Mutex
	links    map[session.IssuerKey]map[session.ID]struct{}
	of       map[session.ID]link
	counters map[session.IssuerKey]counter
}

type link struct {
	keys  []session.IssuerKey
	until time.Time
}

type counter struct {
	n     int64
	until time.Time
}

// Link notes that a session belongs to keys.
func (st *Store) Link(ctx context.Context, id session.ID, keys []session.IssuerKey, until time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	i := &st.issuers
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.of == nil {
		i.of, i.links = make(map[session.ID]link), make(map[session.IssuerKey]map[session.ID]struct{})
	}
	l := link{slices.Concat(i.of[id].keys, keys), until}
	i.of[id] = l
	for _, key := range l.keys {
		if i.links[key] == nil {
			i.links[key] = make(map[session.ID]struct{})
		}
		i.links[key][id] = struct{}{}
	}
	return nil
}

// Linked returns sessions that belong to a key.
func (st *Store) Linked(ctx context.Context, key session.IssuerKey, after session.ID, limit int) ([]session.Owned, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var all []session.Owned
	for _, id := range st.issuers.linkedTo(key, after) {
		if r := st.records.get(id); r != nil && r.facts.Load().ended == nil && len(all) < limit {
			all = append(all, session.Owned{ID: id, UserID: r.user.id})
		}
	}
	return all, nil
}

func (i *issuers) linkedTo(key session.IssuerKey, after session.ID) (ids []session.ID) {
	i.mu.Lock()
	for id := range i.links[key] {
		if bytes.Compare(id[:], after[:]) > 0 {
			ids = append(ids, id)
		}
	}
	i.mu.Unlock()
	slices.SortFunc(ids, func(a, b session.ID) int { return bytes.Compare(a[:], b[:]) })
	return ids
}

// unlink forgets to what a session belongs.
func (i *issuers) unlink(id session.ID) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.drop(id)
}

// drop is unlink with the lock held.
func (i *issuers) drop(id session.ID) {
	for _, key := range i.of[id].keys {
		if delete(i.links[key], id); len(i.links[key]) == 0 {
			delete(i.links, key)
		}
	}
	delete(i.of, id)
}

// Counters returns the counter of each key.
func (st *Store) Counters(ctx context.Context, keys []session.IssuerKey) ([]int64, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	i := &st.issuers
	i.mu.Lock()
	defer i.mu.Unlock()
	n := make([]int64, len(keys))
	for k, key := range keys {
		n[k] = i.counters[key].n
	}
	return n, nil
}

// Count adds one to the counter of each key.
func (st *Store) Count(ctx context.Context, keys []session.IssuerKey, until time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	i := &st.issuers
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.counters == nil {
		i.counters = make(map[session.IssuerKey]counter)
	}
	for _, key := range keys {
		c := i.counters[key]
		c.n++
		if until.After(c.until) {
			c.until = until
		}
		i.counters[key] = c
	}
	return nil
}

// purge forgets what was to be kept until before now.
func (i *issuers) purge(now time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for key, c := range i.counters {
		if c.until.Before(now) {
			delete(i.counters, key)
		}
	}
	for id, l := range i.of {
		if l.until.Before(now) {
			i.drop(id)
		}
	}
}
