package memstore

import (
	"math/rand/v2"
	"testing"
	"time"
)

// A table is a map: what is in it is found, whatever else came and went, also of
// keys that stand in each other's way.
func TestTable(t *testing.T) {
	tab, want := newTable[string, *user](), make(map[string]*user)
	r := rand.New(rand.NewPCG(1, 2))
	names := make([]string, 20_000) // about 80 a shard
	for i := range names {
		names[i] = string(rune(i/200)) + string(rune(i))
	}
	check := func() {
		t.Helper()
		n := 0
		for i := range tab.shards {
			s := &tab.shards[i]
			for _, u := range s.all() {
				if n++; want[u.id] != u {
					t.Fatalf("%q is there, and should not be", u.id)
				}
			}
			if len(s.slots) > 0 && 4*s.n > 3*len(s.slots) {
				t.Fatalf("%d in %d slots", s.n, len(s.slots))
			}
		}
		if n != len(want) {
			t.Fatalf("got %d, want %d", n, len(want))
		}
		for _, name := range names {
			if got := tab.get(name); got != want[name] {
				t.Fatalf("%q: got %v, want %v", name, got, want[name])
			}
		}
	}
	for round := range 3 {
		for range 40_000 {
			name := names[r.IntN(len(names))]
			if r.IntN(10) < 3+round%2*5 { // it grows, and shrinks
				tab.remove(name)
				delete(want, name)
				continue
			}
			u := &user{id: name}
			old := tab.add(u)
			if old != want[name] {
				t.Fatalf("add %q: got %v, want %v", name, old, want[name])
			}
			if old != nil && r.IntN(2) == 0 {
				tab.replace(u)
				want[name] = u
			} else if old == nil {
				want[name] = u
			}
		}
		check()
	}
	for name := range want {
		tab.remove(name)
		delete(want, name)
	}
	check()
	for i := range tab.shards {
		if n := len(tab.shards[i].slots); n > minSlots {
			t.Fatalf("an empty shard has %d slots", n)
		}
	}
}

// Turns come in the order of time, whatever was put, put again and removed.
func TestDueQueue(t *testing.T) {
	var q dueQueue
	r := rand.New(rand.NewPCG(3, 4))
	recs, want := make([]*record, 300), make(map[*record]int)
	for i := range recs {
		recs[i] = new(record)
	}
	for range 200 {
		for range 100 {
			rec := recs[r.IntN(len(recs))]
			if r.IntN(3) == 0 {
				q.remove(rec)
				delete(want, rec)
				continue
			}
			at := r.IntN(1000)
			q.put(rec, time.UnixMilli(int64(at)))
			want[rec] = at
		}
		now := r.IntN(500)
		for {
			rec := q.pop(time.UnixMilli(int64(now)))
			if rec == nil {
				break
			}
			at, ok := want[rec]
			if !ok || at > now || rec.place != 0 {
				t.Fatalf("got one of %d (%v) at %d", at, ok, now)
			}
			for _, other := range want {
				if other < at {
					t.Fatalf("got %d before %d", at, other)
				}
			}
			delete(want, rec)
		}
		if q.isDue(time.UnixMilli(int64(now))) || len(q.h) != len(want) {
			t.Fatalf("%d are left, want %d", len(q.h), len(want))
		}
		for i, turn := range q.h {
			if int(turn.rec.place) != i+1 {
				t.Fatal("a record does not know its place")
			}
		}
	}
	q.put(recs[0], time.UnixMilli(5).Add(1))
	for q.pop(time.UnixMilli(5)) != nil {
		if len(q.h) == 0 || recs[0].place == 0 {
			t.Fatal("a turn came a nanosecond early")
		}
	}
}
