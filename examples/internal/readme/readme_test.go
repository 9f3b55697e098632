// Package readme_test compiles what the README shows, as a reader would: in a
// module of its own.
package readme_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// packages are what a piece without imports may use.
var packages = []string{
	"cmp", "context", "encoding/json", "errors", "net/http", "net/http/httptest", "net/netip", "net/url",
	"github.com/signedin/signedin/geo/embedded",
	"github.com/signedin/signedin/middleware",
	"github.com/signedin/signedin/middleware/activity",
	"github.com/signedin/signedin/middleware/immich",
	"github.com/signedin/signedin/middleware/openid",
	"github.com/signedin/signedin/middleware/sessiontest",
	"github.com/signedin/signedin/session",
	"github.com/signedin/signedin/session/notice",
	"github.com/signedin/signedin/session/risk",
	"github.com/signedin/signedin/store/memstore",
	"github.com/signedin/signedin/store/sqlstore",
	"github.com/jmoiron/sqlx",
}

// names are what a piece may leave to its reader, but for what it declares
// itself.
var names = map[string]string{
	"ctx":         "context.Context",
	"mux":         "*http.ServeMux",
	"photos":      "http.Handler",
	"userID":      "string",
	"id":          "string",
	"newID":       "string",
	"ticket":      "session.Ticket",
	"target":      "*url.URL",
	"clientIP":    "middleware.ClientIP",
	"store":       "session.Store",
	"riskKey":     "session.Keys",
	"profileKeys": "session.Keys",
	"manager":     "*session.Manager",
	"mw":          "*middleware.Middleware",
	"w":           "http.ResponseWriter",
	"r":           "*http.Request",
	"queue":       "interface{ Add(context.Context, notice.Notice) error }",
	"own": `interface {
		Session(*http.Request) (name, userID string)
		SignOut(http.ResponseWriter, *http.Request)
	}`,
	"scs": `interface {
		GetString(context.Context, string) string
		Token(context.Context) string
		LoadAndSave(http.Handler) http.Handler
	}`,
}

// files are all that show pieces of a host.
var files = []string{"README.md", "middleware/README.md", "middleware/immich/README.md", "session/risk/README.md", "store/README.md"}

func TestREADME(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	dir := t.TempDir()
	module(t, dir, "package main\n\nfunc main() {}\n")
	takeRequirements(t, root, dir)
	n := 0
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
		if err != nil {
			t.Fatal(err)
		}
		if lines := bytes.Count(text, []byte("\n")); file == "README.md" && lines > 300 {
			t.Errorf("README.md has %d lines, more than 300", lines)
		}
		for i, piece := range strings.Split(string(text), "```go\n")[1:] {
			piece, _, _ = strings.Cut(piece, "```")
			n++
			sub := filepath.Join(dir, fmt.Sprintf("%s%d", strings.NewReplacer("/", "_", ".md", "").Replace(strings.ToLower(file)), i+1))
			if err := os.Mkdir(sub, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(sub, "main.go"), []byte(program(t, piece)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n < 10 {
		t.Fatalf("found %d pieces of Go: the test looks for the wrong thing", n)
	}
	run(t, dir, "build", "-o", os.DevNull, "./...")
}

// takeRequirements gives the module in dir the versions and sums of ours, so that
// nothing is asked of the network.
func takeRequirements(t *testing.T, root, dir string) {
	t.Helper()
	ours, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	_, require, _ := strings.Cut(string(ours), "\nrequire (")
	f, err := os.OpenFile(filepath.Join(dir, "go.mod"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString("\nrequire (" + require)
	if e := f.Close(); err != nil || e != nil {
		t.Fatal(err, e)
	}
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go.sum"), sum, 0o600); err != nil {
		t.Fatal(err)
	}
}

// program returns a whole program around a piece.
func program(t *testing.T, piece string) string {
	t.Helper()
	if strings.HasPrefix(piece, "package ") {
		return piece
	}
	body := "package main\n\nfunc host() error {\n" + piece + "return nil\n}\n"
	parsed, err := parser.ParseFile(token.NewFileSet(), "", body, 0)
	if err != nil {
		t.Fatalf("%v\n%s", err, piece)
	}
	declared, uses := declares(parsed), ""
	for _, name := range declared {
		uses += "_ = " + name + "\n"
	}
	vars := ""
	for name, typ := range names {
		if !slices.Contains(declared, name) {
			vars += "var " + name + " " + typ + "\n"
		}
	}
	text := vars + "\nfunc host() error {\n" + piece + uses + "return nil\n}\n\nfunc main() { _ = host() }\n"
	imports := ""
	for _, path := range packages {
		if strings.Contains(text, path[strings.LastIndex(path, "/")+1:]+".") {
			imports += fmt.Sprintf("import %q\n", path)
		}
	}
	return "package main\n\n" + imports + "\n" + text
}

// declares returns the names that a piece declares at its top level.
func declares(f *ast.File) (all []string) {
	for _, statement := range f.Decls[0].(*ast.FuncDecl).Body.List {
		a, ok := statement.(*ast.AssignStmt)
		if !ok || a.Tok != token.DEFINE {
			continue
		}
		for _, left := range a.Lhs {
			if id := left.(*ast.Ident); id.Name != "_" {
				all = append(all, id.Name)
			}
		}
	}
	return all
}
