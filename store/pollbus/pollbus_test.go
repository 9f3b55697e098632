package pollbus_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/cachestore"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/pollbus"
)

// memLog is a log in memory, with transactions.
type memLog struct {
	mu        sync.Mutex
	next      int64
	committed []pollbus.Entry
	err       error         // that Entries returns
	slow      time.Duration // that Entries takes, after it has read
	asked     int           // the most missing numbers it was asked for
}

// write takes a number for a notice, and returns what commits it.
func (l *memLog) write(n session.Message) (number int64, commit func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next++
	e := pollbus.Entry{Number: l.next, Message: n}
	return e.Number, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.committed = append(l.committed, e)
	}
}

func (l *memLog) Entries(ctx context.Context, after int64, missing []int64) (all []pollbus.Entry, err error) {
	l.mu.Lock()
	for _, e := range l.committed {
		if e.Number > after || slices.Contains(missing, e.Number) {
			all = append(all, e)
		}
	}
	l.asked = max(l.asked, len(missing))
	err, slow := l.err, l.slow
	l.mu.Unlock()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(slow):
	}
	return all, err
}

func (l *memLog) set(err error, slow time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err, l.slow = err, slow
}

// id returns the n-th session.
func id(n int64) (id session.ID) {
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	return id
}

func ended(n int64) session.Message { return session.Message{Ended: []session.ID{id(n)}} }

// heard is what a bus received.
type heard struct {
	mu     sync.Mutex
	all    []session.Message
	signed time.Time
}

func (h *heard) receive(n session.Message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(n.Ended)+len(n.Changed) == 0 && !n.Missed && !n.Everyone {
		h.signed = time.Now()
		return
	}
	h.all = append(h.all, n)
}

// take returns what came since the last call.
func (h *heard) take() (ids []session.ID, missed int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, n := range h.all {
		ids = append(ids, n.Ended...)
		if n.Missed {
			missed++
		}
	}
	h.all = nil
	return ids, missed
}

func (h *heard) silentFor() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Since(h.signed)
}

// start runs a bus over log until the test ends.
func start(t *testing.T, log pollbus.Log) *heard {
	t.Helper()
	bus, err := pollbus.New(log, pollbus.Config{})
	if err != nil {
		t.Fatal(err)
	}
	h := new(heard)
	run(t, func(ctx context.Context) error { return bus.Run(ctx, h.receive) })
	time.Sleep(time.Second / 2) // in between two readings
	return h
}

func run(t *testing.T, f func(context.Context) error) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- f(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: got %v, want that it was cancelled", err)
		}
	})
}

func (h *heard) want(t *testing.T, missed int, numbers ...int64) {
	t.Helper()
	var want []session.ID
	for _, n := range numbers {
		want = append(want, id(n))
	}
	if got, m := h.take(); !slices.Equal(got, want) || m != missed {
		t.Errorf("got %v and Missed %d times, want %v and %d times", got, m, want, missed)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for _, cfg := range []pollbus.Config{{Interval: -1}, {Interval: time.Second + 1}} {
		if _, err := pollbus.New(new(memLog), cfg); err == nil || !strings.Contains(err.Error(), "Config.Interval") {
			t.Errorf("%v: got %v, want an error that names Config.Interval", cfg.Interval, err)
		}
	}
}

// What is committed later than what was written after it is passed on too,
// what was committed before the start is history, and what is rolled back is
// waited for in vain.
func TestGaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := new(memLog)
		var commits []func()
		for n := range int64(10) {
			_, commit := log.write(ended(n + 1))
			commits = append(commits, commit)
		}
		commits[4]() // 5; 1 to 4 are open at the start
		h := start(t, log)
		h.want(t, 1)
		commits[2]()
		commits[8]()
		time.Sleep(time.Second)
		h.want(t, 0, 3, 9)
		time.Sleep(9 * time.Minute)
		h.want(t, 0)
		commits[0]()
		commits[5]()
		commits[9]()
		time.Sleep(time.Second)
		h.want(t, 0, 1, 6, 10)
		time.Sleep(2 * time.Minute)
		commits[1]() // eleven minutes after its number was passed over
		commits[7]()
		time.Sleep(time.Second)
		h.want(t, 0)
	})
}

// Whatever the order of numbers and commits, each entry is passed on once.
func TestNothingIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := new(memLog)
		for range 100 { // long ago
			_, commit := log.write(session.Message{})
			commit()
		}
		h := start(t, log)
		h.want(t, 1)
		var want []session.ID
		var wg sync.WaitGroup
		for range 3000 {
			var commit func()
			n, commit := log.write(ended(log.next + 1))
			if rand.N(10) > 0 { // the rest is rolled back
				want = append(want, id(n))
				wg.Go(func() {
					time.Sleep(rand.N(8 * time.Second))
					commit()
				})
			}
			if rand.N(100) == 0 {
				log.set(errors.New("down"), 0)
			} else {
				log.set(nil, rand.N(100*time.Millisecond))
			}
			time.Sleep(rand.N(200 * time.Millisecond))
		}
		log.set(nil, 0)
		wg.Wait()
		time.Sleep(2 * time.Second)
		got, missed := h.take()
		slices.SortFunc(got, func(a, b session.ID) int { return slices.Compare(a[:], b[:]) })
		if !slices.Equal(got, want) || missed > 0 {
			t.Errorf("got %d notices and Missed %d times, want %d, each once", len(got), missed, len(want))
		}
		if log.asked > 1000 {
			t.Errorf("asked for %d missing numbers", log.asked)
		}
	})
}

// Silence for as long as the log cannot be read; then what happened meanwhile,
// or Missed if that may not be there any more.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := new(memLog)
		h := start(t, log)
		h.want(t, 1)
		n := int64(0)
		for _, outage := range []struct {
			err    error
			slow   time.Duration
			length time.Duration
			missed int
		}{
			{errors.New("down"), 0, time.Minute, 0},
			{nil, time.Hour, time.Minute, 0}, // it hangs
			{errors.New("down"), 0, 9 * time.Minute, 0},
			{errors.New("down"), 0, 11 * time.Minute, 1},
		} {
			log.set(outage.err, outage.slow)
			time.Sleep(outage.length)
			if got := h.silentFor(); got < outage.length-time.Second {
				t.Errorf("%+v: silent for %v", outage, got)
			}
			n++
			_, commit := log.write(ended(n))
			commit()
			log.set(nil, 0)
			time.Sleep(3 * time.Second)
			h.want(t, outage.missed, n)
			if got := h.silentFor(); got > time.Second {
				t.Errorf("%+v is over: silent for %v", outage, got)
			}
		}
	})
}

// An outage is told once, and the next one again.
func TestOutageIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, told := new(memLog), new(bytes.Buffer)
		bus, err := pollbus.New(log, pollbus.Config{Logger: slog.New(slog.NewTextHandler(told, nil))})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- bus.Run(ctx, func(session.Message) {}) }()
		for range 2 {
			log.set(errors.New("down"), 0)
			time.Sleep(time.Minute)
			log.set(nil, 0)
			time.Sleep(time.Minute)
		}
		cancel()
		<-done
		if n := strings.Count(told.String(), "log not read"); n != 2 {
			t.Errorf("two outages: told %d times", n)
		}
	})
}

// With a cache, what another process revokes is accepted for an interval.
func TestWithCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner, log := memstore.New(), new(memLog)
		bus, err := pollbus.New(log, pollbus.Config{})
		if err != nil {
			t.Fatal(err)
		}
		cache, err := cachestore.New(inner, cachestore.Config{})
		if err != nil {
			t.Fatal(err)
		}
		here, err := session.New(cache, session.Config{})
		if err != nil {
			t.Fatal(err)
		}
		run(t, func(ctx context.Context) error { return cache.Run(ctx, bus, here.Hub()) })
		time.Sleep(1500 * time.Millisecond)

		ticket, _ := here.BeginSignIn(t.Context(), "alice")
		s, token, err := here.Start(t.Context(), ticket, session.Origin{}, session.StartOptions{})
		if err != nil {
			t.Fatal(err)
		}
		conn := new(session.Conn)
		if _, err := here.Open(t.Context(), token.Credential(), session.Origin{}, conn, nil); err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		start := time.Now()
		if _, err := inner.Revoke(t.Context(), session.Revocation{UserID: "alice", Only: []session.ID{s.ID}}); err != nil {
			t.Fatal(err)
		}
		_, commit := log.write(session.Message{Ended: []session.ID{s.ID}})
		commit()
		<-conn.Done()
		_, err = here.Resume(t.Context(), token.Credential(), session.Origin{})
		if took := time.Since(start); took > time.Second || !errors.Is(err, session.ErrRevoked) {
			t.Errorf("after %v: got %v, want ErrRevoked within a second", took, err)
		}
	})
}
