package session_test

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

var profileKey = []byte("a key for profiles, 32 bytes or so")

func newKnown(t *testing.T, store session.Store, keys ...[]byte) *bench {
	t.Helper()
	return newBenchOver(t, store, session.Config{
		ProfileKeys: session.NewKeys(keys...),
		Device: func(h device.Hints) device.Device {
			return device.Device{Kind: device.KindDesktop, Browser: h.UserAgent}
		},
		Locator: geo.LocatorFunc(func(_ context.Context, ip netip.Addr) (geo.Location, error) {
			if ip == hotel.IP {
				return geo.Location{Scope: geo.ScopeGlobal, CountryCode: "JP"}, nil
			}
			return geo.Location{Scope: geo.ScopeGlobal, CountryCode: "NL"}, nil
		}),
	})
}

func (b *bench) familiarity(t *testing.T, userID string, from session.Origin, id session.DeviceID) session.Familiarity {
	t.Helper()
	ticket, err := b.BeginSignIn(t.Context(), userID)
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := b.Start(t.Context(), ticket, from, session.StartOptions{DeviceID: id})
	if err != nil {
		t.Fatal(err)
	}
	return s.Familiarity
}

func TestFamiliarity(t *testing.T) {
	b := newKnown(t, memstore.New(), profileKey)
	laptop, phone, none := session.NewDeviceID(), session.NewDeviceID(), session.DeviceID{}
	otherBrowser := session.Origin{IP: home.IP, Hints: device.Hints{UserAgent: "another"}}
	neighbour := session.Origin{IP: netip.MustParseAddr("192.0.2.1"), Hints: home.Hints} // same country
	for _, c := range []struct {
		name, user string
		from       session.Origin
		id         session.DeviceID
		want       session.Familiarity
	}{
		{"first sign-in", "alice", home, laptop, session.FamiliarityNew},
		{"again", "alice", home, laptop, session.FamiliarityKnown},
		{"abroad, after an update", "alice", session.Origin{IP: hotel.IP, Hints: device.Hints{UserAgent: "newer"}}, laptop, session.FamiliarityKnown},
		{"another browser at home", "alice", otherBrowser, phone, session.FamiliarityNew},
		{"cookies cleared, at home", "alice", otherBrowser, session.NewDeviceID(), session.FamiliaritySimilar},
		{"no cookie, in the country", "alice", session.Origin{IP: neighbour.IP, Hints: otherBrowser.Hints}, none, session.FamiliaritySimilar},
		{"no cookie, abroad, like none there", "alice", session.Origin{IP: hotel.IP, Hints: otherBrowser.Hints}, none, session.FamiliarityNew},
		{"bob in alice's browser", "bob", home, laptop, session.FamiliarityNew},
		{"alice is still known there", "alice", home, laptop, session.FamiliarityKnown},
	} {
		if got := b.familiarity(t, c.user, c.from, c.id); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	b.clock.advance(401 * 24 * time.Hour)
	b.familiarity(t, "alice", home, phone)
	if got := b.familiarity(t, "alice", home, laptop); got == session.FamiliarityKnown {
		t.Error("a device that was not seen for 401 days is still known")
	}
}

func TestForgetDevice(t *testing.T) {
	b := newKnown(t, memstore.New(), profileKey)
	id, other := session.NewDeviceID(), session.NewDeviceID()
	b.familiarity(t, "alice", home, other)
	b.familiarity(t, "alice", hotel, id)
	all, err := b.List(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.ForgetDevice(t.Context(), "bob", all[0].ID); err != session.ErrNotFound {
		t.Errorf("somebody else's: got %v", err)
	}
	for _, s := range all {
		if s.First.IP == hotel.IP {
			if err := b.ForgetDevice(t.Context(), "alice", s.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := b.familiarity(t, "alice", hotel, id); got == session.FamiliarityKnown {
		t.Errorf("got %q", got)
	}
	if got := b.familiarity(t, "alice", home, other); got != session.FamiliarityKnown {
		t.Errorf("the other one: got %q", got)
	}
	if err := b.ForgetDevices(t.Context(), "alice"); err != nil {
		t.Fatal(err)
	}
	if got := b.familiarity(t, "alice", home, other); got != session.FamiliarityNew {
		t.Errorf("all forgotten: got %q", got)
	}
}

func TestProfilesAreBoundedAndSealed(t *testing.T) {
	store := memstore.New()
	b := newKnown(t, store, profileKey)
	ids := make([]session.DeviceID, 20)
	for i := range ids {
		ids[i] = session.NewDeviceID()
		b.familiarity(t, "alice", home, ids[i])
		b.clock.advance(time.Hour)
	}
	blob, _, err := store.Profile(t.Context(), "alice")
	if err != nil || len(blob) == 0 || len(blob) > 512 {
		t.Errorf("got %d bytes, %v", len(blob), err)
	}
	for _, id := range ids {
		if bytes.Contains(blob, id[:4]) {
			t.Error("the blob shows an ID")
		}
	}
	if got := b.familiarity(t, "alice", hotel, ids[3]); got == session.FamiliarityKnown {
		t.Errorf("the 17th latest: got %q", got)
	}
	if got := b.familiarity(t, "alice", hotel, ids[10]); got != session.FamiliarityKnown {
		t.Errorf("one of the latest 16: got %q", got)
	}
	export, err := b.Export(t.Context(), "alice")
	if err != nil || len(export.Devices) != 16 || export.Devices[0].CountryCode != "JP" || !export.Devices[0].LastDay.Equal(b.Now().Truncate(24*time.Hour)) {
		t.Errorf("export: got %+v, %v", export.Devices, err)
	}

	// A blob of another user, another key, or no blob at all: as good as none.
	_, version, err := store.Profile(t.Context(), "bob")
	if err != nil {
		t.Fatal(err)
	}
	if err := store.SaveProfile(t.Context(), "bob", blob, version); err != nil {
		t.Fatal(err)
	}
	if moved, err := b.Export(t.Context(), "bob"); err != nil || len(moved.Devices) != 0 {
		t.Errorf("with alice's blob: got %+v, %v", moved.Devices, err)
	}
	if got := b.familiarity(t, "bob", home, ids[10]); got != session.FamiliarityNew {
		t.Errorf("with alice's blob: got %q", got)
	}
	next := bytes.Repeat([]byte("another key "), 4)
	if got := newKnown(t, store, next, profileKey).familiarity(t, "alice", home, ids[10]); got != session.FamiliarityKnown {
		t.Errorf("with the old key still there: got %q", got)
	}
	if err := b.Erase(t.Context(), "alice"); err != nil {
		t.Fatal(err)
	}
	if blob, version, err = store.Profile(t.Context(), "alice"); len(blob) != 0 || version != 0 || err != nil {
		t.Errorf("erased: got %d bytes, version %d, %v", len(blob), version, err)
	}
}

func TestWithoutProfileKeysNothingIsRemembered(t *testing.T) {
	store := memstore.New()
	b := newKnown(t, store)
	id := session.NewDeviceID()
	for range 2 {
		if got := b.familiarity(t, "alice", home, id); got != session.FamiliarityUnknown {
			t.Errorf("got %q", got)
		}
	}
	if blob, _, _ := store.Profile(t.Context(), "alice"); len(blob) != 0 {
		t.Errorf("got %d bytes", len(blob))
	}
	if _, err := session.New(&counting{Store: store}, session.Config{ProfileKeys: session.NewKeys(profileKey)}); err == nil {
		t.Error("a store without profiles: no error")
	}
	if _, err := session.New(store, session.Config{ProfileKeys: session.NewKeys([]byte("short"))}); err == nil {
		t.Error("a short key: no error")
	}
}

// An Assessor keeps what it learns of a user beside the devices.
func TestAssessorsProfile(t *testing.T) {
	var got [][]byte
	b := newBench(t, session.Config{ProfileKeys: session.NewKeys(profileKey), Assessor: session.AssessorFunc(
		func(_ context.Context, c session.Case) (session.Verdict, error) {
			got = append(got, c.Profile)
			return session.Verdict{Profile: append(bytes.Clone(c.Profile), 'x')}, nil
		})})
	_, token := b.start(t, "alice", session.StartOptions{DeviceID: session.NewDeviceID()})
	b.clock.advance(time.Minute)
	if _, err := b.Resume(t.Context(), token.Credential(), hotel); err != nil {
		t.Fatal(err)
	}
	b.start(t, "alice", session.StartOptions{})
	if want := [][]byte{nil, []byte("x"), []byte("xx")}; len(got) != 3 || !bytes.Equal(got[1], want[1]) || !bytes.Equal(got[2], want[2]) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Two instances get new keys one after the other: every browser stays known at every
// step. After a leak the key is left out: each is new once, and nobody is signed out.
func TestProfileKeysAreReplaced(t *testing.T) {
	store := memstore.New()
	old, next := profileKey, bytes.Repeat([]byte("another key "), 4)
	one, two := newKnown(t, store, old), newKnown(t, store, old)
	ids := []session.DeviceID{session.NewDeviceID(), session.NewDeviceID()}
	for i, id := range ids {
		want := []session.Familiarity{session.FamiliarityNew, session.FamiliaritySimilar}[i]
		if got := one.familiarity(t, "alice", home, id); got != want {
			t.Fatalf("first sign-in: got %q", got)
		}
	}
	_, token := one.start(t, "alice", session.StartOptions{})
	both := func(step string) {
		t.Helper()
		for i, b := range []*bench{one, two} {
			if err := b.resume(t, token); err != nil {
				t.Errorf("%s: instance %d signs out: %v", step, i+1, err)
			}
			for _, id := range ids {
				if got := b.familiarity(t, "alice", hotel, id); got != session.FamiliarityKnown {
					t.Errorf("%s: instance %d: got %q", step, i+1, got)
				}
			}
		}
	}
	for _, keys := range [][][]byte{{old, next}, {next, old}, {next}} {
		one = newKnown(t, store, keys...)
		both("half way")
		two = newKnown(t, store, keys...)
		both("done")
	}
	if err := one.resume(t, token); err != nil {
		t.Error(err)
	}
	leaked := newKnown(t, store, bytes.Repeat([]byte("one that did not leak "), 2))
	if got := leaked.familiarity(t, "alice", home, ids[0]); got != session.FamiliarityNew {
		t.Errorf("without the key: got %q", got)
	}
	if got := leaked.familiarity(t, "alice", home, ids[0]); got != session.FamiliarityKnown {
		t.Errorf("once more: got %q", got)
	}
	if err := leaked.resume(t, token); err != nil {
		t.Errorf("signed out: %v", err)
	}
}

// After a change of the password, whoever has no device cookie is no known device.
func TestNoCookieIsNoKnownDevice(t *testing.T) {
	b := newKnown(t, memstore.New(), profileKey)
	b.familiarity(t, "alice", home, session.NewDeviceID())
	if _, err := b.RevokeAll(t.Context(), "alice", session.ReasonPasswordChanged); err != nil {
		t.Fatal(err)
	}
	stranger := session.Origin{IP: hotel.IP, Hints: device.Hints{UserAgent: "another"}}
	if got := b.familiarity(t, "alice", stranger, session.DeviceID{}); got != session.FamiliarityNew {
		t.Errorf("got %q", got)
	}
}

// An Assessor that fails has found nothing.
func TestFailingAssessor(t *testing.T) {
	b := newBench(t, session.Config{OnHigh: session.ActionSuspend, Assessor: session.AssessorFunc(func(context.Context, session.Case) (session.Verdict, error) {
		return session.Verdict{Level: session.LevelHigh, Provisional: true, Signals: []session.Signal{{Code: "x", Level: session.LevelHigh}}}, errors.New("it is broken")
	})})
	s, token := b.start(t, "alice", session.StartOptions{})
	if s.Provisional || s.Restriction != session.RestrictionNone || len(s.Signals) != 0 {
		t.Errorf("sign-in: got %+v", s)
	}
	b.clock.advance(time.Hour)
	if s, err := b.Resume(t.Context(), token.Credential(), hotel); err != nil || s.Restriction != session.RestrictionNone || len(s.Signals) != 0 {
		t.Errorf("a move: got %+v, %v", s, err)
	}
}
