package notice_test

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/notice"
	"github.com/signedin/signedin/session/risk"
	"github.com/signedin/signedin/store/memstore"
)

// The host puts each notice into a queue, and sends it by its own mailer.
func Example() {
	queue := make(chan notice.Notice, 100)
	store := memstore.New()
	notices, err := notice.New(store, func(_ context.Context, n notice.Notice) error {
		select {
		case queue <- n:
			return nil
		default:
			return fmt.Errorf("the queue is full")
		}
	}, notice.Config{App: "Photos", Path: "Settings → Devices", URL: "https://photos.example/account/devices"})
	if err != nil {
		panic(err)
	}
	assessor, err := risk.New(risk.Config{})
	if err != nil {
		panic(err)
	}
	now := time.Date(2026, 3, 2, 19, 0, 0, 0, time.UTC)
	manager, err := session.New(store, session.Config{
		Assessor: assessor, Observers: []session.Observer{notices},
		ProfileKeys: session.NewKeys([]byte("32 random bytes from your secrets")),
		WatchMode:   -1, // else two weeks of a new site are only watched
		Now:         func() time.Time { return now },
		Locator: geo.LocatorFunc(func(context.Context, netip.Addr) (geo.Location, error) {
			return geo.Location{Scope: geo.ScopeGlobal, CountryCode: "NO"}, nil
		}),
	})
	if err != nil {
		panic(err)
	}

	for _, userAgent := range []string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1",
	} {
		ticket, err := manager.BeginSignIn(context.Background(), "alice")
		if err != nil {
			panic(err)
		}
		from := session.Origin{IP: netip.MustParseAddr("81.166.10.20"), Hints: device.Hints{UserAgent: userAgent}}
		if _, _, err := manager.Start(context.Background(), ticket, from, session.StartOptions{DeviceID: session.NewDeviceID()}); err != nil {
			panic(err)
		}
		now = now.Add(time.Hour)
	}
	close(queue)
	for n := range queue {
		fmt.Printf("To: %s\nSubject: %s\n\n%s", n.UserID, n.Subject, n.Text)
	}

	// Output:
	// To: alice
	// Subject: New sign-in to Photos
	//
	// There was a new sign-in to Photos:
	//   - Safari on iPhone, in Norway (approximate), Mon 2 Mar 2026, 21:00 CET
	//
	// You get this e-mail because something about it was new:
	//   - A device you don't usually use: Safari on iPhone.
	//
	// Was it you? Then there is nothing to do.
	//
	// Was it somebody else? Open Photos, go to Settings → Devices, choose this
	// sign-in and press “Not me”. It is signed out at once, and you are asked for
	// a new password.
	//
	// That list is here, behind your usual sign-in:
	//   https://photos.example/account/devices
	//
	// This is about the account alice.
	//
	// We never ask for your password in an e-mail.
	//
	// The same is not mentioned again for a week, unless something else is new.
}
