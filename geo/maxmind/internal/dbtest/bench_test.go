package dbtest_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"testing"

	"github.com/maxmind/mmdbwriter"

	"github.com/signedin/signedin/geo/maxmind"
	"github.com/signedin/signedin/store/storetest/need"
)

// manyCities makes a database of 16384 networks in 8192 cities, more than
// maxminddb keeps the names of.
func manyCities(t testing.TB) []byte {
	ns := make(networks, 1<<14)
	for i := range 1 << 14 {
		lat, lon := float64(i%160)-80+0.123, float64(i%340)-170+0.456
		record := nested("NL", "Netherlands", fmt.Sprintf("City %d", i>>1), lat, lon, uint16(i%200))
		record["location"].(fields)["time_zone"] = str("Europe/Amsterdam")
		ns[fmt.Sprintf("%d.%d.%d.0/24", 20+i>>10, i>>2&255, i<<6&255)] = record
	}
	return build(t, mmdbwriter.Options{DatabaseType: "Test-City"}, ns)
}

func randomAddress() netip.Addr {
	i := rand.Uint32N(1 << 14)
	return netip.AddrFrom4([4]byte{byte(20 + i>>10), byte(i >> 2), byte(i << 6), 1})
}

func TestLocateAllocations(t *testing.T) {
	db, ctx := open(t, manyCities(t), maxmind.Config{}), t.Context()
	n := need.Allocations(func() {
		if l, err := db.Locate(ctx, randomAddress()); err != nil || l.City == "" {
			t.Fatalf("%+v, %v", l, err)
		}
	})
	if n > 1 {
		t.Errorf("%v allocations for an address that was not looked up before, want at most 1", n)
	}
	ip := randomAddress()
	if n := need.Allocations(func() { _, _ = db.Locate(ctx, ip) }); n != 0 {
		t.Errorf("%v allocations for the same address again, want 0", n)
	}
}

func BenchmarkLocate(b *testing.B) {
	db := open(b, manyCities(b), maxmind.Config{})
	b.Run("random", func(b *testing.B) { locateRandom(b, db, randomAddress) })
	same := randomAddress()
	b.Run("same", func(b *testing.B) { locateRandom(b, db, func() netip.Addr { return same }) })
}

// BenchmarkLocateFile looks random addresses up in the file that GEO_DB names.
func BenchmarkLocateFile(b *testing.B) {
	path := os.Getenv("GEO_DB")
	if path == "" {
		b.Skip("GEO_DB names no file")
	}
	db, err := maxmind.New(path, maxmind.Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("v4", func(b *testing.B) {
		locateRandom(b, db, func() netip.Addr {
			i := rand.Uint32()
			return netip.AddrFrom4([4]byte{byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)})
		})
	})
}

func locateRandom(b *testing.B, db *maxmind.DB, next func() netip.Addr) {
	b.ReportAllocs()
	ctx := b.Context()
	for b.Loop() {
		if _, err := db.Locate(ctx, next()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	file := manyCities(b)
	b.ReportAllocs()
	for b.Loop() {
		open(b, file, maxmind.Config{})
	}
}
