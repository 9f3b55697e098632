package drivertest_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/redisstore"
)

var errCut = errors.New("the connection was cut")

// cut fails one round trip, before the server has heard of it or after it has
// done what it says.
type cut struct {
	at    atomic.Int64
	after bool
	calls atomic.Int64
}

func (h *cut) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h *cut) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		return h.trip(func() error { return next(ctx, cmd) }, cmd)
	}
}

func (h *cut) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		return h.trip(func() error { return next(ctx, cmds) }, cmds...)
	}
}

func (h *cut) trip(f func() error, cmds ...redis.Cmder) error {
	if h.calls.Add(1) != h.at.Load() {
		return f()
	}
	if h.after {
		_ = f()
	}
	for _, cmd := range cmds {
		cmd.SetErr(errCut)
	}
	return errCut
}

// TestRedisCut fails each round trip of a session's life in turn, in one life
// after the other. Doing it again helps; if nobody does, nothing is live that was
// revoked, and Mark and Purge leave nothing of any life behind.
func TestRedisCut(t *testing.T) {
	eachRedis(t, func(t *testing.T, open func(testing.TB) redis.UniversalClient) {
		for _, after := range []bool{false, true} {
			for _, repeat := range []bool{true, false} {
				t.Run(fmt.Sprintf("after effect %v, repeated %v", after, repeat), func(t *testing.T) {
					client, cutting, prefix := open(t), open(t), ownPrefix()
					defer deleteKeys(t, client, prefix)
					sound := redisStore(t, client, redisstore.Config{Prefix: prefix})
					l := &life{T: t, repeat: repeat, store: redisStore(t, cutting, redisstore.Config{Prefix: prefix})}
					h := &cut{after: after}
					cutting.AddHook(h)
					for h.calls.Load() >= h.at.Load() {
						h.calls.Store(0)
						l.number = byte(h.at.Add(1))
						l.begin(sound)
						l.run()
						if t.Failed() {
							t.Fatalf("when round trip %d was cut", l.number)
						}
					}
					if l.number < 20 {
						t.Errorf("a life is %d round trips, want all of them", l.number-1)
					}
					clearAll(t, sound)
					wantKinds(t, client, prefix, "everyone")
				})
			}
		}
	})
}

// life is the life of some sessions of a user, both with its number.
type life struct {
	*testing.T
	store  *redisstore.Store
	repeat bool
	number byte
	now    session.Generations
}

func (l *life) begin(st *redisstore.Store) {
	l.Helper()
	var err error
	if l.now, err = st.Generation(l.Context(), l.user()); err != nil {
		l.Fatal(err)
	}
}

func (l *life) user() string         { return fmt.Sprint("ada ", l.number) }
func (l *life) id(n byte) session.ID { return session.ID{n, l.number} }

func (l *life) session(n byte) *session.Session {
	s := someSession(n)
	s.ID, s.UserID, s.Generations = l.id(n), l.user(), l.now
	return s
}

// try does a step, again if that is asked for, and reports whether it worked.
func (l *life) try(what string, f func() error) bool {
	l.Helper()
	err := f()
	if errors.Is(err, errCut) && l.repeat {
		err = f()
	}
	if err != nil && !errors.Is(err, errCut) && !errors.Is(err, session.ErrExists) && !errors.Is(err, session.ErrConflict) &&
		(l.repeat || !errors.Is(err, session.ErrUnknown)) {
		l.Errorf("%s: %v", what, err)
	}
	return err == nil || errors.Is(err, session.ErrExists)
}

func (l *life) run() {
	ctx := l.Context()
	ending := session.Ending{At: someTime, Reason: session.ReasonAdmin, By: "admin"}
	for n := range byte(4) {
		s := l.session(n + 1)
		if l.try("Create", func() error { return l.store.Create(ctx, s) }) {
			l.try("Get", func() error { _, _, err := l.store.Get(ctx, s.ID); return err })
		}
	}
	l.try("Touch", func() error {
		return l.store.Touch(ctx, []session.Touch{{ID: l.id(1), Visit: session.Visit{At: someTime.Add(time.Second)}}})
	})
	l.try("Update", func() error { return l.store.Update(ctx, l.session(1)) })
	if l.try("Revoke", func() error {
		_, err := l.store.Revoke(ctx, session.Revocation{UserID: l.user(), Only: []session.ID{l.id(1)}, Ending: ending})
		return err
	}) {
		l.wantDead(1)
	}
	if l.try("Revoke all", func() error {
		_, err := l.store.Revoke(ctx, session.Revocation{UserID: l.user(), All: true, Keep: l.session(2), Ending: ending})
		return err
	}) {
		l.wantDead(1, 3, 4)
	}
	if l.try("Revoke everyone", func() error {
		_, err := l.store.Revoke(ctx, session.Revocation{Everyone: true, Ending: ending})
		return err
	}) {
		l.wantDead(1, 2, 3, 4)
	}
	l.try("Purge of a user", func() error {
		_, err := l.store.Purge(ctx, session.Purge{UserID: l.user(), Now: someTime})
		return err
	})
}

func (l *life) wantDead(ids ...byte) {
	l.Helper()
	for _, n := range ids {
		s, g, err := l.store.Get(l.Context(), l.id(n))
		if err == nil && s.Ended == nil && s.Generations == g {
			l.Errorf("session %d is live", n)
		}
	}
}

// clearAll has everything marked and purged, by another process, as Run does.
func clearAll(t *testing.T, st *redisstore.Store) {
	t.Helper()
	late := someTime.Add(24 * time.Hour)
	for more := true; more && !t.Failed(); {
		var err error
		if more, err = st.Mark(t.Context(), "", 100); err != nil {
			t.Error(err)
		}
	}
	for more := true; more && !t.Failed(); {
		done, err := st.Purge(t.Context(), session.Purge{Now: late, EndedBefore: late, Limit: 100})
		if err != nil {
			t.Error(err)
		}
		more = done.More
	}
}

// TestRedisHeals proves that a session whose owner's name was lost, because a
// sign-in was cut short, gets it back from whoever signs in with that ID again,
// as with another system's token.
func TestRedisHeals(t *testing.T) {
	client := openRedis(t)
	store := redisStore(t, client, redisstore.Config{})
	if err := store.Create(t.Context(), someSession(2)); err != nil { // from now on the server has the script
		t.Fatal(err)
	}
	h := new(cut)
	h.at.Store(3) // after the look and the script, the name
	client.AddHook(h)
	if err := store.Create(t.Context(), someSession(1)); !errors.Is(err, errCut) {
		t.Fatalf("Create: got %v, want %v", err, errCut)
	}
	if _, _, err := store.Get(t.Context(), session.ID{1}); !errors.Is(err, session.ErrUnknown) {
		t.Errorf("Get: got %v, want ErrUnknown", err)
	}
	if err := store.Create(t.Context(), someSession(1)); !errors.Is(err, session.ErrExists) {
		t.Errorf("Create again: got %v, want ErrExists", err)
	}
	if _, _, err := store.Get(t.Context(), session.ID{1}); err != nil {
		t.Errorf("Get: %v", err)
	}
}

// TestRedisNewOwner proves that a process which remembers an owner learns that
// the ID is another's, after it was erased.
func TestRedisNewOwner(t *testing.T) {
	client, prefix := openRedis(t), ownPrefix()
	t.Cleanup(func() { deleteKeys(t, client, prefix) })
	here := redisStore(t, client, redisstore.Config{Prefix: prefix})
	there := redisStore(t, client, redisstore.Config{Prefix: prefix})
	if err := here.Create(t.Context(), someSession(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := there.Purge(t.Context(), session.Purge{UserID: "ada", Now: someTime}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := here.Get(t.Context(), session.ID{1}); !errors.Is(err, session.ErrUnknown) {
		t.Errorf("Get of what was erased: got %v, want ErrUnknown", err)
	}
	s := someSession(1)
	s.UserID = "bob"
	if err := there.Create(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if got, _, err := here.Get(t.Context(), s.ID); err != nil || got.UserID != "bob" {
		t.Errorf("Get: got %+v, %v, want bob's", got, err)
	}
	s = someSession(1)
	s.Name = "renamed"
	if err := here.Update(t.Context(), s); err != nil {
		t.Errorf("Update: %v", err)
	}
}
