package session_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

func TestOnHigh(t *testing.T) {
	for _, c := range []struct {
		action         session.Action
		level          session.Level
		signedIn, move session.Restriction
	}{
		{session.ActionTell, session.LevelHigh, session.RestrictionNone, session.RestrictionNone},
		{session.ActionChallenge, session.LevelAlert, session.RestrictionNone, session.RestrictionNone},
		{session.ActionChallenge, session.LevelHigh, session.RestrictionChallenge, session.RestrictionChallenge},
		{session.ActionSuspend, session.LevelAlert, session.RestrictionNone, session.RestrictionNone},
		{session.ActionSuspend, session.LevelHigh, session.RestrictionChallenge, session.RestrictionSuspended},
	} {
		t.Run(fmt.Sprint(c.action, c.level), func(t *testing.T) {
			q := newQuestioned(t, c.level, session.Config{OnHigh: c.action})
			if got := q.live(t, q.doubted.ID).Restriction; got != c.signedIn {
				t.Errorf("sign-in: got %q, want %q", got, c.signedIn)
			}
			if got := q.doubted.ProvedSince(q.Now().Add(-2 * time.Hour)); got != (c.signedIn == session.RestrictionNone) {
				t.Errorf("sign-in: proved is %v", got)
			}
			s, err := q.Resume(t.Context(), q.oldToken.Credential(), hotel)
			if (err == session.ErrSuspended) != (c.move == session.RestrictionSuspended) || s == nil || s.Restriction != c.move {
				t.Errorf("move: got %+v, %v", s, err)
			}
			_, err = q.Resume(t.Context(), q.oldToken.Credential(), home)
			if (err == session.ErrSuspended) != (c.move == session.RestrictionSuspended) {
				t.Errorf("at home again: %v", err)
			}
		})
	}
	if _, err := session.New(memstore.New(), session.Config{OnHigh: 9}); err == nil || !contains(err.Error(), "Config.OnHigh") {
		t.Errorf("got %v", err)
	}
}

// A suspended session is cut and refused, the others are not, and it goes on
// after a new proof or an answer.
func TestSuspended(t *testing.T) {
	for name, lift := range map[string]func(*testing.T, *bench, *session.Session, *session.Session) session.Token{
		"a new proof": func(t *testing.T, b *bench, s, _ *session.Session) session.Token {
			re, err := b.Reauthenticated(t.Context(), "alice", s.ID, session.Proof{Methods: []string{"pwd"}})
			if err != nil {
				t.Fatal(err)
			}
			return re.Token
		},
		"this was me": func(t *testing.T, b *bench, s, by *session.Session) session.Token {
			if _, err := b.Confirm(t.Context(), "alice", s.ID, by.ID); err != nil {
				t.Fatal(err)
			}
			return session.Token{}
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, session.Config{Assessor: &suspicious{level: session.LevelHigh}, OnHigh: session.ActionSuspend})
			s, token := b.from(t, home, "alice")
			other, otherToken := b.from(t, home, "alice")
			var open, moving session.Conn
			if _, err := b.Open(t.Context(), token.Credential(), home, &open, nil); err != nil {
				t.Fatal(err)
			}
			b.clock.advance(time.Hour)
			b.kinds()
			if _, err := b.Open(t.Context(), token.Credential(), hotel, &moving, nil); err != session.ErrSuspended || !errors.Is(err, session.ErrRefused) {
				t.Fatalf("the visit itself: %v", err)
			}
			if got := b.kinds(); !slices.Equal(got, []session.EventKind{session.EventMoved, session.EventSuspended}) {
				t.Errorf("events %v", got)
			}
			if context.Cause(&open) != session.ErrSuspended {
				t.Errorf("what was open: %v", context.Cause(&open))
			}
			open.Close()
			if err := b.resume(t, otherToken); err != nil {
				t.Errorf("another session: %v", err)
			}
			if next := lift(t, b, s, other); !next.IsZero() {
				token = next
			}
			var again session.Conn
			if _, err := b.Open(t.Context(), token.Credential(), home, &again, nil); err != nil {
				t.Fatalf("lifted: %v", err)
			}
			if again.Err() != nil {
				t.Errorf("lifted, and cut: %v", context.Cause(&again))
			}
			again.Close()
		})
	}
}

// Another process cuts what is open on a session that was suspended here.
func TestSuspendedElsewhere(t *testing.T) {
	store := memstore.New()
	here := newBenchOver(t, store, session.Config{Assessor: &suspicious{level: session.LevelHigh}, OnHigh: session.ActionSuspend})
	there := newBenchOver(t, store, session.Config{})
	_, token := here.from(t, home, "alice")
	var open session.Conn
	if _, err := there.Open(t.Context(), token.Credential(), home, &open, nil); err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	here.clock.advance(time.Minute)
	if _, err := here.Resume(t.Context(), token.Credential(), hotel); err != session.ErrSuspended {
		t.Fatal(err)
	}
	if err := there.resume(t, token); err != session.ErrSuspended {
		t.Errorf("the next request there: %v", err)
	}
	if _, err := there.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if context.Cause(&open) != session.ErrSuspended {
		t.Errorf("what was open there: %v", context.Cause(&open))
	}
}

// Copies in other processes must not outlive what restricts a session.
func TestNoticesOfDoubt(t *testing.T) {
	id := session.ID{1}
	challenged := &session.Session{Restriction: session.RestrictionChallenge}
	for name, c := range map[string]struct {
		e    session.Event
		want bool
	}{
		"suspended":            {session.Event{Kind: session.EventSuspended}, true},
		"confirmed":            {session.Event{Kind: session.EventConfirmed}, true},
		"moved":                {session.Event{Kind: session.EventMoved, Session: new(session.Session)}, false},
		"moved and challenged": {session.Event{Kind: session.EventMoved, Session: challenged}, true},
	} {
		c.e.UserID, c.e.IDs = "alice", []session.ID{id}
		if n, ok := c.e.Message(); ok != c.want || ok && !slices.Contains(n.Changed, id) {
			t.Errorf("%s: got %+v, %v", name, n, ok)
		}
	}
}

// Where a session was suspended is known at once, though it is written later:
// the page shows it, and what is denied is that place.
func TestSuspendedIsSeenThere(t *testing.T) {
	q := newQuestioned(t, session.LevelHigh, session.Config{OnHigh: session.ActionSuspend})
	if _, err := q.Resume(t.Context(), q.oldToken.Credential(), hotel); err != session.ErrSuspended {
		t.Fatal(err)
	}
	if s := q.live(t, q.old.ID); s.Last.IP != hotel.IP || !s.Last.At.Equal(q.Now()) {
		t.Errorf("seen last at %v from %v", s.Last.At, s.Last.IP)
	}
	if err := q.Deny(t.Context(), "alice", q.old.ID, session.ID{}); err != nil {
		t.Fatal(err)
	}
	if got := q.asked[0].Session; got.First.IP != home.IP || got.Last.IP != hotel.IP {
		t.Errorf("learnt of %v and %v", got.First.IP, got.Last.IP)
	}
	if err := q.Flush(t.Context()); err != nil {
		t.Error(err)
	}
}
