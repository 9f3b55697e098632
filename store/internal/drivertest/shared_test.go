package drivertest_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/redisstore"
	"github.com/signedin/signedin/store/sqlstore"
)

// TestShared has several hosts use one database, each with a prefix of its own,
// one of which begins like another.
func TestShared(t *testing.T) {
	eachDialect(t, func(t *testing.T, open func(t *testing.T) (*sqlx.DB, sqlstore.Config)) {
		db, cfg := open(t)
		other := sqlstore.Config{Prefix: cfg.Prefix + "2_"}
		t.Cleanup(func() { dropTables(t, db, other.Prefix) })
		keepApart(t, migrated(t, db, cfg), migrated(t, db, other))
	})
	t.Run("redis", func(t *testing.T) {
		eachRedis(t, func(t *testing.T, open func(testing.TB) redis.UniversalClient) {
			client, prefix := open(t), ownPrefix()
			t.Cleanup(func() { deleteKeys(t, client, prefix) })
			keepApart(t, redisStore(t, client, redisstore.Config{Prefix: prefix}), redisStore(t, client, redisstore.Config{Prefix: prefix + "2:"}))
		})
	})
}

// keepApart does everything to what is in here, and looks that the same in
// there stays as it was.
func keepApart(t *testing.T, here, there session.Store) {
	t.Helper()
	s := sample(1)
	for _, st := range []session.Store{here, there} {
		if err := errors.Join(st.Create(t.Context(), s), st.(session.Profiles).SaveProfile(t.Context(), s.UserID, []byte("x"), 0)); err != nil {
			t.Fatal(err)
		}
	}
	late := s.ExpiresAt.Add(time.Hour)
	ending := session.Ending{At: late, Reason: session.ReasonAdmin, By: "admin"}
	renamed := s.Clone()
	renamed.Name = "renamed"
	for what, do := range map[string]func() error{
		"update": func() error { return here.Update(t.Context(), renamed) },
		"touch": func() error {
			return here.Touch(t.Context(), []session.Touch{{ID: s.ID, Visit: session.Visit{At: late}}})
		},
		"revoke":   func() error { return revoked(t, here, session.Revocation{UserID: s.UserID, All: true, Ending: ending}) },
		"everyone": func() error { return revoked(t, here, session.Revocation{Everyone: true, Ending: ending}) },
		"purge": func() error {
			_, err := here.Purge(t.Context(), session.Purge{Now: late.Add(48 * time.Hour), EndedBefore: late.Add(time.Hour), Limit: 100})
			return err
		},
		"erase": func() error {
			_, err := here.Purge(t.Context(), session.Purge{UserID: s.UserID, Now: late})
			return err
		},
	} {
		if err := do(); err != nil && !errors.Is(err, session.ErrNotFound) && !errors.Is(err, session.ErrEnded) && !errors.Is(err, session.ErrUnknown) {
			t.Errorf("%s: %v", what, err)
		}
		got, g, err := there.Get(t.Context(), s.ID)
		if err != nil || got.Ended != nil || g != s.Generations || got.Name != s.Name || !got.Last.At.Equal(s.Last.At) {
			t.Errorf("after %s under another prefix: got %v, %v, %v, want the session as it was", what, got, g, err)
		}
		all, err := there.List(t.Context(), session.Query{UserID: s.UserID})
		if err != nil || !slices.ContainsFunc(all, func(l *session.Session) bool { return l.ID == s.ID }) {
			t.Errorf("after %s under another prefix: List: got %v, %v", what, all, err)
		}
	}
	if blob, _, err := there.(session.Profiles).Profile(t.Context(), s.UserID); err != nil || string(blob) != "x" {
		t.Errorf("profile after all that under another prefix: got %q, %v", blob, err)
	}
	if _, _, err := here.Get(t.Context(), s.ID); !errors.Is(err, session.ErrUnknown) {
		t.Errorf("here: got %v, want that it was erased", err)
	}
}

func revoked(t *testing.T, st session.Store, r session.Revocation) error {
	_, err := st.Revoke(t.Context(), r)
	return err
}
