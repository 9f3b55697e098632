package drivertest_test

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/sqlstore"
)

// sample returns a session that can be created in an empty store.
func sample(n byte) *session.Session {
	at := time.Date(2026, 3, 29, 1, 0, int(n), 0, time.UTC)
	return &session.Session{
		ID: session.ID{15: n}, UserID: "ada", Carrier: session.CarrierCookie, Version: 1,
		First: session.Visit{At: at}, Last: session.Visit{At: at},
		ExpiresAt: at.Add(24 * time.Hour), IdleTimeout: time.Hour,
		Attrs: map[string]string{"pad": strings.Repeat("x", 8000)},
	}
}

func mustExec(t *testing.T, db *sqlx.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.Exec(query, args...); err != nil {
		t.Fatal(err)
	}
}

// wantTrouble fails the test unless err is trouble, no answer, and says all
// these things.
func wantTrouble(t *testing.T, err error, says ...string) {
	t.Helper()
	if err == nil || errors.Is(err, session.ErrRefused) {
		t.Fatalf("got %v, want trouble", err)
	}
	for _, s := range says {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("error %q does not say %q", err, s)
		}
	}
}

// Each of these damages one row in one way.
var damage = []string{
	`data = ''`, `data = '{'`, `data = 'null' || data`, `data = '[]'`,
	`data = '{"secrets":{"current":"AAAA"}}'`, `data = '{"secrets":{"seen_at":"never"}}'`, `data = '{"signals":[{"level":1000}]}'`,
	`created = ''`, `created = '{"network":"10.0.0.0/99"}'`, `created_ip = 'elsewhere'`,
	`last = '{"radius":-1}'`, `last = '{"network":"x"}'`, `ip = '999.1.1.1'`,
}

func TestCorruptRow(t *testing.T) {
	eachSQLite(t, func(t *testing.T, driver string) {
		db := open(t, driver, sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "db")))
		store := migrated(t, db, sqlstore.Config{})
		good, bad := sample(200), sample(0)
		for i := range damage {
			if err := errors.Join(store.Create(t.Context(), sample(byte(i)))); err != nil {
				t.Fatal(err)
			}
		}
		if err := store.Create(t.Context(), good); err != nil {
			t.Fatal(err)
		}
		for i, d := range damage {
			bad.ID[15] = byte(i)
			mustExec(t, db, `UPDATE signedin_sessions SET `+d+` WHERE id = ?`, bad.ID[:])
			if _, _, err := store.Get(t.Context(), bad.ID); !errors.Is(err, session.ErrCorrupt) {
				t.Errorf("%s: Get: got %v, want %v", d, err, session.ErrCorrupt)
			}
		}
		all, err := store.List(t.Context(), session.Query{UserID: "ada"})
		if len(all) != 1 || all[0].ID != good.ID || !errors.Is(err, session.ErrCorrupt) {
			t.Errorf("List: got %d sessions and error %v, want the good one and %v", len(all), err, session.ErrCorrupt)
		}
		if _, _, err := store.Get(t.Context(), good.ID); err != nil {
			t.Errorf("Get of the good one: %v", err)
		}
		done, err := store.Revoke(t.Context(), session.Revocation{UserID: "ada", All: true, Ending: session.Ending{Reason: "r", By: "b"}})
		if err != nil || done.Count != len(damage)+1 {
			t.Errorf("Revoke: got %d ended (error %v), want all %d", done.Count, err, len(damage)+1)
		}
	})
}

// TestLocked has another connection hold the file in the old journal mode,
// where readers wait as well.
func TestLocked(t *testing.T) {
	eachSQLite(t, func(t *testing.T, driver string) {
		path := filepath.Join(t.TempDir(), "db")
		dsn := "file:" + path + "?_pragma=busy_timeout(1000)&_busy_timeout=1000"
		db := open(t, driver, dsn)
		store := migrated(t, db, sqlstore.Config{ReadTimeout: 100 * time.Millisecond})
		s := sample(1)
		if err := store.Create(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		other, err := open(t, driver, dsn).Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		if _, err := other.ExecContext(t.Context(), `BEGIN EXCLUSIVE`); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, _, err = store.Get(t.Context(), s.ID)
		wantTrouble(t, err, "get", "ReadTimeout")
		if took := time.Since(start); took > 4*time.Second {
			t.Errorf("Get took %v with a ReadTimeout of 100ms: it waited for the lock, as the driver does for 5s", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		wantTrouble(t, store.Touch(ctx, []session.Touch{{ID: s.ID}}))
		_, err = store.Revoke(t.Context(), session.Revocation{UserID: "ada", All: true})
		wantTrouble(t, err, "revoke", "locked", "busy_timeout")
		if _, err := other.ExecContext(t.Context(), `COMMIT`); err != nil {
			t.Fatal(err)
		}
		patient := migrated(t, open(t, driver, dsn), sqlstore.Config{})
		if got, g, err := patient.Get(t.Context(), s.ID); err != nil || got.Ended != nil || g.User != 0 {
			t.Errorf("after the lock: got %v, %v, %v, want the session as it was", got, g, err)
		}
	})
}

func TestFull(t *testing.T) {
	eachSQLite(t, func(t *testing.T, driver string) {
		db := open(t, driver, "file:"+filepath.Join(t.TempDir(), "db"))
		db.SetMaxOpenConns(1) // max_page_count belongs to a connection
		store := migrated(t, db, sqlstore.Config{})
		mustExec(t, db, `PRAGMA max_page_count = 40`)
		var err error
		n := byte(0)
		for ; err == nil && n < 200; n++ {
			err = store.Create(t.Context(), sample(n))
		}
		wantTrouble(t, err, "create", "full", "free some space")
		if _, _, err := store.Get(t.Context(), sample(0).ID); err != nil {
			t.Errorf("Get on a full disk: %v", err)
		}
		done, err := store.Revoke(t.Context(), session.Revocation{UserID: "ada", Only: []session.ID{sample(0).ID}})
		if err != nil || len(done.IDs) != 1 {
			t.Errorf("Revoke on a full disk: got %v, %v", done, err)
		}
	})
}

func TestOtherProgram(t *testing.T) {
	eachSQLite(t, func(t *testing.T, driver string) {
		path := filepath.Join(t.TempDir(), "db")
		if err := os.WriteFile(path, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
			t.Fatal(err)
		}
		db := open(t, driver, "file:"+path)
		wantTrouble(t, sqlstore.Migrate(t.Context(), db, sqlstore.Config{}), "not a database", "another program")
		_, err := sqlstore.New(t.Context(), db, sqlstore.Config{})
		wantTrouble(t, err, "not a database", "another program")

		db = open(t, driver, "file:"+filepath.Join(t.TempDir(), "db"))
		mustExec(t, db, `CREATE TABLE signedin_sessions (id, user_id, due_at, ended_at, somebody_elses)`)
		wantTrouble(t, sqlstore.Migrate(t.Context(), db, sqlstore.Config{}), "table signedin_sessions", "another program", "Config.Prefix", "rename")
		migrated(t, db, sqlstore.Config{Prefix: "ours_"})

		missing := open(t, driver, "file:"+filepath.Join(t.TempDir(), "no", "such", "db"))
		wantTrouble(t, newError(t, missing, sqlstore.Config{}), "directory")
	})
}

func newError(t *testing.T, db *sqlx.DB, cfg sqlstore.Config) error {
	t.Helper()
	_, err := sqlstore.New(t.Context(), db, cfg)
	return err
}

// newestSchema returns the one that sqlstore knows.
func newestSchema(t *testing.T, driver string) int {
	t.Helper()
	var none *sqlstore.SchemaError
	if err := newError(t, open(t, driver, "file:"+filepath.Join(t.TempDir(), "db")), sqlstore.Config{}); !errors.As(err, &none) {
		t.Fatalf("without tables: got %v, want a SchemaError", err)
	}
	return none.Want
}

func TestSchema(t *testing.T) {
	eachSQLite(t, func(t *testing.T, driver string) {
		latestSchema := newestSchema(t, driver)
		for _, c := range []struct {
			sql        string
			have       int
			unfinished bool
			says       string
		}{
			{`DROP TABLE signedin_schema`, 0, false, "call sqlstore.Migrate"},
			{`UPDATE signedin_schema SET version = 9, needs = 9 WHERE version = (SELECT max(version) FROM signedin_schema)`, 9, false, "update the program"},
			{`DROP TABLE signedin_schema; CREATE TABLE signedin_schema (theirs)`, 0, false, "another Config.Prefix"},
			{`DROP TABLE signedin_schema; DROP TABLE signedin_users; CREATE TABLE signedin_users (theirs)`, 0, false, "call sqlstore.Migrate"},
			{`UPDATE signedin_schema SET done = 0`, 1, true, "interrupted"},
			{`ALTER TABLE signedin_sessions DROP COLUMN last`, latestSchema, false, "changed by hand"},
			{`DROP TABLE signedin_users`, latestSchema, false, "changed by hand"},
		} {
			db := open(t, driver, "file:"+filepath.Join(t.TempDir(), "db"))
			migrated(t, db, sqlstore.Config{})
			mustExec(t, db, c.sql)
			err := newError(t, db, sqlstore.Config{})
			var schema *sqlstore.SchemaError
			if !errors.As(err, &schema) || schema.Have != c.have || schema.Unfinished != c.unfinished {
				t.Errorf("%s: got %v, want a SchemaError", c.sql, err)
			}
			wantTrouble(t, err, c.says)
			foreign := strings.Contains(c.sql, "theirs")
			if err := sqlstore.Migrate(t.Context(), db, sqlstore.Config{}); (err == nil) == (c.have > latestSchema || foreign) {
				t.Errorf("%s: Migrate: got %v", c.sql, err)
			} else if foreign {
				wantTrouble(t, err, "another program", "Config.Prefix")
			}
			if c.unfinished || c.have == 0 && !foreign {
				if err := newError(t, db, sqlstore.Config{}); err != nil {
					t.Errorf("%s: after Migrate: %v", c.sql, err)
				}
			}
		}
	})
}

// TestMissingTable has a table dropped under a program, which says so once, as
// does the next one.
func TestMissingTable(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlx.DB, cfg sqlstore.Config) {
		db.SetMaxOpenConns(1) // pgx knows the statements of its connection without asking
		store := migrated(t, db, cfg)
		mustExec(t, db, `DROP TABLE `+cmp.Or(cfg.Prefix, "signedin_")+`profiles`)
		_, _, err := store.Profile(t.Context(), "ada")
		for what, err := range map[string]error{"Profile": err, "New": newError(t, db, cfg)} {
			if schema := new(sqlstore.SchemaError); !errors.As(err, &schema) || strings.Contains(err.Error(), "Migrate") {
				t.Errorf("%s: got %v, want a SchemaError that does not advise what cannot help", what, err)
			}
		}
	})
}

// brokenDB is a database that answers everything with an error.
type brokenDB struct{ err error }

func (b brokenDB) Connect(context.Context) (driver.Conn, error) { return nil, b.err }
func (b brokenDB) Driver() driver.Driver                        { return nil }

type postgresError string

func (e postgresError) Error() string    { return "ERROR (SQLSTATE " + string(e) + ")" }
func (e postgresError) SQLState() string { return string(e) }

// TestAdvice holds what a server says against what New says about it.
func TestAdvice(t *testing.T) {
	for err, want := range map[error]struct {
		says   string
		denied bool
	}{
		postgresError("3D000"): {"no such database", false}, postgresError("57P03"): {"starting", false}, postgresError("53200"): {"out of memory", false},
		errors.New("Error 1698 (28000): Access denied for user 'root'@'localhost'"):      {"by the socket only", true},
		errors.New("Error 1130 (HY000): Host 'x' is not allowed to connect"):             {"from this machine", true},
		errors.New("Error 1461 (42000): Can't create more than max_prepared_stmt_count"): {"max_prepared_stmt_count, or", false},
		errors.New("Error 1030 (HY000): Got error 28 from storage engine"):               {"disk may be full", false},
		errors.New("Error 3 (HY000): Error writing file 'x' (Errcode: 28)"):              {"disk may be full", false},
		errors.New("Error 1026 (HY000): Error writing file 'x' (Errcode: 28)"):           {"disk may be full", false},
	} {
		name := "mysql"
		if _, ok := err.(postgresError); ok {
			name = "pgx"
		}
		got := newError(t, sqlx.NewDb(sql.OpenDB(brokenDB{err}), name), sqlstore.Config{})
		wantTrouble(t, got, want.says)
		if denied := new(sqlstore.AccessError); errors.As(got, &denied) != want.denied {
			t.Errorf("got %v, want an AccessError: %v", got, want.denied)
		}
	}
}

// TestMigrateTogether has several processes start at once.
func TestMigrateTogether(t *testing.T) {
	eachSQLite(t, func(t *testing.T, driver string) {
		dsn := sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "db"))
		open(t, driver, dsn).MustExec(`PRAGMA user_version = 1`) // turns the log on, for which nobody waits
		migrateTogether(t, func() *sqlx.DB { return open(t, driver, dsn) }, sqlstore.Config{})
	})
}

func migrateTogether(t *testing.T, connect func() *sqlx.DB, cfg sqlstore.Config) {
	t.Helper()
	errs := make(chan error)
	for range 4 {
		db := connect()
		go func() { errs <- sqlstore.Migrate(context.Background(), db, cfg) }()
	}
	for range 4 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if err := newError(t, connect(), cfg); err != nil {
		t.Error(err)
	}
}

// TestMissingCounter proves that a lost counter is trouble and signs nobody
// out.
func TestMissingCounter(t *testing.T) {
	db := open(t, "sqlite", sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "db")))
	store := migrated(t, db, sqlstore.Config{})
	s := sample(1)
	if err := store.Create(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	mustExec(t, db, `DELETE FROM signedin_everyone`)
	_, _, err := store.Get(t.Context(), s.ID)
	wantTrouble(t, err, "signedin_everyone", "restore")
	if errors.Is(err, session.ErrCorrupt) {
		t.Errorf("got %v, which refuses the session", err)
	}
	err = newError(t, db, sqlstore.Config{})
	if schema := new(sqlstore.SchemaError); !errors.As(err, &schema) {
		t.Fatalf("New: got %v, want a SchemaError", err)
	}
	_, advised, _ := strings.Cut(err.Error(), "end all sessions by ")
	mustExec(t, db, advised)
	if got, g, err := migrated(t, db, sqlstore.Config{}).Get(t.Context(), s.ID); err != nil || got.Generations == g {
		t.Errorf("after what was advised: got %+v, %v, want the session dead", got, err)
	}
}

func TestConfig(t *testing.T) {
	db := open(t, "sqlite", "file:"+filepath.Join(t.TempDir(), "db"))
	for _, c := range []struct {
		cfg  sqlstore.Config
		says string
	}{
		{sqlstore.Config{Prefix: `x"; DROP TABLE users; --`}, "Config.Prefix"},
		{sqlstore.Config{Prefix: strings.Repeat("p", 33)}, "Config.Prefix"},
		{sqlstore.Config{ReadTimeout: -1}, "Config.ReadTimeout"},
		{sqlstore.Config{Dialect: "oracle"}, "Config.Dialect"},
	} {
		wantTrouble(t, newError(t, db, c.cfg), c.says)
	}
	memory := open(t, "sqlite", ":memory:")
	wantTrouble(t, newError(t, memory, sqlstore.Config{}), "SetMaxOpenConns(1)")
	memory.SetMaxOpenConns(1)
	migrated(t, memory, sqlstore.Config{})
	unknown := sqlx.NewDb(db.DB, "wrapped")
	wantTrouble(t, newError(t, unknown, sqlstore.Config{}), "Config.Dialect")
	migrated(t, unknown, sqlstore.Config{Dialect: sqlstore.DialectSQLite})
}

func TestDurability(t *testing.T) {
	eachSQLite(t, func(t *testing.T, driver string) {
		for dsn, want := range map[string]struct{ process, power bool }{
			sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "db")):                                                                       {true, true},
			"file:" + filepath.Join(t.TempDir(), "db") + "?_pragma=journal_mode(WAL)&_pragma=synchronous(1)&_journal=WAL&_sync=NORMAL": {true, false},
			"file:" + filepath.Join(t.TempDir(), "db") + "?_pragma=journal_mode(OFF)&_journal=OFF":                                     {false, false},
		} {
			store := migrated(t, open(t, driver, dsn), sqlstore.Config{})
			d, err := store.Durability(t.Context())
			if err != nil || d.Process != want.process || d.Power != want.power || (d.Advice == "") != want.power {
				t.Errorf("%s: got %+v, %v, want %v", dsn, d, err, want)
			}
		}
	})
}

func TestPrefixes(t *testing.T) {
	db := open(t, "sqlite", sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "db")))
	a, b := migrated(t, db, sqlstore.Config{Prefix: "a_"}), migrated(t, db, sqlstore.Config{Prefix: "b_signedin_"})
	s := sample(1)
	if err := a.Create(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Get(t.Context(), s.ID); !errors.Is(err, session.ErrUnknown) {
		t.Errorf("Get under another prefix: got %v, want %v", err, session.ErrUnknown)
	}
	var left int
	if err := db.Get(&left, `SELECT count(*) FROM sqlite_master WHERE name LIKE 'signedin%'`); err != nil || left > 0 {
		t.Errorf("names without the prefix: %d, %v", left, err)
	}
}

// TestUnreachable has a server that is not there, and one that never answers.
func TestUnreachable(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	for _, at := range []net.Addr{silent.Addr(), gone.Addr()} {
		for driver, dsn := range map[string]string{
			"pgx": "postgres://x@%s/x?sslmode=disable", "postgres": "postgres://x@%s/x?sslmode=disable", "mysql": "x@tcp(%s)/x",
		} {
			db := open(t, driver, fmt.Sprintf(dsn, at))
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			start := time.Now()
			_, err := sqlstore.New(ctx, db, sqlstore.Config{})
			wantTrouble(t, err, "cannot be reached")
			wantTrouble(t, sqlstore.Migrate(ctx, db, sqlstore.Config{}), "cannot be reached")
			if took := time.Since(start); took > 10*time.Second { // the alternative is a hang
				t.Errorf("%s: took %v with 200ms", driver, took)
			}
			cancel()
		}
	}
}
