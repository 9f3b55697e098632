package session_test

import (
	"context"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
)

// Who signed in with a stolen password has it, and so may not say by it that it
// was them; a second factor says more.
func TestPasswordIsNoAnswerToASignIn(t *testing.T) {
	for _, methods := range [][]string{nil, {"pwd"}, {"pwd", "otp"}} {
		q := newQuestioned(t, session.LevelNotice, session.Config{})
		if _, err := q.Reauthenticated(t.Context(), "alice", q.doubted.ID, session.Proof{Methods: methods}); err != nil {
			t.Fatal(err)
		}
		me := q.live(t, q.doubted.ID)
		_, err := q.Confirm(t.Context(), "alice", me.ID, me.ID)
		if may := len(methods) > 1; me.MayJudge(me) != may || (err == nil) != may {
			t.Errorf("by %v: may judge %v, confirmed %v", methods, me.MayJudge(me), err)
		}
		if me, _ = q.from(t, hotel, "alice", "pwd", "otp"); me.MayJudge(me) {
			t.Error("by the proof of the sign-in itself")
		}
	}
}

// A session is not in doubt for ever: what was used for a week and nobody has
// denied is believed.
func TestDoubtPasses(t *testing.T) {
	q := newQuestioned(t, session.LevelAlert, session.Config{})
	if _, err := q.Resume(t.Context(), q.oldToken.Credential(), hotel); err != nil {
		t.Fatal(err)
	}
	for day := range 8 {
		for _, s := range []*session.Session{q.live(t, q.old.ID), q.live(t, q.doubted.ID)} {
			if got, want := s.Believed(), day >= 7; got != want {
				t.Errorf("after %d days: believed %v, want %v", day, got, want)
			}
		}
		q.clock.advance(aDay)
		for _, token := range []session.Token{q.oldToken, q.doubtedToken} {
			if _, err := q.Resume(t.Context(), token.Credential(), hotel); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// After a change of the password, a cookie that it signed out makes no device
// known; the one that was kept does, and the others still look alike.
func TestPasswordChangeDistrustsDevices(t *testing.T) {
	b := newBench(t, session.Config{ProfileKeys: session.NewKeys(profileKey)})
	mine, lost := session.NewDeviceID(), session.NewDeviceID()
	b.start(t, "alice", session.StartOptions{DeviceID: lost})
	me, _ := b.start(t, "alice", session.StartOptions{DeviceID: mine})
	if _, err := b.RevokeAllExcept(t.Context(), "alice", me.ID, session.ReasonSignedOutOthers); err != nil {
		t.Fatal(err)
	}
	if s, _ := b.start(t, "alice", session.StartOptions{DeviceID: lost}); s.Familiarity != session.FamiliarityKnown {
		t.Errorf("after signing out the others: %q", s.Familiarity)
	}
	if _, err := b.RevokeAllExcept(t.Context(), "alice", me.ID, session.ReasonPasswordChanged); err != nil {
		t.Fatal(err)
	}
	for device, want := range map[session.DeviceID]session.Familiarity{mine: session.FamiliarityKnown, lost: session.FamiliaritySimilar} {
		if s, _ := b.start(t, "alice", session.StartOptions{DeviceID: device}); s.Familiarity != want {
			t.Errorf("after the change: got %q, want %q", s.Familiarity, want)
		}
	}
}

// What a visit taught from an older state of the profile does not undo what
// came between: an answer, or an erasure.
func TestLateLessonsAreLost(t *testing.T) {
	mem := memstore.New()
	store := &storetest.Hooked{Store: mem}
	a := &suspicious{level: session.LevelAlert}
	b := newBenchOver(t, struct {
		session.Store
		session.Profiles
	}{store, mem}, session.Config{Assessor: a, ProfileKeys: session.NewKeys(profileKey)})
	old, token := b.from(t, home, "alice", "pwd")
	b.clock.advance(time.Hour)
	bad, _ := b.from(t, hotel, "alice", "pwd")
	habits := func() string {
		t.Helper()
		e, err := b.Export(t.Context(), "alice")
		if err != nil {
			t.Fatal(err)
		}
		return string(e.Habits)
	}
	between := func(call string, f func() error) {
		store.Before = func(c string) error {
			if c != call {
				return nil
			}
			store.Before = nil
			if err := f(); err != nil {
				t.Error(err)
			}
			return nil
		}
	}
	between("Create", func() error { return b.Deny(t.Context(), "alice", bad.ID, old.ID) })
	b.from(t, hotel, "alice", "pwd")
	if got := habits(); got != "vd" {
		t.Errorf("after the denial of the one before: habits %q, want vd", got)
	}
	between("Update", func() error { return b.Erase(context.WithoutCancel(t.Context()), "alice") })
	_, _ = b.Resume(t.Context(), token.Credential(), hotel) // it ends meanwhile
	if got := habits(); got != "" {
		t.Errorf("after the erasure: habits %q, want none", got)
	}
	if blob, _, err := mem.Profile(t.Context(), "alice"); err != nil || len(blob) > 0 {
		t.Errorf("after the erasure: got %d bytes, %v", len(blob), err)
	}
}
