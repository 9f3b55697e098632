package drivertest_test

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/internal/kit"
	"github.com/signedin/signedin/store/storetest/need"
)

// contendFor is how long users contend. SIGNEDIN_CONTEND replaces it.
func contendFor() time.Duration {
	if d, err := time.ParseDuration(os.Getenv("SIGNEDIN_CONTEND")); err == nil {
		return d
	}
	return 2 * time.Second
}

// TestContendPostgres and those after it: users who sign all other devices out,
// again and again, while those are seen, get names and sign in again. No call
// may fail, however often the database makes one wait for another.
func TestContendPostgres(t *testing.T) {
	contend(t, "postgres(pgx)", newPostgres(t, openPostgres(t, "pgx")))
}

func TestContendMySQL(t *testing.T) { contend(t, "mysql", newMySQL(t, openMySQL(t, ""))) }

func TestContendRedis(t *testing.T) {
	eachRedis(t, func(t *testing.T, open func(testing.TB) redis.UniversalClient) {
		contend(t, redisName(t), redisStore(t, open(t), kitConfig))
	})
}

func TestContendSQLite(t *testing.T) {
	eachSQLite(t, func(t *testing.T, driver string) {
		need.Heavy(t)
		contend(t, "sqlite("+driver+")", newSQLite(t, driver))
	})
}

// contender counts what came of the calls.
type contender struct {
	*testing.T
	manager          *session.Manager
	until            time.Time
	revoked, refused atomic.Int64
	calls, failed    atomic.Int64
}

func contend(t *testing.T, name string, store session.Store) {
	t.Helper()
	m, err := session.New(store, session.Config{})
	if err != nil {
		t.Fatal(err)
	}
	c := &contender{T: t, manager: m, until: time.Now().Add(contendFor())}
	var wg sync.WaitGroup
	for n := range 2 {
		user := fmt.Sprint("user ", n)
		own := c.signIn(user)
		var mu sync.Mutex
		others := []session.Token{own}
		wg.Go(func() {
			for c.goesOn() {
				_, err := m.RevokeAllExcept(t.Context(), user, own.ID(), session.ReasonSignedOutOthers)
				c.judge("RevokeAllExcept", err)
				c.revoked.Add(1)
			}
		})
		for range 2 {
			wg.Go(func() {
				for c.goesOn() {
					token := c.signIn(user)
					mu.Lock()
					if others = append(others, token); len(others) > 20 {
						others = others[10:]
					}
					mu.Unlock()
				}
			})
			wg.Go(func() {
				for n := 0; c.goesOn(); n++ {
					mu.Lock()
					token := others[n%len(others)]
					mu.Unlock()
					c.use(user, token, n)
				}
			})
		}
	}
	wg.Wait()
	kit.Report(t, name, "contend", c.revoked.Load(), "calls", c.calls.Load(), "failed", c.failed.Load())
	if c.revoked.Load() == 0 || c.refused.Load() == 0 {
		t.Errorf("%d revocations and %d refusals: nobody contended", c.revoked.Load(), c.refused.Load())
	}
}

func (c *contender) goesOn() bool {
	return time.Now().Before(c.until) || c.revoked.Load() < 4 && !c.Failed()
}

func (c *contender) judge(what string, err error) {
	c.calls.Add(1)
	switch {
	case errors.Is(err, session.ErrRefused), errors.Is(err, session.ErrOutdated), errors.Is(err, session.ErrNotFound):
		c.refused.Add(1)
	case err != nil:
		if c.failed.Add(1) < 10 {
			c.Errorf("%s: %v", what, err)
		}
	}
}

func (c *contender) signIn(user string) session.Token {
	ticket, err := c.manager.BeginSignIn(c.Context(), user)
	if err != nil {
		c.judge("BeginSignIn", err)
		return session.Token{}
	}
	_, token, err := c.manager.Start(c.Context(), ticket, session.Origin{}, session.StartOptions{})
	c.judge("Start", err)
	return token
}

func (c *contender) use(user string, token session.Token, n int) {
	if token.ID() == (session.ID{}) {
		return
	}
	_, err := c.manager.Resume(c.Context(), token.Credential(), session.Origin{})
	c.judge("Resume", err)
	if err != nil {
		return
	}
	_, err = c.manager.Rename(c.Context(), user, token.ID(), fmt.Sprint("name ", n))
	c.judge("Rename", err)
	c.judge("Flush", c.manager.Flush(c.Context()))
}
