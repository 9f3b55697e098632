package drivertest_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/redisstore"
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

// TestRedisSecrets looks for a token, in any writing, in everything that is
// stored while a session goes through its life.
func TestRedisSecrets(t *testing.T) {
	eachRedis(t, func(t *testing.T, open func(testing.TB) redis.UniversalClient) {
		client, prefix := open(t), ownPrefix()
		t.Cleanup(func() { deleteKeys(t, client, prefix) })
		m, err := session.New(redisStore(t, client, redisstore.Config{Prefix: prefix}), session.Config{})
		if err != nil {
			t.Fatal(err)
		}
		ticket, err := m.BeginSignIn(t.Context(), "ada@example.org")
		if err != nil {
			t.Fatal(err)
		}
		s, token, err := m.Start(t.Context(), ticket, session.Origin{}, session.StartOptions{})
		if err != nil {
			t.Fatal(err)
		}
		_, rotated, err := m.Rotate(t.Context(), s.UserID, s.ID)
		if err != nil {
			t.Fatal(err)
		}
		wantNoSecret(t, dump(t, client, prefix), token, rotated)
		if err := m.Revoke(t.Context(), s.UserID, s.ID, session.ReasonSignedOut); err != nil {
			t.Fatal(err)
		}
		wantNoSecret(t, dump(t, client, prefix), token, rotated)
	})
}

func wantNoSecret(t *testing.T, stored map[string]string, tokens ...session.Token) {
	t.Helper()
	if len(stored) == 0 {
		t.Fatal("nothing is stored")
	}
	for key, value := range stored {
		if strings.Contains(key, "ada") {
			t.Errorf("%s names the user", key)
		}
		for _, writing := range writingsOf(t, tokens...) {
			if strings.Contains(key+value, writing) {
				t.Errorf("%s holds a secret", key)
			}
		}
	}
}

// writingsOf returns the secrets of tokens as text, bytes, hex and base64.
func writingsOf(t *testing.T, tokens ...session.Token) (all []string) {
	t.Helper()
	for _, token := range tokens {
		text := token.Reveal()
		_, encoded, _ := strings.Cut(text, "_")
		raw, err := base64.RawURLEncoding.DecodeString(encoded)
		if err != nil || len(raw) < 32 {
			t.Fatalf("token is not base64 of 32 bytes or more: %v", err)
		}
		secret := raw[len(raw)-32:]
		all = append(all, text, string(secret), hex.EncodeToString(secret),
			base64.RawURLEncoding.EncodeToString(secret), base64.RawStdEncoding.EncodeToString(secret))
	}
	return all
}

// TestRedisLeavesNothing proves that of an erased user nothing is left but the
// counter, and of that nothing once it is long past.
func TestRedisLeavesNothing(t *testing.T) {
	eachRedis(t, func(t *testing.T, open func(testing.TB) redis.UniversalClient) {
		client, prefix := open(t), ownPrefix()
		t.Cleanup(func() { deleteKeys(t, client, prefix) })
		store := redisStore(t, client, redisstore.Config{Prefix: prefix})
		long := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for i := range 3 {
			s := &session.Session{ID: session.ID{byte(i + 1)}, UserID: "ada", ExpiresAt: long.Add(time.Hour)}
			if err := store.Create(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
		ending := session.Ending{At: long, Reason: session.ReasonAdmin, By: "admin"}
		if _, err := store.Revoke(t.Context(), session.Revocation{UserID: "ada", Only: []session.ID{{1}}, Ending: ending}); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Purge(t.Context(), session.Purge{UserID: "ada", Now: long}); err != nil {
			t.Fatal(err)
		}
		wantKinds(t, client, prefix, "bumped", "everyone", "user")
		if _, err := store.Purge(t.Context(), session.Purge{Now: long, EndedBefore: long.Add(1), Limit: 10}); err != nil {
			t.Fatal(err)
		}
		wantKinds(t, client, prefix, "bumped", "everyone", "user")
		if _, err := store.Purge(t.Context(), session.Purge{Now: long.Add(2 * session.MaxTicketAge), EndedBefore: long.Add(time.Second), Limit: 10}); err != nil {
			t.Fatal(err)
		}
		wantKinds(t, client, prefix, "everyone")
	})
}

// wantKinds fails the test unless there are keys of these kinds and no others.
func wantKinds(t *testing.T, client redis.UniversalClient, prefix string, want ...string) {
	t.Helper()
	kinds := make(map[string]bool)
	for _, key := range keysWith(t, client, prefix) {
		name := strings.TrimPrefix(key, prefix)
		if i := strings.Index(name, "}:"); i >= 0 {
			name = name[i+2:]
		}
		kind, _, _ := strings.Cut(name, ":")
		kinds[kind] = true
	}
	if got := slices.Sorted(maps.Keys(kinds)); !slices.Equal(got, want) {
		t.Errorf("kinds of keys: got %v, want %v", got, want)
	}
}
