package session_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
)

// Whoever rotated first had the session to themselves: now each holder has to
// prove who they are, and it is told of once.
func TestReuseIsContained(t *testing.T) {
	b := newBench(t, session.Config{})
	s, owners := b.start(t, "alice", session.StartOptions{})
	b.clock.advance(24 * time.Hour)
	thiefs, err := b.RotatePeriodic(t.Context(), owners) // a copy of the cookie is used first
	if err != nil {
		t.Fatal(err)
	}
	b.use(t, thiefs, hotel)
	b.clock.advance(session.RotationGrace)
	conn := b.open(t, t.Context(), thiefs, nil)
	b.kinds()
	for range 1000 {
		if err := b.resume(t, owners); err != session.ErrReused {
			t.Fatalf("the owner: got %v, want ErrReused", err)
		}
	}
	if got := b.kinds(); !slices.Equal(got, []session.EventKind{session.EventReused, session.EventSuspended}) {
		t.Errorf("1000 requests: got events %v", got)
	}
	if err := b.resume(t, thiefs); err != session.ErrSuspended {
		t.Errorf("the thief: got %v, want ErrSuspended", err)
	}
	if conn.Err() == nil {
		t.Error("what the thief had open goes on")
	}
	all, err := b.List(t.Context(), "alice")
	if err != nil || len(all) != 1 || len(all[0].Signals) != 1 || all[0].Signals[0].Code != "session.reused" {
		t.Errorf("nothing to read on the page: %+v, %v", all, err)
	}
	// A new sign-in finds by the old secret what it has to end.
	if standing, got, err := b.Standing(t.Context(), owners.Credential()); err != nil || standing != session.StandingReplaced || got.ID != s.ID {
		t.Errorf("got standing %v of %v, %v", standing, got, err)
	}
}

// A browser that crashed comes back with the secret before the security rotation:
// it is refused, and nobody is alarmed.
func TestLostCookiesAreNoReuse(t *testing.T) {
	b := newBench(t, session.Config{RevokeReused: true})
	s, old := b.start(t, "alice", session.StartOptions{})
	b.clock.advance(time.Hour)
	re, err := b.Reauthenticated(t.Context(), "alice", s.ID, session.Proof{})
	if err != nil {
		t.Fatal(err)
	}
	b.kinds()
	b.clock.advance(time.Minute - time.Millisecond)
	if err := b.resume(t, old); err != session.ErrReused {
		t.Errorf("got %v, want ErrReused", err)
	}
	if got := b.kinds(); len(got) != 0 || b.Stats().Reused != 0 {
		t.Errorf("within a minute: got events %v, %d counted", got, b.Stats().Reused)
	}
	if err := b.resume(t, re.Token); err != nil {
		t.Errorf("the new secret: %v", err)
	}
	b.clock.advance(time.Millisecond)
	if err := b.resume(t, old); err != session.ErrReused || b.Stats().Reused != 1 {
		t.Errorf("later: got %v, %d counted", err, b.Stats().Reused)
	}
}

// A periodic rotation is no excuse for the secret before the previous one.
func TestRetiredSecretAfterARotation(t *testing.T) {
	b := newBench(t, session.Config{})
	_, first := b.start(t, "alice", session.StartOptions{})
	b.clock.advance(24 * time.Hour)
	second, _ := b.RotatePeriodic(t.Context(), first)
	b.use(t, second, home)
	b.clock.advance(24 * time.Hour)
	if third, err := b.RotatePeriodic(t.Context(), second); err != nil || third.IsZero() {
		t.Fatal(err)
	}
	if err := b.resume(t, first); err != session.ErrReused || b.Stats().Reused != 1 {
		t.Errorf("got %v, %d counted", err, b.Stats().Reused)
	}
}

// What a client sent before a security rotation never gets it the new secret,
// however long the request takes.
func TestSlowRequestGetsNoNewSecret(t *testing.T) {
	b := newBench(t, session.Config{})
	s, old := b.start(t, "alice", session.StartOptions{})
	slow := b.open(t, t.Context(), old, nil)
	other := b.open(t, t.Context(), old, nil)

	re, err := b.Reauthenticated(other, "alice", s.ID, session.Proof{})
	if err != nil || re.Token.IsZero() {
		t.Fatal(err)
	}
	if _, token, err := b.Rotate(slow, "alice", s.ID); err != nil || !token.IsZero() {
		t.Errorf("Rotate by an old request: got a token %v, %v", !token.IsZero(), err)
	}
	if err := b.resume(t, re.Token); err != nil {
		t.Errorf("the current secret: %v", err)
	}
	// Who proves again who they are may have a new one, as by a second click ...
	if again, err := b.Reauthenticated(slow, "alice", s.ID, session.Proof{}); err != nil || again.Token.IsZero() {
		t.Errorf("a proof by an old request: %v", err)
	}
	// ... but not once the password has changed, which the proof may not know of.
	if _, err := b.Reauthenticated(other, "alice", s.ID, session.Proof{RevokeOthers: session.ReasonPasswordChanged}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Reauthenticated(slow, "alice", s.ID, session.Proof{}); !errors.Is(err, session.ErrOutdated) {
		t.Errorf("a proof from before the password changed: got %v, want ErrOutdated", err)
	}
	// The request that has done all this goes on.
	if _, err := b.Reauthenticated(other, "alice", s.ID, session.Proof{}); err != nil {
		t.Errorf("once more in the same request: %v", err)
	}
	if _, token, err := b.Rotate(other, "alice", s.ID); err != nil || token.IsZero() {
		t.Errorf("Rotate in the same request: %v", err)
	}
}
