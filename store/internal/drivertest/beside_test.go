package drivertest_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/sqlstore"
)

// besides are servers on which transactions write at the same time, and how many
// of those wait for a lock.
func besides(t *testing.T, test func(t *testing.T, store *sqlstore.Store, waiting func() int)) {
	for name, server := range map[string]struct {
		open  func(testing.TB) *sqlx.DB
		store func(testing.TB, *sqlx.DB) *sqlstore.Store
		query string
	}{
		"postgres": {func(t testing.TB) *sqlx.DB { return openPostgres(t, "pgx") }, newPostgres, `SELECT count(*) FROM pg_locks WHERE NOT granted`},
		"mysql":    {func(t testing.TB) *sqlx.DB { return openMySQL(t, "") }, newMySQL, `SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'`},
	} {
		t.Run(name, func(t *testing.T) {
			db := server.open(t)
			test(t, server.store(t, db), func() (n int) {
				if err := db.Get(&n, server.query); err != nil {
					t.Fatal(err)
				}
				return n
			})
		})
	}
}

// until waits for something that comes. It looks seldom: InnoDB tells anew who
// waits only to those who have not asked for a tenth of a second.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 400 {
		if time.Sleep(150 * time.Millisecond); is() {
			return
		}
	}
	t.Fatalf("not in a minute: %s", what)
}

// revoking is a revocation under way.
type revoking struct {
	session.Revoked
	err  error
	done chan struct{}
}

func revoke(ctx context.Context, store session.Store, r session.Revocation) *revoking {
	v := &revoking{done: make(chan struct{})}
	go func() {
		defer close(v.done)
		v.Revoked, v.err = store.Revoke(ctx, r)
	}()
	return v
}

func (v *revoking) over() bool {
	select {
	case <-v.done:
		return true
	default:
		return false
	}
}

func reasonOf(t *testing.T, store session.Store, id session.ID) session.Reason {
	t.Helper()
	s, _, err := store.Get(t.Context(), id)
	if err != nil || s.Ended == nil {
		t.Fatalf("Get: got %+v, %v, want an ended session", s, err)
	}
	return s.Ended.Reason
}

// besideUser creates two sessions of a user.
func besideUser(t *testing.T, store session.Store) (a, b *session.Session) {
	t.Helper()
	a, b = sample(1), sample(2)
	g, err := store.Generation(t.Context(), a.UserID)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*session.Session{a, b} {
		s.Generations = g
		if err := store.Create(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	return a, b
}

var byAdmin = session.Ending{At: someTime.Add(time.Hour), Reason: session.ReasonAdmin, By: "admin"}

// TestRevokeBesideKeep names sessions of which one is just being kept by a
// revocation of all but it. Once that is done they are of two generations, and
// those that it ended were ended by it alone.
func TestRevokeBesideKeep(t *testing.T) {
	besides(t, func(t *testing.T, store *sqlstore.Store, waiting func() int) {
		first, last := besideUser(t, store)
		keptBeside(t, store, waiting, first, last)
		if _, err := store.Purge(t.Context(), session.Purge{UserID: first.UserID}); err != nil {
			t.Fatal(err)
		}
		first, last = besideUser(t, store)
		keptBeside(t, store, waiting, last, first)
	})
}

func keptBeside(t *testing.T, store *sqlstore.Store, waiting func() int, kept, ended *session.Session) {
	t.Helper()
	others := byAdmin
	others.Reason = session.ReasonSignedOutOthers
	var named *revoking
	if err := store.InTx(t.Context(), func(ctx context.Context, _ *sqlx.Tx) error {
		if _, err := store.Revoke(ctx, session.Revocation{UserID: kept.UserID, All: true, Keep: kept, Ending: others}); err != nil {
			return err
		}
		named = revoke(t.Context(), store, session.Revocation{UserID: kept.UserID, Only: []session.ID{kept.ID, ended.ID}, Ending: byAdmin})
		until(t, "it waits", func() bool { return waiting() > 0 || named.over() })
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	<-named.done
	if named.err != nil || !slices.Equal(named.IDs, []session.ID{kept.ID}) {
		t.Errorf("got %v, %v, want the one that was kept, %v", named.IDs, named.err, kept.ID)
	}
	if got := reasonOf(t, store, ended.ID); got != session.ReasonSignedOutOthers {
		t.Errorf("%v was ended by %q, want as it was ended first", ended.ID, got)
	}
}

// TestEndingStays has a session ended in two ways at once, by one that waits for
// it since it is just being written, and by one that does not: which one did it
// does not change any more once it was told.
func TestEndingStays(t *testing.T) {
	besides(t, func(t *testing.T, store *sqlstore.Store, waiting func() int) {
		s, _ := besideUser(t, store)
		visit := session.Visit{At: s.Last.At.Add(time.Second)}
		everything := byAdmin
		everything.Reason = session.ReasonPasswordChanged
		var named, all *revoking
		var told session.Reason
		if err := store.InTx(t.Context(), func(ctx context.Context, _ *sqlx.Tx) error {
			if err := store.Touch(ctx, []session.Touch{{ID: s.ID, Visit: visit}}); err != nil {
				return err
			}
			named = revoke(t.Context(), store, session.Revocation{UserID: s.UserID, Only: []session.ID{s.ID}, Ending: byAdmin})
			until(t, "it waits", func() bool { return waiting() > 0 || named.over() })
			all = revoke(t.Context(), store, session.Revocation{UserID: s.UserID, All: true, Ending: everything})
			until(t, "it waits or is done", func() bool { return waiting() > 1 || all.over() })
			if all.over() {
				told = reasonOf(t, store, s.ID)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		<-named.done
		<-all.done
		if named.err != nil || all.err != nil {
			t.Fatal(named.err, all.err)
		}
		got := reasonOf(t, store, s.ID)
		if told != "" && told != got {
			t.Errorf("ended by %q, and then by %q", told, got)
		}
		if byName := len(named.IDs) == 1; byName != (got == byAdmin.Reason) {
			t.Errorf("ended by %q, and the one that named it ended %v", got, named.IDs)
		}
	})
}
