package drivertest_test

import (
	"testing"

	"github.com/signedin/signedin/session"
)

// markAll marks whatever a counter has ended.
func markAll(t testing.TB, store session.Store) {
	t.Helper()
	for more := true; more; {
		var err error
		if more, err = store.Mark(t.Context(), "", 500); err != nil {
			t.Fatal(err)
		}
	}
}
