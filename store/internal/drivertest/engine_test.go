package drivertest_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/store/internal/kit"
	"github.com/signedin/signedin/store/storetest/need"
)

// An engine is a database server of some version, one of those that .ci/engines
// installs. With SIGNEDIN_ENGINE=mysql-9, for instance, the tests of MySQL run
// on that, on a server that is started for them, and those of other servers are
// skipped:
//
//	SIGNEDIN_ENGINES=$(.ci/engines mysql-9) SIGNEDIN_ENGINE=mysql-9 go test ./store/internal/drivertest
type engine struct {
	name   string // such as "mysql-9"
	family string // "postgres", "mysql" or "redis"
	root   string // the folder of its programs; "" where the system has them

	start   sync.Once
	address string
	stop    []func()
}

// onEngine is the engine to test, nil if the environment says where servers are.
var onEngine = engineOf(os.Getenv("SIGNEDIN_ENGINE"))

// ofSystem are the engines that Debian 12 has.
var ofSystem = []string{"postgres-15", "mariadb-10", "redis-7"}

func engineOf(name string) *engine {
	if name == "" {
		return nil
	}
	kind, _, _ := strings.Cut(name, "-")
	e := &engine{name: name, family: map[string]string{"mariadb": "mysql", "valkey": "redis"}[kind]}
	if e.family == "" {
		e.family = kind
	}
	for _, own := range ofSystem {
		if own == name {
			return e
		}
	}
	all := os.Getenv("SIGNEDIN_ENGINES")
	if all == "" {
		panic("SIGNEDIN_ENGINE is set, and SIGNEDIN_ENGINES is not: it is what .ci/engines prints")
	}
	e.root = filepath.Join(all, name)
	return e
}

// quiet has go-redis say nothing of connections that the tests cut.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

func TestMain(m *testing.M) {
	redis.SetLogger(quiet{})
	if onEngine != nil {
		kit.Engine = onEngine.version()
		_ = os.Unsetenv("SIGNEDIN_ENGINE") // processes that tests start are told where it is
	}
	code := m.Run()
	if onEngine != nil {
		for _, stop := range onEngine.stop {
			stop()
		}
	}
	os.Exit(code)
}

// families says of which servers an environment variable tells.
var families = map[string]string{
	"SIGNEDIN_TEST_POSTGRES": "postgres", "SIGNEDIN_TEST_MYSQL": "mysql", redisServer: "redis", redisCluster: "redis",
}

// at returns where the server is; it is started for the first who asks.
func (e *engine) at(t testing.TB, env string) string {
	t.Helper()
	if families[env] != e.family {
		t.Skipf("SKIPPED: not a test of %s", e.name)
	}
	if env == redisCluster {
		t.Skip("SKIPPED: no cluster of it")
	}
	e.start.Do(func() {
		all := forAll{name: e.name, stop: &e.stop}
		switch e.family {
		case "postgres":
			e.address = ownPostgres(all).servePostgres()
		case "mysql":
			e.address = ownMySQL(all).serveMySQL()
		case "redis":
			e.address = (&redisProcess{ownServer: ownRedis(all)}).serve()
		}
	})
	if e.address == "" {
		t.Fatalf("%s did not start", e.name)
	}
	_ = os.Setenv(env, e.address) // for processes that tests start
	return e.address
}

// instead are the programs that an engine may have in place of another.
var instead = map[string]string{"mariadbd": "mysqld", "redis-server": "valkey-server"}

// ofFamily says of which servers a program is.
var ofFamily = map[string]string{
	"initdb": "postgres", "postgres": "postgres", "mariadbd": "mysql", "mariadb-install-db": "mysql", "redis-server": "redis",
}

// program returns where a program of the engine is. The test is skipped if it is
// of another one.
func (e *engine) program(t testing.TB, name string) string {
	t.Helper()
	if family := ofFamily[name]; family != "" && family != e.family {
		t.Skipf("SKIPPED: not a test of %s", e.name)
	}
	if e.root == "" || ofFamily[name] == "" {
		return need.Program(t, name, "/usr/sbin", "/usr/lib/postgresql/*/bin")
	}
	path := e.find(name)
	if path == "" {
		t.Fatalf("%s has no %s", e.root, name)
	}
	return path
}

func (e *engine) find(name string) string {
	for _, name := range []string{name, instead[name]} {
		for _, dir := range []string{"bin", "usr/sbin", "usr/bin"} {
			if path := filepath.Join(e.root, dir, name); isProgram(path) {
				return path
			}
		}
	}
	return ""
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir() && info.Mode()&0o111 != 0
}

// version returns the engine's kind and exact version, as its server tells it.
func (e *engine) version() string {
	kind, _, _ := strings.Cut(e.name, "-")
	server := map[string]string{"postgres": "postgres", "mysql": "mariadbd", "redis": "redis-server"}[e.family]
	for _, place := range []string{"/usr/sbin", "/usr/bin", "/usr/lib/postgresql/*/bin"} {
		if found, _ := filepath.Glob(filepath.Join(place, server)); len(found) > 0 && e.root == "" {
			server = found[len(found)-1]
		}
	}
	if e.root != "" {
		server = e.find(server)
	}
	says, _ := exec.Command(server, "--version").Output() // without it the name has to do
	if number := regexp.MustCompile(`\d+\.\d+(\.\d+)?`).FindString(string(says)); number != "" {
		return kind + "-" + number
	}
	return e.name
}

// forAll stands for all tests together, for whom a server runs until the end.
type forAll struct {
	testing.TB
	name string
	stop *[]func()
}

func (f forAll) Helper()          {}
func (f forAll) Failed() bool     { return false }
func (f forAll) Cleanup(c func()) { *f.stop = append([]func(){c}, *f.stop...) }
func (f forAll) Logf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, f.name+": "+format+"\n", args...)
}
func (f forAll) Error(args ...any)                { f.Logf("%s", fmt.Sprint(args...)) }
func (f forAll) Skip(args ...any)                 { f.Fatalf("%s", fmt.Sprint(args...)) }
func (f forAll) Skipf(format string, args ...any) { f.Fatalf(format, args...) }
func (f forAll) Fatal(args ...any)                { f.Fatalf("%s", fmt.Sprint(args...)) }
func (f forAll) Fatalf(format string, args ...any) {
	panic(f.name + ": " + fmt.Sprintf(format, args...))
}

// onPort starts the server with a port of 127.0.0.1, below those that the
// system gives to clients; if somebody has it, another one is tried.
func (s *ownServer) onPort(ready func(port string) error, settings func(port string) []string) (port string) {
	s.t.Helper()
	var err error
	for range 20 {
		port := strconv.Itoa(12000 + rand.IntN(18000))
		if c, taken := net.Dial("tcp", "127.0.0.1:"+port); taken == nil {
			_ = c.Close()
			continue
		}
		if err = s.tryStart(func() error { return ready(port) }, settings(port)...); err == nil {
			return port
		}
		s.kill() // what is left of it
	}
	s.t.Fatal(err)
	return ""
}

func (s *ownServer) servePostgres() string {
	s.command = s.command[:len(s.command)-2] // that it listens to nobody
	port := s.onPort(func(port string) error {
		return ping("pgx", "postgres://signedin@127.0.0.1:"+port+"/postgres?sslmode=disable")
	}, func(port string) []string {
		return []string{"-c", "listen_addresses=127.0.0.1", "-c", "port=" + port, "-c", "max_connections=200"}
	})
	return "postgres://signedin@127.0.0.1:" + port + "/postgres?sslmode=disable"
}

func (s *ownServer) serveMySQL() string {
	root := "root@unix(" + s.path("socket") + ")/"
	port := s.onPort(func(string) error { return ping("mysql", root) }, func(port string) []string {
		return []string{"--skip-networking=0", "--port=" + port, "--bind-address=127.0.0.1", "--max-connections=200"}
	})
	db, err := sql.Open("mysql", root)
	if err == nil {
		for _, q := range []string{
			"CREATE DATABASE signedin", "CREATE USER signedin@127.0.0.1 IDENTIFIED BY 'signedin'",
			"GRANT ALL ON *.* TO signedin@127.0.0.1 WITH GRANT OPTION",
		} {
			_, failed := db.Exec(q)
			err = errors.Join(err, failed)
		}
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return "signedin:signedin@tcp(127.0.0.1:" + port + ")/signedin"
}

func (s *redisProcess) serve() string {
	s.addr = s.path("socket")
	return s.startOnPort("--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction")
}

func ping(driver, dsn string) error {
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return err
	}
	return errors.Join(db.Ping(), db.Close())
}
