package host

import (
	"os"

	"github.com/jmoiron/sqlx"
	_ "modernc.org/sqlite" // the driver that OpenSQLite uses

	"github.com/signedin/signedin/store/sqlstore"
)

// OpenSQLite opens a database file, made if there is none; name is what it is
// called as a [StateFile] if file is empty.
func OpenSQLite(file, name string) (db *sqlx.DB, used string, err error) {
	if file == "" {
		if file, err = StateFile(name); err != nil {
			return nil, "", err
		}
	}
	// What it holds is nobody else's business: a new one is for our eyes only.
	// What keeps it from being made, SQLite tells better.
	if made, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL, 0o600); err == nil {
		made.Close()
	}
	if db, err = sqlx.Open("sqlite", sqlstore.SQLiteDSN(file)); err != nil {
		return nil, "", err
	}
	// As many as can be of use, kept: by default two are, and a busy program makes
	// new ones all the time.
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	return db, file, nil
}
