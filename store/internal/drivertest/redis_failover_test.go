package drivertest_test

import (
	"fmt"
	"net"
	"os"
	"slices"
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
	primary, replica := newRedis(t), newRedis(t)
	primaryAddr := primary.startOnPort()
	replicaAddr := replica.startOnPort("--replicaof", strings.Replace(primaryAddr, ":", " ", 1), "--repl-diskless-sync-delay", "0")
	sentinel := startSentinel(t, primaryAddr)
	client := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: "signedin", SentinelAddrs: []string{sentinel}, ContextTimeoutEnabled: true,
	})
	t.Cleanup(func() { _ = client.Close() }) // it finds connections to the old primary closed
	store := redisStore(t, client, redisstore.Config{Prefix: "f:", ReadTimeout: time.Second})
	bus := runRedis(t, redisstore.NewBus(client, redisstore.Config{Prefix: "f:"}))
	bus.want(t, session.Message{Missed: true})
	if err := store.Create(t.Context(), someSession(1)); err != nil {
		t.Fatal(err)
	}
	copied := replica.client(t)
	within30s(t, "the replica has everything", func() bool { return len(keysWith(t, copied, "f:owner:")) == 1 })
	control := redis.NewSentinelClient(&redis.Options{Addr: sentinel})
	defer control.Close()
	within30s(t, "the Sentinel changes the primary", func() bool { return control.Failover(t.Context(), "signedin").Err() == nil })
	within30s(t, "the replica is the primary", func() bool {
		addr, err := control.GetMasterAddrByName(t.Context(), "signedin").Result()
		return err == nil && strings.Join(addr, ":") == replicaAddr
	})
	// The old primary may take a last visit, which is lost with it.
	within30s(t, "the store writes again", func() bool {
		at := someTime.Add(time.Minute)
		err := store.Touch(t.Context(), []session.Touch{{ID: session.ID{1}, Visit: session.Visit{At: at}}})
		s, _, err2 := store.Get(t.Context(), session.ID{1})
		return err == nil && err2 == nil && s.Last.At.Equal(at)
	})
	bus.want(t, session.Message{Missed: true})
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

// startSentinel starts a Sentinel that watches a primary, and returns its address.
func startSentinel(t *testing.T, primary string) (addr string) {
	t.Helper()
	host, port, err := net.SplitHostPort(primary)
	if err != nil {
		t.Fatal(err)
	}
	s := newRedis(t)
	config := fmt.Sprintf("sentinel monitor signedin %s %s 1\nsentinel down-after-milliseconds signedin 1000\n", host, port)
	if err := os.WriteFile(s.path("sentinel.conf"), []byte(config), 0o666); err != nil { // it writes to it as well
		t.Fatal(err)
	}
	if err := os.Chmod(s.path("sentinel.conf"), 0o666); err != nil {
		t.Fatal(err)
	}
	s.command = slices.Insert(s.command, 1, s.path("sentinel.conf"), "--sentinel")
	return s.startOnPort()
}
