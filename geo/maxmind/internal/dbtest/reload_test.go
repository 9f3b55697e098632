package dbtest_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/maxmind/mmdbwriter"

	"github.com/signedin/signedin/geo/maxmind"
)

// replace puts a new file in place of the one at path, as geoipupdate does.
func replace(t testing.TB, path string, b []byte) {
	t.Helper()
	temporary := path + ".temporary"
	if err := os.WriteFile(temporary, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(temporary, path); err != nil {
		t.Fatal(err)
	}
}

// overwrite changes the file at path in place, as cp does.
func overwrite(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// newFile opens a database in a file of its own.
func newFile(t testing.TB, b []byte, cfg maxmind.Config) (*maxmind.DB, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "geo.mmdb")
	replace(t, path, b)
	db, err := maxmind.New(path, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return db, path
}

// town makes a database that places all of 8.0.0.0/8 in one city.
func town(t testing.TB, name string, epoch int64) []byte {
	return build(t, mmdbwriter.Options{DatabaseType: "Test-City", BuildEpoch: epoch}, networks{
		"8.0.0.0/8": nested("NL", "Netherlands", name, 52, 5, 10),
	})
}

func TestReload(t *testing.T) {
	for _, mmap := range []bool{false, true} {
		db, path := newFile(t, town(t, "Amsterdam", epoch), maxmind.Config{Mmap: mmap})
		replace(t, path, town(t, "Utrecht", epoch+1))
		if got := locate(t, db, "8.8.8.8").City; got != "Amsterdam" {
			t.Errorf("before: %q", got)
		}
		if err := db.Reload(); err != nil {
			t.Fatal(err)
		}
		if got := locate(t, db, "8.8.8.8").City; got != "Utrecht" {
			t.Errorf("after: %q", got)
		}
		if want := time.Unix(epoch+1, 0); !db.BuildTime().Equal(want) {
			t.Errorf("built %v, want %v", db.BuildTime(), want)
		}
	}
}

// TestReloadRefuses tries every way to put a wrong file in place.
func TestReloadRefuses(t *testing.T) {
	amsterdam := town(t, "Amsterdam", epoch)
	newer := town(t, "Utrecht", epoch+1)
	countries := build(t, mmdbwriter.Options{DatabaseType: "Test-Country", BuildEpoch: epoch + 1}, networks{
		"8.0.0.0/8": fields{"country": fields{"iso_code": str("DE")}},
	})
	connections := build(t, mmdbwriter.Options{DatabaseType: "Test-Connection-Type", BuildEpoch: epoch + 1}, networks{
		"8.0.0.0/8": fields{"connection_type": str("Cellular")},
	})
	for name, b := range map[string][]byte{
		"empty":                 nil,
		"garbage":               bytes.Repeat([]byte("garbage"), 1000),
		"truncated":             newer[:len(newer)-20],
		"half":                  newer[:len(newer)/2],
		"older":                 town(t, "Utrecht", epoch-1),
		"systems":               systemDB(t, epoch+1),
		"countries only":        countries,
		"connection types":      connections,
		"of the distant future": town(t, "Utrecht", 1<<61),
	} {
		for way, put := range map[string]func(testing.TB, string, []byte){"renamed": replace, "in place": overwrite} {
			db, path := newFile(t, amsterdam, maxmind.Config{})
			put(t, path, b)
			if err := db.Reload(); err == nil {
				t.Errorf("%s, %s: no error", name, way)
			}
			if got := locate(t, db, "8.8.8.8").City; got != "Amsterdam" {
				t.Errorf("%s, %s: %q, want Amsterdam", name, way, got)
			}
			put(t, path, newer)
			if err := db.Reload(); err != nil || locate(t, db, "8.8.8.8").City != "Utrecht" {
				t.Errorf("%s, %s: not replaced by a good one: %v", name, way, err)
			}
		}
	}
}

func TestReloadRefusesOtherKinds(t *testing.T) {
	city := cityDB(t, epoch)
	anonymous := build(t, mmdbwriter.Options{DatabaseType: "Test-Anonymous", BuildEpoch: epoch}, networks{
		"8.0.0.0/8": fields{"connection_type": str("Cellular")},
	})
	systems := systemDB(t, epoch)
	for name, pair := range map[string][2][]byte{
		"systems, then cities":   {systems, city},
		"kinds, then cities":     {anonymous, city},
		"kinds, then systems":    {anonymous, systems},
		"systems, then kinds":    {systems, anonymous},
		"cities, then the kinds": {city, anonymous},
	} {
		db, path := newFile(t, pair[0], maxmind.Config{})
		before := db.Type()
		replace(t, path, pair[1])
		if err := db.Reload(); err == nil || db.Type() != before {
			t.Errorf("%s: %v, now %s", name, err, db.Type())
		}
	}
}

// A log keeps what a Logger was told, one line each.
type log struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *log) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func (l *log) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), text)
}

func TestRun(t *testing.T) {
	var told log
	// The bubble's clock starts in 2000: files keep the real one.
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	db, path := newFile(t, town(t, "Amsterdam", now), maxmind.Config{Logger: told.logger()})
	synctest.Test(t, func(t *testing.T) {
		stop := errors.New("stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		ended := make(chan error)
		go func() { ended <- db.Run(ctx) }()
		step := func(what, city string, updates, refusals int) {
			t.Helper()
			time.Sleep(61 * time.Second)
			synctest.Wait()
			if got := locate(t, db, "8.8.8.8").City; got != city {
				t.Errorf("%s: %q, want %q", what, got, city)
			}
			if u, r := told.count("updated"), told.count("refused"); u != updates || r != refusals {
				t.Errorf("%s: %d updates and %d refusals in the log, want %d and %d", what, u, r, updates, refusals)
			}
		}
		step("unchanged", "Amsterdam", 0, 0)
		replace(t, path, []byte("garbage"))
		step("garbage", "Amsterdam", 0, 1)
		step("still garbage", "Amsterdam", 0, 1)
		replace(t, path, town(t, "Utrecht", now+1))
		step("a newer one", "Utrecht", 1, 1)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		step("none", "Utrecht", 1, 2)
		step("still none", "Utrecht", 1, 2)
		replace(t, path, town(t, "Leiden", now+2))
		if err := os.Chtimes(path, time.Time{}, time.Unix(0, 0)); err != nil {
			t.Fatal(err) // geoipupdate's PreserveFileTimes
		}
		step("a newer one with an old time", "Leiden", 2, 2)
		if n := told.count("is old"); n != 0 {
			t.Errorf("called old %d times", n)
		}
		time.Sleep(31 * 24 * time.Hour)
		step("after a month", "Leiden", 2, 2)
		if n := told.count("is old"); n != 1 {
			t.Errorf("called old %d times, want once", n)
		}
		cancel(stop)
		if err := <-ended; !errors.Is(err, stop) {
			t.Errorf("ended with %v, want %v", err, stop)
		}
	})
}

func TestRunWithoutFile(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := open(t, cityDB(t, epoch), maxmind.Config{}).Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want %v", err, context.Canceled)
	}
}

// TestReloadUnderLoad changes the file, to good ones and bad, while others read.
func TestReloadUnderLoad(t *testing.T) {
	const swaps, lookups = 12, 200_000
	for name, cfg := range map[string]maxmind.Config{"memory": {}, "mmap": {Mmap: true}} {
		t.Run(name, func(t *testing.T) {
			db, path := newFile(t, town(t, "Amsterdam", epoch), cfg)
			before := heap()
			var (
				done    atomic.Bool
				count   atomic.Int64
				readers sync.WaitGroup
			)
			for range 4 {
				readers.Go(func() {
					for i := 0; !done.Load() || count.Load() < lookups; i++ {
						checkTown(t, db, byte(i))
						count.Add(1)
					}
				})
			}
			for i := range int64(swaps) {
				replace(t, path, []byte("garbage"))
				if err := db.Reload(); err == nil {
					t.Error("garbage: no error")
				}
				replace(t, path, town(t, []string{"Utrecht", "Amsterdam"}[i%2], epoch+i))
				if err := db.Reload(); err != nil {
					t.Error(err)
				}
				waitFor(&count, (i+1)*lookups/swaps)
			}
			done.Store(true)
			readers.Wait()
			if after := heap(); after > before+4<<20 {
				t.Errorf("%d bytes in use, %d before", after, before)
			}
			for range 100 { // cleanups run some time after the collection
				if mappings(path) <= 1 {
					break
				}
				runtime.GC()
				time.Sleep(10 * time.Millisecond)
			}
			if n := mappings(path); n > 1 {
				t.Errorf("%d mappings of the file, want at most 1", n)
			}
			runtime.KeepAlive(db)
		})
	}
}

func checkTown(t *testing.T, db *maxmind.DB, b byte) {
	l, err := db.Locate(context.Background(), netip.AddrFrom4([4]byte{8, b, b, b}))
	// Each edition has its city and the time zone named after it.
	if err != nil || l.City != "Amsterdam" && l.City != "Utrecht" || l.TimeZone != "Europe/"+l.City {
		t.Errorf("%+v, %v", l, err)
	}
}

func waitFor(count *atomic.Int64, n int64) {
	for count.Load() < n {
		runtime.Gosched()
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC() // what the first one only took out of pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// mappings counts those of a file in this process, where the system tells.
func mappings(path string) int {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return 0
	}
	return bytes.Count(maps, []byte(filepath.Dir(path)))
}
