package drivertest_test

import (
	"errors"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/sqlstore"
)

// TestLooksClock asks each server for its time, which here is this machine's.
func TestPostgresLooksClock(t *testing.T) {
	eachPostgres(t, func(t *testing.T, db *sqlx.DB) { wantClock(t, newPostgres(t, db)) })
}
func TestMySQLLooksClock(t *testing.T) {
	wantClock(t, newMySQL(t, openMySQL(t, "time_zone=%27%2B13:00%27")))
}
func TestRedisLooksClock(t *testing.T) {
	eachRedis(t, func(t *testing.T, open func(testing.TB) redis.UniversalClient) {
		wantClock(t, redisStore(t, open(t), kitConfig))
	})
}

func TestSQLiteClock(t *testing.T) {
	eachSQLite(t, func(t *testing.T, driver string) {
		if _, err := newSQLite(t, driver).ServerTime(t.Context()); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("got %v, want that there is none", err)
		}
	})
}

var _ session.Clock = (*sqlstore.Store)(nil)

func wantClock(t *testing.T, c session.Clock) {
	t.Helper()
	before := time.Now().Add(-time.Second) // it may tell whole seconds
	at, err := c.ServerTime(t.Context())
	if err != nil || at.Before(before.Add(-time.Second)) || at.After(time.Now().Add(time.Second)) {
		t.Errorf("got %v (error %v), want the time, %v", at, err, time.Now())
	}
}
