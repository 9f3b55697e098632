package session_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
)

func canceled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

func panicking(context.Context, session.Event) { panic("observer") }

func observerFlag(called *bool) session.Observer {
	return session.ObserverFunc(func(context.Context, session.Event) { *called = true })
}

// The rest of a rotation's life is told in one story: due, answer lost, retry,
// seen, grace, replay.
func TestPeriodicRotation(t *testing.T) {
	b := newBench(t, session.Config{})
	s, first := b.start(t, "alice", session.StartOptions{})
	if next, err := b.RotatePeriodic(t.Context(), first); err != nil || !next.IsZero() {
		t.Fatalf("not due: got %v, %v", next.IsZero(), err)
	}
	b.clock.advance(24 * time.Hour)
	second, err := b.RotatePeriodic(t.Context(), first)
	if err != nil || second.IsZero() || second.ID() != s.ID {
		t.Fatalf("due: %v", err)
	}
	for range 3 { // the answer was lost, however often, for however long
		b.clock.advance(24 * time.Hour)
		if err := b.resume(t, first); err != nil {
			t.Fatalf("the new one was never seen: %v", err)
		}
		again, err := b.RotatePeriodic(t.Context(), first)
		if err != nil || again.Reveal() != second.Reveal() {
			t.Fatalf("a retry got another token (%v)", err)
		}
	}
	b.use(t, second, home) // now it is seen, and the client may still lose it
	for range 2 {
		b.clock.advance(10 * time.Hour)
		if err := b.resume(t, first); err != nil {
			t.Errorf("the next one was seen once: %v", err)
		}
		if again, err := b.RotatePeriodic(t.Context(), first); err != nil || again.Reveal() != second.Reveal() {
			t.Errorf("who lost the next one got another (%v)", err)
		}
	}
	b.use(t, second, home) // and seen again: retired
	if stored, _, err := b.store.Get(t.Context(), s.ID); err != nil || stored.Secrets.Salt != (session.Salt{}) || !stored.Secrets.Previous.IsZero() {
		t.Errorf("what derives the current secret from the old one is kept: %+v (%v)", stored.Secrets.RotatedAt, err)
	}
	third, err := b.RotatePeriodic(t.Context(), second)
	if err != nil || third.IsZero() {
		t.Fatal(err)
	}
	if next, _ := b.RotatePeriodic(t.Context(), first); !next.IsZero() {
		t.Error("a retired secret was given a new token")
	}
	for _, token := range []session.Token{second, third} {
		if err := b.resume(t, token); err != nil {
			t.Errorf("the rightful holder: %v", err)
		}
	}
	b.kinds()
	if err := b.resume(t, first); err != session.ErrReused {
		t.Errorf("a retired secret: got %v, want ErrReused", err)
	}
	if got := b.kinds(); len(got) != 2 || got[0] != session.EventReused || got[1] != session.EventSuspended {
		t.Errorf("got events %v", got)
	}
}

// A secret is not retired because the next one was shown often in its first
// minutes: the browser may not have written it to its disk.
func TestRetiredWhenSeenAgain(t *testing.T) {
	b := newBench(t, session.Config{})
	_, first := b.start(t, "alice", session.StartOptions{})
	b.clock.advance(24 * time.Hour)
	second, err := b.RotatePeriodic(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	b.use(t, second, home)
	b.clock.advance(session.RotationGrace - time.Millisecond)
	b.use(t, second, home)
	if err := b.resume(t, first); err != nil {
		t.Errorf("before its time: %v", err)
	}
	b.clock.advance(time.Millisecond)
	b.use(t, second, home)
	if err := b.resume(t, first); err != session.ErrReused {
		t.Errorf("after its time: got %v, want ErrReused", err)
	}
}

func TestParallelRotationsAgree(t *testing.T) {
	b := newBench(t, session.Config{})
	_, first := b.start(t, "alice", session.StartOptions{})
	b.clock.advance(24 * time.Hour)
	const n = 64
	var got [n]string
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			next, err := b.RotatePeriodic(t.Context(), first)
			if err != nil {
				t.Error(err)
			}
			got[i] = next.Reveal()
		})
	}
	wg.Wait()
	for i := range n {
		if got[i] == "" || got[i] != got[0] {
			t.Fatalf("request %d got another token", i)
		}
	}
}

func TestRevokeReused(t *testing.T) {
	b := newBench(t, session.Config{RevokeReused: true})
	s, old := b.start(t, "alice", session.StartOptions{})
	_, token, err := b.Rotate(t.Context(), "alice", s.ID)
	if err != nil {
		t.Fatal(err)
	}
	b.use(t, token, home)
	b.clock.advance(time.Minute)
	if err := b.resume(t, old); err != session.ErrReused {
		t.Errorf("got %v, want ErrReused", err)
	}
	if err := b.resume(t, token); err != session.ErrRevoked {
		t.Errorf("got %v, want ErrRevoked", err)
	}
}

// Whoever guesses can never sign anybody out.
func TestForgedSecretEndsNothing(t *testing.T) {
	b := newBench(t, session.Config{RevokeReused: true})
	s, token := b.start(t, "alice", session.StartOptions{})
	forged := append([]byte(nil), token.Bytes()...)
	forged[len(forged)-1] ^= 1
	guess, err := session.TokenFromBytes(forged)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []session.Credential{guess.Credential(), {ID: s.ID}} {
		if _, err := b.Resume(t.Context(), c, home); err != session.ErrForged {
			t.Errorf("got %v, want ErrForged", err)
		}
	}
	if err := b.resume(t, token); err != nil {
		t.Error(err)
	}
	if got := b.Stats().Forged; got != 2 {
		t.Errorf("got %d forged, want 2", got)
	}
}

func TestReauthenticated(t *testing.T) {
	b := newBench(t, session.Config{})
	s, old := b.start(t, "alice", session.StartOptions{Methods: []string{"pwd"}})
	_, other := b.start(t, "alice", session.StartOptions{})
	b.clock.advance(time.Hour)
	b.kinds()
	re, err := b.Reauthenticated(t.Context(), "alice", s.ID, session.Proof{Methods: []string{"pwd", "otp"}, RevokeOthers: session.ReasonPasswordChanged})
	if err != nil {
		t.Fatal(err)
	}
	if re.Revoked != 1 || !re.Session.AuthenticatedAt.Equal(b.Now()) || len(re.Session.Methods) != 2 {
		t.Errorf("got %+v", re)
	}
	if got := b.kinds(); len(got) != 2 || got[0] != session.EventRevoked || got[1] != session.EventReauthenticated {
		t.Errorf("got events %v", got)
	}
	if err := b.resume(t, re.Token); err != nil {
		t.Errorf("new secret: %v", err)
	}
	if err := b.resume(t, old); err != session.ErrReused {
		t.Errorf("old secret: got %v, want ErrReused", err)
	}
	if err := b.resume(t, other); err != session.ErrRevoked {
		t.Errorf("other session: got %v, want ErrRevoked", err)
	}
	stored, gens, err := b.store.Get(t.Context(), s.ID)
	if err != nil || stored.Version != re.Session.Version || gens != re.Session.Generations || stored.Generations != gens {
		t.Errorf("got version %d and %v stored, %d and %v returned (%v)", stored.Version, stored.Generations, re.Session.Version, re.Session.Generations, err)
	}
}

func TestReauthenticatedBearerKeepsItsToken(t *testing.T) {
	b := newBench(t, session.Config{})
	s, token := b.start(t, "alice", session.StartOptions{Carrier: session.CarrierBearer})
	re, err := b.Reauthenticated(t.Context(), "alice", s.ID, session.Proof{RevokeOthers: session.ReasonPasswordChanged})
	if err != nil || !re.Token.IsZero() {
		t.Fatalf("got token %v, %v", !re.Token.IsZero(), err)
	}
	if err := b.resume(t, token); err != nil {
		t.Error(err)
	}
	re, err = b.Reauthenticated(t.Context(), "alice", s.ID, session.Proof{NewToken: true})
	if err != nil || re.Token.IsZero() {
		t.Fatalf("asked for one: got token %v, %v", !re.Token.IsZero(), err)
	}
	if b.resume(t, token) != session.ErrReused || b.resume(t, re.Token) != nil {
		t.Error("the new token did not replace the old one")
	}
}
