package session_test

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

// clock is the Manager's clock, moved by hand.
type clock struct{ ms atomic.Int64 }

func newClock() *clock {
	c := new(clock)
	c.ms.Store(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC).UnixMilli())
	return c
}

func (c *clock) now() time.Time          { return time.UnixMilli(c.ms.Load()) }
func (c *clock) advance(d time.Duration) { c.ms.Add(d.Milliseconds()) }

// bench is a Manager over memory, its clock, and what its observer saw.
type bench struct {
	*session.Manager
	store session.Store
	clock *clock

	mu     sync.Mutex
	events []session.Event
}

func newBench(t testing.TB, cfg session.Config) *bench {
	t.Helper()
	return newBenchOver(t, memstore.New(), cfg)
}

func newBenchOver(t testing.TB, store session.Store, cfg session.Config) *bench {
	t.Helper()
	b := &bench{store: store, clock: newClock()}
	cfg.Now = b.clock.now
	cfg.Observers = append(cfg.Observers, session.ObserverFunc(func(_ context.Context, e session.Event) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.events = append(b.events, e)
	}))
	m, err := session.New(store, cfg)
	if err != nil {
		t.Fatal(err)
	}
	b.Manager = m
	return b
}

// kinds returns the kinds of the events since the last call.
func (b *bench) kinds() (kinds []session.EventKind) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		kinds = append(kinds, e.Kind)
	}
	b.events = nil
	return kinds
}

func (b *bench) start(t testing.TB, userID string, o session.StartOptions) (*session.Session, session.Token) {
	t.Helper()
	ticket, err := b.BeginSignIn(t.Context(), userID)
	if err != nil {
		t.Fatal(err)
	}
	s, token, err := b.Start(t.Context(), ticket, home, o)
	if err != nil {
		t.Fatal(err)
	}
	return s, token
}

func (b *bench) resume(t testing.TB, token session.Token) error {
	t.Helper()
	_, err := b.Resume(t.Context(), token.Credential(), home)
	return err
}

var (
	home  = session.Origin{IP: netip.MustParseAddr("198.51.100.7"), Hints: device.Hints{UserAgent: "home browser"}}
	hotel = session.Origin{IP: netip.MustParseAddr("203.0.113.9"), Hints: home.Hints}
)

func ids(all []*session.Session) (ids []session.ID) {
	for _, s := range all {
		ids = append(ids, s.ID)
	}
	return ids
}

func TestConfigIsChecked(t *testing.T) {
	for field, cfg := range map[string]session.Config{
		"Config.Preset":        {Preset: "eternal"},
		"Config.Limits.Idle":   {Limits: session.Limits{Idle: -1}},
		"Config.Limits.StepUp": {Limits: session.Limits{StepUp: -1}},
		"Config.Retention":     {Retention: -1},
		"Config.FlushInterval": {FlushInterval: -1},
		"Config.Addresses":     {Addresses: 9},
	} {
		if _, err := session.New(memstore.New(), cfg); err == nil || !contains(err.Error(), field) {
			t.Errorf("%s: got error %v, want one that names the field", field, err)
		}
	}
	if _, err := session.New(nil, session.Config{}); err == nil {
		t.Error("no store: got no error")
	}
}

func TestPresets(t *testing.T) {
	l, err := session.PresetConsumer.Limits()
	if err != nil {
		t.Fatal(err)
	}
	want := "idle      30 d\nabsolute  180 d  (deviates from NIST SP 800-63B-4 AAL1: 30 d)\nrotation  1 d\nstep-up   15m0s\n"
	if got := l.Describe(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	b := newBench(t, session.Config{Preset: session.PresetAAL2, Limits: session.Limits{Rotation: -1}})
	if got, want := b.Limits(), (session.Limits{Idle: time.Hour, Absolute: 24 * time.Hour, Rotation: -1, StepUp: 15 * time.Minute}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestUserIDIsChecked(t *testing.T) {
	b := newBench(t, session.Config{})
	for _, id := range []string{"", " \t", string(make([]byte, 300)), "a\x00b", "\xff"} {
		if _, err := b.BeginSignIn(t.Context(), id); err == nil {
			t.Errorf("BeginSignIn(%q): no error", id)
		}
		if _, err := b.RevokeAll(t.Context(), id, session.ReasonAdmin); err == nil {
			t.Errorf("RevokeAll(%q): no error", id)
		}
		if _, err := b.List(t.Context(), id); err == nil {
			t.Errorf("List(%q): no error", id)
		}
	}
}

func TestStart(t *testing.T) {
	here := geo.Location{Scope: geo.ScopeGlobal, CountryCode: "NL", Country: "Netherlands"}
	b := newBench(t, session.Config{Locator: geo.LocatorFunc(func(context.Context, netip.Addr) (geo.Location, error) { return here, nil })})
	methods := []string{"pwd"}
	s, token := b.start(t, "alice", session.StartOptions{Persistent: true, Methods: methods, Attrs: map[string]string{"k": "v"}})
	methods[0] = "changed"

	now := b.Now()
	if s.ID.Version() != 4 || s.ID != token.ID() || s.UserID != "alice" || s.Carrier != session.CarrierCookie || !s.Persistent {
		t.Errorf("got %+v", s)
	}
	if s.First.IP != home.IP || s.First.Network != netip.MustParsePrefix("198.51.100.0/24") || s.First.Location != here || !s.First.At.Equal(now) {
		t.Errorf("got visit %+v", s.First)
	}
	if !s.ExpiresAt.Equal(now.Add(30*24*time.Hour)) || s.IdleTimeout != 7*24*time.Hour || s.Methods[0] != "pwd" || s.Attrs["k"] != "v" {
		t.Errorf("got %+v", s)
	}
	if err := b.resume(t, token); err != nil {
		t.Error(err)
	}
	if got, want := b.kinds(), []session.EventKind{session.EventStarted}; !slices.Equal(got, want) {
		t.Errorf("got events %v, want %v", got, want)
	}
	if _, _, err := b.Start(t.Context(), session.Ticket{}, home, session.StartOptions{}); err == nil {
		t.Error("without a ticket: no error")
	}
}

func TestSharedComputer(t *testing.T) {
	b := newBench(t, session.Config{})
	s, token := b.start(t, "alice", session.StartOptions{Persistent: true, Shared: true})
	if s.Persistent || !s.Shared || s.IdleTimeout != time.Hour {
		t.Errorf("got persistent %v, shared %v, idle %v", s.Persistent, s.Shared, s.IdleTimeout)
	}
	b.clock.advance(time.Hour)
	if err := b.resume(t, token); err != session.ErrExpired {
		t.Errorf("got %v, want ErrExpired", err)
	}
}

func TestLimits(t *testing.T) {
	b := newBench(t, session.Config{Preset: session.PresetHighValue}) // 5 min idle, 8 h in all
	_, idle := b.start(t, "alice", session.StartOptions{})
	_, busy := b.start(t, "alice", session.StartOptions{})
	b.clock.advance(5*time.Minute - time.Second)
	if err := b.resume(t, idle); err != nil {
		t.Errorf("a second before the idle limit: %v", err)
	}
	for elapsed := 5*time.Minute - time.Second; elapsed < 8*time.Hour-time.Second; elapsed += time.Second {
		if err := b.resume(t, busy); err != nil {
			t.Fatalf("after %v: %v", elapsed, err)
		}
		b.clock.advance(time.Second)
	}
	if err := b.resume(t, idle); err != session.ErrExpired {
		t.Errorf("long idle: got %v, want ErrExpired", err)
	}
	if err := b.resume(t, busy); err != nil {
		t.Errorf("a second before the absolute limit: %v", err)
	}
	b.clock.advance(time.Second)
	if err := b.resume(t, busy); err != session.ErrExpired {
		t.Errorf("at the absolute limit: got %v, want ErrExpired", err)
	}
}

func TestListAndHistory(t *testing.T) {
	b := newBench(t, session.Config{})
	one, _ := b.start(t, "alice", session.StartOptions{})
	two, tokenTwo := b.start(t, "alice", session.StartOptions{})
	three, _ := b.start(t, "alice", session.StartOptions{})
	b.start(t, "bob", session.StartOptions{})
	b.clock.advance(2 * time.Minute)
	if err := b.resume(t, tokenTwo); err != nil { // noted in memory, not written yet
		t.Fatal(err)
	}
	if err := b.Revoke(t.Context(), "alice", one.ID, session.ReasonSignedOutRemote); err != nil {
		t.Fatal(err)
	}
	all, err := b.List(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := ids(all), []session.ID{two.ID, three.ID}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := all[0].Last.At; !got.Equal(b.Now()) {
		t.Errorf("last activity: got %v, want %v", got, b.Now())
	}
	ended, err := b.History(t.Context(), "alice", 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(ended) != 1 || ended[0].Ended.Reason != session.ReasonSignedOutRemote || ended[0].Ended.By != "system" ||
		ended[0].First.IP.IsValid() || !ended[0].First.Network.IsValid() {
		t.Errorf("got %+v", ended)
	}

	// Time ends sessions before Run comes by; the lists know already.
	b.clock.advance(7 * 24 * time.Hour)
	if all, err = b.List(t.Context(), "alice"); err != nil || len(all) != 0 {
		t.Errorf("got %d sessions, %v", len(all), err)
	}
	if ended, err = b.History(t.Context(), "alice", 2); err != nil || len(ended) != 2 || ended[0].Ended.Reason != session.ReasonExpired {
		t.Errorf("got %+v, %v", ended, err)
	}
}

func TestCapTakesTheLongestIdle(t *testing.T) {
	b := newBench(t, session.Config{MaxPerUser: 2})
	_, one := b.start(t, "alice", session.StartOptions{})
	b.clock.advance(time.Minute)
	_, two := b.start(t, "alice", session.StartOptions{})
	b.clock.advance(time.Minute)
	if err := b.resume(t, one); err != nil {
		t.Fatal(err)
	}
	b.clock.advance(time.Minute)
	b.start(t, "alice", session.StartOptions{})
	if err := b.resume(t, one); err != nil {
		t.Errorf("the recently active one: %v", err)
	}
	if err := b.resume(t, two); err != session.ErrRevoked {
		t.Errorf("the longest idle one: got %v, want ErrRevoked", err)
	}
	ended, err := b.History(t.Context(), "alice", 0)
	if err != nil || len(ended) != 1 || ended[0].Ended.Reason != session.ReasonEvicted {
		t.Errorf("got %+v, %v", ended, err)
	}
}

func TestUserStatus(t *testing.T) {
	status := error(nil)
	b := newBench(t, session.Config{UserStatus: func(context.Context, string) error { return status }})
	_, token := b.start(t, "alice", session.StartOptions{})
	for _, want := range []error{nil, context.DeadlineExceeded, nil, session.ErrDisabled} {
		status = want
		if err := b.resume(t, token); err != want {
			t.Errorf("got %v, want %v", err, want)
		}
	}
}

func TestRename(t *testing.T) {
	b := newBench(t, session.Config{})
	s, _ := b.start(t, "alice", session.StartOptions{})
	for _, name := range []string{"Mum's iPad", "  trimmed  ", "", "👩‍💻", "می\u200cخواهم", "क्\u200dष", "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f flat", "☎️", "\u3164x"} {
		if _, err := b.Rename(t.Context(), "alice", s.ID, name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{string(make([]rune, 65)), "a\nb", "\u202egnp.exe", "\x1b[31m", "\xff", "a\u2028b",
		"\u3164", "\u2800\u2800", "\u200d", "\u200c\u200d", "\ufe0f", "\u115f", " \u3164 ", "x\U000e0067\U000e007f", "🏴\U000e0067", "🏴\U000e007f", "x\u00ad", "\ufeffx", "\u200bx"} {
		if _, err := b.Rename(t.Context(), "alice", s.ID, name); !errorIs(err, session.ErrInvalidName) {
			t.Errorf("%q: got %v, want ErrInvalidName", name, err)
		}
	}
	if _, err := b.Rename(t.Context(), "bob", s.ID, "mine"); err != session.ErrNotFound {
		t.Errorf("somebody else's: got %v, want ErrNotFound", err)
	}
}

func TestExportAndErase(t *testing.T) {
	b := newBench(t, session.Config{})
	_, token := b.start(t, "alice", session.StartOptions{})
	_, bobs := b.start(t, "bob", session.StartOptions{})
	late, err := b.BeginSignIn(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	all, err := b.Export(t.Context(), "alice")
	if err != nil || len(all.Sessions) != 1 || !all.Sessions[0].Secrets.Current.IsZero() {
		t.Errorf("got %+v, %v", all, err)
	}
	b.kinds()
	if err := b.Erase(t.Context(), "alice"); err != nil {
		t.Fatal(err)
	}
	if all, err = b.Export(t.Context(), "alice"); err != nil || len(all.Sessions) != 0 {
		t.Errorf("after Erase: got %v, %v", all, err)
	}
	if got, want := b.kinds(), []session.EventKind{session.EventRevoked, session.EventErased}; !slices.Equal(got, want) {
		t.Errorf("got events %v, want %v", got, want)
	}
	if err := b.resume(t, token); err != session.ErrUnknown {
		t.Errorf("got %v, want ErrUnknown", err)
	}
	if err := b.resume(t, bobs); err != nil {
		t.Errorf("bob: %v", err)
	}
	if _, _, err := b.Start(t.Context(), late, home, session.StartOptions{}); !errorIs(err, session.ErrOutdated) {
		t.Errorf("a sign-in from before: got %v, want ErrOutdated", err)
	}
	if _, token := b.start(t, "alice", session.StartOptions{}); b.resume(t, token) != nil {
		t.Error("alice cannot come back")
	}
}
