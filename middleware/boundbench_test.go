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
	h, r, w := siteRequest(t, true)
	if n := need.Allocations(func() { clear(w.h); h.ServeHTTP(w, r) }); n > 1 {
		t.Errorf("got %v allocations, want 1", n)
	}
}

// siteRequest returns a request of a site that binds sessions, of one that is bound or not.
func siteRequest(t testing.TB, bound bool) (http.Handler, *http.Request, discard) {
	at := newInstance(t, memstore.New(), session.Config{}, key(1))
	d := newKeyed(t)
	if bound {
		d.bound(at)
	} else {
		d.signIn(at)
	}
	r := httptest.NewRequest("GET", "/", nil)
	for name, value := range d.jar {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	h := at.mw.Load(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s, ok := session.FromContext(r.Context()); !ok || s.IsBound() != bound {
			t.Fatalf("signed in %v, bound %v", ok, !bound)
		}
	}))
	w := discard{make(http.Header)}
	for range 2 {
		h.ServeHTTP(w, r)
		clear(w.h)
	}
	return h, r, w
}

// What a binding costs is what one takes over the other.
func BenchmarkLoadBound(b *testing.B) {
	for name, bound := range map[string]bool{"bound": true, "unbound": false} {
		b.Run(name, func(b *testing.B) {
			h, r, w := siteRequest(b, bound)
			b.ReportAllocs()
			for b.Loop() {
				clear(w.h)
				h.ServeHTTP(w, r)
			}
		})
	}
}
