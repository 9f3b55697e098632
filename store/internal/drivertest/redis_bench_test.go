package drivertest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/internal/record"
	"github.com/signedin/signedin/store/redisstore"
	"github.com/signedin/signedin/store/storetest"
)

func BenchmarkRedis(b *testing.B) {
	client := openRedis(b)
	storetest.Bench(b, func(b *testing.B) session.Store { return redisStore(b, client, redisstore.Config{}) })
}

func BenchmarkRedisCluster(b *testing.B) {
	client := openRedisCluster(b)
	storetest.Bench(b, func(b *testing.B) session.Store { return redisStore(b, client, redisstore.Config{}) })
}

// BenchmarkRedisFloor is what one command costs that does nothing but read a
// value of a session's size.
func BenchmarkRedisFloor(b *testing.B) {
	client, key := openRedis(b), ownPrefix()
	b.Cleanup(func() { deleteKeys(b, client, key) })
	if err := client.Set(b.Context(), key, make([]byte, 1000), 0).Err(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := client.Get(b.Context(), key).Err(); err != nil && err != redis.Nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRedisTouchFloor writes as much by plain commands in one pipeline,
// without a look at what is there: no batch can be faster.
func BenchmarkRedisTouchFloor(b *testing.B) {
	const rows = 1000
	client, prefix := openRedis(b), ownPrefix()
	b.Cleanup(func() { deleteKeys(b, client, prefix) })
	last := record.Visit.Text(&typical().Last)
	begin, n := time.Now(), 0
	for b.Loop() {
		if _, err := client.Pipelined(b.Context(), func(p redis.Pipeliner) error {
			for i := range rows {
				p.HSet(b.Context(), fmt.Sprint(prefix, i), "last_at", n, "last_ip", "203.0.113.7", "last", last)
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
		n += rows
	}
	b.ReportMetric(float64(n)/time.Since(begin).Seconds(), "rows/s")
}

// BenchmarkRedisTouch writes the visits of sessions of 1,000 users, one call
// each or all in one.
func BenchmarkRedisTouch(b *testing.B) {
	const users = 1000
	for _, batch := range []int{1, users} {
		b.Run(fmt.Sprint(batch), func(b *testing.B) {
			store := redisStore(b, openRedis(b), redisstore.Config{})
			touches := make([]session.Touch, users)
			for i := range touches {
				s := someSession(1)
				s.ID, s.UserID = session.ID{1, byte(i), byte(i >> 8)}, fmt.Sprint("user ", i)
				if err := store.Create(b.Context(), s); err != nil {
					b.Fatal(err)
				}
				touches[i] = session.Touch{ID: s.ID, Visit: typical().Last}
			}
			begin, rows := time.Now(), 0
			for n := 1; b.Loop(); n++ {
				for i := range touches {
					touches[i].Visit.At = someTime.Add(time.Duration(n) * time.Second)
				}
				first := (n * batch) % users
				if err := store.Touch(b.Context(), touches[first:first+batch]); err != nil {
					b.Fatal(err)
				}
				rows += batch
			}
			b.ReportMetric(float64(rows)/time.Since(begin).Seconds(), "rows/s")
		})
	}
}
