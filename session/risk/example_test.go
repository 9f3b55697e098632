package risk_test

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/risk"
	"github.com/signedin/signedin/store/memstore"
)

// A user signs in at home for a week. Then somebody has the password.
func Example() {
	assessor, err := risk.New(risk.Config{Key: session.NewKeys([]byte("32 random bytes from your secrets"))})
	if err != nil {
		panic(err)
	}
	now := time.Date(2026, 3, 2, 19, 0, 0, 0, time.UTC)
	manager, err := session.New(memstore.New(), session.Config{
		Assessor:    assessor,
		ProfileKeys: session.NewKeys([]byte("and 32 more, which seal the profiles")),
		Now:         func() time.Time { return now },
		Locator: geo.LocatorFunc(func(_ context.Context, ip netip.Addr) (geo.Location, error) {
			if ip.As4()[0] == 93 {
				return geo.Location{Scope: geo.ScopeGlobal, CountryCode: "RO", ASN: 9, Network: geo.KindHosting}, nil
			}
			return geo.Location{Scope: geo.ScopeGlobal, CountryCode: "NO", ASN: 2119, Network: geo.KindResidential}, nil
		}),
	})
	if err != nil {
		panic(err)
	}
	signIn := func(ip, userAgent string, id session.DeviceID) *session.Session {
		ticket, err := manager.BeginSignIn(context.Background(), "alice")
		if err != nil {
			panic(err)
		}
		from := session.Origin{IP: netip.MustParseAddr(ip), Hints: device.Hints{UserAgent: userAgent}}
		s, _, err := manager.Start(context.Background(), ticket, from, session.StartOptions{DeviceID: id})
		if err != nil {
			panic(err)
		}
		return s
	}

	laptop := session.NewDeviceID()
	for range 4 {
		s := signIn("81.166.10.20", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", laptop)
		fmt.Println(len(s.Signals), "signals")
		now = now.Add(48 * time.Hour)
	}
	for range 4 {
		assessor.Failed("alice", now)
	}
	s := signIn("93.184.10.20", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36", session.NewDeviceID())
	for _, signal := range s.Signals {
		fmt.Println(signal.Text)
	}

	// Output:
	// 0 signals
	// 0 signals
	// 0 signals
	// 0 signals
	// A device you don't usually use: Chrome on Linux.
	// You're not usually active in Romania.
	// The connection came through a VPN or data centre.
	// 4 wrong passwords were tried just before.
}
