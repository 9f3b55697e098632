package drivertest_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/redisstore"
	"github.com/signedin/signedin/store/sqlstore"
)

func wantDenied(t *testing.T, what string, err error, says ...string) {
	t.Helper()
	if denied := new(sqlstore.AccessError); !errors.As(err, &denied) {
		t.Errorf("%s: got %v, want an AccessError", what, err)
		return
	}
	wantTrouble(t, err, says...)
}

// TestReadOnly has a file that may not be written: New says so.
func TestReadOnly(t *testing.T) {
	eachSQLite(t, func(t *testing.T, driver string) {
		path := filepath.Join(t.TempDir(), "db")
		s := sample(1)
		if err := migrated(t, open(t, driver, "file:"+path), sqlstore.Config{}).Create(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		err := newError(t, open(t, driver, "file:"+path+"?mode=ro"), sqlstore.Config{})
		wantTrouble(t, err, "readonly", "may not write")
		if denied := new(sqlstore.AccessError); !errors.As(err, &denied) {
			t.Errorf("got %v, want an AccessError", err)
		}
		db := open(t, driver, "file:"+path)
		db.SetMaxOpenConns(1) // of which the setting is
		store := migrated(t, db, sqlstore.Config{})
		mustExec(t, db, `PRAGMA query_only = on`)
		if _, _, err := store.Get(t.Context(), s.ID); err != nil {
			t.Errorf("Get: %v", err)
		}
		_, err = store.Revoke(t.Context(), session.Revocation{UserID: "ada", Only: []session.ID{s.ID}})
		wantTrouble(t, err, "revoke", "readonly", "may not write")
	})
}

// TestReadOnlyServer has a server that only reads.
func TestReadOnlyServer(t *testing.T) {
	for _, c := range []struct{ driver, env, sql, advice string }{
		{"pgx", "SIGNEDIN_TEST_POSTGRES", `SET default_transaction_read_only = on`, "connect to the primary"},
		// Not lib/pq, which asks for READ WRITE.
		{"mysql", "SIGNEDIN_TEST_MYSQL", `SET SESSION TRANSACTION READ ONLY`, "only reads"},
	} {
		t.Run(c.driver, func(t *testing.T) {
			db := open(t, c.driver, service(t, c.env))
			cfg := sqlstore.Config{Prefix: newPrefix(t, open(t, c.driver, service(t, c.env)))}
			db.SetMaxOpenConns(1) // of which the setting is
			store := migrated(t, db, cfg)
			if err := store.Create(t.Context(), sample(1)); err != nil {
				t.Fatal(err)
			}
			mustExec(t, db, c.sql)
			if _, _, err := store.Get(t.Context(), sample(1).ID); err != nil {
				t.Errorf("Get: %v", err)
			}
			_, err := store.Revoke(t.Context(), session.Revocation{UserID: "ada", All: true})
			wantTrouble(t, err, "revoke", c.advice)
			err = newError(t, db, cfg)
			if denied := new(sqlstore.AccessError); !errors.As(err, &denied) || !strings.Contains(err.Error(), c.advice) {
				t.Errorf("New: got %v, want an AccessError that says %q", err, c.advice)
			}
		})
	}
}

// TestPostgresAccess has a database user who lacks rights, one after another.
func TestPostgresAccess(t *testing.T) {
	admin := openPostgres(t, "pgx")
	cfg := sqlstore.Config{Prefix: newPrefix(t, admin)}
	name := cfg.Prefix + "user"
	mustExec(t, admin, `CREATE ROLE `+name+` LOGIN`)
	t.Cleanup(func() { mustExec(t, admin, `DROP OWNED BY `+name); mustExec(t, admin, `DROP ROLE `+name) })
	where, err := url.Parse(service(t, "SIGNEDIN_TEST_POSTGRES"))
	if err != nil {
		t.Fatal(err)
	}
	where.User = url.User(name)
	for _, driver := range []string{"pgx", "postgres"} {
		stranger := *where
		stranger.User = url.User("nobody_of_that_name")
		wantDenied(t, "New by a user who does not exist", newError(t, open(t, driver, stranger.String()), cfg), "check the data source name")
		db := open(t, driver, where.String())
		mustExec(t, admin, `DROP OWNED BY `+name)
		mustExec(t, admin, `REVOKE CREATE ON SCHEMA public FROM PUBLIC`)
		if driver == "pgx" {
			wantDenied(t, "Migrate", sqlstore.Migrate(t.Context(), db, cfg), "permission denied", "may create tables")
			migrated(t, admin, cfg)
		}
		grant := func(rights, tables string) {
			t.Helper()
			mustExec(t, admin, "GRANT "+rights+" ON "+prefixed(cfg.Prefix, tables)+" TO "+name)
		}
		grant("SELECT", "schema, everyone, sessions, users, profiles, bumps, issued, issuers")
		wantDenied(t, "New", newError(t, db, cfg), "permission denied", "grant it SELECT, INSERT, UPDATE and DELETE")
		grant("UPDATE", "everyone")
		wantDenied(t, "New", newError(t, db, cfg), "lacks rights", "INSERT on "+cfg.Prefix+"sessions", "DELETE on "+cfg.Prefix+"profiles")
		grant("INSERT, UPDATE, DELETE", "sessions, users, profiles, bumps, issued, issuers")
		if err := newError(t, db, cfg); err != nil {
			t.Errorf("with all rights: %v", err)
		}
	}
}

func prefixed(prefix, tables string) string {
	return prefix + strings.ReplaceAll(tables, ", ", ", "+prefix)
}

// TestMySQLAccess is the same on MySQL, where preparing a statement tells.
func TestMySQLAccess(t *testing.T) {
	admin := openMySQL(t, "")
	cfg := sqlstore.Config{Prefix: newPrefix(t, admin)}
	name := cfg.Prefix + "user"
	mustExec(t, admin, fmt.Sprintf(`CREATE USER %s@127.0.0.1 IDENTIFIED BY 'x'`, name))
	t.Cleanup(func() { mustExec(t, admin, fmt.Sprintf(`DROP USER %s@127.0.0.1`, name)) })
	_, rest, _ := strings.Cut(service(t, "SIGNEDIN_TEST_MYSQL"), "@")
	connect := func() *sqlx.DB { return open(t, "mysql", name+":x@"+rest) }

	wantDenied(t, "Migrate without the database", sqlstore.Migrate(t.Context(), connect(), cfg), "grant it SELECT")
	stranger := open(t, "mysql", name+":wrong@"+rest)
	wantDenied(t, "New with a wrong password", newError(t, stranger, cfg), "check the data source name")
	migrated(t, admin, cfg)
	grant := func(rights, tables string) {
		t.Helper()
		for table := range strings.SplitSeq(prefixed(cfg.Prefix, tables), ", ") {
			mustExec(t, admin, fmt.Sprintf(`GRANT %s ON %s TO %s@127.0.0.1`, rights, table, name))
		}
	}
	grant("SELECT", "schema, everyone, sessions, users, profiles, bumps, issued, issuers, log")
	other := sqlstore.Config{Prefix: newPrefix(t, admin)}
	wantDenied(t, "Migrate", sqlstore.Migrate(t.Context(), connect(), other), "denied", "may create tables")
	wantDenied(t, "New", newError(t, connect(), cfg), "denied", "grant it SELECT, INSERT, UPDATE and DELETE")
	grant("UPDATE", "everyone")
	grant("INSERT, UPDATE, DELETE", "sessions, users, profiles, bumps, issued, issuers, log")
	if err := newError(t, connect(), cfg); err != nil {
		t.Errorf("with all rights: %v", err)
	}
}

// TestRedisAccess has users whom the server allows too little.
func TestRedisAccess(t *testing.T) {
	server := startRedis(t)
	for name, c := range map[string]struct{ rules, store, bus string }{
		"all that is advised": {"~signedin:* &signedin:* +@read +@write +@scripting +@connection +@pubsub +info +time", "", ""},
		"no scripts":          {"~* &* +@all -@scripting", "+@scripting", ""},
		"other keys":          {"~other:* &* +@all", "~<prefix>*", ""},
		"nothing to write":    {"~* &* +@read +@scripting +@connection +@pubsub +info +time", "+@write", ""},
		"no channels":         {"~* resetchannels +@all", "", "&<prefix>*"},
	} {
		t.Run(name, func(t *testing.T) {
			client := server.allowed(t, c.rules)
			_, err := redisstore.New(t.Context(), client, redisstore.Config{ReadTimeout: 10 * time.Second})
			wantRefusal(t, "New", err, c.store)
			wantRefusal(t, "Bus", busTrouble(t, client), c.bus)
		})
	}
}

// allowed returns the client of a user whom the server allows this only.
func (s *redisProcess) allowed(t *testing.T, rules string) *redis.Client {
	t.Helper()
	user := rand.Text()
	args := []any{"ACL", "SETUSER", user, "reset", "on", ">secret"}
	for rule := range strings.FieldsSeq(rules) {
		args = append(args, rule)
	}
	if err := s.client(t).Do(t.Context(), args...).Err(); err != nil {
		t.Fatal(err)
	}
	return closing(t, redis.NewClient(&redis.Options{Addr: s.addr, Username: user, Password: "secret", ContextTimeoutEnabled: true}))
}

func wantRefusal(t *testing.T, what string, err error, says string) {
	t.Helper()
	if says == "" {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		return
	}
	wantRedisTrouble(t, what, err, "NOPERM", "ACL SETUSER", says)
	if denied := new(redisstore.AccessError); !errors.As(err, &denied) {
		t.Errorf("%s: got %v, want an AccessError", what, err)
	}
}

// busTrouble returns what a Bus tells its logger when it begins, nil if it
// works.
func busTrouble(t *testing.T, client redis.UniversalClient) (trouble error) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	log := slog.New(slog.NewTextHandler(new(bytes.Buffer), &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if err, ok := a.Value.Any().(error); ok {
			trouble = err
			cancel()
		}
		return a
	}}))
	bus := redisstore.NewBus(client, redisstore.Config{Logger: log})
	var once sync.Once
	_ = bus.Run(ctx, func(session.Message) { once.Do(cancel) })
	return trouble
}
