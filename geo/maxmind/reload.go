package maxmind

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"
)

// Reload reads the file again and uses it from now on. Look-ups that are under
// way finish with the database that they began with.
//
// A file that is damaged, changes while it is read, is older than the current
// database, or tells less of addresses (systems where there were cities) is an
// error, and the current database stays.
func (db *DB) Reload() error {
	db.loading.Lock()
	defer db.loading.Unlock()
	if db.path == "" {
		return errors.New("maxmind: reload: not read from a file")
	}
	next, err := db.open()
	if err != nil {
		return fmt.Errorf("maxmind: %s: %w", db.path, err)
	}
	if err := next.succeed(db.current.Load()); err != nil {
		return fmt.Errorf("maxmind: %s: %w", db.path, err)
	}
	db.current.Store(next)
	return nil
}

// succeed tells why e may not take the place of old.
func (e *edition) succeed(old *edition) error {
	switch {
	case old == nil:
		return nil
	case e.built.Before(old.built):
		return fmt.Errorf("built %v, before the current one of %v", e.built, old.built)
	case !e.facts.tell(old.facts):
		return fmt.Errorf("%q does not tell what %q does", e.name, old.name)
	}
	return nil
}

// open reads the file, which must not change meanwhile.
func (db *DB) open() (*edition, error) {
	before, err := os.Stat(db.path)
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, errors.New("not a file")
	}
	e, err := db.read()
	if err != nil {
		return nil, err
	}
	after, err := os.Stat(db.path)
	if err != nil {
		return nil, err
	}
	if changed(before, after) {
		return nil, errors.New("changed while it was read")
	}
	e.file = after
	return e, nil
}

func (db *DB) read() (*edition, error) {
	if db.cfg.Mmap {
		r, err := maxminddb.Open(db.path)
		if err != nil {
			return nil, err
		}
		return inspect(r, db.cfg.Verify)
	}
	b, err := os.ReadFile(db.path)
	if err != nil {
		return nil, err
	}
	return newEdition(b, db.cfg.Verify)
}

// changed looks for any difference, not for a later time: geoipupdate gives a
// new file the time of its making.
func changed(a, b fs.FileInfo) bool {
	return !os.SameFile(a, b) || a.Size() != b.Size() || !a.ModTime().Equal(b.ModTime())
}

// Run reloads the file when it changes, until ctx is done, and returns why it
// is. A file that was refused is tried again at each look; the Logger hears of
// it once.
func (db *DB) Run(ctx context.Context) error {
	tick := time.NewTicker(db.cfg.Interval)
	defer tick.Stop()
	w := watch{db: db, log: db.cfg.Logger.With(slog.String("path", db.path))}
	for {
		w.look(ctx)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// A watch remembers what the Logger has been told.
type watch struct {
	db      *DB
	log     *slog.Logger
	refused string
	old     *edition
}

func (w *watch) look(ctx context.Context) {
	updated, err := w.db.update()
	switch {
	case err != nil && err.Error() != w.refused:
		w.refused = err.Error()
		w.log.LogAttrs(ctx, slog.LevelWarn, "geo database refused, the current one stays", slog.Any("error", err))
	case err == nil:
		w.refused = ""
	}
	if updated {
		w.log.LogAttrs(ctx, slog.LevelInfo, "geo database updated", slog.Time("built", w.db.BuildTime()))
	}
	if current := w.db.current.Load(); w.old != current && time.Since(current.built) > maxAge {
		w.old = current
		w.log.LogAttrs(ctx, slog.LevelWarn, "geo database is old", slog.Time("built", current.built))
	}
}

// maxAge is how long GeoLite2's licence lets a database be used.
const maxAge = 30 * 24 * time.Hour

// update reloads the file if it has changed.
func (db *DB) update() (updated bool, err error) {
	if db.path == "" {
		return false, nil
	}
	now, err := os.Stat(db.path)
	if err != nil {
		return false, fmt.Errorf("maxmind: %w", err)
	}
	if !changed(db.current.Load().file, now) {
		return false, nil
	}
	err = db.Reload()
	return err == nil, err
}
