package drivertest_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/internal/kit"
	"github.com/signedin/signedin/store/redisstore"
)

// twice sends each command that writes twice and gives out the second answer,
// as go-redis does when the first one got lost on its way. Nothing comes in
// between, or the second answer may differ: of a session that was created, and
// then erased, it is that the sign-in came too late.
type twice struct{ mu *sync.Mutex }

func (twice) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h twice) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if repeated(cmd) {
			h.mu.Lock()
			defer h.mu.Unlock()
			if err := next(ctx, redis.NewCmd(ctx, cmd.Args()...)); err != nil && !redis.HasErrorPrefix(err, "NOSCRIPT") {
				return err
			}
		}
		return next(ctx, cmd)
	}
}

func (h twice) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		var first []redis.Cmder
		for _, cmd := range cmds {
			if repeated(cmd) {
				first = append(first, redis.NewCmd(ctx, cmd.Args()...))
			}
		}
		if len(first) > 0 {
			h.mu.Lock()
			defer h.mu.Unlock()
			_ = next(ctx, first) // the second time tells
		}
		return next(ctx, cmds)
	}
}

// repeated leaves out deletions, of which only the count would be another.
func repeated(cmd redis.Cmder) bool {
	switch cmd.Name() {
	case "evalsha", "eval":
		return !strings.HasSuffix(fmt.Sprint(cmd.Args()[3]), "}:due")
	}
	return cmd.Name() == "setnx"
}

// TestRedisAnswersLost runs the whole kit while every answer to a script gets
// lost once.
func TestRedisAnswersLost(t *testing.T) {
	service(t, redisServer)
	newStore := func(t *testing.T) session.Store {
		client := openRedis(t)
		client.AddHook(twice{new(sync.Mutex)})
		return redisStore(t, client, kitConfig)
	}
	kit.Run(t, "redis(answers-lost)", newStore, 0)
	kit.Race(t, "redis(answers-lost)", newStore, 0, raceRounds/10)
}

// TestRedisProcesses spreads the calls over stores that share nothing but the
// servers, and hardly remember an owner.
func TestRedisProcesses(t *testing.T) {
	eachRedis(t, func(t *testing.T, open func(testing.TB) redis.UniversalClient) {
		onProcesses(t, "redis(spread)", func(t *testing.T) []session.Store {
			a, b := open(t), open(t)
			prefix := ownPrefix()
			t.Cleanup(func() { deleteKeys(t, a, prefix) })
			return []session.Store{
				redisStore(t, a, redisstore.Config{Prefix: prefix, Owners: 2, ReadTimeout: kitConfig.ReadTimeout}),
				redisStore(t, b, redisstore.Config{Prefix: prefix, ReadTimeout: kitConfig.ReadTimeout}),
			}
		})
	})
}
