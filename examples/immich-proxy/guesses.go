package main

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/middleware/immich"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/risk"
)

const (
	// guessWindow is as long as a wrong password counts for its user.
	guessWindow = time.Hour
	// manyGuesses is more than a household mistypes in that time.
	manyGuesses = 20
	// pointsGuesses are as many as for a few wrong passwords of the user's own.
	pointsGuesses = 13
	maxNetworks   = 8192
)

// guesses counts wrong passwords by the network that they came from, whomever they
// were for: one who tries a list of names and passwords signs in from there, too.
type guesses struct {
	failed func(userID string, at time.Time)

	mu  sync.Mutex
	all map[netip.Prefix]*tried
}

// add counts one, for its user too if that is known.
func (g *guesses) add(w immich.WrongPassword) {
	if w.UserID != "" {
		g.failed(w.UserID, w.At)
	}
	if !w.IP.IsValid() {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	network := geo.Network(geo.Canonical(w.IP))
	n := g.all[network]
	if n == nil || w.At.Sub(n.since) >= guessWindow {
		if n == nil && len(g.all) >= maxNetworks {
			for old := range g.all { // any
				delete(g.all, old)
				break
			}
		}
		n = &tried{since: w.At}
		if g.all == nil {
			g.all = make(map[netip.Prefix]*tried)
		}
		g.all[network] = n
	}
	n.n++
}

// evidence is the Extra of [risk.Config]. It is no reason by itself.
func (g *guesses) evidence(_ context.Context, c session.Case) ([]risk.Evidence, error) {
	if !c.SignIn {
		return nil, nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	n := g.all[geo.Network(geo.Canonical(c.Visit.IP))]
	if n == nil || n.n < manyGuesses || c.Visit.At.Sub(n.since) >= guessWindow {
		return nil, nil
	}
	return []risk.Evidence{{Code: "ext.guesses", Points: pointsGuesses}}, nil
}
