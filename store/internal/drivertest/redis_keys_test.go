package drivertest_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"
)

// eachPrimary calls f for the server, or for each primary of a cluster.
func eachPrimary(ctx context.Context, client redis.UniversalClient, f func(*redis.Client) error) error {
	c, ok := client.(*redis.ClusterClient)
	if !ok {
		return f(client.(*redis.Client))
	}
	var mu sync.Mutex
	return c.ForEachMaster(ctx, func(_ context.Context, node *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		return f(node)
	})
}

// keysWith returns all keys with a prefix.
func keysWith(t testing.TB, client redis.UniversalClient, prefix string) (keys []string) {
	t.Helper()
	ctx := context.Background() // also in a Cleanup
	err := eachPrimary(ctx, client, func(node *redis.Client) error {
		it := node.Scan(ctx, 0, prefix+"*", 10_000).Iterator()
		for it.Next(ctx) {
			keys = append(keys, it.Val())
		}
		return it.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func deleteKeys(t testing.TB, client redis.UniversalClient, prefix string) {
	t.Helper()
	for _, key := range keysWith(t, client, prefix) {
		if err := client.Unlink(context.Background(), key).Err(); err != nil {
			t.Error(err)
		}
	}
}

// dump returns everything that is stored under a prefix, by key.
func dump(t testing.TB, client redis.UniversalClient, prefix string) map[string]string {
	t.Helper()
	ctx := t.Context()
	all := make(map[string]string)
	for _, key := range keysWith(t, client, prefix) {
		kind, err := client.Type(ctx, key).Result()
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		switch kind {
		case "string":
			b.WriteString(client.Get(ctx, key).Val())
		case "hash":
			for k, v := range client.HGetAll(ctx, key).Val() {
				b.WriteString(k + "=" + v + "\n")
			}
		case "zset":
			for _, z := range client.ZRangeWithScores(ctx, key, 0, -1).Val() {
				b.WriteString(z.Member.(string) + "\n")
			}
		case "none": // gone since
		default:
			t.Errorf("%s is a %s", key, kind)
		}
		all[key] = b.String()
	}
	return all
}
