package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/store"
)

var postgresDialect = dialect{
	name:      DialectPostgres,
	drivers:   []string{"pgx", "pgx/v5", "postgres"},
	isolation: sql.LevelReadCommitted,
	level:     `SELECT current_setting('transaction_isolation')`,
	bind:      sqlx.DOLLAR,
	casts:     map[string]string{"bytea": "CAST(? AS bytea)", "text": "CAST(? AS text)", "bigint": "CAST(? AS bigint)"},

	// FOR SHARE waits for a revocation under way and then reads what it wrote.
	current: `FROM (SELECT CAST(? AS bigint) AS wanted) w,
		(SELECT generation FROM signedin_users WHERE user_id = ? FOR SHARE) u,
		(SELECT generation FROM signedin_everyone FOR SHARE) g
		WHERE u.generation = w.wanted AND g.generation = ?`,
	own:      postgresStatements,
	writable: writableBeside,
	lock:     `FOR UPDATE`,
	share:    `FOR SHARE`,
	skip:     `FOR UPDATE SKIP LOCKED`,

	least: `least`,
	ids:   `SELECT decode(value, 'hex') FROM json_array_elements_text(CAST(? AS json))`,
	texts: `SELECT value FROM json_array_elements_text(CAST(? AS json))`,
	// The rows are locked in the order of their IDs, as by everybody else, and
	// judged by what is in them then. Nothing is judged before, so that without
	// statistics, too, the plan is one look-up by primary key for each.
	touch: `WITH t AS (SELECT decode(id, 'hex') AS id, at, ip, network, country, city, kind, browser, os, last
			FROM json_to_recordset(CAST(? AS json)) AS r(id text, at bigint, ip text, network text,
			country text, city text, kind text, browser text, os text, last text)),
		locked AS (SELECT s.id, s.last_at, s.ended_at, s.user_id, s.user_generation, s.global_generation,
			t.at, t.ip, t.network, t.country, t.city, t.kind, t.browser, t.os, t.last
			FROM t JOIN signedin_sessions s ON s.id = t.id ORDER BY s.id FOR UPDATE OF s)
		UPDATE signedin_sessions SET last_at = s.at, ip = s.ip, network = s.network, country = s.country, city = s.city,
		device_kind = s.kind, browser = s.browser, os = s.os, last = s.last
		FROM locked s WHERE signedin_sessions.id = s.id AND s.last_at < s.at AND {writable}`,
	touchTimes: `WITH t AS (SELECT decode(value->>0, 'hex') AS id, CAST(value->>1 AS bigint) AS at, CAST(value->>2 AS bigint) AS since
			FROM json_array_elements(CAST(? AS json))),
		locked AS (SELECT s.id, s.last_at, s.ended_at, s.user_id, s.user_generation, s.global_generation, t.at, t.since
			FROM t JOIN signedin_sessions s ON s.id = t.id ORDER BY s.id FOR UPDATE OF s)
		UPDATE signedin_sessions SET last_at = s.at
		FROM locked s WHERE signedin_sessions.id = s.id AND s.last_at = s.since AND s.last_at < s.at AND {writable}`,
	table: `SELECT count(*) FROM pg_catalog.pg_class WHERE relname = ? AND pg_catalog.pg_table_is_visible(oid)`,

	loose: `SELECT relname || CASE WHEN relpersistence = 't' THEN ' (temporary)' WHEN relpersistence = 'u' THEN ' (unlogged)' ELSE ' (row security)' END
		FROM pg_catalog.pg_class WHERE relname IN ({tables}) AND pg_catalog.pg_table_is_visible(oid)
		AND (relpersistence <> 'p' OR row_security_active(oid)) ORDER BY relname LIMIT 1`,
	tighten: `ALTER TABLE it SET LOGGED; if it is temporary, drop it; against row security, DISABLE ROW LEVEL SECURITY or a user with BYPASSRLS`,

	now:  `SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)`,
	turn: `SELECT 1 FROM pg_advisory_xact_lock(hashtext('signedin_schema'))`,

	check:      checkPostgres,
	variant:    postgresVariant,
	durability: postgresDurability,
	advice:     postgresAdvice,
	gaveUp:     postgresGaveUp,
	denied: func(err error) bool {
		s := postgresState(err)
		return s == "42501" || s == "25006" || s == "28P01" || s == "28000"
	},
	misfit: func(err error) bool {
		return slices.Contains([]string{"42P01", "42703", "42804", "42883", "42P10", "42P18", "42809"}, postgresState(err))
	},
	locked: postgresGaveUp,
	rights: `SELECT string_agg(r || ' on ' || t, ', ') FROM unnest(ARRAY['signedin_sessions', 'signedin_users', 'signedin_profiles', 'signedin_issued', 'signedin_issuers', 'signedin_bumps']) t,
		unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) r WHERE NOT has_table_privilege(t, r)`,
}

// postgresGaveUp is of a deadlock, of a row that changed meanwhile, where
// default_transaction_isolation has single statements give up instead of looking
// again, and of lock_timeout.
func postgresGaveUp(err error) bool {
	return slices.Contains([]string{"40P01", "40001", "55P03"}, postgresState(err))
}

// postgresVariant has single statements put into transactions where the server
// isolates them more than ours need: there they would fail for having waited.
func postgresVariant(ctx context.Context, db *sqlx.DB, d dialect) (*dialect, error) {
	var level string
	if err := db.GetContext(ctx, &level, `SELECT current_setting('default_transaction_isolation')`); err != nil {
		return nil, trouble(postgresAdvice, "read the isolation level", err)
	}
	d.single = level != "read committed"
	return &d, nil
}

// poolerStates are of errors after statements were prepared on one connection to
// the server and used on another one.
var poolerStates = []string{"26000", "42P05", "08P01"}

const poolerAdvice = "a pooler in transaction mode seems to be in between, and statements are prepared once: " +
	"set max_prepared_statements of PgBouncer (1.21 or later), or its pool_mode to session, or connect past it"

// postgresState returns the SQLSTATE of an error of the server, "" of any other.
func postgresState(err error) string {
	var state interface{ SQLState() string } // of pgx and of lib/pq
	if !errors.As(err, &state) {
		return ""
	}
	return state.SQLState()
}

// checkPostgres fails if db is no PostgreSQL database, or too old a one.
func checkPostgres(ctx context.Context, db *sqlx.DB) error {
	var version int
	if err := db.GetContext(ctx, &version, `SELECT CAST(current_setting('server_version_num') AS integer)`); err != nil {
		return notOurs(postgresAdvice, "PostgreSQL", err)
	}
	if version < 12_00_00 {
		return fmt.Errorf("sqlstore: PostgreSQL is %d, 12 or later is needed", version/10_000)
	}
	return checkPostgresSettings(ctx, db)
}

// checkPostgresSettings refuses an encoding that does not know all characters:
// drivers send UTF-8, and where it is taken for something else one process would
// not know the users of another one that says so, nor what it revokes. And it
// refuses to make tables that each connection would have for itself.
func checkPostgresSettings(ctx context.Context, db *sqlx.DB) error {
	var server, client, path string
	if err := db.QueryRowxContext(ctx, `SELECT current_setting('server_encoding'), current_setting('client_encoding'), current_setting('search_path')`).
		Scan(&server, &client, &path); err != nil {
		return trouble(postgresAdvice, "read the settings", err)
	}
	switch {
	case strings.HasPrefix(strings.TrimLeft(path, ` "`), "pg_temp"):
		return fmt.Errorf("sqlstore: search_path is %s, by which tables are made for one connection only: put another schema before pg_temp", path)
	case server != "UTF8":
		return fmt.Errorf("sqlstore: the database's encoding is %s, which has not all characters: use one made by CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0", server)
	case client != "UTF8":
		return fmt.Errorf("sqlstore: client_encoding is %s, and what drivers send is UTF-8: set client_encoding to UTF8, for instance in the data source name", client)
	}
	return nil
}

func postgresAdvice(err error) string {
	return map[string]string{
		"28000": "the server does not let this user in from here: check the data source name, and pg_hba.conf of the server",
		"28P01": "user or password is wrong: check the data source name",
		"25006": "this server only reads: connect to the primary; or, if it is one, set default_transaction_read_only to off",
		"3F000": "search_path names no schema that there is: set it",
		"55P03": "another transaction holds it for longer than lock_timeout: find out which, or raise that",
		"57014": "it was cancelled, or took longer than statement_timeout",
		"26000": poolerAdvice,
		"42P05": poolerAdvice,
		"08P01": poolerAdvice,
		"53100": "the server's disk is full",
		"53300": "the server has too many connections: call SetMaxOpenConns, or raise max_connections",
		"42501": "the database user may not do that: grant it SELECT, INSERT, UPDATE and DELETE on the tables",
		"3D000": "there is no such database: create it, or check the data source name",
		"53200": "the server is out of memory: lower its settings, or the number of connections",
		"57P03": "the server is starting or ending: it will be there soon",
		"40P01": "two transactions waited for each other: try again",
		"40001": "another transaction changed the same: try again, or set default_transaction_isolation to read committed",
	}[postgresState(err)]
}

func postgresDurability(ctx context.Context, db *sqlx.DB) (store.Durability, error) {
	d := store.Durability{Server: string(DialectPostgres), Settings: make(map[string]string)}
	for _, name := range []string{"synchronous_commit", "fsync", "full_page_writes", "synchronous_standby_names"} {
		var value string
		if err := db.GetContext(ctx, &value, `SELECT current_setting($1)`, name); err != nil {
			return store.Durability{}, err
		}
		d.Settings[name] = value
	}
	d.Process = d.Settings["synchronous_commit"] != "off"
	d.Power = d.Process && d.Settings["fsync"] == "on" && d.Settings["full_page_writes"] == "on"
	d.Failover = d.Settings["synchronous_standby_names"] != "" &&
		slices.Contains([]string{"on", "remote_apply", "remote_write"}, d.Settings["synchronous_commit"])
	switch {
	case !d.Process:
		d.Advice = "a crash of the server can undo the last revocations: set synchronous_commit to on"
	case !d.Power:
		d.Advice = "a loss of power can damage the database: set fsync and full_page_writes to on"
	}
	return d, nil
}
