package main

import (
	"context"
	"net/netip"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/examples/internal/demo"
	"github.com/signedin/signedin/session"
)

// demoStory is the second user's, with nothing but a table of countries: weeks at
// home in the Netherlands, a week in Spain with phone and laptop, one of them in
// several networks, and in the middle of it a stranger in Brazil who has the
// password. The addresses are of networks that say of themselves where they are.
var demoStory = struct {
	home, hotel, street, stranger string
}{home: "145.97.20.1", hotel: "193.145.0.1", street: "80.58.0.33", stranger: "200.160.2.3"}

var demoStranger = device.Hints{UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"}

// demoJourney lets the story happen, under the eyes of the Assessor. Mails about it
// are in the outbox afterwards.
func demoJourney(ctx context.Context, store session.Store, cfg session.Config, users *demo.Users) error {
	started := time.Now()
	at := started
	manager, id, err := inThePast(ctx, store, cfg, users, demo.Emails[1], &at)
	if err != nil {
		return err
	}
	signIn := func(ip string, hints device.Hints, browser byte) (session.Token, error) {
		ticket, err := manager.BeginSignIn(ctx, id)
		if err != nil {
			return session.Token{}, err
		}
		_, token, err := manager.Start(ctx, ticket, session.Origin{IP: netip.MustParseAddr(ip), Hints: hints},
			session.StartOptions{Persistent: true, Methods: []string{"pwd"}, DeviceID: session.DeviceID{browser}})
		return token, err
	}
	devices := []struct {
		hints   device.Hints
		browser byte
		token   session.Token
		abroad  []string // a network for each day in Spain
	}{
		{hints: demoPhone, browser: 11, abroad: []string{demoStory.street, demoStory.hotel, demoStory.street, demoStory.hotel, demoStory.street, demoStory.hotel, demoStory.street}},
		{hints: demoOffice, browser: 12, abroad: []string{demoStory.hotel, demoStory.hotel, demoStory.hotel, demoStory.hotel, demoStory.hotel, demoStory.hotel, demoStory.hotel}},
	}
	for ago := 40; ago > 0; ago-- {
		abroad := 7 - ago // which day of the journey, from 0
		for i := range devices {
			d := &devices[i]
			at = started.Add(-time.Duration(ago)*day + time.Duration(i)*time.Hour)
			ip := demoStory.home
			if abroad >= 0 {
				ip = d.abroad[abroad]
			}
			if ago == 40 || ago == 30 || ago == 20 || ago == 10 { // signs in again, at home
				if d.token, err = signIn(ip, d.hints, d.browser); err != nil {
					return err
				}
				continue
			}
			if _, err := manager.Resume(ctx, d.token.Credential(), session.Origin{IP: netip.MustParseAddr(ip), Hints: d.hints}); err != nil {
				return err
			}
		}
		if abroad == 3 {
			at = at.Add(2 * time.Hour)
			if _, err := signIn(demoStory.stranger, demoStranger, 13); err != nil {
				return err
			}
		}
		if err := manager.Flush(ctx); err != nil {
			return err
		}
	}
	return nil
}
