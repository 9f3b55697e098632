package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/examples/internal/demo"
	"github.com/signedin/signedin/examples/internal/hosttest"
)

// mainEnv has the test binary be the program.
const mainEnv = "SIGNEDIN_CLUSTER_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(mainEnv) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// program is a cluster that runs.
type program struct {
	cmd       *exec.Cmd
	stderr    bytes.Buffer
	told      []string
	proxy     string
	instances []string // where they are
	pids      []int
}

// start returns once the cluster serves.
func start(t *testing.T, args ...string) *program {
	t.Helper()
	p := &program{cmd: exec.Command(os.Args[0], append([]string{"-base-port", "0"}, args...)...)}
	p.cmd.Env = append(os.Environ(), mainEnv+"=1")
	p.cmd.Stderr = &p.stderr
	stdout, err := p.cmd.StdoutPipe()
	if err := errors.Join(err, p.cmd.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // if the test failed; the instances notice
		if t.Failed() {
			t.Logf("%s", &p.stderr)
		}
	})
	for lines := bufio.NewScanner(stdout); p.proxy == "" && lines.Scan(); {
		var n, pid int
		var at string
		if _, err := fmt.Sscanf(lines.Text(), "Instance %d: %s (process %d)", &n, &at, &pid); err == nil {
			p.instances, p.pids = append(p.instances, at), append(p.pids, pid)
		}
		p.proxy, _ = strings.CutPrefix(lines.Text(), "Open ")
		if !strings.HasPrefix(p.proxy, "http://") {
			p.proxy = ""
		}
		p.told = append(p.told, lines.Text())
	}
	if p.proxy == "" || len(p.instances) != instances {
		t.Fatalf("the cluster did not start: %q, %v", p.told, p.cmd.Wait())
	}
	return p
}

// stop asks the program to end, as Ctrl-C does.
func (p *program) stop(t *testing.T) {
	t.Helper()
	if err := errors.Join(p.cmd.Process.Signal(os.Interrupt), p.cmd.Wait()); err != nil {
		t.Errorf("the end of the program: %v", err)
	}
}

// client is one device of a user.
type client struct {
	header, credential string
}

func (c client) do(t *testing.T, method, url string, header ...string) *http.Response {
	t.Helper()
	return hosttest.Send(t, hosttest.Plain, method, url, "", append(header, c.header, c.credential)...)
}

// status is do for who wants nothing but the status.
func (c client) status(t *testing.T, method, url string, header ...string) int {
	t.Helper()
	res := c.do(t, method, url, header...)
	_, _ = io.Copy(io.Discard, res.Body)
	res.Body.Close()
	return res.StatusCode
}

// browser signs in by the form of the site at that address.
func browser(t *testing.T, at string) client {
	t.Helper()
	form := url.Values{"email": {demo.Emails[0]}, "password": {demo.Password}}
	res := hosttest.Send(t, hosttest.Plain, http.MethodPost, at+"/login", form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Origin", at)
	defer res.Body.Close()
	if res.StatusCode != http.StatusSeeOther || len(res.Cookies()) == 0 {
		t.Fatalf("sign-in at %s: got %s", at, res.Status)
	}
	return client{"Cookie", res.Cookies()[0].Name + "=" + res.Cookies()[0].Value}
}

// app signs in as an app does.
func app(t *testing.T, at string) client {
	t.Helper()
	body := fmt.Sprintf(`{"email": %q, "password": %q}`, demo.Emails[0], demo.Password)
	res := hosttest.Send(t, hosttest.Plain, http.MethodPost, at+"/api/token", body, "Content-Type", "application/json")
	defer res.Body.Close()
	var got struct{ Token string }
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil || got.Token == "" {
		t.Fatalf("sign-in at %s: got %s, %v", at, res.Status, err)
	}
	return client{"Authorization", "Bearer " + got.Token}
}

// id asks who it is.
func (c client) id(t *testing.T, at string) string {
	t.Helper()
	res := c.do(t, http.MethodGet, at+"/api/me")
	defer res.Body.Close()
	var got struct{ SessionID string }
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil || got.SessionID == "" {
		t.Fatalf("at %s: got %s, %v", at, res.Status, err)
	}
	return got.SessionID
}

// stream opens the event stream and returns when its first event is there;
// ended gets the time at which it is over.
func (c client) stream(t *testing.T, at string) (ended <-chan time.Time) {
	t.Helper()
	res := c.do(t, http.MethodGet, at+"/events")
	lines := bufio.NewReader(res.Body)
	if line, err := lines.ReadString('\n'); err != nil || !strings.HasPrefix(line, "data: ") {
		t.Fatalf("stream at %s: got %s, %q, %v", at, res.Status, line, err)
	}
	c1 := make(chan time.Time, 1)
	go func() {
		defer res.Body.Close()
		_, _ = io.Copy(io.Discard, lines)
		c1 <- time.Now()
	}()
	return c1
}

// metricOf returns a value of an instance's metrics.
func metricOf(t *testing.T, at, name string) float64 {
	t.Helper()
	res, err := http.Get(at + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

// A Ctrl-C that also reaches the instances, as in a terminal, ends none of them
// before the program does.
func TestInterrupt(t *testing.T) {
	p := start(t, "-db", filepath.Join(t.TempDir(), "cluster.db"))
	for _, pid := range p.pids {
		instance, err := os.FindProcess(pid)
		if err := errors.Join(err, instance.Signal(os.Interrupt)); err != nil {
			t.Fatal(err)
		}
	}
	for range 50 { // one that ended would not answer for long
		for _, at := range p.instances {
			hosttest.Send(t, hosttest.Plain, http.MethodGet, at+"/login", "").Body.Close()
		}
	}
	p.stop(t)
}
