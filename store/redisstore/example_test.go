package redisstore_test

import (
	"context"
	"fmt"
	"log"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/redisstore"
)

// A store in Redis, and a bus that tells the other processes of revocations.
func Example() {
	ctx := context.Background()
	client := redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs:                 []string{"localhost:6379"}, // several: a cluster; with MasterName: Sentinels
		ContextTimeoutEnabled: true,
	})
	defer client.Close()
	store, err := redisstore.New(ctx, client, redisstore.Config{})
	check(err)
	d, err := store.Durability(ctx)
	check(err)
	if d.Advice != "" {
		fmt.Println("Redis:", d.Advice)
	}

	bus := redisstore.NewBus(client, redisstore.Config{})
	manager, err := session.New(store, session.Config{Observers: []session.Observer{bus}})
	check(err)
	go bus.Run(ctx, manager.Hub().Receive) //nolint:errcheck // ends with the process
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
