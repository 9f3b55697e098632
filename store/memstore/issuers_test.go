package memstore_test

import (
	"testing"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

// Pages of what belongs to an identity provider are as long as was asked for.
func TestLinkedIsBounded(t *testing.T) {
	st := memstore.New()
	keys, now := []session.IssuerKey{{1}}, time.Now()
	for i := range byte(3) {
		s := &session.Session{ID: session.ID{i + 1}, UserID: "alice", ExpiresAt: now.Add(time.Hour), IdleTimeout: time.Hour, Version: 1}
		s.First.At, s.Last.At = now, now
		if err := st.Create(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if err := st.Link(t.Context(), s.ID, keys, now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	for limit, want := range []int{0, 1, 2, 3, 3} {
		if all, err := st.Linked(t.Context(), keys[0], session.ID{}, limit); err != nil || len(all) != want {
			t.Errorf("at most %d: got %d, %v, want %d", limit, len(all), err, want)
		}
	}
	if all, err := st.Linked(t.Context(), keys[0], session.ID{2}, 9); err != nil || len(all) != 1 || all[0].ID != (session.ID{3}) {
		t.Errorf("after the second: got %v, %v", all, err)
	}
}
