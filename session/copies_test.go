package session_test

import (
	"context"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

// copying answers with the first copy that it made of each session, unless it
// is asked for the original.
type copying struct {
	session.Store
	copies map[session.ID]copied
}

type copied struct {
	s    *session.Session
	gens session.Generations
}

type originalKey struct{}

func (c *copying) Fresh(ctx context.Context) context.Context {
	return context.WithValue(ctx, originalKey{}, true)
}

func (c *copying) Get(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
	if have, ok := c.copies[id]; ok && ctx.Value(originalKey{}) == nil {
		return have.s, have.gens, nil
	}
	s, gens, err := c.Store.Get(ctx, id)
	if err == nil {
		c.copies[id] = copied{s, gens}
	}
	return s, gens, err
}

// A copy does not show what was done to the session elsewhere. Nobody is
// refused, and nothing cut or changed, by what a copy says.
func TestNobodyIsRefusedByACopy(t *testing.T) {
	stored := memstore.New()
	b := newBenchOver(t, &copying{stored, make(map[session.ID]copied)}, session.Config{})
	s, token := b.start(t, "alice", session.StartOptions{})
	if err := b.resume(t, token); err != nil {
		t.Fatal(err)
	}
	conn := b.open(t, t.Context(), token, nil)

	idle := s.IdleTimeout * 3 / 4
	for range 2 { // in use on another instance, while nothing is seen of it here
		b.clock.advance(idle)
		visit := session.Visit{At: b.Now()}
		if err := stored.Touch(t.Context(), []session.Touch{{ID: s.ID, Visit: visit}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.resume(t, token); err != nil { // before Purge, which reads the original
		t.Errorf("resume: %v", err)
	}
	if _, err := b.Purge(t.Context()); err != nil || conn.Err() != nil {
		t.Errorf("open connection: %v, because of %v (Purge: %v)", conn.Err(), context.Cause(conn), err)
	}
	b.clock.advance(time.Second)
	renamed := s.Clone()
	renamed.Name = "elsewhere"
	if err := stored.Update(t.Context(), renamed); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Rename(t.Context(), "alice", s.ID, "here"); err != nil || got.Name != "here" {
		t.Errorf("rename: %v", err)
	}
}

// Each of the reasons for which a copy would refuse is looked up.
func TestNoReasonOfACopyRefuses(t *testing.T) {
	for what, elsewhere := range map[string]func(t *testing.T, b *bench, stored session.Store, s *session.Session, token session.Token) session.Token{
		"a new secret": func(t *testing.T, b *bench, stored session.Store, _ *session.Session, token session.Token) session.Token {
			there := &bench{store: stored, clock: b.clock}
			there.Manager, _ = session.New(stored, session.Config{Now: b.clock.now})
			b.clock.advance(25 * time.Hour)
			next, err := there.RotatePeriodic(t.Context(), token)
			if err != nil || next.IsZero() {
				t.Fatal(err)
			}
			return next
		},
		"a pause that is over": func(t *testing.T, b *bench, stored session.Store, s *session.Session, token session.Token) session.Token {
			paused := s.Clone()
			paused.Restriction = session.RestrictionSuspended
			if err := stored.Update(t.Context(), paused); err != nil {
				t.Fatal(err)
			}
			b.store.(*copying).copies = make(map[session.ID]copied)
			if err := b.resume(t, token); err != session.ErrSuspended {
				t.Errorf("paused: got %v", err)
			}
			paused.Version++
			paused.Restriction = session.RestrictionNone
			if err := stored.Update(t.Context(), paused); err != nil {
				t.Fatal(err)
			}
			return token
		},
		"a counter": func(t *testing.T, b *bench, stored session.Store, s *session.Session, token session.Token) session.Token {
			if _, err := stored.Revoke(t.Context(), session.Revocation{UserID: s.UserID, All: true, Keep: s.Clone(), Ending: session.Ending{At: b.Now(), Reason: session.ReasonAdmin, By: "system"}}); err != nil {
				t.Fatal(err)
			}
			c := b.store.(*copying)
			have := c.copies[s.ID]
			have.gens.User++ // the counter came sooner than the session
			c.copies[s.ID] = have
			return token
		},
	} {
		stored := memstore.New()
		b := newBenchOver(t, &copying{stored, make(map[session.ID]copied)}, session.Config{})
		s, token := b.start(t, "alice", session.StartOptions{})
		if err := b.resume(t, token); err != nil {
			t.Fatal(err)
		}
		if err := b.resume(t, elsewhere(t, b, stored, s, token)); err != nil {
			t.Errorf("%s: got %v", what, err)
		}
	}
}
