package drivertest_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// redisProcess is a server of a test's own, on a loopback port.
type redisProcess struct {
	addr    string
	process *os.Process
}

// startRedis starts a server with some settings, or skips the test if there is
// none on this machine.
func startRedis(t testing.TB, settings ...string) *redisProcess {
	t.Helper()
	return startServer(t, append([]string{"--save", ""}, settings...)...)
}

func startServer(t testing.TB, settings ...string) *redisProcess {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("REQUIRE_SERVICES") == "1" {
			t.Fatal("redis-server is not installed, and REQUIRE_SERVICES=1")
		}
		t.Skip("SKIPPED: redis-server is not installed")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	args := append(settings, "--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--dir", t.TempDir())
	cmd := exec.Command(binary, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	s := &redisProcess{addr: fmt.Sprint("127.0.0.1:", port), process: cmd.Process}
	s.await(t)
	return s
}

// await waits until the server answers.
func (s *redisProcess) await(t testing.TB) {
	t.Helper()
	for range 200 {
		if c, err := net.Dial("tcp", s.addr); err == nil {
			_ = c.Close()
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatal("redis-server does not start")
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
	if err := s.process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}
