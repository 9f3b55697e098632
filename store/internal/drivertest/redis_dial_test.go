package drivertest_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/redisstore"
)

// TestRedisDialFails has the n-th connection not come about, for every n of
// some operations that take several: what says that it succeeded was done.
// go-redis tells the commands of a pipeline nothing of that.
func TestRedisDialFails(t *testing.T) {
	server := startRedis(t)
	for name, op := range map[string]struct {
		do   func(ctx context.Context, store *redisstore.Store, s *session.Session) error
		done func(ctx context.Context, store *redisstore.Store, s *session.Session) bool
	}{
		"revoke everyone": {
			func(ctx context.Context, store *redisstore.Store, _ *session.Session) error {
				_, err := store.Revoke(ctx, session.Revocation{Everyone: true, Ending: session.Ending{At: someTime, Reason: session.ReasonEveryone}})
				return err
			},
			func(ctx context.Context, store *redisstore.Store, s *session.Session) bool {
				found, g, err := store.Get(ctx, s.ID)
				return err == nil && (found.Ended != nil || found.Generations != g)
			},
		},
		"touch": {
			func(ctx context.Context, store *redisstore.Store, s *session.Session) error {
				return store.Touch(ctx, []session.Touch{{ID: s.ID, Visit: session.Visit{At: someTime.Add(time.Minute)}}})
			},
			func(ctx context.Context, store *redisstore.Store, s *session.Session) bool {
				found, _, err := store.Get(ctx, s.ID)
				return err == nil && found.Last.At.After(someTime)
			},
		},
		"purge": {
			func(ctx context.Context, store *redisstore.Store, s *session.Session) error {
				if _, err := store.Revoke(ctx, session.Revocation{UserID: s.UserID, Only: []session.ID{s.ID}, Ending: session.Ending{At: someTime}}); err != nil {
					return err
				}
				_, err := store.Purge(ctx, session.Purge{Now: someTime.Add(time.Minute), EndedBefore: someTime.Add(time.Minute), Limit: 10})
				return err
			},
			func(ctx context.Context, store *redisstore.Store, s *session.Session) bool {
				_, _, err := store.Get(ctx, s.ID)
				return err == nil && errors.Is(store.Create(ctx, s), session.ErrExists) // what is left of a foreign session
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for n := int64(1); ; n++ {
				var left atomic.Int64
				client := closing(t, redis.NewClient(&redis.Options{
					MaxRetries: -1, ConnMaxIdleTime: time.Nanosecond, // each command has a connection of its own
					Dialer: func(ctx context.Context, _, _ string) (net.Conn, error) {
						if left.Add(-1) == 0 {
							return nil, errors.New("no connection")
						}
						return new(net.Dialer).DialContext(ctx, "unix", server.addr)
					},
				}))
				store := redisStore(t, client, redisstore.Config{})
				s := someSession(1)
				s.Carrier = session.CarrierForeign
				if err := store.Create(t.Context(), s); err != nil {
					t.Fatal(err)
				}
				left.Store(n)
				err := op.do(t.Context(), store, s)
				failed := left.Swap(0) <= 0
				if err == nil && !op.done(t.Context(), store, s) {
					t.Errorf("when connection %d failed it was not done, and that was not said", n)
				}
				if !failed {
					break
				}
			}
		})
	}
}
