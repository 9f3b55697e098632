package main

import (
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo/embedded"
	"github.com/signedin/signedin/middleware/immich"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

// A stranger who signs in to somebody's Immich from another country is told of,
// by an e-mail to the address that Immich has for the user; in watch mode, one who
// may be a friend's laptop is not.
func TestOutbox(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		watch time.Duration
		want  int
	}{{-1, 1}, {0, 0}} {
		store, now, dir := memstore.New(), time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC), t.TempDir()
		box, err := newOutbox(dir, store)
		if err != nil {
			t.Fatal(err)
		}
		cfg := session.Config{WatchMode: c.watch, ProfileKeys: session.NewKeys([]byte("0123456789abcdef0123456789abcdef")), Locator: embedded.New(), Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }}
		if err := watch(&cfg, store, box, new(guesses), []byte("fedcba9876543210fedcba9876543210"), "/devices"); err != nil {
			t.Fatal(err)
		}
		m, err := session.New(store, cfg)
		if err != nil {
			t.Fatal(err)
		}
		in := func(token, ip, agent string) {
			t.Helper()
			from := session.Origin{IP: netip.MustParseAddr(ip), Hints: device.Hints{UserAgent: agent}}
			_, err := m.Adopt(t.Context(), session.ForeignCredential(token), from, session.Adoption{UserID: "6f1c6c1e-57a5-4f0e-9a3c-0b7a8a4f1e11", SignedIn: true, Attrs: map[string]string{immich.AttrEmail: "ann@example.com"}})
			if err != nil {
				t.Fatal(err)
			}
		}
		for i := range 4 {
			in(strings.Repeat("a", i+1), "193.0.6.139", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0")
			now = now.Add(60 * time.Hour)
		}
		in("stranger", "203.119.101.61", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0")
		files, err := filepath.Glob(filepath.Join(dir, "*", "*.eml"))
		if err != nil || len(files) != c.want {
			t.Fatalf("watch %v: got %v, %v", c.watch, files, err)
		}
		for _, f := range files {
			mail, err := os.ReadFile(f)
			if err != nil || !strings.HasPrefix(string(mail), "To: ann@example.com\n") || !strings.Contains(string(mail), "the account ann@example.com") || !strings.Contains(string(mail), "Australia") {
				t.Errorf("got %v, %s", err, mail)
			}
		}
	}
}
