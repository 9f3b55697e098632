package activity_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/session"
)

// The page says of which devices the sign-in cannot be copied, and of no others.
func TestProtected(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{})
	me, other := s.signIn(t, "alice"), s.signIn(t, "alice")
	const protected = "Protected: its sign-in cannot be copied"
	if strings.Contains(me.page(""), protected) {
		t.Error("nothing is bound, and the page says so")
	}
	stored, _, err := s.store.Get(t.Context(), uuid.MustParse(other.id()))
	if err != nil {
		t.Fatal(err)
	}
	bound := stored.Clone()
	bound.Bound = session.Binding{Key: "key", Algorithm: "ES256", Since: time.UnixMilli(1_800_000_000_000).UTC()}
	if err := s.store.Update(t.Context(), bound); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(me.page(""), protected) {
		t.Error("said before the browser has shown that it knows")
	}
	bound.Version++
	bound.Bound.SeenAt = bound.Bound.Since
	if err := s.store.Update(t.Context(), bound); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(me.page(""), protected); got != 1 {
		t.Errorf("said %d times, want once", got)
	}
	for _, row := range me.list("/api/sessions") {
		is := row["id"] == bound.ID.String()
		if row["bound"] != is || (row["boundSince"] == "2027-01-15T08:00:00Z") != is {
			t.Errorf("%v: bound %v, since %v", row["id"], row["bound"], row["boundSince"])
		}
	}
}
