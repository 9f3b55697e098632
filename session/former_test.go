package session_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
)

// A session that was watched first goes over with what is known of it, and one
// that was ended does not.
func TestMoveOfAForeignSession(t *testing.T) {
	t.Parallel()
	m, pass := clocked(t, memstore.New(), session.Config{})
	watched := adopt(t, m, "old", session.Adoption{UserID: "ada", SignedIn: true})
	if _, err := m.Rename(t.Context(), "ada", watched.ID, "Desk"); err != nil {
		t.Fatal(err)
	}
	ended := adopt(t, m, "ended", adas)
	if err := m.Revoke(t.Context(), "ada", ended.ID, session.ReasonSignedOutRemote); err != nil {
		t.Fatal(err)
	}
	pass(time.Hour)
	for range 2 {
		s, err := m.Move(t.Context(), "old", session.Origin{}, adas)
		if err != nil || s.Carrier != session.CarrierCookie || s.Name != "Desk" || !s.First.At.Equal(watched.First.At) ||
			!s.AuthenticatedAt.Equal(watched.AuthenticatedAt) {
			t.Fatalf("got %+v, %v", s, err)
		}
		if live, err := m.List(t.Context(), "ada"); err != nil || len(live) != 1 || live[0].ID != s.ID {
			t.Fatalf("got %v, %v", ids(live), err)
		}
	}
	if _, err := m.Move(t.Context(), "ended", session.Origin{}, adas); !errors.Is(err, session.ErrRevoked) {
		t.Errorf("ended: got %v", err)
	}
	if _, err := m.Move(t.Context(), "x", session.Origin{}, session.Adoption{UserID: "ada", SignedIn: true}); err == nil {
		t.Error("an old token was taken for a proof")
	}
	// The limits are ours.
	pass(m.Limits().Idle)
	if _, err := m.Resume(t.Context(), session.FormerToken("old").Credential(), session.Origin{}); !errors.Is(err, session.ErrExpired) {
		t.Errorf("got %v", err)
	}
}

// Of a session that goes over and leaves its old one behind, the log tells, and of one
// that does not, nothing.
func TestMoveTellsWhatDidNotEnd(t *testing.T) {
	t.Parallel()
	for _, trouble := range []error{nil, errors.New("the disk is on fire")} {
		var log bytes.Buffer
		store := &storetest.Hooked{Store: memstore.New()}
		m, _ := clocked(t, store, session.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		adopt(t, m, "old", session.Adoption{UserID: "ada", SignedIn: true})
		store.Before = func(method string) error {
			if method == "Revoke" {
				return trouble
			}
			return nil
		}
		if _, err := m.Move(t.Context(), "old", session.Origin{}, adas); err != nil {
			t.Fatal(err)
		}
		if told := strings.Contains(log.String(), "did not end"); told != (trouble != nil) {
			t.Errorf("after %v the log says %q", trouble, log.String())
		}
	}
}
