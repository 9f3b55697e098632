package session_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

func contains(s, part string) bool       { return strings.Contains(s, part) }
func errorIs(err error, want error) bool { return errors.Is(err, want) }

func TestRevoke(t *testing.T) {
	b := newBench(t, session.Config{})
	s, token := b.start(t, "alice", session.StartOptions{})
	other, otherToken := b.start(t, "alice", session.StartOptions{})
	b.kinds()
	ctx := session.NewContext(t.Context(), other)
	if err := b.Revoke(ctx, "alice", s.ID, session.ReasonSignedOutRemote); err != nil {
		t.Fatal(err)
	}
	if err := b.resume(t, token); err != session.ErrRevoked || !errorIs(err, session.ErrRefused) {
		t.Errorf("got %v, want ErrRevoked", err)
	}
	if err := b.resume(t, otherToken); err != nil {
		t.Errorf("the other one: %v", err)
	}
	if err := b.Revoke(ctx, "alice", s.ID, session.ReasonSignedOutRemote); err != nil {
		t.Errorf("again: %v", err)
	}
	if got, want := b.kinds(), []session.EventKind{session.EventRevoked, session.EventRepeated}; !slices.Equal(got, want) {
		t.Errorf("got events %v, want %v", got, want)
	}
	ended, _ := b.History(t.Context(), "alice", 0)
	if len(ended) != 1 || ended[0].Ended.By != other.ID.String() {
		t.Errorf("got %+v", ended)
	}
}

func TestRevokeTellsNothingOfOthers(t *testing.T) {
	b := newBench(t, session.Config{})
	s, token := b.start(t, "alice", session.StartOptions{})
	never, _ := uuid.NewV7()
	for _, id := range []session.ID{s.ID, never, {}} {
		if err := b.Revoke(t.Context(), "bob", id, session.ReasonSignedOutRemote); err != session.ErrNotFound {
			t.Errorf("%v: got %v, want ErrNotFound", id, err)
		}
	}
	if err := b.resume(t, token); err != nil {
		t.Errorf("alice: %v", err)
	}
}

func TestRevokeAllExcept(t *testing.T) {
	b := newBench(t, session.Config{})
	keep, keepToken := b.start(t, "alice", session.StartOptions{})
	_, two := b.start(t, "alice", session.StartOptions{})
	_, three := b.start(t, "alice", session.StartOptions{})
	_, bobs := b.start(t, "bob", session.StartOptions{})
	b.kinds()
	n, err := b.RevokeAllExcept(t.Context(), "alice", keep.ID, session.ReasonSignedOutOthers)
	if n != 2 || err != nil {
		t.Fatalf("got %d, %v", n, err)
	}
	for _, token := range []session.Token{keepToken, bobs} {
		if err := b.resume(t, token); err != nil {
			t.Error(err)
		}
	}
	for _, token := range []session.Token{two, three} {
		if err := b.resume(t, token); err != session.ErrRevoked {
			t.Errorf("got %v, want ErrRevoked", err)
		}
	}
	if got, want := b.kinds(), []session.EventKind{session.EventRevoked}; !slices.Equal(got, want) {
		t.Errorf("got events %v, want %v", got, want)
	}
	if n, err = b.RevokeAllExcept(t.Context(), "alice", keep.ID, session.ReasonSignedOutOthers); n != 0 || err != nil {
		t.Errorf("again: got %d, %v", n, err)
	}
}

func TestRevokeAllExceptKeepsOnlyYourOwnLiveSession(t *testing.T) {
	b := newBench(t, session.Config{})
	_, token := b.start(t, "alice", session.StartOptions{})
	over, _ := b.start(t, "alice", session.StartOptions{})
	bobs, _ := b.start(t, "bob", session.StartOptions{})
	if err := b.Revoke(t.Context(), "alice", over.ID, session.ReasonSignedOut); err != nil {
		t.Fatal(err)
	}
	never, _ := uuid.NewV7()
	for _, keep := range []session.ID{over.ID, bobs.ID, never, {}} {
		if n, err := b.RevokeAllExcept(t.Context(), "alice", keep, session.ReasonAdmin); n != 0 || err != session.ErrNotFound {
			t.Errorf("%v: got %d, %v, want ErrNotFound", keep, n, err)
		}
	}
	if err := b.resume(t, token); err != nil {
		t.Errorf("something was revoked: %v", err)
	}
}

// The password is changed while somebody who has the old one is between the
// check of it and the start of the session.
func TestRevokeAllBeatsSignInsUnderWay(t *testing.T) {
	for name, revoke := range map[string]func(*bench, *session.Session) error{
		"RevokeAll": func(b *bench, s *session.Session) error {
			_, err := b.RevokeAll(t.Context(), "alice", session.ReasonAdmin)
			return err
		},
		"RevokeAllExcept": func(b *bench, s *session.Session) error {
			_, err := b.RevokeAllExcept(t.Context(), "alice", s.ID, session.ReasonPasswordChanged)
			return err
		},
		"Reauthenticated": func(b *bench, s *session.Session) error {
			_, err := b.Reauthenticated(t.Context(), "alice", s.ID, session.Proof{RevokeOthers: session.ReasonPasswordChanged})
			return err
		},
		"RevokeEveryone": func(b *bench, s *session.Session) error {
			return b.RevokeEveryone(t.Context(), session.ReasonEveryone)
		},
		"Erase": func(b *bench, s *session.Session) error { return b.Erase(t.Context(), "alice") },
	} {
		b := newBench(t, session.Config{})
		s, _ := b.start(t, "alice", session.StartOptions{})
		ticket, err := b.BeginSignIn(t.Context(), "alice")
		if err != nil {
			t.Fatal(err)
		}
		if err := revoke(b, s); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, _, err := b.Start(t.Context(), ticket, home, session.StartOptions{}); !errorIs(err, session.ErrOutdated) {
			t.Errorf("%s: got %v, want ErrOutdated", name, err)
		}
	}
	b := newBench(t, session.Config{})
	ticket, _ := b.BeginSignIn(t.Context(), "alice")
	b.clock.advance(time.Hour + time.Millisecond)
	if _, _, err := b.Start(t.Context(), ticket, home, session.StartOptions{}); !errorIs(err, session.ErrOutdated) {
		t.Errorf("an old ticket: got %v, want ErrOutdated", err)
	}
}

// slipping lets a session in whose user's generation has moved on, as a
// database may under READ COMMITTED.
type slipping struct{ session.Store }

func (s slipping) Get(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
	one, gens, err := s.Store.Get(ctx, id)
	gens.User++
	return one, gens, err
}

func TestOutdatedSessionIsDeadOnArrival(t *testing.T) {
	b := newBenchOver(t, slipping{memstore.New()}, session.Config{})
	s, token := b.start(t, "alice", session.StartOptions{})
	if err := b.resume(t, token); err != session.ErrRevoked {
		t.Errorf("got %v, want ErrRevoked", err)
	}
	if _, err := b.Rename(t.Context(), "alice", s.ID, "mine"); err != session.ErrNotFound {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

func TestRevokeEveryone(t *testing.T) {
	b := newBench(t, session.Config{})
	_, alices := b.start(t, "alice", session.StartOptions{})
	_, bobs := b.start(t, "bob", session.StartOptions{})
	if err := b.RevokeEveryone(t.Context(), session.ReasonEveryone); err != nil {
		t.Fatal(err)
	}
	for _, token := range []session.Token{alices, bobs} {
		if err := b.resume(t, token); err != session.ErrRevoked {
			t.Errorf("got %v, want ErrRevoked", err)
		}
	}
	if _, token := b.start(t, "alice", session.StartOptions{}); b.resume(t, token) != nil {
		t.Error("nobody can sign in any more")
	}
}

func TestPurge(t *testing.T) {
	b := newBench(t, session.Config{})
	expiring, _ := b.start(t, "alice", session.StartOptions{})
	b.clock.advance(7 * 24 * time.Hour)
	b.kinds()
	if _, err := b.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := b.kinds(), []session.EventKind{session.EventExpired}; !slices.Equal(got, want) {
		t.Errorf("got events %v, want %v", got, want)
	}
	s, _, err := b.store.Get(t.Context(), expiring.ID)
	if err != nil || s.Ended == nil || s.Ended.Reason != session.ReasonExpired || !s.Ended.At.Equal(b.Now()) {
		t.Errorf("got %+v, %v", s, err)
	}
	b.clock.advance(28 * 24 * time.Hour)
	if n, err := b.Purge(t.Context()); n != 0 || err != nil {
		t.Errorf("at the end of the retention: got %d, %v", n, err)
	}
	b.clock.advance(time.Millisecond)
	if n, err := b.Purge(t.Context()); n != 1 || err != nil {
		t.Errorf("after the retention: got %d, %v", n, err)
	}
}

// A revocation whose client went away still happens.
func TestRevokeSurvivesItsClient(t *testing.T) {
	b := newBench(t, session.Config{})
	s, token := b.start(t, "alice", session.StartOptions{})
	if err := b.Revoke(canceled(t), "alice", s.ID, session.ReasonSignedOut); err != nil {
		t.Fatal(err)
	}
	if err := b.resume(t, token); err != session.ErrRevoked {
		t.Errorf("got %v, want ErrRevoked", err)
	}
}

func TestObserverThatPanicsHurtsNobody(t *testing.T) {
	var after bool
	m, err := session.New(memstore.New(), session.Config{Observers: []session.Observer{
		session.ObserverFunc(panicking), observerFlag(&after)}})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{Manager: m}
	_, token := b.start(t, "alice", session.StartOptions{})
	if err := b.resume(t, token); err != nil || !after {
		t.Errorf("got %v, next observer called: %v", err, after)
	}
}

// Revocations in a transaction of the host's have their consequences when that
// is committed.
func TestConsequencesWaitForTheCommit(t *testing.T) {
	b := newBench(t, session.Config{})
	s, token := b.start(t, "alice", session.StartOptions{})
	conn := b.open(t, t.Context(), token, nil)
	b.kinds()
	ctx, pending := session.Hold(t.Context())
	if err := b.Revoke(ctx, "alice", s.ID, session.ReasonPasswordChanged); err != nil {
		t.Fatal(err)
	}
	if got := b.kinds(); conn.Err() != nil || len(got) != 0 || !session.Held(ctx) {
		t.Errorf("before the commit: cut %v, events %v, held %v", conn.Err(), got, session.Held(ctx))
	}
	pending.Committed()
	if session.Held(ctx) || session.Held(t.Context()) {
		t.Error("held after the commit, or without a transaction")
	}
	if got := b.kinds(); conn.Err() == nil || len(got) != 1 {
		t.Errorf("after the commit: cut %v, events %v", conn.Err(), got)
	}
}
