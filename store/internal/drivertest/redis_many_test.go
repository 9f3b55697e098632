package drivertest_test

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
)

// largest notes how many members of a set the largest answer had.
type largest struct{ members atomic.Int64 }

func (h *largest) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h *largest) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		n := 0
		switch cmd := cmd.(type) {
		case *redis.StringSliceCmd:
			n = len(cmd.Val())
		case *redis.ScanCmd:
			page, _ := cmd.Val()
			n = len(page) / 2
		}
		if int64(n) > h.members.Load() {
			h.members.Store(int64(n))
		}
		return err
	}
}

func (h *largest) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// TestRedisManyUnmarked lists what a revocation ended before any of it is marked:
// all of it, in order, page by page, and no answer has all.
func TestRedisManyUnmarked(t *testing.T) {
	const many, page = 3000, 700
	client := openRedis(t)
	store := redisStore(t, client, kitConfig)
	var want []session.ID
	for n := range many {
		want = append(want, session.ID{6: 0x70, 7: byte(n * 7), 8: byte(n >> 8), 9: byte(n)})
	}
	var makers sync.WaitGroup
	for part := range slices.Chunk(want, many/8) {
		makers.Go(func() {
			for _, id := range part {
				s := someSession(1)
				s.ID = id
				if err := store.Create(t.Context(), s); err != nil {
					t.Error(err)
				}
			}
		})
	}
	makers.Wait()
	ending := session.Ending{At: someTime, Reason: session.ReasonAdmin, By: "admin"}
	if _, err := store.Revoke(t.Context(), session.Revocation{UserID: "ada", All: true, Ending: ending}); err != nil {
		t.Fatal(err)
	}
	h := new(largest)
	client.AddHook(h)
	var got []session.ID
	for q := (session.Query{UserID: "ada", State: session.StateEnded, Limit: page}); ; {
		all, err := store.List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range all {
			got = append(got, s.ID)
		}
		if len(all) < page {
			break
		}
		q.After = all[len(all)-1]
	}
	slices.SortFunc(want, func(a, b session.ID) int { return slices.Compare(b[:], a[:]) })
	if !slices.Equal(got, want) {
		t.Errorf("got %d sessions, want all %d from the last ID to the first", len(got), many)
	}
	if n := h.members.Load(); n > many/2 {
		t.Errorf("one answer had %d of %d IDs", n, many)
	}
}
