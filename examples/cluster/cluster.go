package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/signedin/signedin/examples/internal/demo"
	"github.com/signedin/signedin/examples/internal/host"
)

const instances = 3

// serveCluster starts the instances and is the proxy before them, until ctx is
// done. An instance that ends is not started again: the others go on.
func serveCluster(ctx context.Context, f flags, stdout io.Writer, log *slog.Logger) error {
	listener, err := net.Listen("tcp", address(f.basePort, 0))
	if err != nil {
		return fmt.Errorf("-base-port: %w", err)
	}
	defer listener.Close()
	// Tables, users and keys are there before the instances are.
	b, err := open(ctx, f.db, log)
	if err != nil {
		return err
	}
	_, err = host.ReadKeys(b.keyFile)
	if err := errors.Join(err, b.close()); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "Database: %s\n", b.name)
	if b.fresh {
		fmt.Fprintf(stdout, "Made two users, %s, with the password %q\n", strings.Join(demo.Emails, " and "), demo.Password)
	}
	var addrs []string
	for n := range instances {
		c, err := startChild(f, address(f.basePort, n+1))
		if err != nil {
			return err
		}
		defer c.end()
		go c.watch(log)
		fmt.Fprintf(stdout, "Instance %d: http://%s (process %d)\n", n+1, c.addr, c.cmd.Process.Pid)
		addrs = append(addrs, c.addr)
	}
	fmt.Fprintf(stdout, "Open http://%s\n", listener.Addr())
	return host.Serve(ctx, listener, host.NewServer(newProxy(addrs, log), nil))
}

func address(basePort, n int) string {
	if basePort > 0 {
		basePort += n
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(basePort))
}

// child is an instance in a process of its own.
type child struct {
	addr  string
	cmd   *exec.Cmd
	stdin io.Closer
	gone  chan struct{} // closed when it has ended, with err
	err   error
}

// startChild returns once the instance serves.
func startChild(f flags, addr string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{gone: make(chan struct{})}
	c.cmd = exec.Command(self, "-instance", addr, "-db", f.db, fmt.Sprintf("-cached=%v", f.cached))
	c.cmd.Stderr = os.Stderr
	stdin, err1 := c.cmd.StdinPipe() // ends with this process, however that ends
	stdout, err2 := c.cmd.StdoutPipe()
	if err := errors.Join(err1, err2, c.cmd.Start()); err != nil {
		return nil, err
	}
	c.stdin = stdin
	line, _ := bufio.NewReader(stdout).ReadString('\n')
	go func() {
		defer close(c.gone)
		c.err = c.cmd.Wait()
	}()
	var ok bool
	if c.addr, ok = strings.CutPrefix(strings.TrimSpace(line), serving); !ok {
		c.end()
		return nil, fmt.Errorf("the instance on %s did not start", addr) // it has said why
	}
	return c, nil
}

func (c *child) watch(log *slog.Logger) {
	if <-c.gone; c.err != nil {
		log.Warn("an instance has ended: the others go on", "instance", c.addr, "error", c.err)
	}
}

// patience is how long an instance may take to answer what it was asked and to
// write what it noted.
const patience = 10 * time.Second

// end asks the instance to end, and waits until it has.
func (c *child) end() {
	_ = c.stdin.Close()
	select {
	case <-c.gone:
	case <-time.After(patience):
		_ = c.cmd.Process.Kill()
		<-c.gone
	}
}
