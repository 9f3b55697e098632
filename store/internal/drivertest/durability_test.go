package drivertest_test

import (
	"bytes"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/store"
	"github.com/signedin/signedin/store/sqlstore"
)

// wantDurability opens a store at each level of demand.
func wantDurability(t *testing.T, survives store.Crash, advice string, open func(must store.Crash, log *slog.Logger) error) {
	t.Helper()
	for must := store.CrashNone; must <= store.CrashFailover; must++ {
		var log bytes.Buffer
		err := open(must, slog.New(slog.NewTextHandler(&log, nil)))
		var refused *store.DurabilityError
		if errors.As(err, &refused) != (must > survives) || err != nil && refused == nil {
			t.Errorf("must survive %d, survives %d: got error %v", must, survives, err)
		}
		if refused != nil {
			if must == store.CrashFailover && survives == store.CrashPower {
				advice = "synchronous_standby_names"
			}
			wantTrouble(t, err, "MustSurvive", advice)
			continue
		}
		if warned := strings.Count(log.String(), "level=WARN"); warned != 1 != (survives >= store.CrashPower && advice == "") ||
			warned > 0 && !strings.Contains(log.String(), advice) {
			t.Errorf("must survive %d, survives %d: logged %q", must, survives, log.String())
		}
	}
}

func wantSQLDurability(t *testing.T, db *sqlx.DB, cfg sqlstore.Config, survives store.Crash, advice string) {
	t.Helper()
	wantDurability(t, survives, advice, func(must store.Crash, log *slog.Logger) error {
		cfg.MustSurvive, cfg.Logger = must, log
		st, err := sqlstore.New(t.Context(), db, cfg)
		if err == nil {
			err = st.Close()
		}
		return err
	})
}

func TestSQLiteDurability(t *testing.T) {
	eachSQLite(t, func(t *testing.T, driver string) {
		for _, c := range []struct {
			settings string
			survives store.Crash
			advice   string
		}{
			{"_pragma=busy_timeout(5000)&_busy_timeout=5000&_pragma=journal_mode(WAL)&_pragma=synchronous(2)&_journal=WAL&_sync=FULL", store.CrashPower, ""},
			{"_pragma=journal_mode(WAL)&_pragma=synchronous(2)&_journal=WAL&_sync=FULL&_busy_timeout=0", store.CrashPower, "busy_timeout"},
			{"_pragma=busy_timeout(5000)&_busy_timeout=5000&_pragma=synchronous(2)&_sync=FULL", store.CrashProcess, "journal_mode to WAL"},
			{"_pragma=busy_timeout(5000)&_busy_timeout=5000&_pragma=synchronous(3)&_sync=EXTRA", store.CrashPower, "journal_mode to WAL"},
			{"_pragma=journal_mode(WAL)&_pragma=synchronous(1)&_journal=WAL&_sync=NORMAL", store.CrashProcess, "synchronous to FULL"},
			{"_pragma=journal_mode(OFF)&_journal=OFF", store.CrashNone, "journal_mode to WAL"},
		} {
			db := open(t, driver, "file:"+filepath.Join(t.TempDir(), "db")+"?"+c.settings)
			migrated(t, db, sqlstore.Config{})
			wantSQLDurability(t, db, sqlstore.Config{}, c.survives, c.advice)
		}
	})
}

func TestPostgresDurability(t *testing.T) {
	eachPostgres(t, func(t *testing.T, db *sqlx.DB) {
		db.SetMaxOpenConns(1) // of which the setting is
		cfg := sqlstore.Config{Prefix: newPrefix(t, db)}
		migrated(t, db, cfg)
		wantSQLDurability(t, db, cfg, store.CrashPower, "")
		mustExec(t, db, `SET synchronous_commit = off`)
		wantSQLDurability(t, db, cfg, store.CrashNone, "synchronous_commit to on")
	})
}
