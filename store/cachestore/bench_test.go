package cachestore_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/cachestore"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
)

// filled returns a cache with n copies, and their IDs.
func filled(b *testing.B, n int) (cache *cachestore.Store, inner session.Store, ids []session.ID) {
	inner = memstore.New()
	i := new(wire).start(b, inner, cachestore.Config{}, time.Millisecond)
	for range n {
		s := create(b, inner)
		isLive(b, i.cache, s.ID)
		ids = append(ids, s.ID)
	}
	return i.cache, inner, ids
}

func benchmarkGet(b *testing.B, store session.Store, ctx context.Context, ids []session.ID) {
	b.Helper()
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if _, _, err := store.Get(ctx, ids[i%len(ids)]); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// key is a context key of somebody else.
type key int

func BenchmarkHit(b *testing.B) {
	cache, _, ids := filled(b, 10_000)
	benchmarkGet(b, cache, b.Context(), ids)
}

// BenchmarkHitOfOne is what a single session in use everywhere costs.
func BenchmarkHitOfOne(b *testing.B) {
	cache, _, ids := filled(b, 1)
	benchmarkGet(b, cache, b.Context(), ids)
}

// BenchmarkHitInRequest is a hit under a context as net/http and a middleware
// or two make it.
func BenchmarkHitInRequest(b *testing.B) {
	cache, _, ids := filled(b, 10_000)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	for n := range 5 {
		ctx = context.WithValue(ctx, key(n), n)
	}
	benchmarkGet(b, cache, ctx, ids)
}

// BenchmarkMiss is what a read costs on top of the store's own, by which
// BenchmarkOriginal is to be compared.
func BenchmarkMiss(b *testing.B) {
	cache, _, ids := filled(b, 10_000)
	benchmarkGet(b, cache, cache.Fresh(b.Context()), ids)
}

func BenchmarkOriginal(b *testing.B) {
	_, inner, ids := filled(b, 10_000)
	benchmarkGet(b, inner, b.Context(), ids)
}

// BenchmarkEvict reads more sessions than there is room for.
func BenchmarkEvict(b *testing.B) {
	inner := memstore.New()
	i := new(wire).start(b, inner, cachestore.Config{MaxSessions: 1000}, time.Millisecond)
	var ids []session.ID
	for range 100_000 {
		ids = append(ids, create(b, inner).ID)
	}
	benchmarkGet(b, i.cache, b.Context(), ids)
}

// BenchmarkForgetAll is the time in which 100,000 copies are forgotten, as
// when the bus has missed something.
func BenchmarkForgetAll(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		_, inner, ids := filled(b, 100_000)
		i := new(wire).start(b, &storetest.Hooked{Store: inner, Before: func(method string) error {
			if method == "Revoke" {
				return errors.New("not measured")
			}
			return nil
		}}, cachestore.Config{}, time.Millisecond)
		for _, id := range ids {
			isLive(b, i.cache, id)
		}
		b.StartTimer()
		_, _ = i.cache.Revoke(b.Context(), session.Revocation{Everyone: true, Ending: ending})
		if got := i.cache.Stats().Size; got != 0 {
			b.Fatalf("got %d copies", got)
		}
	}
}

// decoding makes a new session at each read, as a store on disk does.
type decoding struct{ session.Store }

func (d decoding) Get(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
	s, gens, err := d.Store.Get(ctx, id)
	if err == nil {
		s = s.Clone()
	}
	return s, gens, err
}

// BenchmarkMemory reports what a copy takes.
func BenchmarkMemory(b *testing.B) {
	const n = 100_000
	inner := memstore.New()
	var ids []session.ID
	for range n {
		ids = append(ids, create(b, inner).ID)
	}
	for b.Loop() {
		i := new(wire).start(b, decoding{inner}, cachestore.Config{MaxSessions: 2 * n}, time.Millisecond)
		before := heap()
		for _, id := range ids {
			isLive(b, i.cache, id)
		}
		b.ReportMetric(float64(heap()-before)/n, "B/session")
		runtime.KeepAlive(i)
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
