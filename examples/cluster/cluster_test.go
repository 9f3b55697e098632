package main

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/store/storetest/need"
)

// database makes a database of the test's own on a server, and drops it.
func database(t *testing.T, driver, dsn string) (name string) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	name = fmt.Sprintf("cluster_%d", os.Getpid())
	if _, err := db.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		defer db.Close()
		if _, err := db.ExecContext(context.Background(), "DROP DATABASE "+name); err != nil {
			t.Error(err)
		}
	})
	return name
}

// replacePath puts another database into a DSN that ends with one.
func replacePath(dsn, name string) string {
	dsn, params, _ := strings.Cut(dsn, "?")
	return dsn[:strings.LastIndex(dsn, "/")+1] + name + "?" + params
}

func TestSQLite(t *testing.T) {
	promises(t, func(t *testing.T) string { return filepath.Join(t.TempDir(), "cluster.db") })
}

func TestPostgres(t *testing.T) {
	dsn := need.Server(t, "SIGNEDIN_TEST_POSTGRES")
	promises(t, func(t *testing.T) string { return replacePath(dsn, database(t, "pgx", dsn)) })
}

func TestMySQL(t *testing.T) {
	dsn := need.Server(t, "SIGNEDIN_TEST_MYSQL")
	promises(t, func(t *testing.T) string {
		cfg, err := mysqlConfig(replacePath(dsn, database(t, "mysql", dsn)))
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("mysql://%s:%s@%s/%s", cfg.User, cfg.Passwd, cfg.Addr, cfg.DBName)
	})
}

func TestRedis(t *testing.T) {
	addr := strings.TrimPrefix(need.Server(t, "SIGNEDIN_TEST_REDIS"), "redis://")
	promises(t, func(t *testing.T) string {
		client := redis.NewClient(&redis.Options{Addr: addr, DB: 9})
		if n, err := client.DBSize(t.Context()).Result(); err != nil || n > 0 {
			t.Fatalf("database 9 has %d keys, %v", n, err)
		}
		t.Cleanup(func() {
			defer client.Close()
			if err := client.FlushDB(context.Background()).Err(); err != nil {
				t.Error(err)
			}
		})
		return "redis://" + addr + "/9"
	})
}

// promises checks what the README promises, with and without copies.
func promises(t *testing.T, newDSN func(t *testing.T) string) {
	for _, cached := range []bool{false, true} {
		t.Run(fmt.Sprintf("cached=%v", cached), func(t *testing.T) {
			t.Setenv("XDG_STATE_HOME", t.TempDir()) // the users of Redis
			dsn := newDSN(t)
			args := []string{"-db", dsn, fmt.Sprintf("-cached=%v", cached)}
			p := start(t, args...)
			keep := p.revokes(t, cached)
			p.goesOn(t, keep)
			noted := p.visits(t, keep, p.instances[0])
			p.stop(t)
			wantVisit(t, dsn, noted)
			p = start(t, args...)
			if strings.Contains(strings.Join(p.told, "\n"), "Made two users") {
				t.Error("users were made again")
			}
			if got := keep.status(t, "GET", p.proxy+"/api/me"); got != http.StatusOK {
				t.Errorf("after a restart: got %d", got)
			}
			p.stop(t)
		})
	}
}

// revokes signs in at the first instance, opens a stream at the third, and
// signs that device out at the second. It returns the one that did so.
func (p *program) revokes(t *testing.T, cached bool) (keep client) {
	t.Helper()
	keep, victim := app(t, p.instances[0]), browser(t, p.instances[0])
	for _, at := range append(p.instances, p.proxy, p.proxy) {
		if got := victim.status(t, "GET", at+"/api/me"); got != http.StatusOK {
			t.Fatalf("at %s: got %d", at, got)
		}
	}
	id := victim.id(t, p.instances[0])
	ended := victim.stream(t, p.instances[2])
	byProxy := victim.stream(t, p.proxy)
	if got := metricOf(t, p.instances[2], "signedin_connections_open"); got < 1 {
		t.Errorf("%v connections are open where a stream is", got)
	}
	done := keep.status(t, "DELETE", p.instances[1]+"/account/devices/api/sessions/"+id)
	if done != http.StatusNoContent && done != http.StatusNotFound { // done before, if it was sent again
		t.Fatalf("sign-out: got %d", done)
	}
	revoked := time.Now()
	late := make([]time.Duration, instances)
	for i, at := range p.instances {
		for victim.status(t, "GET", at+"/api/me") == http.StatusOK {
			if late[i] = time.Since(revoked); late[i] > time.Minute {
				t.Fatalf("sign-out: got %d, and after a minute the session is let in", done)
			}
		}
	}
	t.Logf("refused after %v; the stream ended after %v, by the proxy %v", late, (<-ended).Sub(revoked), (<-byProxy).Sub(revoked))
	if late[1] > 0 || !cached && late[0]+late[2] > 0 {
		t.Errorf("accepted after the sign-out had been answered: %v", late)
	}
	if got := keep.status(t, "GET", p.instances[2]+"/api/me"); got != http.StatusOK {
		t.Errorf("the one that signed the other out: got %d", got)
	}
	if got := metricOf(t, p.instances[1], `signedin_sessions_ended_total{why="revoked"}`); got != 1 && done == http.StatusNoContent {
		t.Errorf("the second instance counts %v sessions ended, want 1", got)
	}
	if got := metricOf(t, p.instances[2], `signedin_credentials_refused_total{why="revoked"}`); got < 1 {
		t.Errorf("the third instance counts %v refused, want 1", got)
	}
	return keep
}

// goesOn kills the second instance: the proxy goes on with the others.
func (p *program) goesOn(t *testing.T, keep client) {
	t.Helper()
	served := make(map[string]bool)
	ask := func() {
		for range 2 * instances {
			res := keep.do(t, "GET", p.proxy+"/api/me")
			res.Body.Close()
			if res.StatusCode != http.StatusOK {
				t.Errorf("got %s", res.Status)
			}
			served["http://"+res.Header.Get("Served-By")] = true
		}
	}
	ask()
	if got := slices.Sorted(maps.Keys(served)); !slices.Equal(got, slices.Sorted(slices.Values(p.instances))) {
		t.Errorf("requests were served by %v, want all of %v", got, p.instances)
	}
	victim, err := os.FindProcess(p.pids[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Kill(); err != nil {
		t.Fatal(err)
	}
	untilGone(p.instances[1])
	clear(served)
	ask()
	if served[p.instances[1]] || len(served) != 2 {
		t.Errorf("after the death of %s: served by %v", p.instances[1], served)
	}
}

// untilGone returns when nobody listens there any more.
func untilGone(at string) {
	for {
		conn, err := net.Dial("tcp", strings.TrimPrefix(at, "http://"))
		if err != nil {
			return
		}
		conn.Close()
	}
}

// Instances do not outlive the program, however it ends.
func TestNoOrphans(t *testing.T) {
	p := start(t, "-db", filepath.Join(t.TempDir(), "cluster.db"))
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait() // killed
	for _, at := range p.instances {
		untilGone(at)
	}
}

// visit is what was noted of a session.
type visit struct{ id, ip string }

// visits has a device be seen at another place, right before the end.
func (p *program) visits(t *testing.T, c client, at string) visit {
	t.Helper()
	v := visit{c.id(t, at), "203.0.113.7"}
	if got := c.status(t, "GET", at+"/api/me", "X-Forwarded-For", v.ip); got != http.StatusOK {
		t.Fatalf("got %d", got)
	}
	return v
}

// wantVisit looks into the database: nobody runs who could still write.
func wantVisit(t *testing.T, dsn string, want visit) {
	t.Helper()
	b, err := open(t.Context(), dsn, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	s, _, err := b.store.Get(t.Context(), uuid.MustParse(want.id))
	if err != nil || s.Last.IP.String() != want.ip {
		t.Errorf("got a last visit from %v, %v, want one from %s", s.Last.IP, err, want.ip)
	}
}
