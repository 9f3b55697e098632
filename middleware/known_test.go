package middleware_test

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"testing"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

func knownKey(i int) [32]byte {
	return sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
}

// What is known of one cookie is never found by another, though their hashes are
// alike in all that the table goes by.
func TestKnownIsOfOneCookie(t *testing.T) {
	var table middleware.KnownTable
	key := knownKey(1)
	if table.Get(key) != nil {
		t.Fatal("something is known from nowhere")
	}
	table.Put(&session.Known{Key: key})
	for i := range key {
		other := key
		other[i] ^= 1
		if table.Get(other) != nil {
			t.Errorf("found by a hash whose byte %d is another", i)
		}
	}
	next := &session.Known{Key: key}
	table.Replace(table.Get(key), next)
	if table.Get(key) != next {
		t.Error("not replaced")
	}
	table.Replace(&session.Known{Key: key}, &session.Known{Key: key})
	if table.Get(key) != next {
		t.Error("replaced though it was another one")
	}
}

// The table keeps what it can, and never more.
func TestKnownIsBounded(t *testing.T) {
	var table middleware.KnownTable
	kept := func(n int) (found int) {
		for i := range n {
			if table.Get(knownKey(i)) != nil {
				found++
			}
		}
		return found
	}
	n := 0
	add := func(upTo int) {
		for ; n < upTo; n++ {
			k := &session.Known{Key: knownKey(n)}
			if table.Put(k); table.Get(k.Key) != k {
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
	var table middleware.KnownTable
	const n = 2000
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for i := range n {
				k := &session.Known{Key: knownKey(i)}
				switch old := table.Get(k.Key); {
				case old == nil && w%2 == 0:
					table.Put(k)
				case old != nil && old.Key != k.Key:
					t.Errorf("%d: found another one", i)
				case old != nil:
					table.Replace(old, k)
				}
			}
		})
	}
	all.Wait()
	for i := range n {
		if table.Get(knownKey(i)) == nil {
			t.Errorf("%d is lost", i)
		}
	}
}
