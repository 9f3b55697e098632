package drivertest_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/signedin/signedin/store/storetest/need"
)

// ownServer is a database server of a test's own, in a directory of its own,
// which can be killed and started again. It listens on a socket in there.
type ownServer struct {
	t       testing.TB
	dir     string
	account *syscall.Credential // some refuse to run as root
	command []string
	running *exec.Cmd
	log     bytes.Buffer
}

// newOwnServer makes the directory, owned by account if we are root. Nothing is
// asked of the machine before it is known that the programs are there.
func newOwnServer(t testing.TB, account string, programs ...string) *ownServer {
	t.Helper()
	for _, name := range programs {
		program(t, name)
	}
	dir, err := os.MkdirTemp("", "signedin") // short: it holds a socket
	if err != nil {
		t.Fatal(err)
	}
	s := &ownServer{t: t, dir: dir}
	t.Cleanup(func() {
		s.kill()
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the server says:\n%s", &s.log)
		}
	})
	if os.Getuid() != 0 {
		return s
	}
	u, err := user.Lookup(account)
	if err != nil {
		need.Missing(t, err.Error())
	}
	uid, _ := strconv.Atoi(u.Uid) // a number on every system that has such servers
	gid, _ := strconv.Atoi(u.Gid)
	s.account = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	return s
}

// program returns where a program is, that of the engine if one is tested.
func program(t testing.TB, name string) string {
	t.Helper()
	if onEngine != nil {
		return onEngine.program(t, name)
	}
	return need.Program(t, name, "/usr/sbin", "/usr/lib/postgresql/*/bin")
}

func (s *ownServer) path(name string) string { return filepath.Join(s.dir, name) }

func (s *ownServer) cmd(command ...string) *exec.Cmd {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, &s.log, &s.log
	cmd.Env = append(os.Environ(), "TMPDIR="+s.dir) // MariaDB clears it of what it takes for its own
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.account}
	return cmd
}

// do runs a command to its end.
func (s *ownServer) do(command ...string) {
	s.t.Helper()
	if err := s.cmd(command...).Run(); err != nil {
		s.t.Fatalf("%s: %v\n%s", command[0], err, &s.log)
	}
}

// start starts the server and waits until it is ready.
func (s *ownServer) start(ready func() error, settings ...string) {
	s.t.Helper()
	if err := s.tryStart(ready, settings...); err != nil {
		s.t.Fatal(err)
	}
}

func (s *ownServer) tryStart(ready func() error, settings ...string) error {
	s.running = s.cmd(slices.Concat(s.command, settings)...)
	err := s.running.Start()
	for n := 0; err == nil; n++ {
		why := ready()
		if why == nil {
			return nil
		}
		if n == 600 || !s.isRunning() {
			err = why
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("%s does not start: %w", s.command[0], err)
}

// kill ends the server and its processes, all at once and with no warning.
func (s *ownServer) kill() {
	if s.running == nil {
		return
	}
	pid := s.running.Process.Pid
	_ = syscall.Kill(pid, syscall.SIGSTOP) // it starts no more of them
	workers := childrenOf(pid)
	for _, p := range append(workers, pid) {
		_ = syscall.Kill(p, syscall.SIGKILL) // or it is gone already
	}
	_ = s.running.Wait() // killed
	for _, p := range workers {
		for range 100 {
			if state, _ := stat(p); state == "" || state == "Z" {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	s.running = nil
}

// isRunning reports whether the server has not ended by itself.
func (s *ownServer) isRunning() bool {
	state, _ := stat(s.running.Process.Pid)
	return state != "" && state != "Z"
}

func childrenOf(pid int) (pids []int) {
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range all {
		p, _ := strconv.Atoi(filepath.Base(dir))
		if _, parent := stat(p); parent == pid {
			pids = append(pids, p)
		}
	}
	return pids
}

// stat returns the state of a process and its parent; none if it is gone.
func stat(pid int) (state string, parent int) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", 0
	}
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	parent, _ = strconv.Atoi(fields[1])
	return fields[0], parent
}

// makeData makes the directory of data of a server, which takes seconds. Where
// SIGNEDIN_MADE names a directory, one made earlier is kept there and copied.
func (s *ownServer) makeData(server string, made func()) {
	s.t.Helper()
	kept := os.Getenv("SIGNEDIN_MADE")
	if kept == "" {
		made()
		return
	}
	kept = filepath.Join(kept, "of-"+strings.ReplaceAll(server, "/", "-"))
	if _, err := os.Stat(kept); err != nil {
		made()
		part := kept + "." + filepath.Base(s.dir)
		s.do("cp", "-a", s.path("data"), part)
		s.do("sh", "-c", `mv -T "$0" "$1" 2>/dev/null || rm -r "$0"`, part, kept) // somebody else may have been first
		return
	}
	s.do("cp", "-a", kept, s.path("data"))
}

func postgresRoom(t testing.TB) *ownServer { return newOwnServer(t, "postgres", "initdb", "postgres") }
func mysqlRoom(t testing.TB) *ownServer    { return newOwnServer(t, "mysql", "mariadbd") }
func redisRoom(t testing.TB) *ownServer    { return newOwnServer(t, "redis", "redis-server") }

func ownPostgres(t testing.TB) *ownServer { return postgresRoom(t).postgres() }
func ownMySQL(t testing.TB) *ownServer    { return mysqlRoom(t).mysql() }
func ownRedis(t testing.TB) *ownServer    { return redisRoom(t).redis() }

func (s *ownServer) postgres() *ownServer {
	initdb, server := program(s.t, "initdb"), program(s.t, "postgres")
	s.makeData(server, func() {
		s.do(initdb, "-D", s.path("data"), "-A", "trust", "-U", "signedin", "--no-locale", "-E", "UTF8", "--no-sync")
	})
	s.command = []string{server, "-D", s.path("data"), "-k", s.dir, "-c", "listen_addresses="}
	return s
}

// mysql makes a server of MySQL or MariaDB.
func (s *ownServer) mysql() *ownServer {
	server := program(s.t, "mariadbd")
	own := []string{"--no-defaults", "--datadir=" + s.path("data")}
	if onEngine != nil && onEngine.root != "" {
		share := filepath.Join(onEngine.root, "usr/share", map[bool]string{true: "mariadb", false: "mysql"}[filepath.Base(server) == "mariadbd"])
		own = append(own, "--basedir="+filepath.Join(onEngine.root, "usr"), "--lc-messages-dir="+share, "--character-sets-dir="+share+"/charsets")
	}
	s.command = append([]string{server}, own...)
	if filepath.Base(server) == "mysqld" {
		s.makeData(server, func() { s.do(append(slices.Clone(s.command), "--initialize-insecure")...) })
		s.command = append(s.command, "--mysqlx=0", "--secure-file-priv=NULL")
	} else {
		install := program(s.t, "mariadb-install-db")
		s.makeData(server, func() {
			s.do(append([]string{install}, append(own[:min(len(own), 3)], "--auth-root-authentication-method=normal", "--skip-test-db")...)...)
		})
	}
	s.command = append(s.command, "--socket="+s.path("socket"), "--skip-networking", "--pid-file="+s.path("pid"), "--innodb-buffer-pool-size=32M")
	return s
}

func (s *ownServer) redis() *ownServer {
	server := program(s.t, "redis-server")
	s.command = []string{server, "--port", "0", "--unixsocket", s.path("socket"), "--dir", s.dir}
	return s
}
