package drivertest_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/internal/kit"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/redisstore"
	"github.com/signedin/signedin/store/sqlstore"
	"github.com/signedin/signedin/store/storetest/need"
)

// cutsPerHistory bounds how many connections are cut in one history.
const cutsPerHistory = 4

// linearizable makes histories with a store, each with a user of its own, and
// returns an error unless all of them could have happened call by call. With a
// link, connections are cut, before the server has heard of a call or after.
//
// The environment variable SIGNEDIN_HISTORIES replaces the number, for a long
// run, and SIGNEDIN_HISTORY_SEED has the one of that seed made again.
func linearizable(t testing.TB, name string, store session.Store, how traits, link *proxy, count int) error {
	t.Helper()
	first, count := seeds(count)
	var calls, lost int64
	judged := 0
	for seed := first; seed < first+uint64(count); seed++ {
		h := &history{store: store, user: fmt.Sprint(name, " ", seed), seed: seed, traits: how, erase: how.oneStep && seed%2 == 0}
		if link != nil {
			link.cutBy(cutter(seed))
		}
		h.run(context.WithoutCancel(t.Context()))
		if err := h.check(); err == errNotJudged {
			continue
		} else if err != nil {
			return err
		}
		judged++
		calls, lost = calls+int64(len(h.events)), lost+h.lost.Load()
	}
	if judged < (count+1)/2 {
		return fmt.Errorf("%d of %d histories were judged within %v each", judged, count, checkTimeout)
	}
	if !strings.HasPrefix(name, "a ") {
		kit.Report(t, name, "histories", judged, "seed", first, "calls", calls, "lost-answers", lost, "illegal", 0)
	}
	return nil
}

func seeds(count int) (first uint64, n int) {
	if need.RaceDetector { // they are made without it
		count /= 5
	}
	if n, err := strconv.Atoi(os.Getenv("SIGNEDIN_HISTORIES")); err == nil {
		count = n
	}
	if seed, err := strconv.ParseUint(os.Getenv("SIGNEDIN_HISTORY_SEED"), 10, 64); err == nil {
		return seed, 1
	}
	return 1, count
}

// cutter cuts a connection now and then.
func cutter(seed uint64) func(bool) bool {
	rng := rand.New(rand.NewPCG(seed, 99))
	left := cutsPerHistory
	var mu sync.Mutex
	return func(bool) bool {
		mu.Lock()
		defer mu.Unlock()
		if left == 0 || rng.IntN(40) > 0 {
			return false
		}
		left--
		return true
	}
}

func wantLinearizable(t *testing.T, name string, store session.Store, how traits, link *proxy, count int) {
	t.Helper()
	if err := linearizable(t, name, store, how, link, count); err != nil {
		t.Error(err)
	}
}

func TestMemoryLinearizable(t *testing.T) {
	wantLinearizable(t, "memory", memstore.New(), traits{oneStep: true}, nil, 200)
}

func TestSQLiteLinearizable(t *testing.T) {
	eachSQLite(t, func(t *testing.T, driver string) {
		// Not synced: it is about the order of calls, and no crash comes.
		db := open(t, driver, "file:"+filepath.Join(t.TempDir(), "db")+
			"?_pragma=journal_mode(WAL)&_pragma=synchronous(0)&_pragma=busy_timeout(5000)&_journal=WAL&_sync=OFF&_busy_timeout=5000")
		wantLinearizable(t, "sqlite("+driver+")", migrated(t, db, sqlstore.Config{}), traits{oneStep: true}, nil, 50)
	})
}

// TestPostgresLinearizable cuts no connections of lib/pq. That tells
// database/sql that nothing was sent when all that is known is that the answer
// was lost, so database/sql sends it again: a revocation may then say that it
// ended nothing, since it had done so the first time.
func TestPostgresLinearizable(t *testing.T) {
	eachPostgres(t, func(t *testing.T, db *sqlx.DB) {
		wantLinearizable(t, "postgres("+db.DriverName()+")", newPostgres(t, db), traits{oneStep: true}, nil, 30)
	})
	t.Run("pgx cut", func(t *testing.T) { cutLinearizable(t, "postgres(pgx)-cut", "pgx", "SIGNEDIN_TEST_POSTGRES") })
}

func TestMySQLLinearizable(t *testing.T) {
	wantLinearizable(t, "mysql", newMySQL(t, openMySQL(t, "")), traits{oneStep: true}, nil, 40)
	cutLinearizable(t, "mysql-cut", "mysql", "SIGNEDIN_TEST_MYSQL")
}

func cutLinearizable(t *testing.T, name, driver, env string) {
	t.Helper()
	link, db := proxiedSQL(t, driver, env)
	direct := open(t, driver, service(t, env))
	cfg := sqlstore.Config{Prefix: newPrefix(t, direct)}
	migrated(t, direct, cfg)
	wantLinearizable(t, name, migrated(t, db, cfg), traits{oneStep: true, cuts: true}, link, 40)
	link.cutBy(nil)
}

func TestRedisLinearizable(t *testing.T) {
	eachRedis(t, func(t *testing.T, open func(testing.TB) redis.UniversalClient) {
		wantLinearizable(t, redisName(t), redisStore(t, open(t), redisstore.Config{}), traits{}, nil, 40)
	})
	t.Run("cut", func(t *testing.T) {
		// go-redis repeats nothing here: with another revocation in between a
		// repeated one is done again, which is safe, but no history of calls
		// that were made once. TestRedisAnswersLost is about repeating.
		link, client := proxiedRedis(t, -1)
		prefix := ownPrefix()
		t.Cleanup(func() { deleteKeys(t, openRedis(t), prefix) })
		wantLinearizable(t, redisName(t), redisStore(t, client, redisstore.Config{Prefix: prefix}), traits{cuts: true}, link, 40)
		link.cutBy(nil)
	})
}

// TestLinearizableCanFail breaks a store in the ways that only a history can
// show, and wants each to be found.
func TestLinearizableCanFail(t *testing.T) {
	for name, b := range map[string]*broken{
		"a revocation acknowledged and not done": {revoke: true},
		"a read of a moment ago":                 {get: true},
		"a change of what is over acknowledged":  {update: true},
	} {
		t.Run(name, func(t *testing.T) {
			b.Store = memstore.New()
			err := linearizable(t, "a broken one", b, traits{oneStep: true}, nil, 1000) // ends with the first
			if err == nil || !strings.Contains(err.Error(), "not linearizable") {
				t.Errorf("got %v, want it found", err)
			}
		})
	}
	sound := &broken{Store: memstore.New()}
	if err := linearizable(t, "a sound one", sound, traits{oneStep: true}, nil, 50); err != nil {
		t.Errorf("nothing broken: %v", err)
	}
}

// broken is a store that answers every fifth call of one kind wrongly.
type broken struct {
	session.Store
	get, update, revoke bool

	calls atomic.Int64
	seen  sync.Map // of *session.Session, by ID
}

func (b *broken) now(kind bool) bool { return kind && b.calls.Add(1)%5 == 0 }

func (b *broken) Get(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
	s, g, err := b.Store.Get(ctx, id)
	if err != nil {
		return s, g, err
	}
	if old, ok := b.seen.Swap(id, s); ok && b.now(b.get) {
		s = old.(*session.Session)
		return s, s.Generations, nil
	}
	return s, g, nil
}

func (b *broken) Update(ctx context.Context, s *session.Session) error {
	err := b.Store.Update(ctx, s)
	if errors.Is(err, session.ErrEnded) && b.update {
		return nil
	}
	return err
}

func (b *broken) Revoke(ctx context.Context, r session.Revocation) (session.Revoked, error) {
	if r.Keep == nil && b.now(b.revoke) {
		return session.Revoked{}, nil
	}
	return b.Store.Revoke(ctx, r)
}
