package drivertest_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/redisstore"
)

// TestRedisFailover has a Sentinel change the primary: the store follows, and
// the Bus tells that it has missed something.
func TestRedisFailover(t *testing.T) {
	primary := startRedis(t)
	replica := startRedis(t, "--replicaof", strings.Replace(primary.addr, ":", " ", 1), "--repl-diskless-sync-delay", "0")
	sentinel := startSentinel(t, primary.addr)
	client := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: "signedin", SentinelAddrs: []string{sentinel.addr}, ContextTimeoutEnabled: true,
	})
	t.Cleanup(func() { _ = client.Close() }) // it finds connections to the old primary closed
	store := redisStore(t, client, redisstore.Config{Prefix: "f:", ReadTimeout: time.Second})
	bus := runRedis(t, redisstore.NewBus(client, redisstore.Config{Prefix: "f:"}))
	bus.want(t, session.Notice{Missed: true})
	if err := store.Create(t.Context(), someSession(1)); err != nil {
		t.Fatal(err)
	}
	copied := replica.client(t)
	within30s(t, "the replica has everything", func() bool { return len(keysWith(t, copied, "f:owner:")) == 1 })
	control := redis.NewSentinelClient(&redis.Options{Addr: sentinel.addr})
	defer control.Close()
	within30s(t, "the Sentinel changes the primary", func() bool { return control.Failover(t.Context(), "signedin").Err() == nil })
	within30s(t, "the replica is the primary", func() bool {
		addr, err := control.GetMasterAddrByName(t.Context(), "signedin").Result()
		return err == nil && strings.Join(addr, ":") == replica.addr
	})
	within30s(t, "the store writes again", func() bool {
		err := store.Touch(t.Context(), []session.Touch{{ID: session.ID{1}, Visit: session.Visit{At: someTime.Add(time.Minute)}}})
		return err == nil
	})
	if s, _, err := store.Get(t.Context(), session.ID{1}); err != nil || !s.Last.At.Equal(someTime.Add(time.Minute)) {
		t.Errorf("Get: got %+v, %v, want the visit of a minute later", s, err)
	}
	bus.want(t, session.Notice{Missed: true})
	within30s(t, "the old primary is a replica and is refused", func() bool {
		_, err := redisstore.New(t.Context(), primary.client(t), redisstore.Config{})
		return err != nil && strings.Contains(err.Error(), "replica")
	})
}

// within30s waits until something is so.
func within30s(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 300 {
		if is() {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("not within 30 seconds: %s", what)
}

// startSentinel starts a Sentinel that watches a primary.
func startSentinel(t *testing.T, primary string) *redisProcess {
	t.Helper()
	host, port, err := net.SplitHostPort(primary)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "sentinel.conf")
	config := fmt.Sprintf("sentinel monitor signedin %s %s 1\nsentinel down-after-milliseconds signedin 1000\n", host, port)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return startServer(t, file, "--sentinel")
}
