package drivertest_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/sqlstore"
)

// bench is a host with a table of its own beside the sessions.
type bench struct {
	*session.Manager
	db    *sqlx.DB
	store *sqlstore.Store
	table string

	mu     sync.Mutex
	events []session.EventKind
}

func (b *bench) Observe(ctx context.Context, e session.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, e.Kind)
}

func (b *bench) has(k session.EventKind) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Contains(b.events, k)
}

func newBench(t *testing.T, db *sqlx.DB, cfg sqlstore.Config) *bench {
	t.Helper()
	if cfg.ReadTimeout == 0 {
		cfg.ReadTimeout = 10 * time.Second
	}
	b := &bench{db: db, store: migrated(t, db, cfg), table: cfg.Prefix + "passwords"}
	m, err := session.New(b.store, session.Config{Observers: []session.Observer{b}})
	if err != nil {
		t.Fatal(err)
	}
	b.Manager = m
	mustExec(t, db, `CREATE TABLE `+b.table+` (hash VARCHAR(20))`)
	t.Cleanup(func() { mustExec(t, db, `DROP TABLE `+b.table) })
	mustExec(t, db, `INSERT INTO `+b.table+` VALUES ('old')`)
	return b
}

func (b *bench) setPassword(ctx context.Context, tx *sqlx.Tx) error {
	_, err := tx.ExecContext(ctx, `UPDATE `+b.table+` SET hash = 'new'`)
	return err
}

func (b *bench) password(t *testing.T) (hash string) {
	t.Helper()
	if err := b.db.Get(&hash, `SELECT hash FROM `+b.table); err != nil {
		t.Fatal(err)
	}
	return hash
}

func (b *bench) ticket(t *testing.T) session.Ticket {
	t.Helper()
	ticket, err := b.BeginSignIn(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	return ticket
}

func (b *bench) start(t *testing.T) *session.Session {
	t.Helper()
	s, _, err := b.Start(t.Context(), b.ticket(t), session.Origin{}, session.StartOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (b *bench) wantLive(t *testing.T, want int) {
	t.Helper()
	if all, err := b.List(t.Context(), "ada"); err != nil || len(all) != want {
		t.Errorf("got %d live sessions (error %v), want %d", len(all), err, want)
	}
}

// eachEngine runs a test in fresh tables on every kind of database.
func eachEngine(t *testing.T, test func(t *testing.T, db *sqlx.DB, cfg sqlstore.Config)) {
	eachSQLite(t, func(t *testing.T, driver string) {
		test(t, open(t, driver, sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "db"))), sqlstore.Config{})
	})
	for _, each := range []func(*testing.T, func(*testing.T, *sqlx.DB)){eachPostgres, eachMySQL} {
		each(t, func(t *testing.T, db *sqlx.DB) {
			test(t, db, sqlstore.Config{Prefix: newPrefix(t, db)})
		})
	}
}

func TestInTx(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlx.DB, cfg sqlstore.Config) {
		b := newBench(t, db, cfg)
		keep, _ := b.start(t), b.start(t)
		early := b.ticket(t)
		err := b.store.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
			if err := b.setPassword(ctx, tx); err != nil {
				return err
			}
			n, err := b.RevokeAllExcept(ctx, "ada", keep.ID, session.ReasonPasswordChanged)
			if err != nil || n != 1 {
				t.Errorf("RevokeAllExcept: got %d, %v, want 1", n, err)
			}
			if inside, err := b.List(ctx, "ada"); err != nil || len(inside) != 1 {
				t.Errorf("inside: got %d live, %v, want 1", len(inside), err)
			}
			b.wantLive(t, 2) // methods outside keep working, and see what was before
			if b.has(session.EventRevoked) {
				t.Error("told before the commit")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		b.wantLive(t, 1)
		if got := b.password(t); got != "new" || !b.has(session.EventRevoked) {
			t.Errorf("password %q, told %v, want both", got, b.has(session.EventRevoked))
		}
		_, _, err = b.Start(t.Context(), early, session.Origin{}, session.StartOptions{})
		if !errors.Is(err, session.ErrOutdated) {
			t.Errorf("sign-in with a ticket from before: got %v, want %v", err, session.ErrOutdated)
		}
	})
}

var errCause = errors.New("cause")

// Each of these has a transaction fail.
var failures = map[string]func(b *bench, ctx context.Context) error{
	"error": func(*bench, context.Context) error { return errCause },
	"panic": func(*bench, context.Context) error { panic(errCause) },
	"trouble that f ignores": func(b *bench, ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := b.store.Generation(ctx, "ada"); err == nil {
			return errors.New("no error by a cancelled context")
		}
		return nil
	},
}

// TestInTxRollback has the transaction fail in each way after everything was
// revoked in it.
func TestInTxRollback(t *testing.T) {
	for name, fail := range failures {
		t.Run(name, func(t *testing.T) {
			eachEngine(t, func(t *testing.T, db *sqlx.DB, cfg sqlstore.Config) {
				b := newBench(t, db, cfg)
				keep, _ := b.start(t), b.start(t)
				before := b.ticket(t)
				var leaked context.Context
				err := recovered(func() error {
					return b.store.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
						leaked = ctx
						_, err := b.RevokeAllExcept(ctx, "ada", keep.ID, session.ReasonPasswordChanged)
						return errors.Join(b.setPassword(ctx, tx), err, fail(b, ctx))
					})
				})
				if err == nil || b.has(session.EventRevoked) || b.password(t) != "old" {
					t.Errorf("got error %v, told %v, password %q", err, b.has(session.EventRevoked), b.password(t))
				}
				b.wantLive(t, 2)
				if _, err := b.RevokeAll(leaked, "ada", session.ReasonSignedOut); err == nil {
					t.Error("revoked by the context of a transaction that was rolled back")
				}
				if _, _, err := b.Start(t.Context(), before, session.Origin{}, session.StartOptions{}); err != nil {
					t.Errorf("sign-in: %v", err)
				}
				b.wantLive(t, 3)
			})
		})
	}
}

func recovered(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = p.(error)
		}
	}()
	return f()
}

// TestInTxAnswers proves that an answer, unlike trouble, leaves a transaction
// as it was.
func TestInTxAnswers(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlx.DB, cfg sqlstore.Config) {
		b := newBench(t, db, cfg)
		s := b.start(t)
		err := b.store.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
			if err := b.store.Create(ctx, s); !errors.Is(err, session.ErrExists) {
				t.Errorf("Create: got %v, want %v", err, session.ErrExists)
			}
			old := s.Clone()
			old.Generations.User = 7
			old.ID[0]++
			if err := b.store.Create(ctx, old); !errors.Is(err, session.ErrOutdated) {
				t.Errorf("Create: got %v, want %v", err, session.ErrOutdated)
			}
			if _, err := b.RevokeAllExcept(ctx, "ada", session.ID{1}, session.ReasonSignedOut); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("RevokeAllExcept: got %v, want %v", err, session.ErrNotFound)
			}
			late := s.Clone()
			late.Version = 9
			_, err := b.store.Revoke(ctx, session.Revocation{UserID: "ada", All: true, Keep: late})
			if !errors.Is(err, session.ErrConflict) {
				t.Errorf("Revoke: got %v, want %v", err, session.ErrConflict)
			}
			if err := b.store.InTx(ctx, func(context.Context, *sqlx.Tx) error { return nil }); err == nil {
				t.Error("a transaction in a transaction")
			}
			return errors.Join(b.store.SaveProfile(ctx, "ada", []byte("p"), 0), b.setPassword(ctx, tx))
		})
		if err != nil || b.password(t) != "new" {
			t.Errorf("InTx: got %v, password %q", err, b.password(t))
		}
		b.wantLive(t, 1)
		if g, err := b.store.Generation(t.Context(), "ada"); err != nil || g.User != 0 {
			t.Errorf("Generation: got %v, %v, want it as it was", g, err)
		}
		if p, _, err := b.store.Profile(t.Context(), "ada"); err != nil || string(p) != "p" {
			t.Errorf("Profile: got %q, %v", p, err)
		}
	})
}

// TestInTxConcurrent signs in with tickets from before, and out, while host
// transactions revoke all: none of the former survives.
func TestInTxConcurrent(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlx.DB, cfg sqlstore.Config) {
		b := newBench(t, db, cfg)
		for range 30 {
			ticket := b.ticket(t)
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					_, _, err := b.Start(t.Context(), ticket, session.Origin{}, session.StartOptions{})
					if err != nil && !errors.Is(err, session.ErrOutdated) {
						t.Errorf("Start: %v", err)
					}
				})
			}
			err := b.store.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
				_, err := b.RevokeAll(ctx, "ada", session.ReasonSignedOut)
				return errors.Join(err, b.setPassword(ctx, tx))
			})
			wg.Wait()
			if err != nil {
				t.Fatal(err)
			}
			b.wantLive(t, 0)
		}
	})
}

// TestInTxOneConnection has a pool that is used up by the transaction.
func TestInTxOneConnection(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlx.DB, cfg sqlstore.Config) {
		db.SetMaxOpenConns(1)
		cfg.ReadTimeout = 300 * time.Millisecond
		b := newBench(t, db, cfg)
		s := b.start(t)
		err := b.store.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
			_, _, err := b.store.Get(t.Context(), s.ID)
			wantTrouble(t, err, "ReadTimeout")
			if _, _, err := b.store.Get(ctx, s.ID); err != nil {
				return err
			}
			_, err = b.RevokeAll(ctx, "ada", session.ReasonSignedOut)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		b.wantLive(t, 0)
	})
}

// TestObserverWrites has an observer write once the transaction is committed.
func TestObserverWrites(t *testing.T) {
	db := open(t, "sqlite", sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "db")))
	b := newBench(t, db, sqlstore.Config{})
	b.start(t)
	err := b.store.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
		session.AfterCommit(ctx, func() {
			if _, err := b.store.Purge(ctx, session.Purge{UserID: "ada"}); err != nil {
				t.Errorf("after the commit: %v", err)
			}
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b.wantLive(t, 0)
}

// TestUnknownCommit has a commit fail though it has happened: nothing is told,
// and what was copied is forgotten.
func TestUnknownCommit(t *testing.T) {
	b := newBench(t, open(t, "sqlite", sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "db"))), sqlstore.Config{})
	told, forgotten := false, false
	err := b.store.InTx(t.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
		session.AfterCommit(ctx, func() { told = true })
		session.AfterAnyCommit(ctx, func() { forgotten = true })
		return tx.Commit()
	})
	if err == nil || told || !forgotten {
		t.Errorf("got %v, told %v, forgotten %v", err, told, forgotten)
	}
}

// TestJoin has the host commit, or roll back, by itself.
func TestJoin(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sqlx.DB, cfg sqlstore.Config) {
		b := newBench(t, db, cfg)
		keep, _ := b.start(t), b.start(t)
		var committed *session.Pending
		var joined context.Context
		for _, end := range []func(*sqlx.Tx) error{(*sqlx.Tx).Rollback, (*sqlx.Tx).Commit} {
			b.wantLive(t, 2)
			tx, err := db.BeginTxx(t.Context(), &sql.TxOptions{Isolation: level(db)})
			if err != nil {
				t.Fatal(err)
			}
			ctx, pending := b.store.Join(t.Context(), tx)
			n, err := b.RevokeAllExcept(ctx, "ada", keep.ID, session.ReasonSignedOut)
			if err := errors.Join(err, end(tx)); n != 1 || err != nil || b.has(session.EventRevoked) {
				t.Fatalf("got %d ended, %v, told %v", n, err, b.has(session.EventRevoked))
			}
			committed, joined = pending, ctx
		}
		committed.Committed()
		if all, err := b.List(joined, "ada"); len(all) != 1 || err != nil || !b.has(session.EventRevoked) {
			t.Errorf("got %d live, %v, told %v", len(all), err, b.has(session.EventRevoked))
		}
	})
}

func level(db *sqlx.DB) sql.IsolationLevel {
	if strings.HasPrefix(db.DriverName(), "sqlite") {
		return sql.LevelDefault
	}
	return sql.LevelReadCommitted
}

func TestJoinLevel(t *testing.T) {
	eachPostgres(t, func(t *testing.T, db *sqlx.DB) {
		b := newBench(t, db, sqlstore.Config{Prefix: newPrefix(t, db)})
		tx, err := db.BeginTxx(t.Context(), &sql.TxOptions{Isolation: sql.LevelSerializable})
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback() //nolint:errcheck // nothing to keep
		ctx, _ := b.store.Join(t.Context(), tx)
		_, err = b.store.Revoke(ctx, session.Revocation{UserID: "ada", All: true})
		wantTrouble(t, err, "serializable", "sql.LevelReadCommitted")
	})
}
