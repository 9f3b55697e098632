package drivertest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/internal/kit"
	"github.com/signedin/signedin/store/redisstore"
	"github.com/signedin/signedin/store/sqlstore"
	"github.com/signedin/signedin/store/storetest/need"
)

// eachFamily runs a test on a store of each family, two of them: as two
// processes have them.
func eachFamily(t *testing.T, test func(t *testing.T, name string, a, b session.Store)) {
	need.Heavy(t)
	patient := func(prefix string) sqlstore.Config {
		return sqlstore.Config{Prefix: prefix, ReadTimeout: 10 * time.Second}
	}
	t.Run("sqlite", func(t *testing.T) {
		dsn := sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "db"))
		a, b := open(t, "sqlite", dsn), open(t, "sqlite", dsn)
		test(t, "sqlite", migrated(t, a, patient("signedin_")), migrated(t, b, patient("signedin_")))
	})
	for name, db := range map[string]func(t testing.TB) *sqlx.DB{
		"postgres": func(t testing.TB) *sqlx.DB { return openPostgres(t, "pgx") },
		"mysql":    func(t testing.TB) *sqlx.DB { return openMySQL(t, "") },
	} {
		t.Run(name, func(t *testing.T) {
			a := db(t)
			cfg := patient(newPrefix(t, a))
			test(t, name, migrated(t, a, cfg), migrated(t, db(t), cfg))
		})
	}
	t.Run("redis", func(t *testing.T) {
		eachRedis(t, func(t *testing.T, open func(testing.TB) redis.UniversalClient) {
			client, prefix := open(t), ownPrefix()
			t.Cleanup(func() { deleteKeys(t, client, prefix) })
			cfg := redisstore.Config{Prefix: prefix, ReadTimeout: 10 * time.Second}
			test(t, redisName(t), redisStore(t, client, cfg), redisStore(t, open(t), cfg))
		})
	})
}

func newManager(t *testing.T, store session.Store, cfg session.Config) *session.Manager {
	t.Helper()
	m, err := session.New(store, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func startedBy(t *testing.T, m *session.Manager, user string) (*session.Session, session.Token, error) {
	ticket, err := m.BeginSignIn(t.Context(), user)
	if err != nil {
		return nil, session.Token{}, err
	}
	return m.Start(t.Context(), ticket, session.Origin{}, session.StartOptions{})
}

// marking is a Store that tells when all of the big user's sessions are marked.
type marking struct {
	session.Store
	once sync.Once
	done chan struct{}
}

func (m *marking) Mark(ctx context.Context, userID string, limit int) (bool, error) {
	more, err := m.Store.Mark(ctx, userID, limit)
	if userID == "big" && err == nil && !more {
		m.once.Do(func() { close(m.done) })
	}
	return more, err
}

// bigUser is how many sessions the user of TestBigUser has; the environment
// variable SIGNEDIN_BIG_USER replaces it.
const bigUser = 5000

// TestBigUser signs a user with very many sessions out of all of them, while
// others are served.
func TestBigUser(t *testing.T) {
	eachFamily(t, func(t *testing.T, name string, one, two session.Store) {
		size := bigUser
		if n, err := strconv.Atoi(os.Getenv("SIGNEDIN_BIG_USER")); err == nil {
			size = n
		}
		marked := &marking{Store: one, done: make(chan struct{})}
		m := newManager(t, marked, session.Config{MaxPerUser: -1})
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { m.Run(ctx) })
		defer running.Wait()
		defer cancel()
		other := newManager(t, two, session.Config{})
		_, token, err := startedBy(t, other, "somebody else")
		if err != nil {
			t.Fatal(err)
		}
		keep, _, err := startedBy(t, m, "big")
		if err != nil {
			t.Fatal(err)
		}
		var made atomic.Int64
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				for n := made.Add(1); n < int64(size) && !t.Failed(); n = made.Add(1) {
					s := keep.Clone()
					s.ID = session.ID{0: 1, 8: byte(n >> 24), 9: byte(n >> 16), 10: byte(n >> 8), 11: byte(n), 15: byte(n)}
					if err := one.Create(t.Context(), s); err != nil {
						t.Errorf("Create: %v", err)
					}
				}
			})
		}
		wg.Wait()
		if t.Failed() {
			return
		}

		var during atomic.Bool
		var stop atomic.Bool
		var served, failed atomic.Int64
		var before, beside []time.Duration
		wg.Go(func() {
			for !stop.Load() {
				began := time.Now()
				if _, err := other.Resume(t.Context(), token.Credential(), session.Origin{}); err != nil {
					failed.Add(1)
					t.Errorf("a request of somebody else: %v", err)
				}
				if took := time.Since(began); during.Load() {
					beside = append(beside, took)
				} else {
					before = append(before, took)
				}
				served.Add(1)
			}
		})
		for served.Load() < 1000 {
			time.Sleep(time.Millisecond)
		}
		during.Store(true)
		began := time.Now()
		n, err := m.RevokeAllExcept(t.Context(), "big", keep.ID, session.ReasonSignedOutOthers)
		except := time.Since(began)
		if want := min(size-1, session.CountLimit); err != nil || n < want {
			t.Errorf("RevokeAllExcept: got %d, %v, want %d", n, err, want)
		}
		if p, err := m.ListPage(t.Context(), "big", nil, 10); err != nil || p.Total != 1 || p.Sessions[0].ID != keep.ID {
			t.Errorf("ListPage: got %+v, %v, want the one that was kept", p, err)
		}
		if all, err := m.History(t.Context(), "big", 20); err != nil || len(all) != 20 {
			t.Errorf("History: got %d, %v, want 20", len(all), err)
		}
		began = time.Now()
		if _, err := m.RevokeAll(t.Context(), "big", session.ReasonAdmin); err != nil {
			t.Errorf("RevokeAll: %v", err)
		}
		all := time.Since(began)
		<-marked.done
		marking := time.Since(began)
		stop.Store(true)
		for more := true; more; { // if the first was done before the second came
			if more, err = one.Mark(t.Context(), "", 500); err != nil {
				t.Fatal(err)
			}
		}
		wg.Wait()
		ended := 0
		for q := (session.Query{UserID: "big", State: session.StateEnded, Limit: 1000}); ; {
			page, err := one.List(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range page {
				if s.ID != keep.ID && s.Ended.Reason != session.ReasonSignedOutOthers || s.First.IP.IsValid() {
					t.Fatalf("marked as %+v, want as it was ended first", s.Ended)
				}
			}
			if ended += len(page); len(page) < q.Limit {
				break
			}
			q.After = page[len(page)-1]
		}
		if ended != size {
			t.Errorf("marked: %d of %d", ended, size)
		}
		if err := m.Erase(t.Context(), "big"); err != nil {
			t.Errorf("Erase: %v", err)
		}
		kit.Report(t, name, "big-user", size, "all-but-one", except.Round(time.Microsecond), "all", all.Round(time.Microsecond), "marking", marking.Round(time.Millisecond),
			"others", served.Load(), "others-failed", failed.Load(), "others-p99", p99(before), "p99-beside", p99(beside),
			"ratio", fmt.Sprintf("%.1f", float64(p99(beside))/float64(p99(before))))
	})
}

func p99(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)*99/100].Round(time.Microsecond)
}
