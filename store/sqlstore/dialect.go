package sqlstore

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/store"
)

// A Dialect is a kind of database.
type Dialect string

// The dialects.
const (
	DialectSQLite   Dialect = "sqlite"   // 3.41 or later
	DialectPostgres Dialect = "postgres" // 12 or later
	DialectMySQL    Dialect = "mysql"    // MySQL 8.0.19, MariaDB 10.6.1 or later
)

// dialect is what differs between the kinds of database.
//
// Where transactions write one after the other, each statement sees all that
// was before, and a write checks that its session is live like a read. Where
// they write at the same time, a statement that waited for a row looks at that
// row anew, but at nothing else: at the user's counter as it was when it began.
// So a write asks whether the session is not under a smaller one than that
// (writableBeside): what a revocation of all keeps has a greater one by then, and
// what it ends beside the write was still live when that began. That holds for a
// write of one session. Of several, one may be judged as of before a bump and
// another as of after it: so what ends sessions that are named, and a sign-in,
// lock their user's counter until they are committed, and come before a bump or
// find it.
type dialect struct {
	name      Dialect
	drivers   []string // names under which drivers register
	oneWriter bool     // one transaction writes at a time, the others poll

	isolation sql.IsolationLevel
	level     string                        // query that returns the isolation level, if it can be read and matters
	bind      int                           // form of parameters, as of sqlx
	casts     map[string]string             // how parameters of Create say their types, where they need to
	noReturn  bool                          // RETURNING is not known
	own       func(*statements) []statement // statements that are said otherwise; "" if not used

	current  string // the rest of Create: under the condition that the generations are current
	writable string // the condition that session s is live, for a write
	lock     string // in a subquery, locks its rows
	share    string // locks rows against those who lock or write them, not against others who share
	skip     string // the same as lock, but passes over those that are locked
	single   bool   // single statements have to be put into transactions
	of       bool   // a lock says of which table
	write    string // comes before each statement that writes or locks

	least string // function that returns the smallest of its arguments
	ids   string // query that returns the IDs of which encodeIDs is the parameter
	texts string // query that returns the texts of which marshal is the parameter
	touch string // statement that writes the visits of which encodeTouches is the parameter
	// touchTimes is the statement for encodeTimes.
	touchTimes string
	table      string // query that counts the tables of a name
	loose      string // query that returns a table, of {tables}, that keeps less than the database promises; none if there is no such
	tighten    string // what to do about it

	log      bool   // other processes have to ask what happened
	now      string // query that returns the milliseconds since 1970 by the server's clock; "" if it has none of its own
	clock    string // if so, the milliseconds since 1970 by the database's clock
	turn     string // query by which a migration waits for its turn, if it has to; 1 if it got it
	turnOver string // query that gives it back, if the end of the transaction does not

	check      func(context.Context, *sqlx.DB) error                      // is this database usable?
	variant    func(context.Context, *sqlx.DB, dialect) (*dialect, error) // the dialect as this very server speaks it; nil if all speak the same
	nodes      func(context.Context, *sqlx.DB) error                      // is it the only one that takes writes? nil if there is no such kind with several
	durability func(context.Context, *sqlx.DB) (store.Durability, error)
	rights     string             // query that returns which rights the database user lacks, if preparing does not tell; NULL if none
	advice     func(error) string // what to do about an error, "" if that is not known
	added      func(error) bool   // is a column there already? nil if a migration can ask for that
	denied     func(error) bool   // did the database not allow it, so that trying again does not help?
	misfit     func(error) bool   // is a table or a column missing, or of another type?
	locked     func(error) bool   // has somebody else held it for too long?
	taken      func(error) bool   // is the key of an inserted row taken? nil if that is no error
	gaveUp     func(error) bool   // did the database give up, so that trying again helps? nil if it never does
}

var dialects = []*dialect{&sqliteDialect, &postgresDialect, &mysqlDialect}

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

// usable returns why db cannot be used, nil if it can.
func (d *dialect) usable(ctx context.Context, db *sqlx.DB) error {
	err := db.PingContext(ctx)
	if err != nil && d.denied(err) {
		return fmt.Errorf("sqlstore: %w", &AccessError{Err: err, Advice: d.advice(err)})
	}
	if err != nil {
		return trouble(d.advice, "the database cannot be reached", err)
	}
	return d.check(ctx, db)
}
