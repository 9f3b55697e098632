package drivertest_test

import (
	"math/rand/v2"
	"net"
	"strconv"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/store/redisstore"
)

// redisProcess is a server of a test's own.
type redisProcess struct {
	*ownServer
	addr string // of its socket
}

// startRedis starts a server with some settings, or skips the test if there is
// none on this machine.
func startRedis(t testing.TB, settings ...string) *redisProcess {
	t.Helper()
	s := newRedis(t)
	s.start(s.answers, settings...)
	return s
}

// newRedis is a server that does not run yet.
func newRedis(t testing.TB) *redisProcess {
	t.Helper()
	s := &redisProcess{ownServer: ownRedis(t)}
	s.addr, s.command = s.path("socket"), append(s.command, "--save", "")
	return s
}

func (s *redisProcess) answers() error {
	c, err := net.Dial("unix", s.addr)
	if err != nil {
		return err
	}
	return c.Close()
}

// startOnPort starts a server that others have to find on the network. Its port
// is below those that the system gives to clients; if somebody has it, the
// server ends, and another one is tried.
func (s *redisProcess) startOnPort(settings ...string) (addr string) {
	s.t.Helper()
	var err error
	for range 20 {
		port := strconv.Itoa(12000 + rand.IntN(18000))
		if err = s.tryStart(s.answers, append([]string{"--port", port, "--bind", "127.0.0.1"}, settings...)...); err == nil {
			return "127.0.0.1:" + port
		}
		s.kill() // what is left of it
	}
	s.t.Fatal(err)
	return ""
}

func (s *redisProcess) client(t testing.TB) *redis.Client {
	t.Helper()
	return closing(t, redis.NewClient(&redis.Options{Addr: s.addr, ContextTimeoutEnabled: true}))
}

// stop halts the server: it takes connections and does not answer.
func (s *redisProcess) stop(t testing.TB)   { s.signal(t, syscall.SIGSTOP) }
func (s *redisProcess) resume(t testing.TB) { s.signal(t, syscall.SIGCONT) }

func (s *redisProcess) signal(t testing.TB, sig syscall.Signal) {
	t.Helper()
	if err := s.running.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

// TestRedisCommands has commands that hosts rename or forbid, which the store
// would miss in the middle of a revocation.
func TestRedisCommands(t *testing.T) {
	for _, command := range []string{"DEL", "RENAME", "ZREM", "HSET", "SADD"} {
		renamed := startRedis(t, "--rename-command", command, "")
		_, err := redisstore.New(t.Context(), renamed.client(t), redisstore.Config{})
		wantRedisTrouble(t, "New", err, command, "rename-command")
	}
	server := startRedis(t)
	_, err := redisstore.New(t.Context(), server.allowed(t, "~* &* +@all -zrem"), redisstore.Config{})
	wantRedisTrouble(t, "New", err, "ZREM", "+zrem")
	if left, err := server.client(t).Keys(t.Context(), "*scratch*").Result(); err != nil || len(left) > 0 {
		t.Errorf("keys left by New: %v, %v", left, err)
	}
	harmless := startRedis(t, "--rename-command", "FLUSHALL", "", "--rename-command", "KEYS", "", "--rename-command", "SPOP", "").client(t)
	for _, maxmemory := range []string{"0", "1"} { // a full memory is no reason not to start, where there are sessions
		if err := harmless.ConfigSet(t.Context(), "maxmemory", maxmemory).Err(); err != nil {
			t.Fatal(err)
		}
		if _, err := redisstore.New(t.Context(), harmless, redisstore.Config{}); err != nil {
			t.Errorf("maxmemory %s: %v", maxmemory, err)
		}
	}
}
