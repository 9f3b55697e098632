// Package kit runs storetest on the stores of this module, and prints what it
// counted as lines from which .ci/run makes its tables.
package kit

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/storetest"
	"github.com/signedin/signedin/store/storetest/need"
)

// Run is [storetest.Run] with a report of store.
func Run(t *testing.T, store string, newStore func(t *testing.T) session.Store, staleness time.Duration) {
	t.Helper()
	var rules, passed atomic.Int64
	r := storetest.Run(t, func(t *testing.T) session.Store {
		rules.Add(1)
		t.Cleanup(func() {
			if !t.Failed() && !t.Skipped() {
				passed.Add(1)
			}
		})
		return newStore(t)
	}, staleness)
	Report(t, store, "rules", rules.Load(), "passed", passed.Load())
	reportRaced(t, store, r)
}

// lightRounds are the rounds of a race that is not heavy.
const lightRounds = 100

// Race is [storetest.Race] with a report of store. Where heavy tests do not run
// it has few rounds.
func Race(t *testing.T, store string, newStore func(t *testing.T) session.Store, staleness time.Duration, rounds int) {
	t.Helper()
	if !need.IsHeavy() {
		rounds = min(rounds, lightRounds)
	}
	r := storetest.Race(t, newStore, staleness, rounds)
	reportRaced(t, store, r)
}

func reportRaced(t *testing.T, store string, r storetest.Raced) {
	t.Helper()
	if r.Rounds > 0 { // else that rule was not among those that ran
		Report(t, store, "races", r.Rounds, "overlapped", r.Overlapped, "checks", r.Checks, "accepted", r.Accepted)
	}
}

// Engine names the server on which the tests run, and its version, where they
// run on several. It is reported in place of the first word of a store's name.
var Engine string

// Report prints a line, as
//
//	signedin-table: postgres(pgx) rules=71 passed=71
//
// The store is one word, pairs are keys, of one word each, and values. The
// line is also added to the file that SIGNEDIN_TABLE names.
func Report(t testing.TB, store string, pairs ...any) {
	t.Helper()
	for _, family := range []string{"postgres", "mysql", "mariadb", "redis"} {
		if rest, ok := strings.CutPrefix(store, family); ok && Engine != "" {
			store = Engine + rest
			break
		}
	}
	line := "signedin-table: " + store
	for i := 0; i+1 < len(pairs); i += 2 {
		line += fmt.Sprintf(" %v=%v", pairs[i], pairs[i+1])
	}
	t.Log(line)
	file := os.Getenv("SIGNEDIN_TABLE")
	if file == "" {
		return
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(line + "\n"); err != nil {
		t.Error(err)
	}
}
