package peers_test

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	scsmemstore "github.com/alexedwards/scs/v2/memstore"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

func addressOf(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(10 + i>>24), byte(i >> 16), byte(i >> 8), byte(i)})
}

func userOf(i int) string { return fmt.Sprint("user", i) }

// ourMillion returns a store with n sessions, each of a user, of a few hundred
// kinds of device and some thousand places.
func ourMillion(t testing.TB, n int) session.Store {
	st := memstore.New()
	now := time.Now().UTC()
	for i := range n {
		v := session.Visit{
			At: now, IP: addressOf(i), Network: geo.Network(addressOf(i)),
			Device:   device.Device{Kind: device.KindPhone, Browser: "Chrome", BrowserVersion: fmt.Sprint(100 + i%50), OS: "Android", OSVersion: fmt.Sprint(10 + i%7)},
			Location: geo.Location{Scope: geo.ScopeGlobal, CountryCode: "NL", Country: "Netherlands", City: fmt.Sprint("City ", i%5000), ASN: uint32(i % 900)},
		}
		s := &session.Session{
			UserID: userOf(i), Carrier: session.CarrierCookie, First: v, Last: v, AuthenticatedAt: now, Methods: []string{"pwd"},
			Persistent: true, ExpiresAt: now.Add(90 * 24 * time.Hour), IdleTimeout: 720 * time.Hour,
			Secrets: session.Secrets{RotatedAt: now, SeenAt: now}, DeviceKey: session.DeviceKey{byte(i), byte(i >> 8)},
		}
		_, _ = rand.Read(s.ID[:])
		_, _ = rand.Read(s.Secrets.Current[:])
		if err := st.Create(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	return st
}

// scsMillion returns a store of scs with the same.
func scsMillion(t testing.TB, n int) scs.Store {
	st := scsmemstore.NewWithCleanupInterval(0)
	end := time.Now().Add(90 * 24 * time.Hour)
	for i := range n {
		b, err := scs.GobCodec{}.Encode(end, map[string]any{"user": userOf(i), "ip": addressOf(i).String(), "ua": agent, "created": end.Unix()})
		if err != nil {
			t.Fatal(err)
		}
		var token [32]byte
		_, _ = rand.Read(token[:])
		if err := st.Commit(base64.RawURLEncoding.EncodeToString(token[:]), b, end); err != nil {
			t.Fatal(err)
		}
	}
	return st
}
