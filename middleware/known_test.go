package middleware_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

func shownValue(i int) string { return fmt.Sprintf("%048d", i) }

// What is known of one cookie is never found by another, though their hashes are
// alike.
func TestKnownIsOfOneCookie(t *testing.T) {
	table := middleware.NewKnownTable()
	value := shownValue(1)
	if table.Get(value) != nil {
		t.Fatal("something is known from nowhere")
	}
	k := new(session.Known)
	table.Put(value, k)
	if table.Get(strings.Clone(value)) != k {
		t.Fatal("not found")
	}
	for i := range value {
		other := value[:i] + "x" + value[i+1:]
		k.Hash = table.Hash(other) // as if it was found there
		table.PutAs(k)
		if table.Get(other) != nil {
			t.Errorf("found by a value whose byte %d is another", i)
		}
	}
	for _, other := range []string{"", value[1:], value[:len(value)-1], value + "x"} {
		k.Hash = table.Hash(other)
		table.PutAs(k)
		if table.Get(other) != nil {
			t.Errorf("found by %q", other)
		}
	}
	table.Put(value, k)
	next := &session.Known{Value: k.Value, Hash: k.Hash}
	table.Replace(k, next)
	if table.Get(value) != next {
		t.Error("not replaced")
	}
	table.Replace(new(session.Known), k)
	if table.Get(value) != next {
		t.Error("replaced though it was another one")
	}
}

// The table keeps what it can, and never more.
func TestKnownIsBounded(t *testing.T) {
	table := middleware.NewKnownTable()
	kept := func(n int) (found int) {
		for i := range n {
			if table.Get(shownValue(i)) != nil {
				found++
			}
		}
		return found
	}
	n := 0
	add := func(upTo int) {
		for ; n < upTo; n++ {
			k := new(session.Known)
			if table.Put(shownValue(n), k); table.Get(shownValue(n)) != k {
				t.Fatalf("the latest of %d is not kept", n+1)
			}
		}
	}
	if add(1000); kept(n) != n {
		t.Errorf("%d of %d are kept", kept(n), n)
	}
	if add(middleware.MaxKnown / 2); kept(n) < n*95/100 {
		t.Errorf("%d of %d are kept", kept(n), n)
	}
	add(2 * middleware.MaxKnown)
	if found := kept(n); found > middleware.MaxKnown || found < middleware.MaxKnown/2 {
		t.Errorf("%d are kept, of %d at most", found, middleware.MaxKnown)
	}
}

// Who reads while the table grows and is written to finds the right one or none.
func TestKnownIsReadWhileItGrows(t *testing.T) {
	table := middleware.NewKnownTable()
	const n = 2000
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for i := range n {
				switch old := table.Get(shownValue(i)); {
				case old == nil && w%2 == 0:
					table.Put(shownValue(i), new(session.Known))
				case old != nil && old.Value != shownValue(i):
					t.Errorf("%d: found another one", i)
				case old != nil:
					table.Replace(old, &session.Known{Value: old.Value, Hash: old.Hash})
				}
			}
		})
	}
	all.Wait()
	for i := range n {
		if table.Get(shownValue(i)) == nil {
			t.Errorf("%d is lost", i)
		}
	}
}
