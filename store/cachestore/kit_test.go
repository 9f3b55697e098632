package cachestore_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/cachestore"
	"github.com/signedin/signedin/store/internal/kit"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest/need"
)

// One instance keeps the contract as it stands, with no time of grace.
func TestOneInstance(t *testing.T) {
	t.Parallel()
	kit.Run(t, "cached-memory", one, 0)
}

func TestRaceOfOneInstance(t *testing.T) {
	kit.Race(t, "cached-memory", one, 0, 100_000)
}

// one makes a cache that hears of nothing but itself.
func one(t *testing.T) session.Store {
	i := new(wire).start(t, memstore.New(), cachestore.Config{}, 10*time.Millisecond)
	t.Cleanup(func() { t.Logf("%+v", i.cache.Stats()) })
	return &warm{Store: i.cache, caches: []*cachestore.Store{i.cache}}
}

const staleness = 4 * time.Millisecond

// Two instances that are told everything keep it within the lease, however
// late the notices: if they do not arrive, neither does a sign of life.
func TestTwoInstances(t *testing.T) {
	t.Parallel()
	kit.Run(t, "cached-memory(two)", two(cachestore.Config{Lease: staleness}, true), staleness)
}

func TestRaceOfTwoInstances(t *testing.T) {
	t.Parallel()
	kit.Race(t, "cached-memory(two)", two(cachestore.Config{Lease: staleness}, true), staleness, 2000)
}

// Two instances that are told nothing, though the bus gives signs of life, keep
// it within the age of a copy.
func TestTwoInstancesUntold(t *testing.T) {
	t.Parallel()
	need.Heavy(t)
	kit.Run(t, "cached-memory(untold)", two(cachestore.Config{MaxAge: staleness}, false), staleness)
}

func TestRaceOfTwoInstancesUntold(t *testing.T) {
	t.Parallel()
	kit.Race(t, "cached-memory(untold)", two(cachestore.Config{MaxAge: staleness}, false), staleness, 2000)
}

// two returns how to make two caches in front of one store that take turns in
// answering.
func two(cfg cachestore.Config, told bool) func(t *testing.T) session.Store {
	return func(t *testing.T) session.Store {
		inner, w := memstore.New(), new(wire)
		p := &pair{told: told, wire: w}
		for i := range p.stores {
			p.stores[i] = w.start(t, inner, cfg, time.Millisecond).cache
		}
		t.Cleanup(func() { t.Logf("%+v, %+v", p.stores[0].Stats(), p.stores[1].Stats()) })
		return &warm{Store: p, caches: p.stores[:]}
	}
}

// pair is two caches that take turns. If told is set it gives notice of all
// that is done, as Managers do of what matters to them.
type pair struct {
	stores [2]*cachestore.Store
	told   bool
	wire   *wire
	turn   atomic.Int64
}

func (p *pair) next() *cachestore.Store { return p.stores[p.turn.Add(1)%2] }

func (p *pair) tell(n session.Message) {
	if p.told && !n.IsZero() {
		p.wire.publish(n)
	}
}

func (p *pair) Create(ctx context.Context, s *session.Session) error { return p.next().Create(ctx, s) }

func (p *pair) Get(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
	return p.next().Get(ctx, id)
}

func (p *pair) List(ctx context.Context, q session.Query) ([]*session.Session, error) {
	return p.next().List(ctx, q)
}

func (p *pair) GetMany(ctx context.Context, ids []session.ID) ([]session.Found, error) {
	return p.next().GetMany(ctx, ids)
}

func (p *pair) CountLive(ctx context.Context, userID string) (int, error) {
	return p.next().CountLive(ctx, userID)
}

func (p *pair) Mark(ctx context.Context, userID string, limit int) (bool, error) {
	return p.next().Mark(ctx, userID, limit)
}

func (p *pair) Generation(ctx context.Context, userID string) (session.Generations, error) {
	return p.next().Generation(ctx, userID)
}

func (p *pair) Update(ctx context.Context, s *session.Session) error {
	id := s.ID
	defer p.tell(session.Message{Changed: []session.ID{id}})
	return p.next().Update(ctx, s)
}

func (p *pair) Touch(ctx context.Context, touches []session.Touch) error {
	var n session.Message
	for _, t := range touches {
		n.Changed = append(n.Changed, t.ID)
	}
	defer p.tell(n)
	return p.next().Touch(ctx, touches)
}

func (p *pair) Revoke(ctx context.Context, r session.Revocation) (session.Revoked, error) {
	done, err := p.next().Revoke(ctx, r)
	n := session.Message{Ended: done.IDs, Everyone: r.Everyone, Generations: done.Generations}
	if r.All {
		n.UserID = r.UserID
	}
	if r.Keep != nil {
		n.Keep = r.Keep.ID
	}
	p.tell(n)
	return done, err
}

func (p *pair) Purge(ctx context.Context, q session.Purge) (session.Purged, error) {
	done, err := p.next().Purge(ctx, q)
	n := session.Message{Missed: q.UserID != ""} // no IDs come of that
	for _, e := range done.Expired {
		n.Ended = append(n.Ended, e.ID)
	}
	p.tell(n)
	return done, err
}

// warm has every cache hold a copy of what there is before each write, so that
// none keeps the contract only because it is empty.
type warm struct {
	session.Store
	caches []*cachestore.Store

	mu  sync.Mutex
	ids []session.ID
}

// warmed is how many sessions are kept warm, the latest.
const warmed = 32

func (w *warm) up() {
	w.mu.Lock()
	ids := w.ids
	w.mu.Unlock()
	for _, c := range w.caches {
		for _, id := range ids {
			_, _, _ = c.Get(context.Background(), id)
		}
	}
}

func (w *warm) Fresh(ctx context.Context) context.Context { return w.caches[0].Fresh(ctx) }

func (w *warm) Create(ctx context.Context, s *session.Session) error {
	w.mu.Lock()
	w.ids = append(w.ids[max(0, len(w.ids)-warmed):len(w.ids):len(w.ids)], s.ID)
	w.mu.Unlock()
	w.up()
	return w.Store.Create(ctx, s)
}

func (w *warm) Update(ctx context.Context, s *session.Session) error {
	w.up()
	return w.Store.Update(ctx, s)
}

func (w *warm) Touch(ctx context.Context, touches []session.Touch) error {
	w.up()
	return w.Store.Touch(ctx, touches)
}

func (w *warm) Revoke(ctx context.Context, r session.Revocation) (session.Revoked, error) {
	w.up()
	return w.Store.Revoke(ctx, r)
}

func (w *warm) Purge(ctx context.Context, p session.Purge) (session.Purged, error) {
	w.up()
	return w.Store.Purge(ctx, p)
}
