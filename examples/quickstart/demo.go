package main

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/examples/internal/demo"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/geo/maxmind"
	"github.com/signedin/signedin/session"
)

// demoPlaces puts cities where nobody is: into the networks that are reserved
// for documentation (RFC 5737, RFC 3849).
var demoPlaces = []struct {
	network, code, city, zone string
	latitude, longitude       float64
	radius                    uint16
}{
	{"203.0.113.0/24", "NL", "Amsterdam", "Europe/Amsterdam", 52.4, 4.9, 20},
	{"198.51.100.0/24", "DE", "Berlin", "Europe/Berlin", 52.5, 13.4, 20},
	{"192.0.2.0/24", "PT", "Lisbon", "Europe/Lisbon", 38.7, -9.1, 50},
	{"2001:db8::/32", "FR", "Lyon", "Europe/Paris", 45.8, 4.8, 300}, // too vague for the city
}

// demoDevices sign in as the first user, so long ago, and the last of them after
// some wrong passwords: nobody knows it.
var demoDevices = []struct {
	ago        time.Duration
	ip         string
	hints      device.Hints
	opts       session.StartOptions
	browser    byte // tells browsers with a device cookie apart
	wrong, out bool
}{
	{ago: 40 * day, ip: "203.0.113.7", hints: demoPhone, browser: 1},
	{ago: 30 * day, ip: "203.0.113.7", hints: demoOffice, browser: 2},
	{ago: 21 * day, ip: "203.0.113.9", hints: demoPhone, browser: 1},
	{ago: 12 * day, ip: "203.0.113.9", hints: demoOffice, browser: 2},
	{ago: 6 * day, ip: "203.0.113.7", hints: demoPhone, browser: 1, opts: session.StartOptions{Persistent: true}},
	{ago: 5 * day, ip: "203.0.113.7", hints: demoOffice, browser: 2, opts: session.StartOptions{Persistent: true, Name: "Office"}},
	{ago: 4 * day, ip: "203.0.113.7", hints: device.Hints{UserAgent: "immich-android/3.1.0", AppModel: "Pixel 8", AppPlatform: "Android"}, opts: session.StartOptions{Carrier: session.CarrierBearer}},
	{ago: 3 * day, ip: "203.0.113.9", hints: device.Hints{UserAgent: "Mozilla/5.0 (Linux; Android 14; SM-X910) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/27.0 Chrome/125.0.0.0 Safari/537.36"}, browser: 3, out: true},
	{ago: 20 * time.Minute, ip: "192.0.2.99", hints: device.Hints{UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"}, browser: 4, wrong: true},
}

const day = 24 * time.Hour

var (
	demoPhone  = device.Hints{UserAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1"}
	demoOffice = device.Hints{
		UserAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Safari/537.36",
		Brands:    `"Chromium";v="153", "Google Chrome";v="153", "Not.A/Brand";v="99"`, Mobile: "?0", Platform: `"Windows"`, PlatformVersion: `"15.0.0"`,
	}
)

// demoLocator returns a Locator over a database that is built here and now.
func demoLocator() (geo.Locator, error) {
	w, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "Demo-City", RecordSize: 24, IncludeReservedNetworks: true,
		Description: map[string]string{"en": "cities where nobody is"}})
	if err != nil {
		return nil, err
	}
	en := func(s string) mmdbtype.Map { return mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String(s)}} }
	for _, p := range demoPlaces {
		_, network, err := net.ParseCIDR(p.network)
		if err != nil {
			return nil, err
		}
		err = w.Insert(network, mmdbtype.Map{
			"country": mmdbtype.Map{"iso_code": mmdbtype.String(p.code)},
			"city":    en(p.city),
			"location": mmdbtype.Map{
				"latitude": mmdbtype.Float64(p.latitude), "longitude": mmdbtype.Float64(p.longitude),
				"accuracy_radius": mmdbtype.Uint16(p.radius), "time_zone": mmdbtype.String(p.zone),
			},
		})
		if err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	if _, err := w.WriteTo(&b); err != nil {
		return nil, err
	}
	return maxmind.FromBytes(b.Bytes(), maxmind.Config{AllowReserved: true})
}

// inThePast returns a Manager whose clock shows *at, and the ID of a user.
func inThePast(ctx context.Context, store session.Store, cfg session.Config, users *demo.Users, email string, at *time.Time) (*session.Manager, string, error) {
	cfg.Now = func() time.Time { return *at }
	manager, err := session.New(store, cfg)
	if err != nil {
		return nil, "", err
	}
	id, err := users.ID(ctx, email)
	return manager, id, err
}

// demoSignIns signs the devices in, each at its time, under the eyes of the
// Assessor, and one of them out again. It is as if the site had been there for
// weeks.
func demoSignIns(ctx context.Context, store session.Store, cfg session.Config, users *demo.Users) error {
	started := time.Now()
	at := started
	manager, id, err := inThePast(ctx, store, cfg, users, demo.Emails[0], &at)
	if err != nil {
		return err
	}
	for _, d := range demoDevices {
		at = started.Add(-d.ago)
		for range 3 {
			if d.wrong {
				users.WrongAt(id, at.Add(-time.Minute))
			}
		}
		ticket, err := manager.BeginSignIn(ctx, id)
		if err != nil {
			return err
		}
		if d.browser > 0 {
			d.opts.DeviceID = session.DeviceID{d.browser}
		}
		d.opts.Methods = []string{"pwd"}
		s, _, err := manager.Start(ctx, ticket, session.Origin{IP: netip.MustParseAddr(d.ip), Hints: d.hints}, d.opts)
		if err == nil && d.out {
			at = at.Add(time.Hour)
			err = manager.Revoke(ctx, id, s.ID, session.ReasonSignedOutRemote)
		}
		if err != nil {
			return err
		}
	}
	at = started
	_, err = manager.Purge(ctx)
	return err
}
