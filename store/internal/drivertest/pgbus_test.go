package drivertest_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/cachestore"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/pgbus"
)

// busPool opens a pool on the test server, by way of relay if that is given.
func busPool(t testing.TB, relay *relay) *pgxpool.Pool {
	t.Helper()
	cfg, err := pgxpool.ParseConfig(service(t, "SIGNEDIN_TEST_POSTGRES"))
	if err != nil {
		t.Fatal(err)
	}
	cfg.ConnConfig.RuntimeParams["application_name"] = t.Name()
	if relay != nil {
		cfg.ConnConfig.DialFunc = relay.dial
		cfg.ConnConfig.TLSConfig, cfg.ConnConfig.Fallbacks = nil, nil // it reads along
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// relay stands between a client and the server.
type relay struct {
	frozen  atomic.Bool // nothing gets through, and nobody is told; what is sent meanwhile is lost
	deaf    bool        // notices do not get through, as with some poolers
	dialing atomic.Int64
}

func (r *relay) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	r.dialing.Add(1)
	r.thaw()
	server, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	client, here := net.Pipe()
	go r.pass(server, here, r.toServer)
	go r.pass(here, server, r.toClient)
	return client, nil
}

func (r *relay) pass(to io.WriteCloser, from io.Reader, copy func(io.Writer, io.Reader) error) {
	defer to.Close()
	_ = copy(to, from) // until either side is gone
}

func (r *relay) toServer(to io.Writer, from io.Reader) error {
	buf := make([]byte, 1<<16)
	for {
		n, err := from.Read(buf)
		if r.thaw() {
			return errors.New("lost")
		}
		if _, werr := to.Write(buf[:n]); err != nil || werr != nil {
			return errors.Join(err, werr)
		}
	}
}

// toClient passes on one message of the protocol after the other.
func (r *relay) toClient(to io.Writer, from io.Reader) error {
	in := bufio.NewReader(from)
	for {
		head := make([]byte, 5) // type, and length without it
		if _, err := io.ReadFull(in, head); err != nil {
			return err
		}
		msg := append(head, make([]byte, binary.BigEndian.Uint32(head[1:])-4)...)
		if _, err := io.ReadFull(in, msg[5:]); err != nil {
			return err
		}
		r.thaw()
		if r.deaf && msg[0] == 'A' {
			continue
		}
		if _, err := to.Write(msg); err != nil {
			return err
		}
	}
}

// thaw waits while r is frozen, and reports whether it was.
func (r *relay) thaw() (was bool) {
	for ; r.frozen.Load(); was = true {
		time.Sleep(10 * time.Millisecond)
	}
	return was
}

// heard is what a bus received.
type heard struct {
	mu  sync.Mutex
	all []session.Message
	at  []time.Time
}

func (h *heard) receive(n session.Message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all, h.at = append(h.all, n), append(h.at, time.Now())
}

func (h *heard) notices() []session.Message {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.all)
}

func isSign(n session.Message) bool {
	return len(n.Ended)+len(n.Changed) == 0 && !n.Everyone && !n.Missed
}

func isMissed(n session.Message) bool { return n.Missed }

// count returns how many of the notices are so.
func (h *heard) count(is func(session.Message) bool) (n int) {
	for _, notice := range h.notices() {
		if is(notice) {
			n++
		}
	}
	return n
}

// eventually waits until done.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

var channels atomic.Int64

func busConfig() pgbus.Config {
	return pgbus.Config{Channel: fmt.Sprintf("Test %d.%d", os.Getpid(), channels.Add(1))}
}

func newBus(t testing.TB, relay *relay, cfg pgbus.Config) *pgbus.Bus {
	t.Helper()
	bus, err := pgbus.New(busPool(t, relay), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return bus
}

// running runs bus until the test ends, and waits until it works.
func running(t testing.TB, bus *pgbus.Bus) *heard {
	t.Helper()
	h := run(t, bus)
	eventually(t, "a sign of life", func() bool { return h.count(isSign) > 0 })
	return h
}

func run(t testing.TB, bus *pgbus.Bus) *heard {
	h := new(heard)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- bus.Run(ctx, h.receive) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: got %v, want that it was cancelled", err)
		}
	})
	return h
}

func busIDs(n int) []session.ID {
	ids := make([]session.ID, n)
	for i := range ids {
		_, _ = rand.Read(ids[i][:])
	}
	return ids
}

func ended(ids []session.ID) session.Event {
	return session.Event{Kind: session.EventRevoked, UserID: "alice", IDs: ids}
}

// What one process publishes, all hear: whole, in order, and after Missed.
func TestBusDelivers(t *testing.T) {
	t.Parallel()
	for range 5 {
		if busDelivers(t) {
			return
		}
		t.Log("the machine stood still for so long that a connection was given up: again")
	}
	t.Error("connections were given up again and again")
}

// busDelivers reports false if a connection was lost, and so perhaps notices.
func busDelivers(t *testing.T) bool {
	t.Helper()
	cfg := busConfig()
	a, b := newBus(t, nil, cfg), newBus(t, nil, cfg)
	hears := []*heard{running(t, a), running(t, b)}
	stranger := running(t, newBus(t, nil, busConfig()))

	var want []session.ID
	for n := range 40 {
		ids := busIDs(n * 31 % 1200)
		want = append(want, ids...)
		a.Observe(t.Context(), ended(ids))
	}
	changed := busIDs(1)
	a.Observe(t.Context(), session.Event{Kind: session.EventMoved, UserID: "alice", IDs: busIDs(1)})
	a.Observe(t.Context(), session.Event{Kind: session.EventRotated, UserID: "alice", IDs: changed})
	a.Observe(t.Context(), session.Event{Kind: session.EventRevoked})

	for i, h := range hears {
		eventually(t, "the last notice", func() bool {
			return h.count(func(n session.Message) bool { return n.Everyone }) == 1 || h.count(isMissed) > 1
		})
		if h.count(isMissed) > 1 {
			return false
		}
		var got, gotChanged []session.ID
		for _, n := range h.notices() {
			got, gotChanged = append(got, n.Ended...), append(gotChanged, n.Changed...)
		}
		if !slices.Equal(got, want) || !slices.Equal(gotChanged, changed) {
			t.Errorf("listener %d: got %d ended and %d changed, want %d and 1 in the order in which they were published", i, len(got), len(gotChanged), len(want))
		}
		if first := h.notices()[0]; !first.Missed {
			t.Errorf("listener %d: got %+v first, want Missed", i, first)
		}
	}
	if n := len(stranger.notices()) - stranger.count(isSign) - stranger.count(isMissed); n != 0 {
		t.Errorf("another channel: got %d notices, want Missed alone", n)
	}
	return true
}

func TestBusGivesSigns(t *testing.T) {
	t.Parallel()
	cfg := busConfig()
	bus := newBus(t, nil, cfg)
	h := running(t, bus)
	for range 200 { // a flood of notices is no reason to give none
		bus.Observe(t.Context(), ended(busIDs(1)))
		time.Sleep(20 * time.Millisecond)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	last := h.at[0]
	for i, n := range h.all {
		if isSign(n) {
			if gap := h.at[i].Sub(last); gap > 3*time.Second { // one is due each second; the machine is shared
				t.Errorf("no sign of life for %v", gap)
			}
			last = h.at[i]
		}
	}
}

// What anybody else writes to the channel is no sign of life and no notice.
func TestBusDistrustsWhatItCannotRead(t *testing.T) {
	t.Parallel()
	cfg := busConfig()
	h := running(t, newBus(t, nil, cfg))
	pool := busPool(t, nil)
	payloads := []string{"", "1", "1e", "1c", "1eAAAA", "1e!", "2a", "1z", "1m"}
	for _, p := range payloads {
		if _, err := pool.Exec(t.Context(), "SELECT pg_notify($1, $2)", cfg.Channel, p); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "Missed for each", func() bool { return h.count(isMissed) >= 1+len(payloads) })
}

// A connection that is lost is made anew, and that something may have been
// missed is said.
func TestBusReconnects(t *testing.T) {
	t.Parallel()
	cfg := busConfig()
	publisher, listener := newBus(t, nil, cfg), newBus(t, nil, cfg)
	h := running(t, listener)
	pool := busPool(t, nil)
	for round := 2; round <= 4; round++ {
		var killed int
		err := pool.QueryRow(t.Context(), `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE application_name = $1 AND query LIKE '%signedin: is anybody there%' AND pid <> pg_backend_pid()`, t.Name()).Scan(&killed)
		if err != nil || killed == 0 {
			t.Fatalf("killed %d connections: %v", killed, err)
		}
		eventually(t, "Missed", func() bool { return h.count(isMissed) >= round })
		ids := busIDs(1)
		publisher.Observe(t.Context(), ended(ids))
		eventually(t, "a notice by the next connection", func() bool {
			return h.count(func(n session.Message) bool { return slices.Equal(n.Ended, ids) }) == 1
		})
	}
}

// A server that does not answer gives no sign of life, and holds up no
// revocation. What could not be published is published later.
func TestBusOutage(t *testing.T) {
	t.Parallel()
	cfg := busConfig()
	cfg.Timeout = 300 * time.Millisecond
	relay := new(relay)
	cut := newBus(t, relay, cfg)
	h, others := running(t, cut), running(t, newBus(t, nil, cfg))

	relay.frozen.Store(true)
	time.Sleep(100 * time.Millisecond) // what is under way has arrived
	before := h.count(isSign)
	ids := busIDs(500)
	start := time.Now()
	cut.Observe(t.Context(), ended(ids))
	if took := time.Since(start); took > cfg.Timeout+5*time.Second { // the alternative is a hang
		t.Errorf("Observe took %v, want %v at most", took, cfg.Timeout)
	}
	time.Sleep(3 * time.Second)
	if n := h.count(isSign) - before; n > 1 { // one may have been under way
		t.Errorf("got %d signs of life while nothing got through", n)
	}
	relay.frozen.Store(false)
	eventually(t, "Missed", func() bool { return h.count(isMissed) >= 2 })
	eventually(t, "signs of life", func() bool { return h.count(isSign) > before+1 })
	eventually(t, "what could not be published", func() bool {
		var got []session.ID
		for _, n := range others.notices() {
			got = append(got, n.Ended...)
		}
		return slices.Equal(got, ids) || slices.Equal(got, slices.Concat(ids, ids)) // its answer may have been lost
	})
}

// A pooler that answers but passes on no notices is not taken for a bus.
func TestBusBehindPooler(t *testing.T) {
	t.Parallel()
	relay := &relay{deaf: true}
	h := run(t, newBus(t, relay, busConfig()))
	eventually(t, "a second attempt", func() bool { return relay.dialing.Load() > 2 })
	if n := len(h.notices()); n > 0 {
		t.Errorf("got %d notices, want no sign that the bus works", n)
	}
}

// Two instances with caches on one store: what one revokes the other refuses,
// as soon as PostgreSQL has told it.
func TestBusWithCaches(t *testing.T) {
	t.Parallel()
	inner, cfg := memstore.New(), busConfig()
	type instance struct {
		*session.Manager
		cache *cachestore.Store
	}
	var all [2]instance
	for i := range all {
		cache, err := cachestore.New(inner, cachestore.Config{})
		if err != nil {
			t.Fatal(err)
		}
		bus := newBus(t, nil, cfg)
		m, err := session.New(cache, session.Config{Observers: []session.Observer{bus}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error)
		go func() { done <- cache.Run(ctx, bus, m.Hub()) }()
		t.Cleanup(func() { cancel(); <-done })
		all[i] = instance{m, cache}
	}
	a, b := all[0], all[1]
	var took []time.Duration
	for n := range 300 {
		ticket, err := a.BeginSignIn(t.Context(), "alice")
		if err != nil {
			t.Fatal(err)
		}
		s, token, err := a.Start(t.Context(), ticket, session.Origin{}, session.StartOptions{})
		if err != nil {
			t.Fatal(err)
		}
		resume := func(i instance) error {
			_, err := i.Resume(t.Context(), token.Credential(), session.Origin{})
			return err
		}
		eventually(t, "a copy on B", func() bool {
			before := b.cache.Stats().Hits
			return resume(b) == nil && b.cache.Stats().Hits > before
		})
		if err := a.Revoke(t.Context(), "alice", s.ID, session.ReasonAdmin); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if err := resume(a); !errors.Is(err, session.ErrRevoked) {
			t.Fatalf("round %d: A, which revoked it: got %v", n, err)
		}
		for !errors.Is(resume(b), session.ErrRevoked) && time.Since(start) < 10*time.Second {
			runtime.Gosched()
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	t.Logf("from the return of Revoke on A to the refusal by B: p50 %v, p99 %v, most %v",
		took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
	if most := took[len(took)-1]; most > 5*time.Second {
		t.Errorf("accepted for %v after the revocation, want the lease at most", most)
	}
}
