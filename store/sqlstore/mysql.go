package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/store"
)

var mysqlDialect = dialect{
	name:      DialectMySQL,
	drivers:   []string{"mysql"},
	isolation: sql.LevelReadCommitted,
	bind:      sqlx.QUESTION,
	casts:     map[string]string{"bytea": "CAST(? AS BINARY(16))"}, // or it is text with a character set
	noReturn:  true,
	log:       true,
	now:       `SELECT UNIX_TIMESTAMP() * 1000`,
	clock:     `UNIX_TIMESTAMP() * 1000`,
	own:       mysqlStatements,

	writable: writableBeside,
	lock:     `FOR UPDATE`,
	share:    `LOCK IN SHARE MODE`,
	skip:     `FOR UPDATE SKIP LOCKED`,
	least:    `least`,
	table:    `SELECT count(*) FROM information_schema.tables WHERE table_schema = database() AND table_name = ?`,
	loose: `SELECT concat(table_name, ' (engine ', engine, ')') FROM information_schema.tables
		WHERE table_schema = database() AND table_name IN ({tables}) AND engine <> 'InnoDB' ORDER BY table_name LIMIT 1`,
	tighten: `ALTER TABLE it ENGINE = InnoDB, with NO_ENGINE_SUBSTITUTION in sql_mode`,

	// Its statements commit one by one: the turn is the connection's, not the
	// transaction's.
	turn:     `SELECT coalesce(get_lock('signedin_schema', 600), 0)`,
	turnOver: `SELECT release_lock('signedin_schema')`,

	check:      checkMySQL,
	nodes:      checkMySQLNodes,
	durability: mysqlDurability,
	advice:     mysqlAdvice,
	denied:     func(err error) bool { return slices.Contains(mysqlDenied, mysqlNumber(err)) },
	misfit:     func(err error) bool { return slices.Contains([]int{1146, 1054, 1364, 1136}, mysqlNumber(err)) },
	locked:     func(err error) bool { return slices.Contains(append([]int{3572}, mysqlGaveUp...), mysqlNumber(err)) },
	taken:      func(err error) bool { return mysqlNumber(err) == 1062 },
	gaveUp:     func(err error) bool { return slices.Contains(mysqlGaveUp, mysqlNumber(err)) },
	variant:    mysqlVariant,
}

// mysqlGaveUp are a deadlock, a wait for a lock that took too long, and a row
// that somebody changed since the snapshot was made (MariaDB).
var mysqlGaveUp = []int{1213, 1205, 1020}

// mysqlVariant returns what MySQL and MariaDB say differently. MySQL locks no
// rows of JSON_TABLE, and has to be told which ones; MariaDB does not know OF.
// And from 11.6.2 on MariaDB gives up a transaction that waited for a row, once
// it sees that the row was changed (innodb_snapshot_isolation). Ours look at
// the row as it is then; the transaction may be the host's, so only our
// statements are told so.
func mysqlVariant(ctx context.Context, db *sqlx.DB, d dialect) (*dialect, error) {
	var version string
	if err := db.GetContext(ctx, &version, `SELECT version()`); err != nil {
		return nil, trouble(mysqlAdvice, "read the version", err)
	}
	if !strings.Contains(version, "MariaDB") {
		d.of = true
		return &d, nil
	}
	var snapshots bool
	switch err := db.QueryRowxContext(ctx, `SELECT @@innodb_snapshot_isolation`).Scan(&snapshots); {
	case mysqlNumber(err) == 1193: // there is no such variable
	case err != nil:
		return nil, trouble(mysqlAdvice, "read the settings", err)
	case snapshots:
		d.write = `SET STATEMENT innodb_snapshot_isolation=0 FOR `
	}
	return &d, nil
}

// mysqlDenied are the numbers of errors that say that something is not allowed.
var mysqlDenied = []int{1044, 1045, 1130, 1142, 1143, 1290, 1698, 1792, 1836}

// mysqlNumber returns the number of an error of the server, 0 of any other. It
// goes by the text, "Error 1062 (23000): ...", since the driver, which has the
// number in a field, is not imported here.
func mysqlNumber(err error) (number int) {
	for ; err != nil; err = errors.Unwrap(err) {
		if _, scanned := fmt.Sscanf(err.Error(), "Error %d", &number); scanned == nil {
			return number
		}
	}
	return 0
}

// mysqlSettings are those of the connection and the server that matter.
type mysqlSettings struct {
	Version    string         `db:"version"`
	Mode       string         `db:"mode"`
	Charset    string         `db:"charset"`
	Through    string         `db:"through"` // what a text is turned into when it arrives
	Results    string         `db:"results"` // and when it is sent
	Autocommit bool           `db:"autocommit"`
	Database   sql.NullString `db:"name"`

	Limit      uint64 `db:"select_limit"`
	Completion string `db:"completion"`
	BigSelects bool   `db:"big_selects"`
	Safe       bool   `db:"safe_updates"`
}

// checkMySQL fails if db is no MySQL or MariaDB database, too old a one, or set
// up so that it would store something else than it was given.
func checkMySQL(ctx context.Context, db *sqlx.DB) error {
	var s mysqlSettings
	if err := db.GetContext(ctx, &s, `SELECT version() AS version, @@sql_mode AS mode, @@character_set_client AS charset,
		@@character_set_connection AS through, coalesce(@@character_set_results, 'utf8mb4') AS results,
		@@autocommit AS autocommit, database() AS name, @@sql_select_limit AS select_limit, @@completion_type AS completion,
		@@sql_big_selects AS big_selects, @@sql_safe_updates AS safe_updates`); err != nil {
		return notOurs(mysqlAdvice, "MySQL or MariaDB", err)
	}
	if err := checkMySQLVersion(s.Version); err != nil {
		return err
	}
	switch {
	case !strings.Contains(s.Mode, "STRICT_TRANS_TABLES") && !strings.Contains(s.Mode, "STRICT_ALL_TABLES"):
		return fmt.Errorf("sqlstore: sql_mode is %q, by which what does not fit is cut off: add STRICT_TRANS_TABLES", s.Mode)
	case strings.Contains(s.Mode, "EMPTY_STRING_IS_NULL"):
		return fmt.Errorf("sqlstore: sql_mode is %q, by which an empty text is none: take EMPTY_STRING_IS_NULL out of it, for instance by sql_mode in the data source name", s.Mode)
	case s.Charset != "utf8mb4", s.Through != "utf8mb4", s.Results != "utf8mb4":
		return fmt.Errorf("sqlstore: the connection's character sets are %s (client), %s (connection) and %s (results), of which one has not all characters: "+
			"set charset=utf8mb4 in the data source name, and no other there", s.Charset, s.Through, s.Results)
	case !s.Autocommit:
		return errors.New("sqlstore: autocommit is off, so that single statements would never be committed: set autocommit=1 in the data source name")
	case !s.Database.Valid:
		return errors.New("sqlstore: no database is selected: name one in the data source name")
	}
	return errors.Join(checkMySQLLimits(s), checkMySQLIsolation(ctx, db))
}

// checkMySQLLimits refuses settings by which statements do less than they say,
// or are refused, or by which a transaction does not end when it is committed.
func checkMySQLLimits(s mysqlSettings) error {
	switch {
	case s.Limit < math.MaxInt64:
		return fmt.Errorf("sqlstore: sql_select_limit is %d, by which sessions would be left out in silence: set sql_select_limit=DEFAULT in the data source name", s.Limit)
	case s.Completion != "NO_CHAIN":
		return fmt.Errorf("sqlstore: completion_type is %s, by which a transaction that is committed begins another one, or ends the connection: set completion_type=0 in the data source name", s.Completion)
	case !s.BigSelects:
		return errors.New("sqlstore: sql_big_selects is off, by which the server refuses statements by what it expects them to read: set sql_big_selects=1 in the data source name")
	case s.Safe:
		return errors.New("sqlstore: sql_safe_updates is on, by which the server refuses statements that it does not take for safe: set sql_safe_updates=0 in the data source name")
	}
	return nil
}

// checkMySQLIsolation refuses to read what is not committed: it may be rolled
// back, and somebody have been signed out by it.
func checkMySQLIsolation(ctx context.Context, db *sqlx.DB) error {
	var name, level string // two names, of MySQL and of MariaDB
	err := db.QueryRowxContext(ctx, `SHOW VARIABLES WHERE Variable_name IN ('transaction_isolation', 'tx_isolation')`).Scan(&name, &level)
	switch {
	case err != nil:
		return fmt.Errorf("sqlstore: read the isolation level: %w", err)
	case level == "READ-UNCOMMITTED":
		return fmt.Errorf("sqlstore: %s is %s, by which a revocation that is rolled back is seen: set it to READ-COMMITTED", name, level)
	}
	return nil
}

// checkMySQLNodes refuses a node of a Galera cluster, in which others take writes
// as well and rows are locked by each node for itself.
func checkMySQLNodes(ctx context.Context, db *sqlx.DB) error {
	var name, ready string
	err := db.QueryRowxContext(ctx, `SHOW GLOBAL STATUS LIKE 'wsrep_ready'`).Scan(&name, &ready)
	switch {
	case err == nil && ready == "ON":
		return errors.New("sqlstore: this is a node of a Galera cluster, of which another one may not know of a revocation yet: " +
			"have every process connect to the same node, and say so by Config.OneNode")
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return trouble(mysqlAdvice, "read the status", err)
	}
	return nil
}

func checkMySQLVersion(version string) error {
	var major, minor, patch int
	_, err := fmt.Sscanf(version, "%d.%d.%d", &major, &minor, &patch)
	have, want, name := major*1_00_00+minor*1_00+patch, 8_00_19, "MySQL"
	if strings.Contains(version, "MariaDB") {
		want, name = 10_06_01, "MariaDB"
	}
	if err != nil || have < want {
		return fmt.Errorf("sqlstore: the server is %s %s; MySQL 8.0.19 or MariaDB 10.6.1 or later is needed", name, version)
	}
	return nil
}

func mysqlAdvice(err error) string {
	return map[int]string{
		3:    "the server cannot write a file: its disk may be full",
		1021: "the server's disk is full",
		1026: "the server cannot write a file: its disk may be full",
		1030: "the server cannot write or read a table: its disk may be full; look at its log",
		1130: "the server lets nobody in from this machine: create a user for it",
		1461: "raise max_prepared_stmt_count, or lower the number of connections: each prepares all statements",
		1698: "this account is let in by the socket only: make one with a password",
		1114: "the table is full: free some space",
		1040: "the server has too many connections: call SetMaxOpenConns, or raise max_connections",
		1044: "the database user may not use that database: grant it SELECT, INSERT, UPDATE and DELETE",
		1045: "user or password is wrong: check the data source name",
		1047: "this node of a Galera cluster is not part of it now: see wsrep_ready and the server's log",
		1049: "there is no such database: create it, or check the data source name",
		1143: "the database user may not use all columns: grant it SELECT, INSERT, UPDATE and DELETE on the tables",
		1142: "the database user may not do that: grant it SELECT, INSERT, UPDATE and DELETE on the tables",
		1205: "another transaction holds it for too long: find out which, or raise innodb_lock_wait_timeout",
		1020: "another transaction changed the same: try again",
		1213: "two transactions waited for each other: try again",
		1290: "this server only reads: connect to the primary",
		1665: "set binlog_format to ROW or MIXED",
		1792: "the transaction only reads: begin it otherwise, or set transaction_read_only=0 (MariaDB: tx_read_only=0) in the data source name",
		1836: "this server only reads: connect to the primary",
	}[mysqlNumber(err)]
}

func mysqlDurability(ctx context.Context, db *sqlx.DB) (store.Durability, error) {
	d := store.Durability{Server: string(DialectMySQL), Settings: make(map[string]string)}
	for _, name := range []string{"innodb_flush_log_at_trx_commit", "innodb_doublewrite", "log_bin", "sync_binlog"} {
		var value string
		if err := db.GetContext(ctx, &value, `SELECT @@global.`+name); err != nil {
			return store.Durability{}, err
		}
		d.Settings[name] = value
	}
	// With 2 the log is written at each commit, but synced once a second. A
	// binary log that is behind has replicas, and recovery, miss commits.
	flush := d.Settings["innodb_flush_log_at_trx_commit"]
	logged := d.Settings["log_bin"] == "0" || d.Settings["sync_binlog"] == "1"
	d.Process = flush == "1" || flush == "2" || flush == "3"
	whole := slices.Contains([]string{"1", "ON", "DETECT_AND_RECOVER"}, d.Settings["innodb_doublewrite"])
	d.Power = (flush == "1" || flush == "3") && logged && whole
	switch {
	case !d.Process:
		d.Advice = "a crash of the server can undo the last revocations: set innodb_flush_log_at_trx_commit to 1"
	case !logged:
		d.Advice = "a loss of power can undo the last revocations: set innodb_flush_log_at_trx_commit and sync_binlog to 1"
	case flush != "1" && flush != "3":
		d.Advice = "a loss of power can undo the last revocations: set innodb_flush_log_at_trx_commit to 1"
	case !whole:
		d.Advice = "a loss of power can damage the database: set innodb_doublewrite to ON"
	}
	return d, nil
}
