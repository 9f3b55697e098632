package memstore_test

import (
	"fmt"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

// filled returns a store with n sessions as users have them: a few hundred kinds
// of device and places, an address of their own, perUser of each user.
func filled(b testing.TB, n, perUser int) (*memstore.Store, []session.ID) {
	st, ids := memstore.New(), make([]session.ID, n)
	now := time.Now().UTC()
	for i := range n {
		id := uuid.Must(uuid.NewV7())
		ip := netip.AddrFrom4([4]byte{byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)})
		v := session.Visit{
			At: now, IP: ip, Network: geo.Network(ip),
			Device:   device.Device{Kind: device.KindPhone, Browser: "Chrome", BrowserVersion: fmt.Sprint(100 + i%50), OS: "Android", OSVersion: fmt.Sprint(10 + i%7)},
			Location: geo.Location{Scope: geo.ScopeGlobal, CountryCode: "NL", Country: "Netherlands", City: fmt.Sprint("City ", i%5000), ASN: uint32(i % 900)},
		}
		s := &session.Session{
			ID: id, UserID: fmt.Sprint("user", i/perUser), Carrier: session.CarrierCookie, First: v, Last: v, AuthenticatedAt: now,
			Methods: []string{"pwd"}, Persistent: true, ExpiresAt: now.Add(24 * time.Hour * time.Duration(90+i%3)), IdleTimeout: 720 * time.Hour,
			Secrets: session.Secrets{Current: session.SecretHash{1, byte(i)}, RotatedAt: now, SeenAt: now}, DeviceKey: session.DeviceKey{byte(i), byte(i >> 8)},
		}
		if err := st.Create(b.Context(), s); err != nil {
			b.Fatal(err)
		}
		ids[i] = id
	}
	return st, ids
}

// BenchmarkMemory reports what a session takes of the heap, of which its user, its
// device, its place and all tables are part, and the processor time of a full
// garbage collection for each.
func BenchmarkMemory(b *testing.B) {
	for _, perUser := range []int{1, 20} {
		b.Run(fmt.Sprintf("%d a user", perUser), func(b *testing.B) {
			const n = 1_000_000
			for b.Loop() {
				before := heap()
				st, ids := filled(b, n, perUser)
				b.ReportMetric(float64(heap()-before)/n-16, "B/session") // without ids
				begin := time.Now()
				runtime.GC()
				b.ReportMetric(float64(time.Since(begin).Milliseconds()), "GC-ms")
				runtime.KeepAlive(ids)
				runtime.KeepAlive(st)
			}
		})
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first one has swept
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
