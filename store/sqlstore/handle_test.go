package sqlstore_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/sqlstore"
)

// What a transaction has read is not taken for stored: it may be rolled back, and
// the next change then has the same Version.
func TestNoHandleOfATransaction(t *testing.T) {
	db, err := sqlx.Open("sqlite", sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "db")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := sqlstore.Migrate(t.Context(), db, sqlstore.Config{}); err != nil {
		t.Fatal(err)
	}
	store, err := sqlstore.New(t.Context(), db, sqlstore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	s := &session.Session{ID: session.ID{1}, UserID: "ada", Carrier: session.CarrierCookie}
	if err := store.Create(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	_, _, before, err := store.Hold(t.Context(), s.ID)
	if err != nil || before == nil {
		t.Fatal(before, err)
	}
	rolledBack := errors.New("rolled back")
	err = store.InTx(t.Context(), func(ctx context.Context, _ *sqlx.Tx) error {
		next := s.Clone()
		next.Name = "not to be seen"
		if err := store.Update(ctx, next); err != nil {
			return err
		}
		got, _, h, err := store.Hold(ctx, s.ID)
		if err != nil || got.Name != next.Name || h != nil {
			t.Errorf("inside: got %q, handle %v, %v", got.Name, h, err)
		}
		if ok, err := before.Holds(ctx); ok || err != nil {
			t.Errorf("inside, the handle of before: got %v, %v", ok, err)
		}
		return rolledBack
	})
	if !errors.Is(err, rolledBack) {
		t.Fatal(err)
	}
	if ok, err := before.Holds(t.Context()); !ok || err != nil {
		t.Errorf("after: got %v, %v", ok, err)
	}
}
