package session_test

import (
	"slices"
	"testing"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/session"
)

// A browser that signs in again is one device: its former session ends, and its
// name goes on.
func TestBrowserSignsInAgain(t *testing.T) {
	b := newBench(t, session.Config{ProfileKeys: session.NewKeys(profileKey)})
	desk, lamp := session.NewDeviceID(), session.NewDeviceID()
	first, token := b.start(t, "alice", session.StartOptions{DeviceID: desk})
	if _, err := b.Rename(t.Context(), "alice", first.ID, "Office"); err != nil {
		t.Fatal(err)
	}
	other, _ := b.start(t, "alice", session.StartOptions{DeviceID: lamp})
	theirs, _ := b.start(t, "bob", session.StartOptions{DeviceID: desk})
	app, _ := b.start(t, "alice", session.StartOptions{DeviceID: desk, Carrier: session.CarrierBearer})
	shared, _ := b.start(t, "alice", session.StartOptions{})
	again, _ := b.start(t, "alice", session.StartOptions{DeviceID: desk})
	if err := b.resume(t, token); err != session.ErrRevoked {
		t.Errorf("the former session: got %v", err)
	}
	live, err := b.List(t.Context(), "alice")
	if err != nil || len(live) != 4 {
		t.Fatalf("got %d sessions, %v", len(live), err)
	}
	for _, s := range []*session.Session{other, app, shared, again} {
		if !slices.Contains(ids(live), s.ID) {
			t.Errorf("%s has ended", s.Label())
		}
	}
	if again.Name != "Office" {
		t.Errorf("the name is %q", again.Name)
	}
	ended, err := b.History(t.Context(), "alice", 0)
	if err != nil || len(ended) != 1 || ended[0].Ended.Reason != session.ReasonReplaced {
		t.Errorf("got %+v, %v", ended, err)
	}
	if live, _ := b.List(t.Context(), "bob"); len(live) != 1 || live[0].ID != theirs.ID {
		t.Errorf("bob has %v", ids(live))
	}
}

// A sign-in that is in doubt ends nothing: the session before may have to judge
// it.
func TestDoubtReplacesNothing(t *testing.T) {
	b := newBench(t, session.Config{ProfileKeys: session.NewKeys(profileKey), Assessor: &suspicious{level: session.LevelAlert}})
	id := session.NewDeviceID()
	_, token := b.start(t, "alice", session.StartOptions{DeviceID: id})
	ticket, err := b.BeginSignIn(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	if s, _, err := b.Start(t.Context(), ticket, hotel, session.StartOptions{DeviceID: id}); err != nil || !s.Provisional {
		t.Fatalf("got %+v, %v", s, err)
	}
	if err := b.resume(t, token); err != nil {
		t.Errorf("the former session: got %v", err)
	}
}

// What cannot be told apart is numbered when it signs in, and keeps its number.
func TestTwins(t *testing.T) {
	b := newBench(t, session.Config{Device: func(h device.Hints) device.Device {
		return device.Device{Kind: device.KindDesktop, Browser: h.UserAgent, OS: "Windows"}
	}})
	sign := func(agent string, o session.StartOptions) *session.Session {
		t.Helper()
		ticket, err := b.BeginSignIn(t.Context(), "alice")
		if err != nil {
			t.Fatal(err)
		}
		s, _, err := b.Start(t.Context(), ticket, session.Origin{Hints: device.Hints{UserAgent: agent}}, o)
		if err != nil {
			t.Fatal(err)
		}
		b.clock.advance(time.Second)
		return s
	}
	want := func(s *session.Session, label string) {
		t.Helper()
		if s.Label() != label {
			t.Errorf("got %q, want %q", s.Label(), label)
		}
		stored, _, err := b.store.Get(t.Context(), s.ID)
		if err != nil || stored.Label() != label {
			t.Errorf("stored is %q, want %q: %v", stored.Label(), label, err)
		}
	}
	one, two := sign("Chrome", session.StartOptions{}), sign("Chrome", session.StartOptions{})
	want(one, "Chrome on Windows")
	want(two, "Chrome on Windows (2)")
	want(sign("Firefox", session.StartOptions{}), "Firefox on Windows")
	want(sign("Chrome", session.StartOptions{Name: "Kitchen"}), "Kitchen")
	if err := b.Revoke(t.Context(), "alice", one.ID, session.ReasonSignedOut); err != nil {
		t.Fatal(err)
	}
	want(two, "Chrome on Windows (2)")
	want(sign("Chrome", session.StartOptions{}), "Chrome on Windows")
	want(sign("Chrome", session.StartOptions{Replaces: two}), "Chrome on Windows (2)")
	if _, err := b.Rename(t.Context(), "alice", two.ID, "x"); err != session.ErrNotFound {
		t.Errorf("the one that was replaced: got %v", err)
	}
}

func TestRevokeEach(t *testing.T) {
	b := newBench(t, session.Config{})
	me, _ := b.start(t, "alice", session.StartOptions{})
	one, token := b.start(t, "alice", session.StartOptions{})
	two, _ := b.start(t, "alice", session.StartOptions{})
	bob, _ := b.start(t, "bob", session.StartOptions{})
	for _, want := range []int{2, 0} {
		if n, err := b.RevokeEach(t.Context(), "alice", []session.ID{one.ID, two.ID, bob.ID, {}}, session.ReasonSignedOutRemote); n != want || err != nil {
			t.Errorf("got %d, %v, want %d", n, err, want)
		}
	}
	if n, err := b.RevokeEach(t.Context(), "alice", nil, session.ReasonSignedOutRemote); n != 0 || err != nil {
		t.Errorf("of none: %d, %v", n, err)
	}
	if err := b.resume(t, token); err != session.ErrRevoked {
		t.Errorf("got %v", err)
	}
	for user, s := range map[string]*session.Session{"alice": me, "bob": bob} {
		if live, _ := b.List(t.Context(), user); len(live) != 1 || live[0].ID != s.ID {
			t.Errorf("%s has %v", user, ids(live))
		}
	}
}

// A Subscription hears of its own user, and of what other processes tell about what it
// shows.
func TestWatch(t *testing.T) {
	b := newBench(t, session.Config{})
	me, _ := b.start(t, "alice", session.StartOptions{})
	bob, _ := b.start(t, "bob", session.StartOptions{})
	w := b.Subscribe("alice")
	w.See([]*session.Session{me})
	heard := func(what string, want bool) {
		t.Helper()
		select {
		case <-w.C:
			if !want {
				t.Errorf("%s: told of it", what)
			}
		default:
			if want {
				t.Errorf("%s: not told of it", what)
			}
		}
	}
	heard("nothing", false)
	b.start(t, "bob", session.StartOptions{})
	heard("somebody else", false)
	b.start(t, "alice", session.StartOptions{})
	b.start(t, "alice", session.StartOptions{})
	heard("sign-ins", true)
	heard("once", false)
	b.Hub().Receive(session.Message{Ended: []session.ID{bob.ID}})
	heard("a notice of somebody else's", false)
	b.Hub().Receive(session.Message{})
	heard("an empty notice", false)
	b.Hub().Receive(session.Message{Changed: []session.ID{me.ID}})
	heard("a notice", true)
	b.Hub().Receive(session.Message{Missed: true})
	heard("a gap", true)
	w.Stop()
	w.Stop()
	b.start(t, "alice", session.StartOptions{})
	heard("after Stop", false)
}
