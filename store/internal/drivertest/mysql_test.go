package drivertest_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store"
	"github.com/signedin/signedin/store/internal/kit"
	"github.com/signedin/signedin/store/sqlstore"
	"github.com/signedin/signedin/store/storetest"
	"github.com/signedin/signedin/store/storetest/need"
)

// eachMySQL runs a test with each way in which the driver counts rows, and has
// parameters travel.
func eachMySQL(t *testing.T, test func(t *testing.T, db *sqlx.DB)) {
	all := []string{"", "clientFoundRows=true", "interpolateParams=true"}
	if need.RaceDetector { // the driver is not ours
		all = all[:1]
	}
	for _, params := range all {
		t.Run("mysql "+params, func(t *testing.T) { test(t, openMySQL(t, params)) })
	}
}

func openMySQL(t testing.TB, params string) *sqlx.DB {
	db := open(t, "mysql", service(t, "SIGNEDIN_TEST_MYSQL")+"?"+params)
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	return db
}

func newMySQL(t testing.TB, db *sqlx.DB) *sqlstore.Store {
	t.Helper()
	return migrated(t, db, sqlstore.Config{Prefix: newPrefix(t, db), ReadTimeout: 10 * time.Second})
}

func TestMySQL(t *testing.T) {
	eachMySQL(t, func(t *testing.T, db *sqlx.DB) {
		kit.Run(t, "mysql", reused(t, db, newPrefix(t, db)), 0)
	})
}

func TestMySQLRace(t *testing.T) {
	db := openMySQL(t, "")
	kit.Race(t, "mysql", func(t *testing.T) session.Store { return newMySQL(t, db) }, 0, raceRounds)
}

func TestMySQLNoDeadlock(t *testing.T) {
	noDeadlock(t, newMySQL(t, openMySQL(t, "")))
}

func TestMySQLMigrateTogether(t *testing.T) {
	db := openMySQL(t, "")
	for range 3 {
		migrateTogether(t, func() *sqlx.DB { return db }, sqlstore.Config{Prefix: newPrefix(t, db)})
	}
}

// TestMySQLMigrateInterrupted has a migration end after each of its statements,
// which are committed one by one: Migrate goes on from there.
func TestMySQLMigrateInterrupted(t *testing.T) {
	db := openMySQL(t, "")
	schema, err := os.ReadFile("../../sqlstore/schema/mysql_001.sql")
	if err != nil {
		t.Fatal(err)
	}
	statements := strings.SplitAfter(string(schema), ";\n")
	for n := range len(statements) - 1 {
		cfg := sqlstore.Config{Prefix: newPrefix(t, db)}
		for _, statement := range statements[:n] {
			mustExec(t, db, strings.ReplaceAll(statement, "signedin_", cfg.Prefix))
		}
		var wrong *sqlstore.SchemaError
		if err := newError(t, db, cfg); !errors.As(err, &wrong) || wrong.Unfinished != (n > 1) {
			t.Errorf("after %d statements: got %v, want a SchemaError", n, err)
		}
		migrated(t, db, cfg)
	}
}

func TestMySQLTrouble(t *testing.T) {
	db := openMySQL(t, "")
	cfg := sqlstore.Config{Prefix: newPrefix(t, db)}
	wantTrouble(t, newError(t, db, cfg), "call sqlstore.Migrate")
	store := migrated(t, db, cfg)
	mustExec(t, db, `UPDATE `+cfg.Prefix+`schema SET version = 9, needs = 9 WHERE version = 1`)
	wantTrouble(t, newError(t, db, cfg), "update the program")
	mustExec(t, db, `DROP TABLE `+cfg.Prefix+`users`)
	_, _, err := store.Get(t.Context(), session.ID{})
	wantTrouble(t, err, "repair them")
	wantTrouble(t, newError(t, db, sqlstore.Config{Dialect: sqlstore.DialectPostgres}), "does the driver speak to a PostgreSQL database?")
	for params, says := range map[string]string{
		"sql_mode=%27%27": "STRICT_TRANS_TABLES",
		"charset=latin1":  "charset=utf8mb4",
		"autocommit=0":    "autocommit=1",

		isolationVariable(t, db) + "=%27READ-UNCOMMITTED%27": "READ-COMMITTED",
	} {
		wantTrouble(t, newError(t, openMySQL(t, params), cfg), says)
	}
}

// isolationVariable is the name that the server has for it.
func isolationVariable(t *testing.T, db *sqlx.DB) (name string) {
	t.Helper()
	var value string
	if err := db.QueryRowx(`SHOW VARIABLES WHERE Variable_name IN ('transaction_isolation', 'tx_isolation')`).Scan(&name, &value); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestMySQLDurability(t *testing.T) {
	db := openMySQL(t, "")
	cfg := sqlstore.Config{Prefix: newPrefix(t, db)}
	migrated(t, db, cfg)
	t.Cleanup(func() { mustExec(t, db, `SET GLOBAL innodb_flush_log_at_trx_commit = 1`) })
	for _, c := range []struct {
		flush    int
		survives store.Crash
		advice   string
	}{
		{0, store.CrashNone, "innodb_flush_log_at_trx_commit to 1"},
		{2, store.CrashProcess, "innodb_flush_log_at_trx_commit to 1"},
		{1, store.CrashPower, ""},
	} {
		mustExec(t, db, `SET GLOBAL innodb_flush_log_at_trx_commit = ?`, c.flush)
		wantSQLDurability(t, db, cfg, c.survives, c.advice)
	}
}

// TestMySQLPlans reads the query plan of every statement: none may look at
// every session, user, profile or entry of the log.
func TestMySQLPlans(t *testing.T) {
	dsn := service(t, "SIGNEDIN_TEST_MYSQL")
	plain := openMySQL(t, "interpolateParams=true")
	lax := openMySQL(t, "interpolateParams=true&sql_mode=%27%27") // the parameters there are text
	rec := &recorder{inner: plain.Driver(), dsn: dsn}
	recorded := sqlx.NewDb(sql.OpenDB(rec), "mysql")
	t.Cleanup(func() { _ = recorded.Close() })
	prefix := newPrefix(t, plain)
	store := migrated(t, recorded, sqlstore.Config{Prefix: prefix})
	fillMySQL(t, plain, store, prefix)
	rec.wantAll(t)
	for _, q := range rec.queries {
		if !strings.Contains(q, prefix) || strings.HasPrefix(q, "CREATE") || strings.Contains(q, prefix+"schema") {
			continue
		}
		q = strings.NewReplacer("LIMIT ?", "LIMIT 100", "number > ?", "number > 9000000", "CAST(? AS SIGNED)", "1").Replace(q) // the rest may be text
		q = strings.TrimPrefix(q, "SET STATEMENT innodb_snapshot_isolation=0 FOR ")
		for _, scan := range mysqlScans(t, lax, q, prefix) {
			t.Errorf("%s\n\tscans %s", q, scan)
		}
	}
}

// fillMySQL stores so many sessions that no plan is made for an empty table.
func fillMySQL(t *testing.T, db *sqlx.DB, store *sqlstore.Store, prefix string) {
	t.Helper()
	for n := range 3 {
		s := sample(byte(n))
		s.Attrs = nil
		if err := store.Create(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	var columns []string
	if err := db.Select(&columns, `SELECT column_name FROM information_schema.columns WHERE table_schema = database()
		AND table_name = ? AND column_name NOT IN ('id', 'user_id', 'due_at')`, prefix+"sessions"); err != nil {
		t.Fatal(err)
	}
	rest := strings.Join(columns, ", ")
	mustExec(t, db, `INSERT INTO `+prefix+`sessions (id, user_id, due_at, `+rest+`)
		WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 990)
		SELECT unhex(left(sha2(concat(n.n, hex(s.id)), 256), 32)), concat('user ', n.n % 500), n.n, `+rest+` FROM n, `+prefix+`sessions s`)
	mustExec(t, db, `UPDATE `+prefix+`sessions SET ended_at = last_at, due_at = NULL ORDER BY id LIMIT 1500`)
	mustExec(t, db, `INSERT INTO `+prefix+`users SELECT DISTINCT user_id, 1, 1 FROM `+prefix+`sessions WHERE user_id <> 'ada'`)
	mustExec(t, db, `INSERT INTO `+prefix+`profiles SELECT user_id, 'x', 1 FROM `+prefix+`users`)
	mustExec(t, db, `INSERT INTO `+prefix+`log (notice, seen_at) SELECT '{}', IF(created_at % 2 = 0, NULL, created_at) FROM `+prefix+`sessions`)
	mustExec(t, db, `ANALYZE TABLE `+prefix+`sessions, `+prefix+`users, `+prefix+`profiles, `+prefix+`log`)
}

// mysqlScans returns the tables of which the plan of q reads every row.
func mysqlScans(t *testing.T, db *sqlx.DB, q, prefix string) (scans []string) {
	t.Helper()
	args := make([]any, strings.Count(q, "?"))
	for i := range args {
		args[i] = `["00"]`
	}
	rows, err := db.Queryx("EXPLAIN "+q, args...)
	if err != nil {
		t.Errorf("%s: %v", q, err)
		return nil
	}
	defer rows.Close()
	for rows.Next() {
		step := make(map[string]any)
		if err := rows.MapScan(step); err != nil {
			t.Fatal(err)
		}
		table, how := fmt.Sprintf("%s", step["table"]), fmt.Sprintf("%s", step["type"])
		ofOurs := slices.Contains([]string{"s", "u", "l", prefix + "sessions", prefix + "users", prefix + "profiles", prefix + "log"}, table)
		if insert := fmt.Sprintf("%s", step["select_type"]) == "INSERT"; ofOurs && !insert && (how == "ALL" || how == "index") {
			scans = append(scans, fmt.Sprintf("%s by %s", table, step["key"]))
		}
	}
	if err := rows.Err(); err != nil {
		t.Error(err)
	}
	return scans
}

func BenchmarkMySQL(b *testing.B) {
	db := openMySQL(b, "")
	storetest.Bench(b, func(b *testing.B) session.Store { return newMySQL(b, db) })
}
