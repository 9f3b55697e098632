package drivertest_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/redisstore"
)

// redisBus is a Bus that runs, and what it has received.
type redisBus struct {
	notices chan session.Message
	stopped chan error
	stop    func()
	before  session.Message // the last that was wanted
}

func runRedis(t *testing.T, bus *redisstore.Bus) *redisBus {
	ctx, stop := context.WithCancel(t.Context())
	r := &redisBus{notices: make(chan session.Message, 1000), stopped: make(chan error, 1), stop: stop}
	go func() { r.stopped <- bus.Run(ctx, func(n session.Message) { r.notices <- n }) }()
	t.Cleanup(stop)
	return r
}

// next returns the next notice, heartbeats left out unless they are asked for.
func (r *redisBus) next(t *testing.T, heartbeats bool) session.Message {
	t.Helper()
	timeout := time.After(15 * time.Second)
	for {
		select {
		case n := <-r.notices:
			if heartbeats || !reflect.DeepEqual(n, session.Message{}) {
				return n
			}
		case <-timeout:
			t.Fatal("no notice within 15 seconds")
		}
	}
}

func (r *redisBus) want(t *testing.T, want session.Message) {
	t.Helper()
	if got := r.next(t, false); !reflect.DeepEqual(got, want) {
		t.Errorf("got notice %+v, want %+v", got, want)
	}
}

// hears waits for want, and has it published again if it was lost, as Missed
// tells: a machine that stands still for a second costs the connection.
func (r *redisBus) hears(t *testing.T, publish func(), want session.Message) {
	t.Helper()
	for {
		switch n := r.next(t, false); {
		case reflect.DeepEqual(n, want):
			r.before = want
			return
		case n.Missed:
			publish()
		case !reflect.DeepEqual(n, r.before): // it was published again for another one
			t.Fatalf("got notice %+v, want %+v", n, want)
		}
	}
}

func TestRedisBus(t *testing.T) {
	eachRedis(t, func(t *testing.T, open func(testing.TB) redis.UniversalClient) {
		cfg := redisstore.Config{Prefix: ownPrefix()}
		bus := redisstore.NewBus(open(t), cfg)
		here, there := runRedis(t, bus), runRedis(t, redisstore.NewBus(open(t), cfg))
		elsewhere := runRedis(t, redisstore.NewBus(open(t), redisstore.Config{Prefix: ownPrefix()}))
		for _, r := range []*redisBus{here, there, elsewhere} {
			if first := r.next(t, true); !first.Missed {
				t.Fatalf("got %+v first, want Missed", first)
			}
		}
		ids := []session.ID{{1}, {2}}
		for _, c := range []struct {
			e    session.Event
			want session.Message
		}{
			{session.Event{Kind: session.EventRevoked, UserID: "ada", IDs: ids}, session.Message{Ended: ids}},
			{session.Event{Kind: session.EventRotated, UserID: "ada", IDs: ids[:1]}, session.Message{Changed: ids[:1]}},
			{session.Event{Kind: session.EventRevoked}, session.Message{Everyone: true}},
		} {
			publish := func() { bus.Observe(t.Context(), c.e) }
			publish()
			here.hears(t, publish, c.want)
			there.hears(t, publish, c.want)
		}
		if n := elsewhere.next(t, true); !reflect.DeepEqual(n, session.Message{}) && !n.Missed {
			t.Errorf("another prefix: got %+v, want a heartbeat", n)
		}
		here.stop()
		if err := <-here.stopped; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: got %v, want the context's error", err)
		}
	})
}

// TestRedisBusHeartbeat proves that there is a sign of life once a second, and
// none from a server that does not answer.
func TestRedisBusHeartbeat(t *testing.T) {
	server := startRedis(t)
	r := runRedis(t, redisstore.NewBus(server.client(t), redisstore.Config{}))
	r.want(t, session.Message{Missed: true})
	for range 6 {
		begin := time.Now()
		r.next(t, true)
		if d := time.Since(begin); d > 3*time.Second { // the machine is shared
			t.Errorf("a heartbeat came after %v, want 1s at most", d)
		}
	}
	server.stop(t)
	time.Sleep(1500 * time.Millisecond)
	for len(r.notices) > 0 {
		<-r.notices
	}
	select {
	case n := <-r.notices:
		t.Errorf("got %+v from a server that has stopped", n)
	case <-time.After(time.Second):
	}
	server.resume(t)
	if first := r.next(t, true); !first.Missed {
		t.Errorf("got %+v first after the stop, want Missed", first)
	}
}

// TestRedisBusReconnects proves that what was lost with a connection is told
// of, and that what comes afterwards arrives.
func TestRedisBusReconnects(t *testing.T) {
	server := startRedis(t)
	client := server.client(t)
	bus := redisstore.NewBus(client, redisstore.Config{})
	r := runRedis(t, bus)
	r.want(t, session.Message{Missed: true})
	for range 3 {
		if err := client.ClientKillByFilter(t.Context(), "TYPE", "pubsub").Err(); err != nil {
			t.Fatal(err)
		}
		r.want(t, session.Message{Missed: true})
		ids := []session.ID{{7}}
		publish := func() { bus.Observe(t.Context(), session.Event{Kind: session.EventRevoked, UserID: "ada", IDs: ids}) }
		publish()
		r.hears(t, publish, session.Message{Ended: ids})
	}
	if err := client.Publish(t.Context(), "signedin:bus", "what is this?").Err(); err != nil {
		t.Fatal(err)
	}
	r.want(t, session.Message{Missed: true})
}
