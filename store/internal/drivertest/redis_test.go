package drivertest_test

import (
	"cmp"
	"crypto/rand"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/internal/kit"
	"github.com/signedin/signedin/store/redisstore"
)

// The environment says where the servers are: SIGNEDIN_TEST_REDIS has the
// address or URL of one server, SIGNEDIN_TEST_REDIS_CLUSTER those of some nodes
// of a cluster, with commas.
const (
	redisServer  = "SIGNEDIN_TEST_REDIS"
	redisCluster = "SIGNEDIN_TEST_REDIS_CLUSTER"
)

// redisOptions are those for one server.
func redisOptions(t testing.TB) *redis.Options {
	t.Helper()
	address := service(t, redisServer)
	opts := &redis.Options{Addr: address}
	if strings.Contains(address, "://") {
		var err error
		if opts, err = redis.ParseURL(address); err != nil {
			t.Fatal(err)
		}
	}
	opts.ContextTimeoutEnabled = true
	return opts
}

func openRedis(t testing.TB) *redis.Client {
	t.Helper()
	return closing(t, redis.NewClient(redisOptions(t)))
}

// closing closes a client when the test is over.
func closing[C redis.UniversalClient](t testing.TB, client C) C {
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}

// openRedisCluster returns a client of a cluster.
func openRedisCluster(t testing.TB) *redis.ClusterClient {
	t.Helper()
	return closing(t, redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: strings.Split(service(t, redisCluster), ","), ContextTimeoutEnabled: true,
	}))
}

// eachRedis runs a test with one server and with a cluster.
func eachRedis(t *testing.T, test func(t *testing.T, open func(testing.TB) redis.UniversalClient)) {
	t.Run("one", func(t *testing.T) {
		service(t, redisServer)
		test(t, func(t testing.TB) redis.UniversalClient { return openRedis(t) })
	})
	t.Run("cluster", func(t *testing.T) {
		service(t, redisCluster)
		test(t, func(t testing.TB) redis.UniversalClient { return openRedisCluster(t) })
	})
}

// redisName is what a subtest of eachRedis reports for.
func redisName(t testing.TB) string { return "redis(" + path.Base(t.Name()) + ")" }

// ownPrefix returns a prefix that no other test has.
func ownPrefix() string { return "signedin-test:" + strings.ToLower(rand.Text()) + ":" }

// redisStore returns a store with keys of its own, which are deleted when the
// test is over.
func redisStore(t testing.TB, client redis.UniversalClient, cfg redisstore.Config) *redisstore.Store {
	t.Helper()
	if cfg.Prefix == "" {
		cfg.Prefix = ownPrefix()
		t.Cleanup(func() { deleteKeys(t, client, cfg.Prefix) })
	}
	cfg.ReadTimeout = cmp.Or(cfg.ReadTimeout, 10*time.Second) // a machine that runs tests may be slow
	store, err := redisstore.New(t.Context(), client, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// kitConfig is for tests that do not measure: the machine may be busy.
var kitConfig = redisstore.Config{ReadTimeout: 10 * time.Second}

func TestRedis(t *testing.T) {
	eachRedis(t, func(t *testing.T, open func(testing.TB) redis.UniversalClient) {
		kit.Run(t, redisName(t), func(t *testing.T) session.Store { return redisStore(t, open(t), kitConfig) }, 0)
	})
}

func TestRedisRace(t *testing.T) {
	rounds := 4 * raceRounds
	if testing.Short() {
		rounds = raceRounds / 10
	}
	eachRedis(t, func(t *testing.T, open func(testing.TB) redis.UniversalClient) {
		kit.Race(t, redisName(t), func(t *testing.T) session.Store { return redisStore(t, open(t), kitConfig) }, 0, rounds)
	})
}
