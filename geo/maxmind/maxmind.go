// Package maxmind tells where addresses are from databases in MaxMind's format
// (.mmdb): GeoLite2 and GeoIP2, DB-IP, IPinfo, and whatever else names its
// fields as one of these does.
//
// [New] opens a file with cities, countries, autonomous systems, connection
// types or anonymous networks; [geo.Combine] makes one Locator of several:
//
//	cities, err := maxmind.New("GeoLite2-City.mmdb", maxmind.Config{})
//	...
//	systems, err := maxmind.New("GeoLite2-ASN.mmdb", maxmind.Config{})
//	...
//	locator := geo.Combine(cities, systems)
//	go cities.Run(ctx)  // follow updates
//	go systems.Run(ctx)
//
// A look-up takes about 2 µs and allocates nothing but names that were not
// looked up lately. It never waits for an update, and an update never takes the
// database away from a look-up. A file that cannot replace the current one is
// refused, and the current one stays.
//
// No database comes with this package, and the licences of most do not allow
// that. GeoLite2's asks to delete a database within 30 days of its successor.
package maxmind

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/signedin/signedin/geo"
)

// A Config says how to read and follow a database.
type Config struct {
	// Language of the names of cities and countries, as the database codes it:
	// "de", "pt-BR". What has no name in it is named in English.
	// Defaults to "en".
	Language string

	// AllowReserved looks up addresses for documentation and other reserved ones
	// as if they were on the internet, for demonstrations and tests. Databases
	// place some of them at random. Private ones are never looked up.
	// Defaults to false.
	AllowReserved bool

	// Interval between two looks at the file by [DB.Run].
	// Defaults to 1 minute.
	Interval time.Duration

	// Mmap maps the file instead of reading it: up to 130 MB less memory of one's
	// own. Whoever overwrites the file in place, rather than renaming a new one
	// over it as geoipupdate does, then kills the process.
	// Defaults to false.
	Mmap bool

	// Verify reads all of each file before use, which takes up to half a minute
	// for a city database and refuses some that work, as those of ip-location-db.
	// Defaults to false, which reads the first 5000 networks.
	Verify bool

	// Logger is told by [DB.Run] of every update, of files that are refused, and
	// of a database more than 30 days old.
	// Defaults to none.
	Logger *slog.Logger
}

// DB is a [geo.Locator] over one database. It is safe for concurrent use.
type DB struct {
	path    string // "" if the database was not read from a file
	cfg     Config
	current atomic.Pointer[edition]
	records sync.Pool  // of *record
	loading sync.Mutex // held by Reload
}

var _ geo.Locator = (*DB)(nil)

// New opens the database in the file at path.
func New(path string, cfg Config) (*DB, error) {
	db, err := newDB(path, cfg)
	if err != nil {
		return nil, err
	}
	if err := db.Reload(); err != nil {
		return nil, err
	}
	return db, nil
}

// FromBytes opens a database that is in memory, such as an embedded or a
// generated one. It keeps b, which must not be changed any more.
func FromBytes(b []byte, cfg Config) (*DB, error) {
	db, err := newDB("", cfg)
	if err != nil {
		return nil, err
	}
	e, err := newEdition(b, cfg.Verify)
	if err != nil {
		return nil, fmt.Errorf("maxmind: %w", err)
	}
	db.current.Store(e)
	return db, nil
}

func newDB(path string, cfg Config) (*DB, error) {
	switch {
	case cfg.Interval < 0:
		return nil, fmt.Errorf("maxmind: interval of %v", cfg.Interval)
	case cfg.Interval == 0:
		cfg.Interval = time.Minute
	}
	if cfg.Language == "" {
		cfg.Language = english
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	db := &DB{path: path, cfg: cfg}
	db.records.New = func() any { return new(record) }
	return db, nil
}

// Type returns what the database calls itself, such as "GeoLite2-City".
func (db *DB) Type() string { return db.current.Load().name }

// BuildTime returns when the database that answers now was built, in UTC.
func (db *DB) BuildTime() time.Time { return db.current.Load().built }

// Age returns how long ago that was.
func (db *DB) Age() time.Duration { return time.Since(db.BuildTime()) }

// Locate implements [geo.Locator].
func (db *DB) Locate(_ context.Context, ip netip.Addr) (geo.Location, error) {
	ip = geo.Canonical(ip)
	nowhere := geo.Location{Scope: geo.ScopeOf(ip)}
	if !db.covers(nowhere.Scope) {
		return nowhere, nil
	}
	r := db.records.Get().(*record)
	defer db.records.Put(r)
	e := db.current.Load()
	l, err := e.read(ip, r, db.cfg.Language)
	switch {
	case err != nil:
		return nowhere, fmt.Errorf("maxmind: locate: %w", err)
	case l == geo.Location{}:
		return nowhere, nil
	}
	l.Scope, l.Source, l.Built = geo.ScopeGlobal, e.name, e.built
	return l, nil
}

func (db *DB) covers(s geo.Scope) bool {
	switch s {
	case geo.ScopeGlobal:
		return true
	case geo.ScopeDocumentation, geo.ScopeReserved:
		return db.cfg.AllowReserved
	}
	return false
}
