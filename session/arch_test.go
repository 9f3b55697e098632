package session_test

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/signedin/signedin/"

// drawing says what each package may import of ours. A package that is not in
// it has no place in the house yet.
var drawing = map[string][]string{
	"geo":                          {},
	"geo/maxmind":                  {"geo"},
	"geo/embedded":                 {"geo"},
	"device":                       {},
	"session":                      {"geo", "device"},
	"session/risk":                 {"session", "geo", "device"},
	"session/locale":               {"session", "device"},
	"session/locale/catalog":       {"session/locale"},
	"session/notice":               {"session", "session/locale", "geo", "device"},
	"store":                        {"session"},
	"store/memstore":               {"session", "geo", "device"},
	"store/internal/record":        {"session", "geo", "device"},
	"store/internal/within":        {},
	"store/sqlstore":               {"session", "geo", "device", "store", "store/pollbus", "store/internal/record", "store/internal/within"},
	"store/redisstore":             {"session", "store", "store/internal/record", "store/internal/within"},
	"store/pgbus":                  {"session"},
	"store/pollbus":                {"session"},
	"store/cachestore":             {"session"},
	"store/storetest":              {"session", "geo", "device"},
	"store/storetest/need":         {},
	"store/internal/kit":           {"session", "store/storetest", "store/storetest/need"},
	"geo/maxmind/internal/dbtest":  {"geo", "geo/maxmind"},
	"middleware":                   {"session", "session/locale", "device", "geo", "middleware/internal/dbsc"},
	"middleware/internal/dbsc":     {},
	"middleware/activity":          {"middleware", "session", "session/locale", "device", "geo"},
	"middleware/immich":            {"middleware", "session", "session/locale", "device"},
	"middleware/immich/immichtest": {},
	"middleware/flash":             {"middleware", "session"},
	"middleware/sessiontest":       {"middleware", "session", "device", "geo"},
	"middleware/openid":            {"middleware", "session"},
	"examples/*":                   {"*"},
}

// bans says what a package must not reach, however indirectly, and why.
var bans = []struct {
	in, not []string
	why     string
}{
	{[]string{"geo", "device", "session", "session/risk", "session/locale", "session/notice", "store", "store/memstore", "store/internal/record", "store/sqlstore", "store/cachestore", "store/pollbus", "geo/maxmind", "geo/embedded"},
		[]string{"net/http"}, "the core knows no transport"},
	{[]string{"geo", "device", "session", "session/risk", "session/locale", "session/notice", "store/memstore", "store/cachestore", "store/pollbus", "middleware", "middleware/activity", "middleware/flash", "middleware/sessiontest", "middleware/immich"},
		[]string{"database/sql", "github.com/jmoiron/sqlx"}, "only sqlstore speaks SQL"},
	{[]string{"geo", "device", "session", "session/risk", "session/locale", "session/notice", "store/memstore", "store/sqlstore", "store/cachestore", "store/pollbus", "middleware", "middleware/activity", "middleware/flash", "middleware/sessiontest", "middleware/immich"},
		[]string{"github.com/oschwald/maxminddb-golang/v2", "github.com/phuslu/iploc", "github.com/redis/go-redis/v9", "github.com/jackc/pgx/v5"}, "a database is linked by who imports it"},
	{[]string{"geo", "geo/maxmind", "geo/embedded", "device", "session", "session/risk", "session/locale", "session/notice", "store", "store/memstore", "store/sqlstore", "store/cachestore", "store/pollbus", "middleware", "middleware/activity", "middleware/flash", "middleware/sessiontest", "middleware/immich"},
		[]string{"testing"}, "only storetest is made of tests"},
	{[]string{"store/sqlstore"}, []string{"modernc.org/sqlite", "github.com/mattn/go-sqlite3", "github.com/jackc/pgx/v5", "github.com/lib/pq", "github.com/go-sql-driver/mysql"},
		"the caller brings the driver"},
	{[]string{"store/storetest"}, []string{"github.com/jmoiron/sqlx", "database/sql"}, "authors of stores get no dependency"},
}

type listed struct {
	ImportPath    string
	Imports, Deps []string
}

// TestDrawing holds the packages and their arrows against the drawing.
func TestDrawing(t *testing.T) {
	packages := list(t)
	for _, p := range packages {
		name := strings.TrimPrefix(p.ImportPath, module)
		allowed, ok := find(name)
		if !ok {
			t.Errorf("%s is not in the drawing", name)
			continue
		}
		for _, dep := range p.Imports {
			if dep, ours := strings.CutPrefix(dep, module); ours && !slices.ContainsFunc(allowed, func(a string) bool { return matches(a, dep) }) {
				t.Errorf("%s imports %s: no such arrow in the drawing", name, dep)
			}
		}
	}
	for _, ban := range bans {
		for _, p := range packages {
			if !slices.Contains(ban.in, strings.TrimPrefix(p.ImportPath, module)) {
				continue
			}
			for _, not := range ban.not {
				if slices.Contains(p.Deps, not) {
					t.Errorf("%s reaches %s: %s", p.ImportPath, not, ban.why)
				}
			}
		}
	}
}

func find(name string) ([]string, bool) {
	for pattern, allowed := range drawing {
		if matches(pattern, name) {
			return allowed, true
		}
	}
	return nil, false
}

func matches(pattern, name string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(name, prefix)
	}
	return pattern == name
}

func list(t *testing.T) (all []listed) {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p listed
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}
