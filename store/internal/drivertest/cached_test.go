package drivertest_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/cachestore"
	"github.com/signedin/signedin/store/internal/kit"
	"github.com/signedin/signedin/store/pollbus"
	"github.com/signedin/signedin/store/redisstore"
	"github.com/signedin/signedin/store/sqlstore"
	"github.com/signedin/signedin/store/storetest/need"
)

// Here two instances with a cache each, in front of one database, keep the
// whole contract within the bound that a cache has: the age of a copy for the
// rules, since no bus tells of visits, and the lease for the races. The names
// of these tests end in Race so that they are run where races are looked for
// without the race detector, which has the caches of package cachestore for
// itself; here it would take minutes.
//
// A cache knows nothing of the driver, so one a database is enough; the rules are
// run where the others are told by a log, and where by messages.
const staleness = 2 * time.Millisecond

// A backend makes what an instance has: a store on the same database each time,
// and a bus on which others are told; nil for one in this process.
type backend func(t *testing.T) (session.Store, session.Bus)

// cachedRules runs the rules. For each, open makes an empty database.
func cachedRules(t *testing.T, store string, open func(t *testing.T) backend) {
	notSlowedDown(t)
	kit.Run(t, store, func(t *testing.T) session.Store {
		return cachedPair(t, open(t), cachestore.Config{MaxAge: staleness})
	}, staleness)
}

// cachedRaces runs the races, in a database that open makes.
func cachedRaces(t *testing.T, store string, open func(t *testing.T) backend) {
	notSlowedDown(t)
	var p *cached
	kit.Race(t, store, func(t *testing.T) session.Store {
		p = cachedPair(t, open(t), cachestore.Config{Lease: staleness})
		return p
	}, staleness, 100)
	var hits int64
	for _, i := range p.instances {
		hits += i.Stats().Hits
	}
	kit.Report(t, store, "hits", hits)
	if hits == 0 {
		t.Error("no copy was ever used: this proves nothing")
	}
}

func notSlowedDown(t *testing.T) {
	if need.RaceDetector {
		t.Skip("SKIPPED: takes minutes under the race detector; run without it")
	}
}

func TestCachedSQLiteRace(t *testing.T) {
	need.Heavy(t)
	open := func(t *testing.T) backend {
		return polled(open(t, "sqlite", hasty(sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "db")))), "")
	}
	t.Run("rules", func(t *testing.T) { cachedRules(t, "cached-sqlite", open) })
	t.Run("races", func(t *testing.T) { cachedRaces(t, "cached-sqlite", open) })
}

func TestCachedMySQLRace(t *testing.T) {
	db := openMySQL(t, "")
	cachedRaces(t, "cached-mysql", func(t *testing.T) backend { return polled(db, newPrefix(t, db)) })
}

// hasty returns a DSN that does not wait for the disk, which caches know nothing
// of.
func hasty(dsn string) string { return strings.ReplaceAll(dsn, "FULL", "OFF") }

// polled has the instances told by the log that the store itself writes.
func polled(db *sqlx.DB, prefix string) backend {
	return func(t *testing.T) (session.Store, session.Bus) {
		st := migrated(t, db, sqlstore.Config{Prefix: prefix})
		bus, err := pollbus.New(st, pollbus.Config{Interval: staleness / 4})
		if err != nil {
			t.Fatal(err)
		}
		return st, bus
	}
}

func TestCachedPostgresRace(t *testing.T) {
	db := openPostgres(t, "pgx")
	cachedRaces(t, "cached-postgres", func(t *testing.T) backend {
		prefix := newPrefix(t, db)
		return func(t *testing.T) (session.Store, session.Bus) {
			return migrated(t, db, sqlstore.Config{Prefix: prefix}), nil
		}
	})
}

func TestCachedRedisRace(t *testing.T) {
	eachRedis(t, func(t *testing.T, open func(testing.TB) redis.UniversalClient) {
		name := "cached-redis(" + filepath.Base(t.Name()) + ")"
		backend := func(t *testing.T) backend {
			client := open(t)
			cfg := redisstore.Config{Prefix: ownPrefix()}
			t.Cleanup(func() { deleteKeys(t, client, cfg.Prefix) })
			return func(t *testing.T) (session.Store, session.Bus) { return redisStore(t, client, cfg), nil }
		}
		t.Run("rules", func(t *testing.T) { cachedRules(t, name, backend) })
		t.Run("races", func(t *testing.T) { cachedRaces(t, name, backend) })
	})
}

// cached is two instances that take turns. Before each write every cache gets a
// copy of what there is, so that none keeps the contract because it is empty.
type cached struct {
	session.Store // the first instance
	instances     [2]*cachestore.Store
	turn          atomic.Int64
	wire          wire

	mu  sync.Mutex
	ids []session.ID // the latest that were created
}

func cachedPair(t *testing.T, open backend, cfg cachestore.Config) *cached {
	t.Helper()
	p := &cached{}
	for i := range p.instances {
		inner, bus := open(t)
		if bus == nil {
			bus = &p.wire
		}
		p.instances[i] = runCache(t, inner, bus, cfg)
	}
	p.Store = p.instances[0]
	return p
}

// runCache runs a cache until the test ends, and waits until it believes its
// copies.
func runCache(t *testing.T, inner session.Store, bus session.Bus, cfg cachestore.Config) *cachestore.Store {
	t.Helper()
	cache, err := cachestore.New(inner, cfg)
	if err != nil {
		t.Fatal(err)
	}
	m, err := session.New(cache, session.Config{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan error)
	h := &hearing{Bus: bus, twice: make(chan struct{})}
	go func() { stopped <- cache.Run(ctx, h, m.Hub()) }()
	t.Cleanup(func() {
		cancel()
		if err := <-stopped; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: got %v, want that it was cancelled", err)
		}
	})
	<-h.twice
	return cache
}

// hearing is a bus that says when two signs of life have come.
type hearing struct {
	session.Bus
	signs int
	twice chan struct{}
}

func (h *hearing) Run(ctx context.Context, receive func(session.Message)) error {
	return h.Bus.Run(ctx, func(n session.Message) {
		receive(n)
		if len(n.Ended)+len(n.Changed) == 0 && !n.Everyone && !n.Missed {
			if h.signs++; h.signs == 2 {
				close(h.twice)
			}
		}
	})
}

// wire is a bus between caches in one process.
type wire struct {
	mu   sync.Mutex
	ends []chan session.Message
}

func (w *wire) Observe(context.Context, session.Event) {}

func (w *wire) publish(n session.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, end := range w.ends {
		end <- n
	}
}

func (w *wire) Run(ctx context.Context, receive func(session.Message)) error {
	end := make(chan session.Message, 100)
	w.mu.Lock()
	w.ends = append(w.ends, end)
	w.mu.Unlock()
	receive(session.Message{Missed: true})
	beat := time.NewTicker(staleness / 4)
	defer beat.Stop()
	for {
		var n session.Message
		select {
		case <-ctx.Done():
			return ctx.Err()
		case n = <-end:
		case <-beat.C:
		}
		receive(n)
	}
}

// next is the instance whose turn it is.
func (p *cached) next() *cachestore.Store { return p.instances[p.turn.Add(1)%2] }

// warm has every cache hold copies.
func (p *cached) warm() {
	p.mu.Lock()
	ids := p.ids
	p.mu.Unlock()
	for _, i := range p.instances {
		for _, id := range ids {
			_, _, _ = i.Get(context.Background(), id)
		}
	}
}

func (p *cached) Fresh(ctx context.Context) context.Context { return p.instances[0].Fresh(ctx) }

func (p *cached) Get(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
	return p.next().Get(ctx, id)
}

func (p *cached) Create(ctx context.Context, s *session.Session) error {
	const warmed = 4
	p.mu.Lock()
	p.ids = append(p.ids[max(0, len(p.ids)-warmed):len(p.ids):len(p.ids)], s.ID)
	p.mu.Unlock()
	return p.next().Create(ctx, s)
}

func (p *cached) Update(ctx context.Context, s *session.Session) error {
	p.warm()
	defer p.wire.publish(session.Message{Changed: []session.ID{s.ID}})
	return p.next().Update(ctx, s)
}

func (p *cached) Touch(ctx context.Context, touches []session.Touch) error {
	p.warm()
	return p.next().Touch(ctx, touches)
}

func (p *cached) Revoke(ctx context.Context, r session.Revocation) (session.Revoked, error) {
	p.warm()
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

func (p *cached) Purge(ctx context.Context, q session.Purge) (session.Purged, error) {
	p.warm()
	done, err := p.next().Purge(ctx, q)
	n := session.Message{Missed: q.UserID != ""} // no IDs come of that
	for _, e := range done.Expired {
		n.Ended = append(n.Ended, e.ID)
	}
	p.tell(n)
	return done, err
}

// tell gives notice, as Managers do, unless there is nothing to say.
func (p *cached) tell(n session.Message) {
	if !n.IsZero() {
		p.wire.publish(n)
	}
}
