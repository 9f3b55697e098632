package cachestore_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/cachestore"
	"github.com/signedin/signedin/store/memstore"
)

// A cache in front of a store. The bus is a pgbus.Bus, or a pollbus.Bus, or
// that of redisstore.
func Example() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var bus session.Bus = newBus()

	inner := memstore.New() // a store that is worth a cache, as sqlstore
	cache, err := cachestore.New(inner, cachestore.Config{})
	if err != nil {
		log.Fatal(err)
	}
	manager, err := session.New(cache, session.Config{Observers: []session.Observer{bus}})
	if err != nil {
		log.Fatal(err)
	}
	go cache.Run(ctx, bus, manager.Hub())

	ticket, _ := manager.BeginSignIn(ctx, "alice")
	s, token, err := manager.Start(ctx, ticket, session.Origin{}, session.StartOptions{})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := manager.Resume(ctx, token.Credential(), session.Origin{}); err == nil {
		fmt.Println("signed in")
	}
	if err := manager.Revoke(ctx, "alice", s.ID, session.ReasonSignedOut); err != nil {
		log.Fatal(err)
	}
	_, err = manager.Resume(ctx, token.Credential(), session.Origin{})
	fmt.Println("signed out:", errors.Is(err, session.ErrRevoked))
	// Output:
	// signed in
	// signed out: true
}
