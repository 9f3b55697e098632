// Package peers measures an authenticated request beside other libraries, in
// one run. It is a module of its own, so that no importer sees them.
//
//	go test -bench . -count 6
//	go test -v -run Table -rounds 6
//
// The second one prints tables: medians of rounds in which all take turns, beside
// what we want to reach.
//
// cpu-ns/op is the processor time of the whole process, garbage collection
// included. Compare it within one run only.
package peers_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	scsmemstore "github.com/alexedwards/scs/v2/memstore"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

const sessions = 10_000

// discard is a ResponseWriter that costs nothing.
type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

func BenchmarkAuthenticatedRequest(b *testing.B) {
	b.Run("signedin-bare", func(b *testing.B) { run(b, ours(b, nil)) })
	b.Run("signedin-sealed", func(b *testing.B) { run(b, ours(b, [][]byte{[]byte("an example key of 32 bytes, made up")})) })
	b.Run("scs-touch-off", func(b *testing.B) { run(b, theirs(0)) })
	b.Run("scs-touch-on", func(b *testing.B) { run(b, theirs(20*time.Minute)) })
}

// host has a handler that signs in (POST) and one that wants to be signed in.
type host struct {
	handler http.Handler
	served  *atomic.Int64
}

func run(b *testing.B, s host) {
	cookies := make([][]string, sessions)
	for i := range cookies {
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, httptest.NewRequest("POST", fmt.Sprintf("/?user=user%d", i), nil))
		c := w.Result().Cookies()
		if len(c) != 1 {
			b.Fatalf("sign-in: %d, %d cookies", w.Code, len(c))
		}
		cookies[i] = []string{c[0].Name + "=" + c[0].Value}
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36")
	w := discard{make(http.Header)}
	for _, c := range cookies { // the first request of a session is another thing
		r.Header["Cookie"] = c
		clear(w.h)
		s.handler.ServeHTTP(w, r)
	}
	s.served.Store(0)
	b.ReportAllocs()
	before, n := cpu(), 0
	for b.Loop() {
		clear(w.h)
		r.Header["Cookie"] = cookies[n*7919%sessions]
		s.handler.ServeHTTP(w, r)
		n++
	}
	b.ReportMetric(float64(cpu()-before)/float64(n), "cpu-ns/op")
	if s.served.Load() != int64(n) {
		b.Fatalf("%d of %d requests were signed in", s.served.Load(), n)
	}
}

func cpu() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

func ours(b *testing.B, keys [][]byte) host { return oursWith(b, memstore.New(), keys) }

func oursIn(b *testing.B, store session.Store) host { return oursWith(b, store, nil) }

func oursWith(b *testing.B, store session.Store, keys [][]byte) host {
	manager, err := session.New(store, session.Config{})
	if err != nil {
		b.Fatal(err)
	}
	mw, err := middleware.New(manager, middleware.Config{CookieKeys: session.NewKeys(keys...)})
	if err != nil {
		b.Fatal(err)
	}
	served := new(atomic.Int64)
	return host{served: served, handler: mw.Load(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			ticket, err := manager.BeginSignIn(r.Context(), r.URL.Query().Get("user"))
			if err != nil {
				b.Error(err)
			}
			if _, _, err := mw.SignIn(w, r, ticket, session.StartOptions{}); err != nil {
				b.Error(err)
			}
			return
		}
		if s, ok := session.FromContext(r.Context()); ok && strings.HasPrefix(s.UserID, "user") {
			served.Add(1)
		}
	}))}
}

func theirs(idle time.Duration) host { return theirsIn(scsmemstore.NewWithCleanupInterval(0), idle) }

func theirsIn(store scs.Store, idle time.Duration) host {
	m := scs.New()
	m.Store = store
	m.IdleTimeout = idle
	served := new(atomic.Int64)
	return host{served: served, handler: m.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			m.Put(r.Context(), "user", r.URL.Query().Get("user"))
			return
		}
		if strings.HasPrefix(m.GetString(r.Context(), "user"), "user") {
			served.Add(1)
		}
	}))}
}
