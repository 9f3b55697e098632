package middleware_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest/need"
)

// A request of a bound session is as quiet as any other.
func TestBoundLoadAllocates(t *testing.T) {
	h, r, w := boundRequest(t)
	if n := need.Allocations(func() { clear(w.h); h.ServeHTTP(w, r) }); n > 2 {
		t.Errorf("got %v allocations, want 2", n)
	}
}

func boundRequest(t testing.TB) (http.Handler, *http.Request, discard) {
	at := newInstance(t, memstore.New(), session.Config{}, key(1))
	d := newKeyed(t)
	d.bound(at)
	r := httptest.NewRequest("GET", "/", nil)
	for name, value := range d.jar {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	h := at.mw.Load(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s, ok := session.FromContext(r.Context()); !ok || !s.IsBound() {
			t.Fatal("not signed in, or not bound")
		}
	}))
	w := discard{make(http.Header)}
	for range 2 {
		h.ServeHTTP(w, r)
		clear(w.h)
	}
	return h, r, w
}

func BenchmarkLoadBound(b *testing.B) {
	h, r, w := boundRequest(b)
	b.ReportAllocs()
	for b.Loop() {
		clear(w.h)
		h.ServeHTTP(w, r)
	}
}
