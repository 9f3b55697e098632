package drivertest_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store"
	"github.com/signedin/signedin/store/redisstore"
)

var someTime = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// someSession returns a session of ada under the first generations.
func someSession(n byte) *session.Session {
	return &session.Session{ID: session.ID{n}, UserID: "ada", Version: 1, First: session.Visit{At: someTime},
		Last: session.Visit{At: someTime}, ExpiresAt: someTime.Add(time.Hour), IdleTimeout: time.Hour}
}

// wantRedisTrouble fails the test unless err says all of this and is no answer about
// a session.
func wantRedisTrouble(t *testing.T, what string, err error, says ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
		return
	}
	for _, answer := range []error{session.ErrRefused, session.ErrEnded, session.ErrCorrupt, session.ErrConflict, session.ErrExists, session.ErrOutdated} {
		if errors.Is(err, answer) {
			t.Errorf("%s: %v is an answer: %v", what, err, answer)
		}
	}
	for _, s := range append(says, "redisstore: ") {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("%s: %v does not say %q", what, err, s)
		}
	}
}

// TestRedisRefused proves that New refuses what is not safe, and says what to
// do.
func TestRedisRefused(t *testing.T) {
	for name, c := range map[string]struct {
		settings []string
		says     string
	}{
		"eviction":          {[]string{"--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"}, "Config.InsecureEviction"},
		"eviction by TTL":   {[]string{"--maxmemory-policy", "volatile-ttl"}, "noeviction"},
		"replica":           {[]string{"--replicaof", "127.0.0.1 1"}, "replica"},
		"password":          {[]string{"--requirepass", "x"}, "Password"},
		"node of a cluster": {[]string{"--cluster-enabled", "yes"}, "redis.NewClusterClient"},
	} {
		t.Run(name, func(t *testing.T) {
			client := startRedis(t, c.settings...).client(t)
			_, err := redisstore.New(t.Context(), client, redisstore.Config{})
			wantRedisTrouble(t, "New", err, c.says)
		})
	}
}

// TestRedisEvictionUntold proves that what may throw away keys is not taken for
// safe because the client's user may not ask.
func TestRedisEvictionUntold(t *testing.T) {
	server := startRedis(t, "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")
	const rules = "~* &* +@read +@write +@scripting +@connection +@pubsub"
	_, err := redisstore.New(t.Context(), server.allowed(t, rules), redisstore.Config{})
	wantRedisTrouble(t, "New", err, "+info", "Config.InsecureEviction")
	_, err = redisstore.New(t.Context(), server.allowed(t, rules+" +info"), redisstore.Config{})
	wantRedisTrouble(t, "New with +info", err, "allkeys-lru", "Config.InsecureEviction")
	if _, err = redisstore.New(t.Context(), server.allowed(t, rules), redisstore.Config{InsecureEviction: true}); err != nil {
		t.Errorf("New that accepts eviction: %v", err)
	}
}

// TestRedisEvictionAccepted proves that eviction can be accepted, and is told
// of all the same.
func TestRedisEvictionAccepted(t *testing.T) {
	client := startRedis(t, "--maxmemory-policy", "allkeys-lru").client(t)
	store, err := redisstore.New(t.Context(), client, redisstore.Config{InsecureEviction: true})
	if err != nil {
		t.Fatal(err)
	}
	if d, err := store.Durability(t.Context()); err != nil || !strings.Contains(d.Advice, "noeviction") {
		t.Errorf("Durability: got %+v, %v, want advice about noeviction", d, err)
	}
}

// TestRedisRefusedClient proves that New refuses clients, data and settings
// that it cannot work with.
func TestRedisRefusedClient(t *testing.T) {
	primary := startRedis(t)
	t.Run("ring", func(t *testing.T) {
		ring := closing(t, redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"a": primary.addr}}))
		_, err := redisstore.New(t.Context(), ring, redisstore.Config{})
		wantRedisTrouble(t, "New", err, "Ring")
	})
	t.Run("nobody there", func(t *testing.T) {
		client := closing(t, redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1}))
		_, err := redisstore.New(t.Context(), client, redisstore.Config{})
		wantRedisTrouble(t, "New", err, "cannot be reached")
	})
	t.Run("later layout", func(t *testing.T) {
		client := primary.client(t)
		if err := client.HSet(t.Context(), "later:everyone", "layout", "99").Err(); err != nil {
			t.Fatal(err)
		}
		_, err := redisstore.New(t.Context(), client, redisstore.Config{Prefix: "later:"})
		wantRedisTrouble(t, "New", err, `layout "99"`)
	})
	for _, prefix := range []string{"a{b}", "a b", strings.Repeat("p", 65), "a*"} {
		_, err := redisstore.New(t.Context(), primary.client(t), redisstore.Config{Prefix: prefix})
		wantRedisTrouble(t, "New", err, "Config.Prefix")
	}
}

// TestRedisReplicaClient proves that a client that reads from replicas of a
// cluster is refused.
func TestRedisReplicaClient(t *testing.T) {
	client := closing(t, redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: strings.Split(service(t, redisCluster), ","), ReadOnly: true,
	}))
	_, err := redisstore.New(t.Context(), client, redisstore.Config{})
	wantRedisTrouble(t, "New", err, "ReadOnly")
}

func TestRedisDurability(t *testing.T) {
	for name, c := range map[string]struct {
		settings       []string
		process, power bool
		advice         string
	}{
		"always":   {[]string{"--appendonly", "yes", "--appendfsync", "always"}, true, true, ""},
		"rewrites": {[]string{"--appendonly", "yes", "--appendfsync", "always", "--no-appendfsync-on-rewrite", "yes"}, true, false, "no-appendfsync-on-rewrite"},
		"everysec": {[]string{"--appendonly", "yes"}, false, false, "appendfsync to always"},
		"no":       {[]string{"--appendonly", "yes", "--appendfsync", "no"}, true, false, "appendfsync to always"},
		"none":     {nil, false, false, "appendonly to yes"},
		"untold":   {[]string{"--appendonly", "yes", "--rename-command", "CONFIG", "", "--rename-command", "INFO", ""}, false, false, "does not tell"},
		"partly":   {[]string{"--appendonly", "yes", "--rename-command", "CONFIG", ""}, false, false, "appendfsync to always"},
	} {
		t.Run(name, func(t *testing.T) {
			client := startRedis(t, c.settings...).client(t)
			untold := name == "untold"
			d, err := redisStore(t, client, redisstore.Config{Prefix: "x:", InsecureEviction: untold}).Durability(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Contains([]string{"redis", "valkey"}, d.Server) || d.Process != c.process || d.Power != c.power ||
				!strings.Contains(d.Advice, c.advice) || (c.advice == "") != (d.Advice == "") {
				t.Errorf("got %+v, want process %v, power %v, advice with %q", d, c.process, c.power, c.advice)
			}
			survives := store.CrashNone
			if c.process {
				survives = store.CrashProcess
			}
			if c.power {
				survives = store.CrashPower
			}
			wantDurability(t, survives, c.advice, func(must store.Crash, log *slog.Logger) error {
				_, err := redisstore.New(t.Context(), client, redisstore.Config{Prefix: "x:", MustSurvive: must, Logger: log, InsecureEviction: untold})
				return err
			})
		})
	}
}

// TestRedisSilent proves that a server that does not answer costs a request no
// more than the budget, and other calls no more than their context, whether or
// not the client looks at contexts.
func TestRedisSilent(t *testing.T) {
	server := startRedis(t)
	for _, enabled := range []bool{true, false} {
		t.Run(fmt.Sprint("contexts ", enabled), func(t *testing.T) {
			client := closing(t, redis.NewClient(&redis.Options{Addr: server.addr, ContextTimeoutEnabled: enabled, ReadTimeout: time.Minute, MaxRetries: -1}))
			store, err := redisstore.New(t.Context(), client, redisstore.Config{Prefix: ownPrefix()}) // with the budget of a request
			if err != nil {
				t.Fatal(err)
			}
			if err := store.Create(t.Context(), someSession(1)); err != nil {
				t.Fatal(err)
			}
			server.stop(t)
			defer time.Sleep(100 * time.Millisecond)
			defer server.resume(t)
			begin := time.Now()
			_, _, err = store.Get(t.Context(), session.ID{1})
			wantRedisTrouble(t, "Get", err, "Config.ReadTimeout", "cannot be reached")
			if took := time.Since(begin); took < 200*time.Millisecond || took > 10*time.Second {
				t.Errorf("Get took %v, want 250ms: it would wait for a minute", took)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			begin = time.Now()
			_, err = store.Revoke(ctx, session.Revocation{UserID: "ada", All: true, Ending: session.Ending{At: someTime}})
			wantRedisTrouble(t, "Revoke", err, "cannot be reached")
			if took := time.Since(begin); took > 10*time.Second {
				t.Errorf("Revoke took %v, want 300ms: it would wait for a minute", took)
			}
		})
	}
}

// TestRedisFull proves that with a full memory nobody can sign in, everybody is
// known, and every revocation works.
func TestRedisFull(t *testing.T) {
	client := startRedis(t).client(t)
	store := redisStore(t, client, redisstore.Config{})
	var ids []session.ID
	for i := range byte(8) {
		s := someSession(i + 1)
		s.UserID = fmt.Sprint("user ", i/2)
		ids = append(ids, s.ID)
		if err := store.Create(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.ConfigSet(t.Context(), "maxmemory", "1mb").Err(); err != nil {
		t.Fatal(err)
	}
	wantRedisTrouble(t, "Create", store.Create(t.Context(), someSession(99)), "OOM", "maxmemory")
	if _, _, err := store.Get(t.Context(), ids[0]); err != nil {
		t.Errorf("Get: %v", err)
	}
	ending := session.Ending{At: someTime, Reason: session.ReasonAdmin, By: "admin"}
	for what, r := range map[string]session.Revocation{
		"Revoke one":      {UserID: "user 0", Only: ids[:1], Ending: ending},
		"Revoke all":      {UserID: "user 1", All: true, Ending: ending},
		"Revoke everyone": {Everyone: true, Ending: ending},
	} {
		if _, err := store.Revoke(t.Context(), r); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := store.Purge(t.Context(), session.Purge{UserID: "user 2", Now: someTime}); err != nil {
		t.Errorf("Purge of a user: %v", err)
	}
	for i, id := range ids {
		s, g, err := store.Get(t.Context(), id)
		if erased := i == 4 || i == 5; erased != errors.Is(err, session.ErrUnknown) || err == nil && (s.Ended == nil || s.Generations == g) && i > 0 {
			t.Errorf("session %d: got %+v, %v, want it ended or erased", i, s, err)
		}
	}
}

// TestRedisFullPurge proves that with a full memory Purge makes room, and a
// program can start.
func TestRedisFullPurge(t *testing.T) {
	client := startRedis(t).client(t)
	store := redisStore(t, client, redisstore.Config{Prefix: "p:"})
	for n := range byte(6) {
		s := someSession(n + 1)
		if n%2 == 0 { // of which something is left until it expires
			s.Carrier, s.ExpiresAt = session.CarrierForeign, someTime.Add(1000*time.Hour)
		}
		if err := store.Create(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	var seen []session.Touch
	for n := range byte(4) {
		seen = append(seen, session.Touch{ID: session.ID{n + 3}, Visit: session.Visit{At: someTime.Add(59 * time.Minute)}})
	}
	if err := store.Touch(t.Context(), seen); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Revoke(t.Context(), session.Revocation{UserID: "ada", Only: []session.ID{{1}, {2}}, Ending: session.Ending{At: someTime}}); err != nil {
		t.Fatal(err)
	}
	if err := client.ConfigSet(t.Context(), "maxmemory", "1mb").Err(); err != nil {
		t.Fatal(err)
	}
	now := someTime.Add(time.Hour) // half of the others may be due, and are not: they were seen
	done, err := store.Purge(t.Context(), session.Purge{Now: now, EndedBefore: now, Limit: 100})
	if err != nil || done.Deleted != 2 {
		t.Errorf("Purge: got %+v, %v, want 2 deleted", done, err)
	}
	if _, err := redisstore.New(t.Context(), client, redisstore.Config{Prefix: "p:"}); err != nil {
		t.Errorf("New: %v", err)
	}
}

// TestRedisCorrupt proves that what cannot be decoded concerns that session
// only, and that keys of another program are told of.
func TestRedisCorrupt(t *testing.T) {
	spoil := map[string]func(ctx context.Context, c *redis.Client, key string) error{
		"no JSON": func(ctx context.Context, c *redis.Client, key string) error {
			return c.HSet(ctx, key, "data", "{").Err()
		},
		"no time": func(ctx context.Context, c *redis.Client, key string) error {
			return c.HSet(ctx, key, "last_at", "noon").Err()
		},
		"no version": func(ctx context.Context, c *redis.Client, key string) error { return c.HDel(ctx, key, "version").Err() },
		"no counters": func(ctx context.Context, c *redis.Client, key string) error {
			return c.HDel(ctx, key, "user_generation", "global_generation").Err()
		},
		"a string": func(ctx context.Context, c *redis.Client, key string) error { return c.Set(ctx, key, "x", 0).Err() },
	}
	for name, f := range spoil {
		t.Run(name, func(t *testing.T) {
			client, prefix := openRedis(t), ownPrefix()
			t.Cleanup(func() { deleteKeys(t, client, prefix) })
			store := redisStore(t, client, redisstore.Config{Prefix: prefix})
			for n := range byte(3) {
				if err := store.Create(t.Context(), someSession(n+1)); err != nil {
					t.Fatal(err)
				}
			}
			if err := f(t.Context(), client, sessionKey(t, client, prefix, session.ID{2})); err != nil {
				t.Fatal(err)
			}
			spoiled(t, store)
		})
	}
}

// sessionKey returns the key of a session.
func sessionKey(t *testing.T, client redis.UniversalClient, prefix string, id session.ID) string {
	t.Helper()
	for _, key := range keysWith(t, client, prefix+"{") {
		if strings.HasSuffix(key, fmt.Sprintf("}:session:%x", id[:])) {
			return key
		}
	}
	t.Fatal("the session has no key")
	return ""
}

// spoiled looks what becomes of three sessions of which the second is spoiled.
func spoiled(t *testing.T, store *redisstore.Store) {
	t.Helper()
	if _, _, err := store.Get(t.Context(), session.ID{2}); !errors.Is(err, session.ErrCorrupt) {
		t.Errorf("Get: got %v, want ErrCorrupt", err)
	}
	if _, _, err := store.Get(t.Context(), session.ID{1}); err != nil {
		t.Errorf("Get of another: %v", err)
	}
	all, err := store.List(t.Context(), session.Query{UserID: "ada"})
	if len(all) != 2 || !errors.Is(err, session.ErrCorrupt) {
		t.Errorf("List: got %d sessions and %v, want 2 and ErrCorrupt", len(all), err)
	}
	ending := session.Ending{At: someTime, Reason: session.ReasonAdmin, By: "admin"}
	done, err := store.Revoke(t.Context(), session.Revocation{UserID: "ada", All: true, Ending: ending})
	if err != nil || done.Count < 2 {
		t.Errorf("Revoke: got %v, %v, want 2 or more", done, err)
	}
	markAll(t, store)
	if _, err := store.Purge(t.Context(), session.Purge{Now: someTime.Add(2 * time.Hour), EndedBefore: someTime.Add(3 * time.Hour), Limit: 10}); err != nil {
		t.Errorf("Purge: %v", err)
	}
	if _, _, err := store.Get(t.Context(), session.ID{2}); !errors.Is(err, session.ErrUnknown) {
		t.Errorf("Get after Purge: got %v, want ErrUnknown", err)
	}
}

// TestRedisForeignKeys proves that another program's keys in the place of ours
// are trouble, and no answer about a session.
func TestRedisForeignKeys(t *testing.T) {
	client, prefix := openRedis(t), ownPrefix()
	t.Cleanup(func() { deleteKeys(t, client, prefix) })
	store := redisStore(t, client, redisstore.Config{Prefix: prefix})
	if err := store.Create(t.Context(), someSession(1)); err != nil {
		t.Fatal(err)
	}
	key := sessionKey(t, client, prefix, session.ID{1})
	everyone := key[:strings.Index(key, "}:")] + "}:everyone"
	if err := client.Set(t.Context(), everyone, "x", 0).Err(); err != nil {
		t.Fatal(err)
	}
	_, _, err := store.Get(t.Context(), session.ID{1})
	wantRedisTrouble(t, "Get", err, "WRONGTYPE", "Config.Prefix")
	wantRedisTrouble(t, "Create", store.Create(t.Context(), someSession(2)), "WRONGTYPE")
}

// TestRedisForgetsScripts proves that a server that lost the scripts gets them
// again, in pipelines too.
func TestRedisForgetsScripts(t *testing.T) {
	client := startRedis(t).client(t)
	store := redisStore(t, client, redisstore.Config{})
	forget := func() {
		if err := client.ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
	}
	forget()
	if err := store.Create(t.Context(), someSession(1)); err != nil {
		t.Fatal(err)
	}
	forget()
	if err := store.Touch(t.Context(), []session.Touch{{ID: session.ID{1}, Visit: session.Visit{At: someTime.Add(time.Minute)}}}); err != nil {
		t.Fatal(err)
	}
	forget()
	s, _, err := store.Get(t.Context(), session.ID{1})
	if err != nil || !s.Last.At.Equal(someTime.Add(time.Minute)) {
		t.Errorf("Get: got %+v, %v, want the visit of a minute later", s, err)
	}
	forget()
	if _, err := store.Revoke(t.Context(), session.Revocation{Everyone: true, Ending: session.Ending{At: someTime, Reason: "x", By: "y"}}); err != nil {
		t.Errorf("Revoke: %v", err)
	}
}
