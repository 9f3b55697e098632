package drivertest_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store"
	"github.com/signedin/signedin/store/sqlstore"
)

// TestMySQLSettings has settings by which sessions would be left out, texts be
// turned into others, or transactions not end: the store says what to change.
func TestMySQLSettings(t *testing.T) {
	plain := openMySQL(t, "")
	cfg := sqlstore.Config{Prefix: newPrefix(t, plain)}
	migrated(t, plain, cfg)
	for params, says := range map[string]string{
		"sql_select_limit=10":             "sql_select_limit=DEFAULT",
		"character_set_results=latin1":    "charset=utf8mb4",
		"character_set_connection=latin1": "charset=utf8mb4",
		"completion_type=1":               "completion_type=0",
		"completion_type=2":               "completion_type=0",
		"sql_big_selects=0":               "sql_big_selects=1",
		"sql_safe_updates=1":              "sql_safe_updates=0",
		"columnsWithAlias=true":           "columnsWithAlias",
	} {
		wantTrouble(t, newError(t, openMySQL(t, params), cfg), says)
		if err := newError(t, openMySQL(t, "charset=utf8mb4"), cfg); err != nil {
			t.Error(err)
		}
	}
}

// TestMySQLEngine has a table without transactions, TestPostgresUnlogged one that a
// crash empties, and TestPostgresRowSecurity one of which rows are hidden.
func TestMySQLEngine(t *testing.T) {
	loose(t, openMySQL(t, ""), `ENGINE = MyISAM`, `ENGINE = InnoDB`)
}

func TestPostgresUnlogged(t *testing.T) {
	loose(t, openPostgres(t, "pgx"), `SET UNLOGGED`, `SET LOGGED`)
}

func TestPostgresRowSecurity(t *testing.T) {
	admin := openPostgres(t, "pgx")
	role := newPrefix(t, admin) + "hidden"
	mustExec(t, admin, `CREATE ROLE `+role+` LOGIN`)
	mustExec(t, admin, `GRANT CREATE, USAGE ON SCHEMA public TO `+role)
	db := open(t, "pgx", service(t, "SIGNEDIN_TEST_POSTGRES")+"&role="+role)
	t.Cleanup(func() { mustExec(t, admin, `DROP OWNED BY `+role); mustExec(t, admin, `DROP ROLE `+role) })
	loose(t, db, `ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`, `DISABLE ROW LEVEL SECURITY`)
}

func loose(t *testing.T, db *sqlx.DB, loosen, tighten string) {
	cfg := sqlstore.Config{Prefix: newPrefix(t, db)}
	migrated(t, db, cfg)
	for _, table := range []string{"users", "bumps"} {
		mustExec(t, db, `ALTER TABLE `+cfg.Prefix+table+` `+loosen)
		wantTrouble(t, newError(t, db, cfg), cfg.Prefix+table, tighten)
		mustExec(t, db, `ALTER TABLE `+cfg.Prefix+table+` `+tighten)
		if err := newError(t, db, cfg); err != nil {
			t.Error(err)
		}
	}
}

// TestPostgresSettings has encodings that do not know all characters, and tables
// that each connection would have for itself.
func TestPostgresSettings(t *testing.T) {
	dsn, plain := service(t, "SIGNEDIN_TEST_POSTGRES"), openPostgres(t, "pgx")
	cfg := sqlstore.Config{Prefix: newPrefix(t, plain)}
	for _, encoding := range []string{"LATIN1", "SQL_ASCII"} {
		name := strings.ToLower(cfg.Prefix + encoding)
		mustExec(t, plain, `CREATE DATABASE `+name+` ENCODING '`+encoding+`' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`)
		t.Cleanup(func() { mustExec(t, plain, `DROP DATABASE `+name) })
		head, tail, _ := strings.Cut(dsn, "?")
		for _, driver := range []string{"pgx", "postgres"} {
			db := open(t, driver, head[:strings.LastIndex(head, "/")+1]+name+"?"+tail)
			wantTrouble(t, sqlstore.Migrate(t.Context(), db, cfg), "encoding is "+encoding, "ENCODING 'UTF8'")
		}
	}
	for params, says := range map[string]string{
		"client_encoding=LATIN1":    "client_encoding to UTF8",
		"search_path=pg_temp,x":     "before pg_temp",
		"search_path=%22pg_temp%22": "before pg_temp",
		"search_path=none":          "search_path",
	} {
		wantTrouble(t, sqlstore.Migrate(t.Context(), open(t, "pgx", dsn+"&"+params), cfg), says)
	}
	migrated(t, plain, cfg)
	wantTrouble(t, newError(t, open(t, "pgx", dsn+"&default_transaction_read_only=on"), cfg), "default_transaction_read_only to off")
}

// TestPostgresLockTimeout has a revocation wait for a row for longer than the
// server lets it at once.
func TestPostgresLockTimeout(t *testing.T) {
	plain := openPostgres(t, "pgx")
	db := open(t, "pgx", service(t, "SIGNEDIN_TEST_POSTGRES")+"&lock_timeout=200")
	cfg := sqlstore.Config{Prefix: newPrefix(t, plain)}
	st := migrated(t, db, cfg)
	if err := st.Create(t.Context(), sample(1)); err != nil {
		t.Fatal(err)
	}
	tx := plain.MustBegin()
	defer tx.Rollback() //nolint:errcheck // it only locks
	tx.MustExec(`SELECT 1 FROM ` + cfg.Prefix + `users FOR UPDATE`)
	done := make(chan error)
	go func() {
		_, err := st.Revoke(t.Context(), session.Revocation{UserID: "ada", All: true})
		done <- err
	}()
	for waits := 0; waits == 0; time.Sleep(10 * time.Millisecond) {
		if err := plain.Get(&waits, `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%'||$1||'%'`, cfg.Prefix); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case err := <-done:
		t.Fatalf("Revoke while another transaction has the counter: got %v, want it to wait", err)
	case <-time.After(600 * time.Millisecond):
	}
	if err := errors.Join(tx.Rollback(), <-done); err != nil {
		t.Errorf("Revoke: %v", err)
	}
}

// TestSQLiteSettings has pragmas by which connections keep each other out, or
// read what is not committed, and columns that come under other names.
func TestSQLiteSettings(t *testing.T) {
	for pragma, says := range map[string]string{
		"locking_mode(EXCLUSIVE)":                            "SetMaxOpenConns(1)",
		"read_uncommitted(1)":                                "read_uncommitted is on",
		"short_column_names(0)&_pragma=full_column_names(1)": "short_column_names",
	} {
		dsn := sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "db"))
		cfg := sqlstore.Config{}
		migrated(t, open(t, "sqlite", dsn), cfg)
		wantTrouble(t, newError(t, open(t, "sqlite", dsn+"&_pragma="+pragma), cfg), says)
	}
	alone := open(t, "sqlite", sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "db"))+"&_pragma=locking_mode(EXCLUSIVE)")
	alone.SetMaxOpenConns(1)
	migrated(t, alone, sqlstore.Config{})
}

// TestSQLiteJournal has a commit that is the deletion of a file, which a loss of
// power can undo unless its directory is synced as well.
func TestSQLiteJournal(t *testing.T) {
	for pragmas, power := range map[string]bool{
		"journal_mode(DELETE)&_pragma=synchronous(FULL)":   false,
		"journal_mode(DELETE)&_pragma=synchronous(EXTRA)":  true,
		"journal_mode(TRUNCATE)&_pragma=synchronous(FULL)": true,
		"journal_mode(PERSIST)&_pragma=synchronous(FULL)":  true,
	} {
		db := open(t, "sqlite", "file:"+filepath.Join(t.TempDir(), "db")+"?_pragma="+pragmas)
		db.SetMaxOpenConns(1)
		must, advice := store.CrashPower, ""
		if !power {
			must, advice = store.CrashProcess, "journal_mode to WAL"
		}
		cfg := sqlstore.Config{}
		migrated(t, db, cfg)
		wantSQLDurability(t, db, cfg, must, advice)
	}
}
