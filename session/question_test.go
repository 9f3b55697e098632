package session_test

import (
	"testing"
	"time"

	"github.com/signedin/signedin/session"
)

// A thief who moves about does not push out the alert.
func TestAlertStays(t *testing.T) {
	q := newQuestioned(t, session.LevelAlert, session.Config{})
	move := func() *session.Session {
		for _, from := range []session.Origin{hotel, home} {
			q.clock.advance(time.Minute)
			if _, err := q.Resume(t.Context(), q.oldToken.Credential(), from); err != nil {
				t.Fatal(err)
			}
		}
		return q.live(t, q.old.ID)
	}
	move()
	q.level = session.LevelNotice
	for range 20 {
		move()
	}
	s := q.live(t, q.old.ID)
	if len(s.Signals) != 16 || s.Signals[0].Level != session.LevelAlert || s.Believed() {
		t.Errorf("got %d signals, believed %v: %v", len(s.Signals), s.Believed(), s.Signals)
	}
	q.clock.advance(time.Minute)
	proved, err := q.Reauthenticated(t.Context(), "alice", s.ID, session.Proof{})
	if err != nil {
		t.Fatal(err)
	}
	q.oldToken = proved.Token
	if _, err := q.Confirm(t.Context(), "alice", s.ID, s.ID); err != nil {
		t.Fatal(err)
	}
	// What was answered gives way first.
	if s := move(); len(s.Signals) != 16 || len(s.OpenSignals()) != 1 {
		t.Errorf("after the answer: %d signals, %d open: %v", len(s.Signals), len(s.OpenSignals()), s.Signals)
	}
}

// A session that has moved is judged by those that are older than the move.
func TestMoveIsJudged(t *testing.T) {
	b := newBench(t, session.Config{Assessor: &suspicious{level: session.LevelAlert}})
	oldest, token := b.from(t, home, "alice")
	b.clock.advance(time.Hour)
	before, _ := b.from(t, home, "alice")
	b.clock.advance(time.Hour)
	if _, err := b.Resume(t.Context(), token.Credential(), hotel); err != nil {
		t.Fatal(err)
	}
	b.clock.advance(time.Hour)
	after, _ := b.from(t, home, "alice")
	moved := b.live(t, oldest.ID)
	if !moved.InQuestion() || moved.Provisional {
		t.Fatalf("got %+v", moved)
	}
	for name, c := range map[string]struct {
		s    *session.Session
		want bool
	}{"itself": {moved, false}, "from before the move": {before, true}, "from after": {after, false}} {
		if got := c.s.MayJudge(moved); got != c.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
	if _, err := b.Reauthenticated(t.Context(), "alice", oldest.ID, session.Proof{Methods: []string{"pwd"}}); err != nil {
		t.Fatal(err)
	}
	if again := b.live(t, oldest.ID); !again.MayJudge(again) || !again.InQuestion() {
		t.Error("the user has proved since who they are, and may not look")
	}
	if _, err := b.Confirm(t.Context(), "alice", oldest.ID, oldest.ID); err != nil {
		t.Error(err)
	}
}
