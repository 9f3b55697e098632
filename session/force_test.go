package session_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

// under returns a Manager over the store and the clock of b, with other limits: the
// next version of the same program.
func (b *bench) under(t *testing.T, cfg session.Config) *bench {
	t.Helper()
	next := newBenchOver(t, b.store, session.Config{})
	next.clock = b.clock
	cfg.Now = b.clock.now
	m, err := session.New(b.store, cfg)
	if err != nil {
		t.Fatal(err)
	}
	next.Manager = m
	return next
}

func (b *bench) purge(t *testing.T) {
	t.Helper()
	if _, err := b.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Stricter limits hold at once, for each way in which a session is read.
func TestStricterLimits(t *testing.T) {
	b := newBench(t, session.Config{Preset: session.PresetConsumer})
	old, token := b.start(t, "alice", session.StartOptions{Persistent: true})
	b.clock.advance(20 * 24 * time.Hour)
	if err := b.resume(t, token); err != nil {
		t.Fatal(err)
	}
	strict := b.under(t, session.Config{Preset: session.PresetAAL3})
	if err := strict.resume(t, token); err != session.ErrExpired {
		t.Errorf("older than 12 hours: got %v, want ErrExpired", err)
	}
	if all, err := strict.List(t.Context(), "alice"); err != nil || len(all) != 0 {
		t.Errorf("List: got %d, %v", len(all), err)
	}
	if all, err := strict.History(t.Context(), "alice", 10); err != nil || len(all) != 1 || all[0].Ended.Reason != session.ReasonExpired || !all[0].Ended.At.Equal(old.First.At.Add(15*time.Minute)) {
		t.Errorf("History: got %+v, %v", all, err)
	}
	if st := strict.Stats(); st.RefusedExpired != 1 {
		t.Errorf("got %+v", st)
	}
	// One that is within them has what is left of them, and no more.
	s, token := b.start(t, "bob", session.StartOptions{})
	seen, err := strict.Resume(t.Context(), token.Credential(), home)
	if err != nil {
		t.Fatal(err)
	}
	if want := s.First.At.Add(12 * time.Hour); seen.IdleTimeout != 15*time.Minute || !seen.ExpiresAt.Equal(want) {
		t.Errorf("got %v idle, until %v", seen.IdleTimeout, seen.ExpiresAt)
	}
	if page, err := strict.ListPage(t.Context(), "bob", nil, 10); err != nil || page.Sessions[0].IdleTimeout != 15*time.Minute {
		t.Errorf("ListPage: got %+v, %v", page, err)
	}
	if _, err := strict.Rename(t.Context(), "bob", s.ID, "kept"); err != nil {
		t.Fatal(err)
	}
	b.clock.advance(15 * time.Minute)
	if err := strict.resume(t, token); err != session.ErrExpired {
		t.Errorf("15 minutes idle: got %v", err)
	}
	// Corrected: nobody was signed out, and a change under them has not stayed.
	if seen, err := b.Resume(t.Context(), token.Credential(), home); err != nil || seen.IdleTimeout != 30*24*time.Hour || seen.Name != "kept" {
		t.Errorf("corrected: got %+v, %v", seen, err)
	}
	// A quiet request is judged by them too.
	lax := b.under(t, session.Config{Preset: session.PresetConsumer})
	if err := lax.resume(t, token); err != nil {
		t.Errorf("laxer: %v", err)
	}
}

// A proof from before the sign-in, at an identity provider, is what the limit counts
// from; one from later moves nothing.
func TestStricterLimitsCountFromTheProof(t *testing.T) {
	b := newBench(t, session.Config{Preset: session.PresetConsumer})
	before, early := b.start(t, "alice", session.StartOptions{AuthenticatedAt: b.Now().Add(-11 * time.Hour)})
	_, late := b.start(t, "alice", session.StartOptions{})
	_, unknown := b.start(t, "alice", session.StartOptions{AuthenticatedAt: session.AuthTimeUnknown})
	limits := session.Limits{Idle: 24 * time.Hour, Absolute: 12 * time.Hour}
	strict := b.under(t, session.Config{Limits: limits})
	for _, token := range []session.Token{early, late, unknown} {
		if err := strict.resume(t, token); err != nil {
			t.Error(err)
		}
	}
	b.clock.advance(time.Hour)
	if err := strict.resume(t, early); err != session.ErrExpired {
		t.Errorf("12 hours after the proof: got %v", err)
	}
	if _, err := b.Reauthenticated(t.Context(), "alice", before.ID, session.Proof{}); err != nil {
		t.Fatal(err)
	}
	b.clock.advance(11*time.Hour - time.Second)
	for _, token := range []session.Token{late, unknown} {
		if err := strict.resume(t, token); err != nil {
			t.Errorf("a second before: %v", err)
		}
	}
	b.clock.advance(time.Second)
	for _, token := range []session.Token{late, unknown} {
		if err := strict.resume(t, token); err != session.ErrExpired {
			t.Errorf("12 hours after the sign-in: got %v", err)
		}
	}
}

// What has expired by stricter limits can be used again while they are new. Then Purge
// ends it, asked for or not, and nothing revives it.
func TestStricterLimitsCanBeCorrected(t *testing.T) {
	for _, settled := range []bool{false, true} {
		b := newBench(t, session.Config{Preset: session.PresetConsumer, MaxPerUser: -1})
		_, asked := b.start(t, "alice", session.StartOptions{})
		s, silent := b.start(t, "bob", session.StartOptions{})
		for range 600 { // more than one part
			b.start(t, "carol", session.StartOptions{})
		}
		if _, err := b.Adopt(t.Context(), session.ForeignCredential("x"), home, session.Adoption{UserID: "dan"}); err != nil {
			t.Fatal(err)
		}
		b.clock.advance(24 * time.Hour)
		strict := b.under(t, session.Config{Preset: session.PresetAAL3, MaxPerUser: -1})
		conn := b.open(t, t.Context(), asked, nil)
		_ = strict.resume(t, asked)
		strict.purge(t)
		b.clock.advance(10*time.Minute - time.Second)
		strict.purge(t)
		if settled {
			b.clock.advance(time.Second)
			strict.purge(t)
		}
		for _, token := range []session.Token{asked, silent} {
			if err := b.resume(t, token); (err == session.ErrExpired) != settled {
				t.Errorf("corrected, settled %v: got %v", settled, err)
			}
		}
		if _, err := b.Resume(t.Context(), session.ForeignCredential("x"), home); err != nil {
			t.Errorf("a foreign session: %v", err)
		}
		if n := strict.Stats().Expired; settled && n != 602 || !settled && n != 0 {
			t.Errorf("settled %v: %d expired", settled, n)
		}
		if !settled {
			continue
		}
		past, err := b.History(t.Context(), "bob", 1)
		if err != nil || len(past) != 1 || past[0].Ended.By != "system" || !past[0].Ended.At.Equal(s.First.At.Add(15*time.Minute)) || past[0].Last.IP.IsValid() {
			t.Errorf("got %+v, %v", past, err)
		}
		if b.purge(t); conn.Err() == nil {
			t.Error("what is open goes on")
		}
	}
}

// A smaller bound holds at the next sign-in, and within a day for who does not sign
// in.
func TestSmallerBound(t *testing.T) {
	b := newBench(t, session.Config{})
	for range 8 {
		b.start(t, "alice", session.StartOptions{})
		b.start(t, "bob", session.StartOptions{})
		b.clock.advance(time.Minute)
	}
	b.start(t, "carol", session.StartOptions{})
	count := func(user string) int {
		all, err := b.List(t.Context(), user)
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	less := b.under(t, session.Config{MaxPerUser: 3})
	less.start(t, "bob", session.StartOptions{})
	if n := count("bob"); n != 3 {
		t.Errorf("at the next sign-in: got %d", n)
	}
	less.purge(t)
	if n := count("alice"); n != 8 {
		t.Errorf("at once: got %d", n)
	}
	b.clock.advance(24 * time.Hour)
	less.purge(t)
	if n := count("alice"); n != 3 {
		t.Errorf("a day later: got %d", n)
	}
	// One that became smaller since, by plan.
	plan := 0
	by := b.under(t, session.Config{MaxFor: func(context.Context, string) int { return plan }})
	b.clock.advance(time.Hour)
	by.purge(t)
	plan = 2
	b.clock.advance(24 * time.Hour)
	by.purge(t)
	if a, c := count("alice"), count("carol"); a != 2 || c != 1 {
		t.Errorf("by plan: got %d and %d", a, c)
	}
}

// Without a Scanner limits hold all the same.
func TestStricterLimitsWithoutAScanner(t *testing.T) {
	b := newBenchOver(t, struct{ session.Store }{memstore.New()}, session.Config{})
	_, token := b.start(t, "alice", session.StartOptions{})
	b.clock.advance(13 * time.Hour)
	strict := b.under(t, session.Config{Preset: session.PresetAAL3})
	b.clock.advance(time.Hour)
	strict.purge(t)
	if err := strict.resume(t, token); err != session.ErrExpired {
		t.Errorf("got %v", err)
	}
}

// Two that purge at once share the work, also over a store that cannot be scanned.
func TestStricterLimitsPurgedAtOnce(t *testing.T) {
	for _, can := range []bool{true, false} {
		store := session.Store(memstore.New())
		if !can {
			store = unscannable{store}
		}
		b := newBenchOver(t, store, session.Config{})
		_, token := b.start(t, "alice", session.StartOptions{})
		b.clock.advance(13 * time.Hour)
		strict := b.under(t, session.Config{Preset: session.PresetAAL3})
		b.clock.advance(time.Hour)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if _, err := strict.Purge(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if err := b.resume(t, token); (err == session.ErrExpired) != can {
			t.Errorf("can be scanned %v: got %v", can, err)
		}
	}
}

// unscannable is a cache in front of a store that cannot be scanned.
type unscannable struct{ session.Store }

func (unscannable) Scan(context.Context, string, int) ([]*session.Session, string, error) {
	return nil, "", errors.ErrUnsupported
}
