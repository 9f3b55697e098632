package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// latest is the newest schema that this package knows.
const latest = 4

//go:embed schema/*.sql
var schemas embed.FS

// Open is [Migrate] and then [New]: for a program that may change the schema of
// its database, and does so when it starts.
func Open(ctx context.Context, db *sqlx.DB, cfg Config) (*Store, error) {
	if err := Migrate(ctx, db, cfg); err != nil {
		return nil, err
	}
	return New(ctx, db, cfg)
}

// Migrate makes the tables, or brings them to the newest schema. It does
// nothing if they have it, or a newer one that this program can work on as well
// ([SchemaError].Needs). Several processes may call it at the same time.
//
// # Rolling upgrades
//
// A migration only adds: tables, indexes, and columns that have a default. So
// a program that knows the schema before it works beside one that brought the
// new one, and goes on while it is brought. A migration that cannot be like
// that says so in the column needs of the schema table, and older programs
// refuse to start.
func Migrate(ctx context.Context, db *sqlx.DB, cfg Config) error {
	cfg, d, err := cfg.withDefaults(db)
	if err != nil {
		return err
	}
	_, err = inTime(ctx, d, func() (struct{}, error) { return struct{}{}, d.migrateAgain(ctx, db, cfg) })
	return err
}

// migrateAgain migrates, and tries again if that is of use.
func (d *dialect) migrateAgain(ctx context.Context, db *sqlx.DB, cfg Config) error {
	for n := 1; ; n++ {
		begin := time.Now()
		err := d.migrate(ctx, db, cfg)
		// SQLite gives up at once where waiting would not help, as when another
		// process makes the file at the same time; else it has waited already.
		atOnce := d.oneWriter && err != nil && strings.Contains(err.Error(), "database is locked") && time.Since(begin) < time.Second
		if !atOnce || n == attempts {
			return err
		}
		if err := pause(ctx, n); err != nil {
			return err
		}
	}
}

func (d *dialect) migrate(ctx context.Context, db *sqlx.DB, cfg Config) error {
	if err := d.usable(ctx, db); err != nil {
		return err
	}
	have, err := readSchema(ctx, db, cfg, d)
	if err != nil {
		return err
	}
	if have.Needs > latest {
		return fmt.Errorf("sqlstore: migrate: %w", have)
	}
	if have.Have == 0 {
		if err := checkForeign(ctx, db, cfg, d); err != nil {
			return fmt.Errorf("sqlstore: migrate: %w", err)
		}
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
		if err != nil && d.added != nil && d.added(err) {
			err = nil
		}
	}
	if d.turnOver != "" {
		var was sql.NullInt64
		err = errors.Join(err, tx.GetContext(ctx, &was, cfg.named(d.turnOver)))
	}
	switch {
	case err == nil:
		return tx.Commit()
	case d.denied(err):
		return &AccessError{Err: err, Advice: "let a database user who may create tables call sqlstore.Migrate, or run the schema files by hand"}
	}
	if advice := d.advice(err); advice != "" {
		err = fmt.Errorf("%w (%s)", err, advice)
	}
	return err
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
