// Package storetest checks that a [session.Store] keeps its contract, and
// helps to test what calls one. It needs nothing but the standard library and
// the contract itself, so a store in any module can use it:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) session.Store { return mystore.New() }, 0)
//	}
//
// [Run] checks every sentence of the contract; a failure prints the rule that
// was broken. [Race] looks for a session that is accepted after it was
// revoked, for as many rounds as there is time. [Bench] measures.
//
// [Hooked] and [Failing] wrap a working store, to hold up or fail its calls
// under the code that makes them.
package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
)

// Run checks every rule of the contract, each as a subtest on a store of its
// own. What newStore returns must be empty; it closes by t.Cleanup.
//
// What a store does with stored data that is damaged, ErrCorrupt, it has to
// test by itself: only it knows how to damage them.
//
// Staleness is 0 for every store but a cache: it is how long, by its own
// documentation, a cache may still give the answer of before a change. Every
// rule holds for it as well, only so much later.
//
// One of the rules is a brief [Race]: Run returns what that has counted.
func Run(t *testing.T, newStore func(t *testing.T) session.Store, staleness time.Duration) (raced Raced) {
	for _, r := range rules() {
		t.Run(r.name, func(t *testing.T) {
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("the rule: %s", r.explanation)
				}
			})
			r.check(&kit{T: t, store: newStore(t), staleness: staleness, raced: &raced})
		})
	}
	return raced
}

// rule is one thing that the contract says.
type rule struct {
	name        string
	explanation string
	check       func(k *kit)
}

func rules() []rule {
	return slices.Concat(valueRules, createRules, readRules, updateRules, touchRules,
		revokeRules, markRules, purgeRules, scanRules, profileRules, issuerRules, handleRules, boundRules, raceRules, managerRules)
}
