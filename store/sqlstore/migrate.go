package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"
)

// latest is the newest schema that this package knows.
const latest = 1

//go:embed schema/*.sql
var schemas embed.FS

// A SchemaError says that the tables are not as this package needs them.
type SchemaError struct {
	Prefix     string // of the tables
	Have, Want int    // versions of the schema; Have is 0 if there is none
	Unfinished bool   // a migration to Have was started and not finished
	Err        error  // what did not fit, if that was noticed in use
}

// Error says what is wrong and what to do.
func (e *SchemaError) Error() string {
	switch {
	case e.Err != nil:
		return fmt.Sprintf("tables %s* are said to be schema %d but do not fit it: they were made by another program or changed by hand; choose another Config.Prefix, or repair them: %v", e.Prefix, e.Have, e.Err)
	case e.Unfinished:
		return fmt.Sprintf("the migration of tables %s* to schema %d was interrupted: call sqlstore.Migrate again", e.Prefix, e.Have)
	case e.Have > e.Want:
		return fmt.Sprintf("tables %s* have schema %d, made by a newer version of this program, which knows only %d: update the program", e.Prefix, e.Have, e.Want)
	case e.Have == 0:
		return fmt.Sprintf("there are no tables %s*: call sqlstore.Migrate, or run the schema files by hand", e.Prefix)
	}
	return fmt.Sprintf("tables %s* have schema %d, %d is needed: call sqlstore.Migrate", e.Prefix, e.Have, e.Want)
}

// Unwrap returns Err.
func (e *SchemaError) Unwrap() error { return e.Err }

// Migrate makes the tables, or brings them to the newest schema. It does
// nothing if they have it. Several processes may call it at the same time.
func Migrate(ctx context.Context, db *sqlx.DB, cfg Config) error {
	cfg, d, err := cfg.withDefaults(db)
	if err != nil {
		return err
	}
	if err := d.usable(ctx, db); err != nil {
		return err
	}
	have, err := readSchema(ctx, db, cfg, d)
	if err != nil {
		return err
	}
	if have.Have > latest {
		return fmt.Errorf("sqlstore: migrate: %w", have)
	}
	next := have.Have + 1
	if have.Unfinished {
		next = have.Have
	}
	for ; next <= latest; next++ {
		if err := d.apply(ctx, db, cfg, next); err != nil {
			return fmt.Errorf("sqlstore: migrate to schema %d: %w", next, err)
		}
	}
	return nil
}

// apply runs one schema file. It changes nothing where it was run already.
func (d *dialect) apply(ctx context.Context, db *sqlx.DB, cfg Config, version int) error {
	file, err := schemas.ReadFile(fmt.Sprintf("schema/%s_%03d.sql", d.name, version))
	if err != nil {
		return err
	}
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // does nothing after the commit, and changes nothing before it
	if err := d.wait(ctx, tx, cfg); err != nil {
		return err
	}
	for statement := range strings.SplitSeq(cfg.named(string(file)), ";\n") {
		if err == nil && strings.TrimSpace(statement) != "" {
			_, err = tx.ExecContext(ctx, statement)
		}
	}
	if d.turnOver != "" {
		var was sql.NullInt64
		err = errors.Join(err, tx.GetContext(ctx, &was, cfg.named(d.turnOver)))
	}
	if err != nil {
		if advice := d.advice(err); advice != "" {
			err = fmt.Errorf("%w (%s)", err, advice)
		}
		return err
	}
	return tx.Commit()
}

// wait waits for the turn to migrate.
func (d *dialect) wait(ctx context.Context, tx *sqlx.Tx, cfg Config) error {
	if d.turn == "" {
		return nil
	}
	var got int
	if err := tx.GetContext(ctx, &got, cfg.named(d.turn)); err != nil {
		return err
	}
	if got != 1 {
		return errors.New("another process migrates for too long")
	}
	return nil
}

// checkSchema returns a [*SchemaError] unless the tables have the schema.
func checkSchema(ctx context.Context, db *sqlx.DB, cfg Config, d *dialect) error {
	have, err := readSchema(ctx, db, cfg, d)
	if err != nil {
		return err
	}
	if have.Have != latest || have.Unfinished {
		return fmt.Errorf("sqlstore: %w", have)
	}
	return nil
}

// readSchema reads which schema the tables have.
func readSchema(ctx context.Context, db *sqlx.DB, cfg Config, d *dialect) (*SchemaError, error) {
	have := &SchemaError{Prefix: cfg.Prefix, Want: latest}
	var tables int
	err := db.GetContext(ctx, &tables, sqlx.Rebind(d.bind, d.table), cfg.Prefix+"schema")
	if err == nil && tables > 0 {
		err = db.QueryRowxContext(ctx, cfg.named(`SELECT coalesce(max(version), 0), coalesce(min(done), 0) FROM signedin_schema`)).
			Scan(&have.Have, &tables)
		have.Unfinished = have.Have > 0 && tables == 0
	}
	if err != nil {
		return nil, fmt.Errorf("sqlstore: read the schema: %w", err)
	}
	return have, nil
}
