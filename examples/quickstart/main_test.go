package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/signedin/signedin/examples/internal/demo"
	"github.com/signedin/signedin/examples/internal/hosttest"
)

// program is a quickstart that runs.
type program struct{ *hosttest.Program }

func start(t *testing.T, f flags) *program {
	t.Helper()
	p, err := launch(t, f)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// launch returns once the program serves.
func launch(t *testing.T, f flags) (*program, error) {
	p, err := hosttest.Launch(t, func(ctx context.Context, stdout, stderr io.Writer) error { return run(ctx, f, stdout, stderr) })
	return &program{p}, err
}

// cookie signs in and returns the cookie.
func (p *program) cookie(t *testing.T) *http.Cookie {
	t.Helper()
	form := url.Values{"email": {demo.Emails[0]}, "password": {demo.Password}}
	res := hosttest.Send(t, hosttest.Plain, http.MethodPost, p.Site+"/login", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	defer res.Body.Close()
	if res.StatusCode != http.StatusSeeOther || len(res.Cookies()) == 0 {
		t.Fatalf("sign-in: got %s", res.Status)
	}
	return res.Cookies()[0]
}

func (p *program) get(t *testing.T, path string, c *http.Cookie) *http.Response {
	t.Helper()
	return hosttest.Send(t, hosttest.Plain, http.MethodGet, p.Site+path, "", "Cookie", c.Name+"="+c.Value)
}

// What cannot be started makes nothing, and says in one line what is wrong.
func TestRefused(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, c := range map[string]struct {
		flags flags
		want  string
	}{
		"address taken":             {flags{addr: taken.Addr().String()}, "-addr: listen tcp"},
		"no address":                {flags{addr: "nonsense"}, "-addr: listen tcp: address nonsense"},
		"insecure on every address": {flags{addr: ":0", insecure: true}, "-insecure-cookie works on a loopback -addr only"},
		"insecure on 0.0.0.0":       {flags{addr: "0.0.0.0:0", insecure: true}, "-insecure-cookie works on a loopback -addr only"},
		"insecure elsewhere":        {flags{addr: "192.0.2.1:80", insecure: true}, "-insecure-cookie works on a loopback -addr only"},
		"proxies":                   {flags{addr: "127.0.0.1:0", proxies: "10.0.0.0/8, nonsense"}, `-trusted-proxies: " nonsense" is no prefix`},
		"every proxy":               {flags{addr: "127.0.0.1:0", proxies: "0.0.0.0/0"}, "-trusted-proxies: middleware: trusted proxies: 0.0.0.0/0"},
	} {
		dir := t.TempDir()
		c.flags.db = filepath.Join(dir, "quickstart.db")
		err := run(t.Context(), c.flags, io.Discard, io.Discard)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
		if made, _ := os.ReadDir(dir); len(made) > 0 {
			t.Errorf("%s: made %v", name, made)
		}
	}
}

// A file that is no database is named, and left alone.
func TestNotADatabase(t *testing.T) {
	file := filepath.Join(t.TempDir(), "picture.db")
	picture := []byte("\x89PNG\r\n\x1a\n" + strings.Repeat("picture", 1000))
	if err := os.WriteFile(file, picture, 0o600); err != nil {
		t.Fatal(err)
	}
	err := run(t.Context(), flags{addr: "127.0.0.1:0", db: file}, io.Discard, io.Discard)
	if err == nil || !strings.HasPrefix(err.Error(), "-db "+file+": ") || !strings.Contains(err.Error(), "belongs to another program") {
		t.Errorf("got %v", err)
	}
	if now, err := os.ReadFile(file); err != nil || !bytes.Equal(now, picture) {
		t.Error("the file was changed", err)
	}
}

func TestGoesOnWithoutCities(t *testing.T) {
	dir := t.TempDir()
	corrupt := filepath.Join(dir, "corrupt.mmdb")
	if err := os.WriteFile(corrupt, []byte("no database"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, cities := range []string{filepath.Join(dir, "missing.mmdb"), corrupt} {
		p := start(t, flags{addr: "127.0.0.1:0", db: filepath.Join(dir, "quickstart.db"), cityDB: cities})
		p.cookie(t)
		p.End(t)
		if got := p.Stderr.String(); !regexp.MustCompile(`(?m)^.*going on with countries.*$`).MatchString(got) || !strings.Contains(got, cities) {
			t.Errorf("%s: got %q, want a line about it", cities, got)
		}
	}
}

// A restart keeps users, keys and sessions; only their owner may read the
// files.
func TestRestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "quickstart.db")
	f := flags{addr: "127.0.0.1:0", db: file}
	p := start(t, f)
	if got := strings.Join(p.Told, "\n"); !strings.Contains(got, demo.Emails[0]) || !strings.Contains(got, demo.Password) {
		t.Errorf("the users were not told: %s", got)
	}
	c := p.cookie(t)
	p.End(t)
	key, err := os.ReadFile(file + ".key")
	if err != nil || len(key) != 32 {
		t.Fatalf("got a key of %d bytes, %v", len(key), err)
	}
	for _, name := range []string{file, file + ".key"} {
		if info, err := os.Stat(name); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}

	p = start(t, f)
	if got := fmt.Sprint(p.Told); strings.Contains(got, demo.Password) {
		t.Errorf("users were made again: %s", got)
	}
	res := p.get(t, "/api/me", c)
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("after a restart: got %s", res.Status)
	}
	p.End(t)
	if again, err := os.ReadFile(file + ".key"); err != nil || !bytes.Equal(again, key) {
		t.Error("the key has changed", err)
	}

	if err := os.Truncate(file+".key", 5); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), f, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), file+".key has 5 bytes") {
		t.Errorf("a short key: got %v", err)
	}
}

// A stream does not hold up the end of the program.
func TestEndsStreams(t *testing.T) {
	p := start(t, flags{addr: "127.0.0.1:0", db: filepath.Join(t.TempDir(), "quickstart.db")})
	res := p.get(t, "/events", p.cookie(t))
	defer res.Body.Close()
	if line, err := bufio.NewReader(res.Body).ReadString('\n'); !strings.HasPrefix(line, "data: ") || err != nil {
		t.Fatalf("got %q, %v", line, err)
	}
	p.End(t)
	if _, err := io.Copy(io.Discard, res.Body); err != nil { // Shutdown would give up, and cut it off
		t.Errorf("the stream was not ended: %v", err)
	}
}

// Two programs may be the first on one database.
func TestTwoAtOnce(t *testing.T) {
	f := flags{addr: "127.0.0.1:0", db: filepath.Join(t.TempDir(), "quickstart.db")}
	var both [2]*program
	var errs [2]error
	var launched sync.WaitGroup
	for i := range both {
		launched.Go(func() { both[i], errs[i] = launch(t, f) })
	}
	launched.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	a, b := both[0], both[1]
	c := a.cookie(t)
	res := b.get(t, "/api/me", c)
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("a cookie of the one at the other: got %s", res.Status)
	}
	a.End(t)
	b.End(t)
}
