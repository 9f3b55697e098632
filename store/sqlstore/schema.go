package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"
)

// A SchemaError says that the tables are not as this package needs them.
type SchemaError struct {
	Prefix     string // of the tables
	Have, Want int    // versions of the schema; Have is 0 if there is none
	Needs      int    // the oldest schema that a program has to know to work on Have
	Unfinished bool   // a migration to Have was started and not finished
	Table      string // the table that is another program's, if one is
	Err        error  // what did not fit, if that was noticed in use
}

// Error says what is wrong and what to do.
func (e *SchemaError) Error() string {
	switch {
	case e.Table != "":
		return fmt.Sprintf("there is a table %s already, which another program made: choose another Config.Prefix, or rename that table: %v", e.Table, e.Err)
	case errors.Is(e.Err, errNoCounter):
		return fmt.Sprintf("%v in table %[2]severyone: restore that table from a backup, or end all sessions by INSERT INTO %[2]severyone (id, generation, ended_at, reason, ended_by) SELECT 1, coalesce(max(global_generation), 0) + 1, 0, '', '' FROM %[2]ssessions", e.Err, e.Prefix)
	case e.Err != nil:
		return fmt.Sprintf("tables %s* are said to be schema %d but do not fit it: they were made by another program or changed by hand; choose another Config.Prefix, or repair them: %v", e.Prefix, e.Have, e.Err)
	case e.Unfinished:
		return fmt.Sprintf("the migration of tables %s* to schema %d was interrupted: call sqlstore.Migrate again", e.Prefix, e.Have)
	case e.Needs > e.Want:
		return fmt.Sprintf("tables %s* have schema %d, made by a newer version of this program, and need one that knows schema %d, which knows only %d: update the program", e.Prefix, e.Have, e.Needs, e.Want)
	case e.Have == 0:
		return fmt.Sprintf("there are no tables %s*: call sqlstore.Migrate, or run the schema files by hand", e.Prefix)
	}
	return fmt.Sprintf("tables %s* have schema %d, %d is needed: call sqlstore.Migrate", e.Prefix, e.Have, e.Want)
}

// Unwrap returns Err.
func (e *SchemaError) Unwrap() error { return e.Err }

// checkSchema returns a [*SchemaError] unless the tables have the schema, or a
// newer one on which this program can work, finished or not.
func checkSchema(ctx context.Context, db *sqlx.DB, cfg Config, d *dialect) error {
	have, err := readSchema(ctx, db, cfg, d)
	if err != nil {
		return err
	}
	if have.Have < latest || have.Unfinished || have.Needs > latest {
		return fmt.Errorf("sqlstore: %w", have)
	}
	return nil
}

// checkTables fails if a table of ours is not kept as the database promises: a
// crash would empty it, no transaction hold for it, or rows be hidden from us.
func checkTables(ctx context.Context, db *sqlx.DB, cfg Config, d *dialect) error {
	if d.loose == "" {
		return nil
	}
	var names []string
	for _, t := range tables {
		names = append(names, "'"+cfg.Prefix+t.name+"'")
	}
	var loose string
	err := db.GetContext(ctx, &loose, strings.ReplaceAll(d.loose, "{tables}", strings.Join(names, ", ")))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return trouble(d.advice, "look at the tables", err)
	}
	return fmt.Errorf("sqlstore: table %s does not keep or show all that is written to it, so that a revocation could get lost: %s", loose, d.tighten)
}

// readSchema reads which schema the tables have. It is unfinished if a
// migration is that this program would have made.
func readSchema(ctx context.Context, db *sqlx.DB, cfg Config, d *dialect) (*SchemaError, error) {
	have := &SchemaError{Prefix: cfg.Prefix, Want: latest}
	there, err := d.hasTable(ctx, db, cfg.Prefix+"schema")
	if err == nil && there {
		var begun int
		err = db.QueryRowxContext(ctx, cfg.named(`SELECT coalesce(max(version), 0), coalesce(max(needs), 0),
			coalesce(min(CASE WHEN done = 0 THEN version END), 0) FROM signedin_schema`)).Scan(&have.Have, &have.Needs, &begun)
		if err != nil && (d.misfit(err) || strings.Contains(err.Error(), "sql: Scan error")) {
			return nil, fmt.Errorf("sqlstore: read the schema: %w", &SchemaError{Prefix: cfg.Prefix, Want: latest, Table: cfg.Prefix + "schema", Err: err})
		}
		if begun > 0 && begun <= latest {
			have.Have, have.Unfinished = begun, true
		}
	}
	if err != nil {
		return nil, trouble(d.advice, "read the schema", err)
	}
	return have, nil
}

func (d *dialect) hasTable(ctx context.Context, db *sqlx.DB, name string) (bool, error) {
	var tables int
	err := db.GetContext(ctx, &tables, sqlx.Rebind(d.bind, d.table), name)
	return tables > 0, err
}

// tables are ours, with the columns of the schema that made each.
var tables = []struct{ name, columns string }{
	{"sessions", columnNames(columns[:len(columns)-1])},
	{"users", "user_id, generation, bumped_at"},
	{"profiles", "user_id, profile, version"},
	{"bumps", "user_id, generation, global_generation, ended_at, reason, ended_by, kept"},
	{"issued", "issuer_key, session_id, kept_until"},
	{"issuers", "issuer_key, counter, kept_until"},
	{"everyone", "id, generation, ended_at, reason, ended_by"},
	{"log", "number, notice, seen_at"},
}

// checkForeign returns a [*SchemaError] if there is a table with the name of
// one of ours, but without its columns. It is called when there is no schema
// yet: CREATE TABLE IF NOT EXISTS would take it for ours.
func checkForeign(ctx context.Context, db *sqlx.DB, cfg Config, d *dialect) error {
	for _, t := range tables {
		there, err := d.hasTable(ctx, db, cfg.Prefix+t.name)
		if err != nil {
			return err
		}
		if !there || t.name == "log" && !d.log {
			continue
		}
		rows, err := db.QueryContext(ctx, `SELECT `+t.columns+` FROM `+cfg.Prefix+t.name+` WHERE 1 = 0`)
		if err != nil && d.misfit(err) {
			return &SchemaError{Prefix: cfg.Prefix, Want: latest, Table: cfg.Prefix + t.name, Err: err}
		}
		if err != nil {
			return trouble(d.advice, "look at "+cfg.Prefix+t.name, err)
		}
		if err := rows.Close(); err != nil {
			return err
		}
	}
	return nil
}
