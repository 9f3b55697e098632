package main

import (
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What cannot be started says in one line what is wrong, and no password.
func TestRefused(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	picture := filepath.Join(t.TempDir(), "picture.db")
	if err := os.WriteFile(picture, []byte(strings.Repeat("picture", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		flags flags
		want  string
	}{
		"port taken":     {flags{db: picture, basePort: taken.Addr().(*net.TCPAddr).Port}, "-base-port: listen tcp"},
		"no database":    {flags{db: picture}, "-db " + picture + ": "},
		"no directory":   {flags{db: "/nowhere/at/all"}, "-db /nowhere/at/all: "},
		"another kind":   {flags{db: "mongodb://ada:secret@127.0.0.1:1/x"}, "-db mongodb://ada:xxxxx@127.0.0.1:1/x: want "},
		"no PostgreSQL":  {flags{db: "postgres://ada:secret@127.0.0.1:1/x"}, "-db postgres://ada:xxxxx@127.0.0.1:1/x: "},
		"no MySQL":       {flags{db: "mysql://ada:secret@127.0.0.1:1/x"}, "-db mysql://127.0.0.1:1/x: "},
		"no MySQL DSN":   {flags{db: "ada:secret@tcp(127.0.0.1:1)/x"}, "-db mysql://127.0.0.1:1/x: "},
		"a broken DSN":   {flags{db: "ada:secret@tcp(127.0.0.1:1"}, "-db mysql: "},
		"no Redis":       {flags{db: "redis://ada:secret@127.0.0.1:1"}, "-db redis://ada:xxxxx@127.0.0.1:1: "},
		"a broken Redis": {flags{db: "redis://127.0.0.1/x"}, "-db redis://127.0.0.1/x: "},
	} {
		err := serveCluster(t.Context(), c.flags, io.Discard, slog.New(slog.DiscardHandler))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	if _, err := os.Stat(picture + ".key"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a key was made: %v", err)
	}
}

func TestMySQLConfig(t *testing.T) {
	const want = "ada:pass word@tcp(db.example:3306)/sessions"
	for _, dsn := range []string{"mysql://ada:pass%20word@db.example/sessions", "ada:pass word@tcp(db.example)/sessions"} {
		cfg, err := mysqlConfig(dsn)
		if err != nil || cfg.FormatDSN() != want {
			t.Errorf("%s: got %s, %v, want %s", dsn, cfg.FormatDSN(), err, want)
		}
	}
}
