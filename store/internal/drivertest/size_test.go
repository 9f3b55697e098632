package drivertest_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/internal/kit"
	"github.com/signedin/signedin/store/redisstore"
	"github.com/signedin/signedin/store/sqlstore"
)

// TestSize measures what the page of devices needs while a database grows: the
// environment variable SIGNEDIN_SIZES has the numbers of sessions, such as
// 1000,1000000,5000000. It reports medians and asserts nothing but the answers.
// It takes minutes, and a kilobyte of disk per session.
func TestSize(t *testing.T) {
	if os.Getenv("SIGNEDIN_SIZES") == "" {
		t.Skip("SKIPPED: a long run; set SIGNEDIN_SIZES")
	}
	t.Run("sqlite", func(t *testing.T) {
		db := open(t, "sqlite", sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "db")))
		sizes(t, migrated(t, db, sqlstore.Config{}), sqliteFiller(db).fill)
	})
	t.Run("postgres", func(t *testing.T) {
		db := openPostgres(t, "pgx")
		prefix := newPrefix(t, db)
		sizes(t, migrated(t, db, sqlstore.Config{Prefix: prefix}), postgresFiller(db, prefix).fill)
	})
	t.Run("mysql", func(t *testing.T) {
		db := openMySQL(t, "")
		prefix := newPrefix(t, db)
		sizes(t, migrated(t, db, sqlstore.Config{Prefix: prefix}), filler{db, prefix,
			// MariaDB makes a thousand rows of a recursion, no more.
			`WITH RECURSIVE d (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM d WHERE n < 999),
				n AS (SELECT %[1]d + a.n * 1000 + b.n AS n FROM d a, d b WHERE %[1]d + a.n * 1000 + b.n < %[2]d)`, `unhex(repeat(lpad(hex(n.n), 16, '0'), 2))`,
			`concat('user ', %s)`, `ANALYZE TABLE ` + prefix + `sessions, ` + prefix + `users`}.fill)
	})
	t.Run("redis", func(t *testing.T) {
		store := redisStore(t, openRedis(t), redisstore.Config{})
		sizes(t, store, func(t *testing.T, from, to, firstUser, users int) { fillByStore(t, store, from, to, firstUser, users) })
	})
}

const perUser = 20

// sizes measures at each size.
func sizes(t *testing.T, store session.Store, fill func(t *testing.T, from, to, firstUser, users int)) {
	if err := store.Create(t.Context(), typical()); err != nil {
		t.Fatal(err)
	}
	from := 0
	for text := range strings.SplitSeq(os.Getenv("SIGNEDIN_SIZES"), ",") {
		to, err := strconv.Atoi(text)
		if err != nil || to < from+1000 {
			t.Fatalf("SIGNEDIN_SIZES: %q is no number that is greater by 1000", text)
		}
		begin := time.Now()
		firstUser, users := from/perUser, (to-from)/perUser
		fill(t, from, to, firstUser, users)
		filled := time.Since(begin)
		from = to
		measure(t, store, to, filled, func() string { return fmt.Sprint("user ", firstUser+rand.IntN(users)) })
	}
}

// typical is a session as of a browser at home.
func typical() *session.Session {
	s := sample(0)
	s.UserID, s.Attrs, s.Version = "template", nil, 1
	s.First.IP = netip.MustParseAddr("203.0.113.7")
	s.First.Network = geo.Network(s.First.IP)
	s.First.Device = device.Device{Kind: device.KindDesktop, Browser: "Firefox", BrowserVersion: "150", OS: "Windows", OSVersion: "11"}
	s.First.Location = geo.Location{Scope: geo.ScopeGlobal, CountryCode: "NL", Country: "Netherlands", City: "Utrecht", TimeZone: "Europe/Amsterdam",
		Latitude: 52.1, Longitude: 5.1, HasCoordinates: true, Radius: 20, ASN: 64500, Organization: "Example Fibre", Source: "GeoLite2-City", Built: s.First.At}
	s.Last = s.First
	s.Secrets.Current[0], s.Secrets.RotatedAt, s.AuthenticatedAt = 1, s.First.At, s.First.At
	s.Methods = []string{"pwd"}
	return s
}

// measure looks at some users, each once.
func measure(t *testing.T, store session.Store, size int, filled time.Duration, user func() string) {
	took := make(map[string][]time.Duration)
	timed := func(what string, f func() error) {
		t.Helper()
		begin := time.Now()
		err := f()
		if took[what] = append(took[what], time.Since(begin)); err != nil {
			t.Fatalf("%s of %d sessions: %v", what, size, err)
		}
	}
	seen := make(map[string]bool)
	for len(seen) < min(500, size/perUser/2) {
		u := user()
		if seen[u] {
			continue
		}
		seen[u] = true
		var all []*session.Session
		var ended session.Revoked
		timed("list", func() (err error) { all, err = store.List(t.Context(), session.Query{UserID: u}); return err })
		if len(all) != perUser {
			t.Fatalf("List of %s: got %d sessions, want %d", u, len(all), perUser)
		}
		timed("get", func() error { _, _, err := store.Get(t.Context(), all[perUser/2].ID); return err })
		e := session.Ending{At: all[0].Last.At, Reason: session.ReasonSignedOutOthers, By: all[0].ID.String()}
		timed("revoke", func() error {
			_, err := store.Revoke(t.Context(), session.Revocation{UserID: u, Only: []session.ID{all[1].ID}, Ending: e})
			return err
		})
		timed("except", func() (err error) {
			ended, err = store.Revoke(t.Context(), session.Revocation{UserID: u, All: true, Keep: all[0], Ending: e})
			return err
		})
		if ended.Count != perUser-2 {
			t.Fatalf("Revoke of all but one of %s: got %d ended, want %d", u, ended.Count, perUser-2)
		}
	}
	line := []any{"filled", filled.Round(time.Second)}
	for _, what := range []string{"get", "list", "revoke", "except"} {
		slices.Sort(took[what])
		n := len(took[what])
		line = append(line, what, took[what][n/2].Round(time.Microsecond), what+"-p99", took[what][n*99/100].Round(time.Microsecond))
	}
	kit.Report(t, fmt.Sprintf("%s-of-%d", filepath.Base(t.Name()), size), line...)
}

// filler makes copies of the one session that there is, by the database itself.
type filler struct {
	db                           *sqlx.DB
	prefix                       string
	numbers, id, userID, analyze string
}

func sqliteFiller(db *sqlx.DB) filler {
	return filler{db, "signedin_",
		`WITH RECURSIVE n (n) AS (SELECT %d UNION ALL SELECT n + 1 FROM n WHERE n + 1 < %d)`, `unhex(printf('%016x%016x', n.n, n.n))`,
		`'user ' || %s`, `ANALYZE`}
}

func postgresFiller(db *sqlx.DB, prefix string) filler {
	return filler{db, prefix, `WITH n AS (SELECT generate_series(CAST(%d AS bigint), %d - 1) AS n)`,
		`decode(lpad(to_hex(n.n), 16, '0') || lpad(to_hex(n.n), 16, '0'), 'hex')`, `'user ' || %s`, `VACUUM ANALYZE`}
}

func (f filler) fill(t *testing.T, from, to, firstUser, users int) {
	t.Helper()
	rows, err := f.db.Query(`SELECT * FROM ` + f.prefix + `sessions WHERE 1 = 0`)
	if err != nil {
		t.Fatal(err)
	}
	columns, err := rows.Columns()
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	values := slices.Clone(columns)
	for i, name := range columns {
		values[i] = "s." + name
		switch name {
		case "id":
			values[i] = f.id
		case "user_id": // so that those of one user lie apart
			values[i] = fmt.Sprintf(f.userID, fmt.Sprintf("(%d + n.n %% %d)", firstUser, users))
		case "created_at", "last_at", "due_at":
			values[i] += " + n.n"
		}
	}
	const chunk = 200_000
	for ; from < to; from += chunk {
		numbers := fmt.Sprintf(f.numbers, from+1, min(from+chunk, to)+1)
		insert := fmt.Sprintf(`INSERT INTO %ssessions (%s)`, f.prefix, strings.Join(columns, ", "))
		query := fmt.Sprintf(`SELECT %s FROM n, %ssessions s WHERE s.user_id = 'template'`, strings.Join(values, ", "), f.prefix)
		if f.db.DriverName() == "mysql" {
			mustExec(t, f.db, insert+" "+numbers+" "+query)
		} else {
			mustExec(t, f.db, numbers+" "+insert+" "+query)
		}
	}
	mustExec(t, f.db, f.analyze)
}

// fillByStore makes the same by Create.
func fillByStore(t *testing.T, store session.Store, from, to, firstUser, users int) {
	t.Helper()
	var next atomic.Int64
	next.Store(int64(from))
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for n := int(next.Add(1)); n <= to && !t.Failed(); n = int(next.Add(1)) {
				s := typical()
				s.ID = session.ID{8: byte(n >> 24), 9: byte(n >> 16), 10: byte(n >> 8), 11: byte(n), 15: 1}
				s.UserID = fmt.Sprint("user ", firstUser+n%users)
				if err := store.Create(t.Context(), s); err != nil {
					t.Errorf("Create: %v", err)
				}
			}
		})
	}
	wg.Wait()
}
