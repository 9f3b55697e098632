package drivertest_test

import (
	"bytes"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/store/sqlstore"
)

// wantDurability opens the store at each level of demand.
func wantDurability(t *testing.T, db *sqlx.DB, cfg sqlstore.Config, survives sqlstore.Crash, advice string) {
	t.Helper()
	for must := sqlstore.CrashNone; must <= sqlstore.CrashPower; must++ {
		var log bytes.Buffer
		cfg.MustSurvive, cfg.Logger = must, slog.New(slog.NewTextHandler(&log, nil))
		store, err := sqlstore.New(t.Context(), db, cfg)
		var refused *sqlstore.DurabilityError
		if errors.As(err, &refused) != (must > survives) || err != nil && refused == nil {
			t.Errorf("must survive %d, survives %d: got error %v", must, survives, err)
		}
		if refused != nil {
			wantTrouble(t, err, "MustSurvive", advice)
			continue
		}
		if warned := strings.Count(log.String(), "level=WARN"); warned != 1 != (survives == sqlstore.CrashPower) ||
			warned > 0 && !strings.Contains(log.String(), advice) {
			t.Errorf("must survive %d, survives %d: logged %q", must, survives, log.String())
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestSQLiteDurability(t *testing.T) {
	eachSQLite(t, func(t *testing.T, driver string) {
		for _, c := range []struct {
			settings string
			survives sqlstore.Crash
			advice   string
		}{
			{"_pragma=journal_mode(WAL)&_pragma=synchronous(2)&_journal=WAL&_sync=FULL", sqlstore.CrashPower, ""},
			{"_pragma=journal_mode(WAL)&_pragma=synchronous(1)&_journal=WAL&_sync=NORMAL", sqlstore.CrashProcess, "synchronous to FULL"},
			{"_pragma=journal_mode(OFF)&_journal=OFF", sqlstore.CrashNone, "journal_mode to WAL"},
		} {
			db := open(t, driver, "file:"+filepath.Join(t.TempDir(), "db")+"?"+c.settings)
			migrated(t, db, sqlstore.Config{})
			wantDurability(t, db, sqlstore.Config{}, c.survives, c.advice)
		}
	})
}

func TestPostgresDurability(t *testing.T) {
	eachPostgres(t, func(t *testing.T, db *sqlx.DB) {
		db.SetMaxOpenConns(1) // of which the setting is
		cfg := sqlstore.Config{Prefix: newPrefix(t, db)}
		migrated(t, db, cfg)
		wantDurability(t, db, cfg, sqlstore.CrashPower, "")
		mustExec(t, db, `SET synchronous_commit = off`)
		wantDurability(t, db, cfg, sqlstore.CrashNone, "synchronous_commit to on")
	})
}
