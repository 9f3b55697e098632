package sqlstore

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/session"
)

// A Dialect is a kind of database.
type Dialect string

// The dialects.
const (
	DialectSQLite Dialect = "sqlite" // 3.41 or later
)

// dialect is what differs between the kinds of database.
type dialect struct {
	name      Dialect
	drivers   []string // names under which drivers register
	oneWriter bool     // one transaction writes at a time, the others poll

	least string // function that returns the smallest of its arguments
	ids   string // query that returns the IDs of which encodeIDs is the parameter
	texts string // query that returns the texts of which encodeTexts is the parameter
	touch string // statement that writes the visits of which encodeTouches is the parameter
	table string // query that counts the tables of a name

	encodeIDs     func([]session.ID) (any, error)
	encodeTexts   func([]string) (any, error)
	encodeTouches func([]session.Touch) (any, error)

	check      func(context.Context, *sqlx.DB) error // is this database usable?
	durability func(context.Context, *sqlx.DB) (Durability, error)
	advice     func(error) string // what to do about an error, "" if that is not known
}

var dialects = []*dialect{&sqliteDialect}

// dialectOf returns the dialect of that name, or else of that driver.
func dialectOf(name Dialect, driver string) (*dialect, error) {
	for _, d := range dialects {
		if d.name == name {
			return d, nil
		}
		for _, known := range d.drivers {
			if name == "" && known == driver {
				return d, nil
			}
		}
	}
	if name != "" {
		return nil, fmt.Errorf("sqlstore: Config.Dialect: %q is not known", string(name))
	}
	return nil, fmt.Errorf("sqlstore: driver %q is not known: set Config.Dialect", driver)
}

// A Durability says whether what the database acknowledged, a revocation above
// all, is still there after a crash.
type Durability struct {
	Dialect Dialect
	// Process reports whether it survives a crash of the process.
	Process bool
	// Power reports whether it survives a loss of power.
	Power bool
	// Settings are those of the database from which this follows.
	Settings map[string]string
	// Advice says what to change; empty if nothing.
	Advice string
}

// Durability reads the settings of the database on which it depends whether a
// revocation can be undone by a crash.
func (st *Store) Durability(ctx context.Context) (Durability, error) {
	d, err := st.dialect.durability(ctx, st.db)
	return d, st.fail("durability", err)
}
