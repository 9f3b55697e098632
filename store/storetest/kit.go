package storetest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
)

// kit is what a rule works with: an empty store, and calls of it that fail the
// test when the store does.
type kit struct {
	*testing.T
	store     session.Store
	staleness time.Duration
	raced     *Raced
}

// epoch is when everything here happens. Stores do not read the clock, so it
// may be any time; it has milliseconds so that they get lost if they can.
var epoch = time.Date(2026, 3, 29, 1, 59, 59, 987_000_000, time.UTC)

// at returns the time some minutes after epoch.
func at(minutes int) time.Time { return epoch.Add(time.Duration(minutes) * time.Minute) }

func newID() (id session.ID) {
	_, _ = rand.Read(id[:])
	return id
}

// fresh waits until a cache may not answer from before any more.
func (k *kit) fresh() { time.Sleep(k.staleness) }

// must fails the test if a call of the store did.
func (k *kit) must(what string, err error) {
	k.Helper()
	if err != nil {
		k.Fatalf("%s: %v", what, err)
	}
}

// wantErr fails the test unless err is target.
func (k *kit) wantErr(what string, err, target error) {
	k.Helper()
	if !errors.Is(err, target) {
		k.Errorf("%s: got error %v, want %v", what, err, target)
	}
}

// gens returns the current generations for a user.
func (k *kit) gens(user string) session.Generations {
	k.Helper()
	k.fresh()
	g, err := k.store.Generation(k.Context(), user)
	k.must("Generation", err)
	return g
}

// session makes a session of user, with every field set, that began n minutes
// after epoch. It is idle at n+60 and ends at 600.
func (k *kit) session(user string, n int) *session.Session {
	k.Helper()
	s := filled(n)
	s.ID, s.UserID, s.Generations = newID(), user, k.gens(user)
	s.First.At, s.Last.At = at(n), at(n)
	s.ExpiresAt, s.IdleTimeout = at(600), time.Hour
	s.Ended = nil
	return s
}

// created makes a session and stores it.
func (k *kit) created(user string, n int) *session.Session {
	k.Helper()
	s := k.session(user, n)
	k.must("Create", k.store.Create(k.Context(), s.Clone()))
	return s
}

// ended makes a session that was revoked n+1 minutes after epoch.
func (k *kit) ended(user string, n int) *session.Session {
	k.Helper()
	s := k.created(user, n)
	e := ending(n + 1)
	k.revoke(session.Revocation{UserID: user, Only: []session.ID{s.ID}, Ending: e})
	return over(s, e)
}

func ending(n int) session.Ending {
	return session.Ending{At: at(n), Reason: session.ReasonSignedOutRemote, By: newID().String()}
}

// over returns s as it is once e has ended it.
func over(s *session.Session, e session.Ending) *session.Session {
	s = s.Clone()
	s.Ended = &e
	s.DropAddresses()
	return s
}

func (k *kit) get(id session.ID) (*session.Session, session.Generations) {
	k.Helper()
	k.fresh()
	s, g, err := k.store.Get(k.Context(), id)
	k.must("Get", err)
	return s, g
}

// wantStored fails the test unless want is what is stored, in every field.
func (k *kit) wantStored(want *session.Session) {
	k.Helper()
	got, _ := k.get(want.ID)
	for _, d := range differences(got, want) {
		k.Errorf("stored session: %s", d)
	}
}

func (k *kit) wantUnknown(id session.ID) {
	k.Helper()
	k.fresh()
	_, _, err := k.store.Get(k.Context(), id)
	k.wantErr("Get", err, session.ErrUnknown)
}

// isLive reports whether a session can be used, as the Manager judges it.
func (k *kit) isLive(id session.ID) bool {
	k.Helper()
	s, g := k.get(id)
	return live(s, g)
}

func live(s *session.Session, g session.Generations) bool {
	return s.Ended == nil && s.Generations == g
}

func (k *kit) wantLive(s *session.Session, want bool) {
	k.Helper()
	if got := k.isLive(s.ID); got != want {
		k.Errorf("session of %s is live: got %v, want %v", s.UserID, got, want)
	}
}

func (k *kit) list(q session.Query) []*session.Session {
	k.Helper()
	k.fresh()
	all, err := k.store.List(k.Context(), q)
	k.must("List", err)
	return all
}

// wantList fails the test unless List answers q with exactly want, in order.
func (k *kit) wantList(q session.Query, want ...*session.Session) {
	k.Helper()
	got := idsOf(k.list(q))
	if !slices.Equal(got, idsOf(want)) {
		k.Errorf("List(%s, state %d, limit %d):\n got %v\nwant %v", q.UserID, q.State, q.Limit, got, idsOf(want))
	}
}

func idsOf(all []*session.Session) []session.ID {
	ids := make([]session.ID, 0, len(all))
	for _, s := range all {
		ids = append(ids, s.ID)
	}
	return ids
}

func sorted(ids []session.ID) []session.ID {
	return slices.SortedFunc(slices.Values(ids), func(a, b session.ID) int { return bytes.Compare(a[:], b[:]) })
}

// wantIDs fails the test unless got is want, in any order.
func (k *kit) wantIDs(what string, got []session.ID, want ...*session.Session) {
	k.Helper()
	if g, w := sorted(got), sorted(idsOf(want)); !slices.Equal(g, w) {
		k.Errorf("%s:\n got %v\nwant %v", what, g, w)
	}
}

// latestFirst is the order in which List returns sessions.
func latestFirst(a, b *session.Session) int {
	when := func(s *session.Session) time.Time {
		if s.Ended != nil {
			return s.Ended.At
		}
		return s.First.At
	}
	return cmp.Or(when(b).Compare(when(a)), bytes.Compare(b.ID[:], a.ID[:]))
}

func (k *kit) update(s *session.Session) error { return k.store.Update(k.Context(), s) }

func (k *kit) touch(touches ...session.Touch) {
	k.Helper()
	k.must("Touch", k.store.Touch(k.Context(), touches))
}

func (k *kit) revoke(r session.Revocation) session.Revoked {
	k.Helper()
	done, err := k.store.Revoke(k.Context(), r)
	k.must("Revoke", err)
	if done.Count != len(done.IDs) && !r.All {
		k.Errorf("Revoke: got count %d and %d IDs", done.Count, len(done.IDs))
	}
	return done
}

// markAll calls Mark until there is nothing left to mark, of the user or of all.
func (k *kit) markAll(user string, limit int) {
	k.Helper()
	for range 10_000 {
		more, err := k.store.Mark(k.Context(), user, limit)
		k.must("Mark", err)
		if !more {
			return
		}
	}
	k.Fatal("Mark: more is still true after 10,000 calls")
}

func (k *kit) wantCount(what string, got int, want int) {
	k.Helper()
	if got != want {
		k.Errorf("%s: got count %d, want %d", what, got, want)
	}
}

func (k *kit) purge(p session.Purge) session.Purged {
	k.Helper()
	done, err := k.store.Purge(k.Context(), p)
	k.must("Purge", err)
	return done
}

// purgeAll calls Mark and Purge until there is no more to do.
func (k *kit) purgeAll(p session.Purge) (all session.Purged) {
	k.Helper()
	k.markAll("", 100)
	for range 1000 {
		done := k.purge(p)
		all.Expired = append(all.Expired, done.Expired...)
		all.Deleted += done.Deleted
		if !done.More {
			return all
		}
	}
	k.Fatal("Purge: More is still true after 1,000 calls")
	return all
}

// unchanged returns a function that fails the test if anything about these
// sessions, or their user's generations, has changed in between.
func (k *kit) unchanged(user string, sessions ...*session.Session) func() {
	k.Helper()
	gens := k.gens(user)
	var before []*session.Session
	for _, s := range sessions {
		stored, _ := k.get(s.ID)
		before = append(before, stored.Clone())
	}
	return func() {
		k.Helper()
		for _, s := range before {
			k.wantStored(s)
		}
		if now := k.gens(user); now != gens {
			k.Errorf("generations of %s: got %v, want %v", user, now, gens)
		}
	}
}

// together runs the functions at the same time and waits for all of them.
func together(ops ...func()) {
	var ready, done sync.WaitGroup
	ready.Add(len(ops))
	for _, op := range ops {
		done.Go(func() {
			ready.Done()
			ready.Wait()
			op()
		})
	}
	done.Wait()
}

// cancelled returns a context that is over.
func cancelled(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx
}
