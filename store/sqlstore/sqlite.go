package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/store"
)

// SQLiteDSN returns the data source name of a SQLite file with the settings
// that suit a Store: write-ahead log, every commit synced, and five seconds of
// patience with other processes that write. It is understood by
// modernc.org/sqlite, github.com/mattn/go-sqlite3 and
// github.com/ncruces/go-sqlite3.
//
// Do not open one file with two of them in one process: the locks of a file do
// not hold between two copies of SQLite there, and the file would be damaged.
func SQLiteDSN(path string) string {
	q := url.Values{
		"_pragma":       {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)"},
		"_busy_timeout": {"5000"}, "_journal_mode": {"WAL"}, "_synchronous": {"FULL"},
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

var sqliteDialect = dialect{
	name:      DialectSQLite,
	drivers:   []string{"sqlite", "sqlite3"},
	oneWriter: true,
	log:       true,
	clock:     `unixepoch() * 1000`,
	bind:      sqlx.QUESTION,

	current: `WHERE ? = coalesce((SELECT generation FROM signedin_users WHERE user_id = ?), 0)
		AND ? = (SELECT generation FROM signedin_everyone)`,
	writable: live,

	least: `min`,
	ids:   `SELECT unhex(value) FROM json_each(?)`,
	texts: `SELECT value FROM json_each(?)`,
	touch: `UPDATE signedin_sessions AS s SET last_at = t.value->>'at', ip = t.value->>'ip', network = t.value->>'network',
		country = t.value->>'country', city = t.value->>'city', device_kind = t.value->>'kind',
		browser = t.value->>'browser', os = t.value->>'os', last = t.value->>'last'
		FROM json_each(?) AS t WHERE s.id = unhex(t.value->>'id') AND s.last_at < t.value->>'at' AND {live}`,
	touchTimes: `UPDATE signedin_sessions AS s SET last_at = t.value->>1
		FROM json_each(?) AS t WHERE s.id = unhex(t.value->>0) AND s.last_at = t.value->>2 AND s.last_at < t.value->>1 AND {live}`,
	table: `SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?`,

	check:      checkSQLite,
	durability: sqliteDurability,
	advice:     sqliteAdvice,
	misfit: func(err error) bool {
		return slices.ContainsFunc([]string{"no such table", "no such column", "no column named", "ON CONFLICT clause does not match"},
			func(text string) bool { return strings.Contains(err.Error(), text) })
	},
	added:  func(err error) bool { return strings.Contains(err.Error(), "duplicate column name") },
	locked: func(err error) bool { return strings.Contains(err.Error(), "is locked") },
	denied: func(err error) bool { return strings.Contains(err.Error(), "readonly database") },
}

// checkSQLite fails if db is no SQLite database, too old a one, or one that
// each connection would have for itself.
func checkSQLite(ctx context.Context, db *sqlx.DB) error {
	var version string
	if err := db.GetContext(ctx, &version, `SELECT sqlite_version()`); err != nil {
		return notOurs(sqliteAdvice, "SQLite", err)
	}
	var major, minor int
	if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); err != nil || major != 3 || minor < 41 {
		return fmt.Errorf("sqlstore: SQLite is %s, 3.41 or later is needed: use a newer driver", version)
	}
	var file string
	if err := db.GetContext(ctx, &file, `SELECT coalesce(file, '') FROM pragma_database_list WHERE name = 'main'`); err != nil {
		return trouble(sqliteAdvice, "open", err)
	}
	if db.Stats().MaxOpenConnections == 1 {
		return nil
	}
	if file == "" {
		return errors.New("sqlstore: the database is in memory, where each connection has its own: call SetMaxOpenConns(1)")
	}
	return checkSQLiteConnections(ctx, db)
}

// checkSQLiteConnections refuses settings under which several connections keep
// each other out, or read what is not committed and may be rolled back.
func checkSQLiteConnections(ctx context.Context, db *sqlx.DB) error {
	var mode string
	var dirty bool
	if err := db.GetContext(ctx, &mode, `PRAGMA main.locking_mode`); err != nil {
		return trouble(sqliteAdvice, "open", err)
	}
	if err := db.GetContext(ctx, &dirty, `PRAGMA read_uncommitted`); err != nil {
		return trouble(sqliteAdvice, "open", err)
	}
	switch {
	case mode == "exclusive":
		return errors.New("sqlstore: the pragma locking_mode is exclusive, by which one connection keeps the others out: set it to normal, or call SetMaxOpenConns(1)")
	case dirty:
		return errors.New("sqlstore: the pragma read_uncommitted is on, by which a revocation that is rolled back is seen: turn it off")
	}
	return nil
}

// sqliteAdvice goes by the texts of sqlite3_errstr, since each driver has an
// error type of its own. Nothing but the advice depends on it.
func sqliteAdvice(err error) string {
	for text, advice := range map[string]string{
		"database is locked": "another process is writing: wait longer for it by the pragma busy_timeout, or find out why it takes so long",
		"table is locked":    "another connection of this process holds it: do not use a shared cache",
		"readonly database":  "this process may not write the file, or its directory, where the log lies: check owner and mode",
		"disk is full":       "free some space, or raise the pragma max_page_count",
		"not a database":     "the file belongs to another program, or is encrypted: check the path",
		"disk I/O error":     "look at the system's log: the disk may be failing or the file system be unsuitable, as over a network",
		"unable to open":     "check that the directory exists and that this process may write to it",
		"malformed":          "the file is damaged: restore it from a backup, then call RevokeEveryone",
	} {
		if strings.Contains(err.Error(), text) {
			return advice
		}
	}
	return ""
}

func sqliteDurability(ctx context.Context, db *sqlx.DB) (store.Durability, error) {
	var mode string
	var level int
	if err := db.GetContext(ctx, &mode, `SELECT journal_mode FROM pragma_journal_mode`); err != nil {
		return store.Durability{}, err
	}
	if err := db.GetContext(ctx, &level, `SELECT synchronous FROM pragma_synchronous`); err != nil {
		return store.Durability{}, err
	}
	d := store.Durability{Server: string(DialectSQLite), Settings: map[string]string{"journal_mode": mode, "synchronous": strconv.Itoa(level)}}
	d.Process = mode != "off" && mode != "memory"
	// NORMAL (1) syncs at each commit unless there is a write-ahead log, where
	// FULL (2) does: https://sqlite.org/pragma.html#pragma_synchronous.
	// EXTRA (3) is what syncs the directory from which a journal was deleted, by
	// which a transaction is committed.
	d.Power = d.Process && (level >= 3 || level == 2 && mode != "delete")
	var patience int
	if err := db.GetContext(ctx, &patience, `SELECT timeout FROM pragma_busy_timeout`); err != nil {
		return store.Durability{}, err
	}
	d.Settings["busy_timeout"] = strconv.Itoa(patience)
	several := db.Stats().MaxOpenConnections != 1
	switch {
	case !d.Process:
		d.Advice = "a crash can damage the file or undo a revocation: set the pragma journal_mode to WAL"
	case !d.Power && level >= 2:
		d.Advice = "a loss of power can undo the last revocation: set the pragma journal_mode to WAL, as SQLiteDSN does; this driver may not know its form of it"
	case !d.Power:
		d.Advice = "a loss of power can undo the last revocations: set the pragma synchronous to FULL"
	case several && patience == 0:
		d.Advice = "of several connections that write most fail (database is locked): set the pragma busy_timeout, as SQLiteDSN does; this driver may not know its form of it"
	case several && mode != "wal":
		d.Advice = "who reads waits for who writes: set the pragma journal_mode to WAL, as SQLiteDSN does; this driver may not know its form of it"
	}
	return d, nil
}
