package readme_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/signedin/signedin/store/storetest/need"
)

// smallest is a host with memstore and middleware, and nothing else.
const smallest = `package main

import (
	"net/http"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

func main() {
	manager, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		panic(err)
	}
	mw, err := middleware.New(manager, middleware.Config{})
	if err != nil {
		panic(err)
	}
	panic(http.ListenAndServe("127.0.0.1:8080", mw.Load(http.NotFoundHandler())))
}
`

// TestImportCost holds what a host takes over with the library: lines of go.sum,
// modules to choose versions of, and no driver.
func TestImportCost(t *testing.T) {
	need.Heavy(t) // go list asks the module proxy
	dir := t.TempDir()
	host := func(args ...string) []string {
		t.Helper()
		return strings.Split(strings.TrimSpace(run(t, dir, args...)), "\n")
	}
	module(t, dir, smallest)
	host("build", "-o", os.DevNull, ".")
	sum, err := os.ReadFile(filepath.Join(dir, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(sum), "\n"); n > 12 {
		t.Errorf("go.sum has %d lines:\n%s", n, sum)
	}
	if all := host("list", "-m", "all"); len(all) > 35 {
		t.Errorf("%d modules:\n%s", len(all), strings.Join(all, "\n"))
	}
	for _, linked := range host("list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", ".") {
		switch linked {
		case "", "host.example/host", "github.com/signedin/signedin", "github.com/google/uuid",
			"github.com/gorilla/securecookie", "github.com/mssola/useragent":
		default:
			t.Errorf("%s is linked", linked)
		}
	}
}

// module writes a module of its own with one file into dir, which has the library
// by a replace line.
func module(t *testing.T, dir, source string) {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"main.go": source,
		"go.mod": "module host.example/host\n\ngo 1.26.0\n\nrequire github.com/signedin/signedin v0.0.0\n\n" +
			"replace github.com/signedin/signedin => " + root + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// run runs the go command in dir. It may complete go.mod and go.sum with what
// the module cache has.
func run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off", "GONOSUMDB=*")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}
