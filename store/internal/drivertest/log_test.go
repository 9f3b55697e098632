package drivertest_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/pollbus"
	"github.com/signedin/signedin/store/sqlstore"
)

// eachLogged runs a test where other processes have to ask what happened.
func eachLogged(t *testing.T, test func(t *testing.T, db *sqlx.DB, cfg sqlstore.Config)) {
	eachSQLite(t, func(t *testing.T, driver string) {
		test(t, open(t, driver, sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "db"))), sqlstore.Config{})
	})
	eachMySQL(t, func(t *testing.T, db *sqlx.DB) {
		test(t, db, sqlstore.Config{Prefix: newPrefix(t, db)})
	})
}

// follower reads the log of a store.
type follower struct {
	*testing.T
	store *sqlstore.Store
	last  int64
}

// next returns what was written since the last call.
func (f *follower) next() (all []session.Message) {
	f.Helper()
	entries, err := f.store.Entries(f.Context(), f.last, nil)
	if err != nil {
		f.Fatal(err)
	}
	slices.SortFunc(entries, func(a, b pollbus.Entry) int { return int(a.Number - b.Number) })
	for _, e := range entries {
		all, f.last = append(all, e.Message), e.Number
	}
	return all
}

// want fails the test unless exactly this was written.
func (f *follower) want(what string, err error, ended, changed []session.ID, everyone bool) {
	f.Helper()
	got := f.next()
	if err != nil || len(got) != 1 {
		f.Fatalf("%s: got %v, error %v, want one entry", what, got, err)
	}
	slices.SortFunc(got[0].Ended, func(a, b session.ID) int { return int(a[15]) - int(b[15]) })
	if !slices.Equal(got[0].Ended, ended) || !slices.Equal(got[0].Changed, changed) || got[0].Everyone != everyone {
		f.Errorf("%s: got %+v, want ended %v, changed %v, everyone %v", what, got[0], ended, changed, everyone)
	}
}

// wantUser fails the test unless exactly n was written.
func (f *follower) wantUser(what string, err error, n session.Message) {
	f.Helper()
	if got := f.next(); err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], n) {
		f.Errorf("%s: got %+v, error %v, want %+v", what, got, err, n)
	}
}

// mustHave fails the test unless the latest entry names the sessions, for
// programs that do not know yet that an entry may be about a user.
func mustHave(t *testing.T, db *sqlx.DB, cfg sqlstore.Config, ids []session.ID) {
	t.Helper()
	var text []byte
	if err := db.Get(&text, `SELECT notice FROM `+cmp.Or(cfg.Prefix, "signedin_")+`log ORDER BY number DESC LIMIT 1`); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if !bytes.Contains(text, []byte(id.String())) {
			t.Errorf("the entry %s does not name session %v", text, id)
		}
	}
}

func (f *follower) wantNone(what string, err error) {
	f.Helper()
	if got := f.next(); err != nil || len(got) > 0 {
		f.Errorf("%s: got %v, error %v, want no entry", what, got, err)
	}
}

// TestLog has an entry for each change that others must hear of, and for no
// other.
func TestLog(t *testing.T) {
	eachLogged(t, func(t *testing.T, db *sqlx.DB, cfg sqlstore.Config) {
		st := migrated(t, db, cfg)
		f := &follower{T: t, store: st}
		ids := make([]session.ID, 8)
		var errs error
		for n := range ids {
			s := sample(byte(n))
			ids[n], errs = s.ID, errors.Join(errs, st.Create(t.Context(), s))
		}
		first := sample(0)
		f.wantNone("Create", errs)
		f.want("Update", st.Update(t.Context(), first), nil, ids[:1], false)
		f.wantNone("Update in vain", errors.Join(wanted(st.Update(t.Context(), first), session.ErrConflict)))
		f.wantNone("Touch", st.Touch(t.Context(), []session.Touch{{ID: ids[0], Visit: session.Visit{At: first.Last.At.Add(time.Second)}}}))

		end := session.Ending{At: first.Last.At, Reason: "r", By: "b"}
		revoke := func(r session.Revocation) error {
			r.UserID, r.Ending = "ada", end
			_, err := st.Revoke(t.Context(), r)
			return err
		}
		f.want("Revoke some", revoke(session.Revocation{Only: ids[6:8]}), ids[6:8], nil, false)
		f.wantNone("Revoke them again", revoke(session.Revocation{Only: ids[6:8]}))
		first.Version++
		f.wantUser("Revoke all but one", revoke(session.Revocation{All: true, Keep: first}), session.Message{
			Changed: ids[:1], Keep: ids[0], UserID: "ada", Generations: session.Generations{User: 1},
		})
		mustHave(t, db, cfg, ids[1:6])
		f.wantNone("Revoke all in vain", wanted(revoke(session.Revocation{All: true, Keep: first}), session.ErrConflict))
		_, err := st.Purge(t.Context(), session.Purge{Now: first.ExpiresAt, Limit: 10})
		f.want("Purge", err, ids[:1], nil, false)
		_, err = st.Purge(t.Context(), session.Purge{UserID: "ada", Now: first.ExpiresAt})
		f.wantUser("Purge of a user", err, session.Message{UserID: "ada", Generations: session.Generations{User: 2}})
		mustHave(t, db, cfg, ids)
		_, err = st.Revoke(t.Context(), session.Revocation{Everyone: true, Ending: end})
		f.want("Revoke everyone", err, nil, nil, true)
	})
}

// wanted returns nil if err is want.
func wanted(err, want error) error {
	if errors.Is(err, want) {
		return nil
	}
	return errors.Join(errors.New("not the error that was wanted"), err)
}

// TestLogBounded has a purge delete entries, but none before its time, which
// is the database's, and their numbers never come again.
func TestLogBounded(t *testing.T) {
	eachLogged(t, func(t *testing.T, db *sqlx.DB, cfg sqlstore.Config) {
		st := migrated(t, db, cfg)
		everyone := func() {
			if _, err := st.Revoke(t.Context(), session.Revocation{Everyone: true}); err != nil {
				t.Fatal(err)
			}
		}
		everyone()
		everyone()
		prefix := cmp.Or(cfg.Prefix, "signedin_")
		var last int64
		for _, c := range []struct {
			passed time.Duration
			want   int
		}{{0, 2}, {pollbus.Keep, 2}, {pollbus.Keep - time.Minute, 2}, {2 * time.Minute, 0}} {
			mustExec(t, db, fmt.Sprintf("UPDATE %slog SET seen_at = seen_at - %d", prefix, c.passed.Milliseconds()))
			for _, clock := range []time.Duration{-24 * time.Hour, 24 * time.Hour} { // of two processes
				now := time.Now().Add(clock)
				if _, err := st.Purge(t.Context(), session.Purge{Now: now, EndedBefore: now, Limit: 1}); err != nil {
					t.Fatal(err)
				}
			}
			all, err := st.Entries(t.Context(), 0, nil)
			if err != nil || len(all) != c.want {
				t.Errorf("%v later: got %d entries, %v, want %d", c.passed, len(all), err, c.want)
			}
			for _, e := range all {
				last = max(last, e.Number)
			}
		}
		everyone()
		if all, err := st.Entries(t.Context(), last, nil); err != nil || len(all) != 1 {
			t.Errorf("after number %d: got %v, %v, want one entry", last, all, err)
		}
	})
}

// TestLogLate has an entry be committed after one with a greater number.
func TestLogLate(t *testing.T) {
	eachMySQL(t, func(t *testing.T, db *sqlx.DB) {
		st := migrated(t, db, sqlstore.Config{Prefix: newPrefix(t, db)})
		for n := range 2 {
			s := sample(byte(n))
			s.UserID = string(rune('a' + n))
			if err := st.Create(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
		err := st.InTx(t.Context(), func(ctx context.Context, _ *sqlx.Tx) error {
			if _, err := st.Revoke(ctx, session.Revocation{UserID: "a", All: true}); err != nil {
				return err
			}
			_, err := st.Revoke(t.Context(), session.Revocation{UserID: "b", All: true})
			_, perr := st.Purge(t.Context(), session.Purge{Now: time.Unix(0, 0), EndedBefore: time.Unix(0, 0), Limit: 1})
			if all, lerr := st.Entries(t.Context(), 0, []int64{1}); lerr != nil || len(all) != 1 || all[0].Number != 2 {
				t.Errorf("before the commit: got %v, %v, want number 2", all, lerr)
			}
			return errors.Join(err, perr)
		})
		all, lerr := st.Entries(t.Context(), 2, []int64{1})
		if err != nil || lerr != nil || len(all) != 1 || all[0].Number != 1 || all[0].Message.UserID != "a" {
			t.Errorf("after the commit: got %v, %v, %v, want number 1", all, err, lerr)
		}
	})
}

// TestLogRollback has nobody hear of what was rolled back.
func TestLogRollback(t *testing.T) {
	eachLogged(t, func(t *testing.T, db *sqlx.DB, cfg sqlstore.Config) {
		st := migrated(t, db, cfg)
		cause := errors.New("cause")
		err := st.InTx(t.Context(), func(ctx context.Context, _ *sqlx.Tx) error {
			_, err := st.Revoke(ctx, session.Revocation{Everyone: true})
			return errors.Join(err, cause)
		})
		f := &follower{T: t, store: st}
		f.wantNone("rolled back", wanted(err, cause))
	})
}

// TestLogBus has one process revoke and another hear of it.
func TestLogBus(t *testing.T) {
	eachLogged(t, func(t *testing.T, db *sqlx.DB, cfg sqlstore.Config) {
		here, there := migrated(t, db, cfg), migrated(t, db, cfg)
		s := sample(1)
		if err := here.Create(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		bus, err := pollbus.New(there, pollbus.Config{Interval: 10 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		revoked, heard := false, false
		_ = bus.Run(ctx, func(n session.Message) {
			if !revoked && !n.Missed {
				revoked = true
				if _, err := here.Revoke(ctx, session.Revocation{UserID: "ada", Only: []session.ID{s.ID}}); err != nil {
					t.Error(err)
				}
			}
			if slices.Contains(n.Ended, s.ID) {
				heard = true
				cancel()
			}
		})
		if !heard {
			t.Error("not heard")
		}
	})
}
