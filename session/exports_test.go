package session_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// exportLimit is how many types, functions, variables and single constants package
// session may export: the fewer there are, the sooner a host has found its dozen.
const exportLimit = 105

// ofHosts are names that nothing of ours has a use for, but hosts have.
var ofHosts = map[string]string{
	"AssessorFunc":  "an Assessor that is a function",
	"ObserverFunc":  "an Observer that is a function",
	"ClockError":    "Manager.Purge returns it, and somebody has to set the clock",
	"RotationGrace": "how long two secrets are good, by which a host's caches are chosen",
}

var qualified = regexp.MustCompile(`\bsession\.([A-Z]\w*)`)

// TestExports: what session exports is used by another package, or stands in an exported
// declaration that is, or is a host's.
func TestExports(t *testing.T) {
	exported := exports(t, ".")
	used := maps.Clone(ofHosts)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || filepath.Dir(path) == filepath.Join("..", "session") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range qualified.FindAllSubmatch(text, -1) {
			used[string(m[1])] = path
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range ofHosts {
		if exported[name] == nil {
			t.Errorf("%s is said to be for hosts, and is not there", name)
		}
	}
	for name, members := range exported {
		for _, m := range members {
			if m != name && exported[m] == nil && used[m] != "" && used[name] == "" {
				used[name] = used[m] // one of the same declaration
			}
		}
	}
	for grew := true; grew; {
		grew = false
		for name, mentions := range exported {
			for _, other := range mentions {
				if used[name] != "" && exported[other] != nil && used[other] == "" {
					used[other], grew = name, true
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(exported)) {
		if used[name] == "" {
			t.Errorf("%s needs no export", name)
		}
	}
	if n := len(exported); n > exportLimit {
		t.Errorf("session exports %d names, at most %d are allowed: does a host, store, carrier or assessor need them?", n, exportLimit)
	}
}

// ofOthers are names that other packages have as well, in another sense.
var ofOthers = []string{
	"Config", "New", "Stats", // each package's own
	"Query", // of stores only; in middleware an Extractor, beside Cookie and Header
	"Page",  // of Manager.ListPage; in activity what a Layout is given
}

// TestNoNameTwice: what a host imports together has no two meanings of one name.
func TestNoNameTwice(t *testing.T) {
	ours := exports(t, ".")
	for _, dir := range []string{"notice", "locale", "../middleware", "../middleware/activity", "../middleware/flash"} {
		for name := range exports(t, dir) {
			if ours[name] != nil && !slices.Contains(ofOthers, name) {
				t.Errorf("both session and %s export %s", dir, name)
			}
		}
	}
}

// exports returns the exported names of a package, as go doc counts them (the
// constants or errors of one declaration are one), and what their exported parts mention.
func exports(t *testing.T, dir string) map[string][]string {
	t.Helper()
	all := make(map[string][]string)
	note := func(name string, n ast.Node) {
		if s, ok := n.(*ast.StructType); ok {
			s.Fields.List = slices.DeleteFunc(s.Fields.List, func(f *ast.Field) bool {
				return len(f.Names) > 0 && !slices.ContainsFunc(f.Names, (*ast.Ident).IsExported)
			})
		}
		mentions := append(all[name], name)
		ast.Inspect(n, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && id.IsExported() {
				mentions = append(mentions, id.Name)
			}
			return true
		})
		all[name] = mentions
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				owner := d.Name
				if d.Recv != nil {
					owner = receiver(d.Recv.List[0].Type)
				}
				if d.Name.IsExported() && owner.IsExported() {
					note(owner.Name, d.Type)
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if s, ok := s.(*ast.TypeSpec); ok && s.Name.IsExported() {
						note(s.Name.Name, s.Type)
					}
				}
				if first, ok := d.Specs[0].(*ast.ValueSpec); ok && first.Names[0].IsExported() && (d.Tok == token.VAR || first.Type == nil) {
					all[first.Names[0].Name] = nil
					for _, s := range d.Specs {
						all[first.Names[0].Name] = append(all[first.Names[0].Name], s.(*ast.ValueSpec).Names[0].Name)
					}
				}
			}
		}
	}
	return all
}

func receiver(e ast.Expr) *ast.Ident {
	if p, ok := e.(*ast.StarExpr); ok {
		e = p.X
	}
	if g, ok := e.(*ast.IndexExpr); ok {
		e = g.X
	}
	return e.(*ast.Ident)
}
