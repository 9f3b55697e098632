package session_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest/need"
)

// counting counts the calls that a request may make.
type counting struct {
	session.Store
	gets, touches, touched int
	last                   session.Touch
	fail                   error
}

func (c *counting) Get(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
	c.gets++
	return c.Store.Get(ctx, id)
}

func (c *counting) Touch(ctx context.Context, all []session.Touch) error {
	c.touches++
	c.touched += len(all)
	c.last = all[len(all)-1]
	if c.fail != nil {
		return c.fail
	}
	return c.Store.Touch(ctx, all)
}

// stuck is a store that takes a visit and does not answer.
type stuck struct {
	session.Store
	answers chan struct{}
}

func (s *stuck) Touch(context.Context, []session.Touch) error {
	<-s.answers
	return nil
}

// However many flush, none waits for longer than for one write.
func TestFlushesDoNotQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &stuck{memstore.New(), make(chan struct{})}
		m, err := session.New(store, session.Config{FlushInterval: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		ticket, err := m.BeginSignIn(t.Context(), "alice")
		if err != nil {
			t.Fatal(err)
		}
		_, token, err := m.Start(t.Context(), ticket, home, session.StartOptions{})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		if _, err := m.Resume(t.Context(), token.Credential(), home); err != nil {
			t.Fatal(err)
		}
		first := make(chan error)
		go func() { first <- m.Flush(t.Context()) }()
		synctest.Wait()
		began := time.Now()
		var others sync.WaitGroup
		for range 4 {
			others.Go(func() {
				if err := m.Flush(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("Flush while another one is stuck: got %v", err)
				}
			})
		}
		others.Wait()
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("Flush took %v, want 5 seconds", took)
		}
		close(store.answers)
		if err := <-first; err != nil {
			t.Error(err)
		}
		if err := m.Flush(t.Context()); err != nil {
			t.Errorf("Flush afterwards: %v", err)
		}
	})
}

// A visit of which only the time is new says so, and of which visit it is the same,
// unless it is not known whether the store has that.
func TestTouchOfTheTime(t *testing.T) {
	store := &counting{Store: memstore.New()}
	b := newBenchOver(t, store, session.Config{FlushInterval: time.Hour})
	_, token := b.start(t, "alice", session.StartOptions{})
	visit := func(from session.Origin) session.Touch {
		t.Helper()
		b.clock.advance(2 * time.Minute)
		if _, err := b.Resume(t.Context(), token.Credential(), from); err != nil {
			t.Fatal(err)
		}
		_ = b.Flush(t.Context())
		return store.last
	}
	visit(home)
	before := store.last.Visit.At
	if now := visit(home); !now.Since.Equal(before) {
		t.Errorf("the same again: got Since %v, want %v", now.Since, before)
	}
	if now := visit(hotel); !now.Since.IsZero() {
		t.Errorf("from elsewhere: got Since %v, want none", now.Since)
	}
	before = store.last.Visit.At
	store.fail = errors.New("down")
	visit(hotel)
	store.fail = nil
	if now := visit(hotel); !now.Since.Equal(before) {
		t.Errorf("after a failure: got Since %v, want %v, which the store has", now.Since, before)
	}
	stored, _, err := store.Store.Get(t.Context(), token.ID())
	if err != nil || !stored.Last.At.Equal(b.Now()) || stored.Last.Network != store.last.Visit.Network {
		t.Errorf("stored: got %+v, %v", stored.Last, err)
	}
}

func TestTouchesAreThrottledAndBatched(t *testing.T) {
	store := &counting{Store: memstore.New()}
	located := 0
	b := newBenchOver(t, store, session.Config{Locator: geo.LocatorFunc(func(context.Context, netip.Addr) (geo.Location, error) {
		located++
		return geo.Location{Scope: geo.ScopeGlobal}, nil
	})})
	tokens := make([]session.Token, 20)
	for i := range tokens {
		_, tokens[i] = b.start(t, "alice", session.StartOptions{})
	}
	located = 0
	for range 59 { // less than a minute of a request a second
		for _, token := range tokens {
			if err := b.resume(t, token); err != nil {
				t.Fatal(err)
			}
		}
		b.clock.advance(time.Second)
	}
	if store.touches != 0 {
		t.Errorf("got %d writes in the first minute", store.touches)
	}
	b.clock.advance(time.Second)
	store.gets = 0
	for _, token := range tokens {
		if err := b.resume(t, token); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if store.gets != 20 || store.touches != 1 || store.touched != 20 || located != 0 {
		t.Errorf("got %d reads, %d writes of %d visits and %d look-ups; want 20, 1 of 20 and 0", store.gets, store.touches, store.touched, located)
	}
}

// If nobody runs Run, the requests themselves write, in batches still.
func TestTouchesAreWrittenWithoutRun(t *testing.T) {
	store := &counting{Store: memstore.New()}
	b := newBenchOver(t, store, session.Config{})
	s, token := b.start(t, "alice", session.StartOptions{})
	_, second := b.start(t, "alice", session.StartOptions{})
	b.clock.advance(time.Minute)
	_ = b.resume(t, token)
	b.clock.advance(5 * time.Second)
	_ = b.resume(t, second)
	if store.touches != 1 || store.touched != 2 {
		t.Errorf("got %d writes of %d visits, want 1 of 2", store.touches, store.touched)
	}
	if got, _, _ := store.Store.Get(t.Context(), s.ID); !got.Last.At.Equal(s.First.At.Add(time.Minute)) {
		t.Errorf("stored %v", got.Last.At)
	}
}

// Activity is no reason to fail a request, and is not lost by an outage.
func TestTouchOutage(t *testing.T) {
	store := &counting{Store: memstore.New(), fail: errors.New("down")}
	b := newBenchOver(t, store, session.Config{})
	s, token := b.start(t, "alice", session.StartOptions{})
	for range 3 {
		b.clock.advance(time.Minute)
		if err := b.resume(t, token); err != nil {
			t.Fatal(err)
		}
		if err := b.Flush(t.Context()); err == nil {
			t.Error("Flush hides the outage")
		}
	}
	store.fail = nil
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, _, _ := store.Store.Get(t.Context(), s.ID); !got.Last.At.Equal(b.Now()) {
		t.Errorf("stored %v, want %v", got.Last.At, b.Now())
	}
	if got := b.Stats(); got.TouchErrors != 3 || got.Touches != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestMovedSession(t *testing.T) {
	place := func(_ context.Context, ip netip.Addr) (geo.Location, error) {
		if ip == hotel.IP {
			return geo.Location{Scope: geo.ScopeGlobal, CountryCode: "JP", Country: "Japan"}, nil
		}
		return geo.Location{Scope: geo.ScopeGlobal, CountryCode: "NL", Country: "Netherlands"}, nil
	}
	var cases []session.Case
	b := newBench(t, session.Config{Locator: geo.LocatorFunc(place), Assessor: session.AssessorFunc(
		func(_ context.Context, c session.Case) (session.Verdict, error) {
			cases = append(cases, c)
			if c.SignIn {
				return session.Verdict{}, nil
			}
			return session.Verdict{Level: session.LevelAlert, Signals: []session.Signal{{Code: "country.new", Text: "new"}}}, nil
		})})
	s, token := b.start(t, "alice", session.StartOptions{})
	b.kinds()
	b.clock.advance(time.Second)
	for range 3 { // only the first of them moves
		if _, err := b.Resume(t.Context(), token.Credential(), hotel); err != nil {
			t.Fatal(err)
		}
	}
	if got := b.kinds(); len(got) != 1 || got[0] != session.EventMoved {
		t.Errorf("got events %v", got)
	}
	if len(cases) != 2 || !cases[0].SignIn || cases[1].Visit.Location.CountryCode != "JP" || cases[1].Session.First.Location.CountryCode != "NL" {
		t.Errorf("got cases %+v", cases)
	}
	all, err := b.List(t.Context(), "alice")
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	if got := all[0]; got.Last.Location.Country != "Japan" || got.First.Location.Country != "Netherlands" || got.Last.IP != hotel.IP || len(got.Signals) != 1 {
		t.Errorf("got %+v", got)
	}
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if stored, _, _ := b.store.Get(t.Context(), s.ID); stored.Last.Network != geo.Network(hotel.IP) {
		t.Errorf("stored %v", stored.Last.Network)
	}
}

// A move is compared with the visit before it, written or not.
func TestMovesFollowEachOther(t *testing.T) {
	var before []netip.Addr
	b := newBench(t, session.Config{Assessor: session.AssessorFunc(
		func(_ context.Context, c session.Case) (session.Verdict, error) {
			before = append(before, c.Session.Last.IP)
			return session.Verdict{}, nil
		})})
	_, token := b.start(t, "alice", session.StartOptions{})
	for _, from := range []session.Origin{hotel, home} {
		b.clock.advance(time.Second)
		if _, err := b.Resume(t.Context(), token.Credential(), from); err != nil {
			t.Fatal(err)
		}
	}
	if want := []netip.Addr{home.IP, home.IP, hotel.IP}; !slices.Equal(before, want) {
		t.Errorf("got %v, want %v", before, want)
	}
}

// An Assessor or a Locator that fails stops nobody.
func TestHelpersThatFail(t *testing.T) {
	down := errors.New("down")
	b := newBench(t, session.Config{
		Locator: geo.LocatorFunc(func(context.Context, netip.Addr) (geo.Location, error) { return geo.Location{City: "wrong"}, down }),
		Assessor: session.AssessorFunc(func(context.Context, session.Case) (session.Verdict, error) {
			return session.Verdict{Provisional: true}, down
		}),
	})
	s, token := b.start(t, "alice", session.StartOptions{})
	if s.Provisional || s.First.Location.City != "" || s.First.Location.Scope != geo.ScopeOf(home.IP) {
		t.Errorf("got %+v", s)
	}
	if _, err := b.Resume(t.Context(), token.Credential(), hotel); err != nil {
		t.Error(err)
	}
}

func TestAddressPolicies(t *testing.T) {
	for policy, want := range map[session.AddressPolicy][2]bool{
		session.AddressesFull:      {true, true},
		session.AddressesTruncated: {false, true},
		session.AddressesNone:      {false, false},
	} {
		b := newBench(t, session.Config{Addresses: policy})
		s, token := b.start(t, "alice", session.StartOptions{})
		b.clock.advance(time.Minute)
		if _, err := b.Resume(t.Context(), token.Credential(), hotel); err != nil {
			t.Fatal(err)
		}
		if err := b.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		stored, _, err := b.store.Get(t.Context(), s.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []session.Visit{stored.First, stored.Last} {
			if got := [2]bool{v.IP.IsValid(), v.Network.IsValid()}; got != want {
				t.Errorf("policy %d: address and network kept: got %v, want %v", policy, got, want)
			}
		}
	}
}

// The device of the sign-in stays, whatever else uses the session's token.
func TestDeviceIsNotDowngraded(t *testing.T) {
	b := newBench(t, session.Config{Device: func(h device.Hints) device.Device {
		if h.UserAgent == "home browser" {
			return device.Device{Kind: device.KindPhone, App: "Immich", Model: "Pixel 8", OS: "Android"}
		}
		return device.Device{Kind: device.KindUnknown}
	}})
	s, token := b.start(t, "alice", session.StartOptions{})
	player := session.Origin{IP: home.IP, Hints: device.Hints{UserAgent: "player"}}
	b.kinds()
	for range 3 {
		b.clock.advance(time.Minute)
		if _, err := b.Resume(t.Context(), token.Credential(), player); err != nil {
			t.Fatal(err)
		}
	}
	if got := b.kinds(); len(got) != 1 || got[0] != session.EventMoved { // told of once
		t.Errorf("got events %v", got)
	}
	all, _ := b.List(t.Context(), "alice")
	if len(all) != 1 || all[0].Last.Device != s.First.Device {
		t.Errorf("got %+v", all)
	}
}

// A browser that says more of itself is no other device.
func TestDeviceIsImproved(t *testing.T) {
	b := newBench(t, session.Config{})
	chrome := "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36"
	ticket, _ := b.BeginSignIn(t.Context(), "alice")
	_, token, err := b.Start(t.Context(), ticket, session.Origin{IP: home.IP, Hints: device.Hints{UserAgent: chrome}}, session.StartOptions{})
	if err != nil {
		t.Fatal(err)
	}
	b.kinds()
	b.clock.advance(time.Second)
	more := session.Origin{IP: home.IP, Hints: device.Hints{UserAgent: chrome, Brands: `"Chromium";v="150", "Google Chrome";v="150"`, Mobile: "?0",
		Platform: `"Windows"`, PlatformVersion: `"15.0.0"`}}
	if _, err := b.Resume(t.Context(), token.Credential(), more); err != nil {
		t.Fatal(err)
	}
	all, _ := b.List(t.Context(), "alice")
	if got := all[0].Last.Device; got.OSVersion != "11" || got.Browser != "Chrome" {
		t.Errorf("got %+v", got)
	}
	if got := b.kinds(); len(got) != 0 {
		t.Errorf("got events %v", got)
	}
}

func TestResumeAllocatesNothing(t *testing.T) {
	b := newBench(t, session.Config{})
	_, token := b.start(t, "alice", session.StartOptions{})
	c := token.Credential()
	_ = b.resume(t, token)
	if n := need.Allocations(func() {
		if _, err := b.Resume(context.Background(), c, home); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("got %v allocations", n)
	}
}

func BenchmarkResume(b *testing.B) {
	bench := newBench(b, session.Config{})
	_, token := bench.start(b, "alice", session.StartOptions{})
	c := token.Credential()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := bench.Resume(b.Context(), c, home); err != nil {
			b.Fatal(err)
		}
	}
}
