package peers_test

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	chisession "gitea.com/go-chi/session"
	"github.com/alexedwards/scs/v2"
	scsmemstore "github.com/alexedwards/scs/v2/memstore"

	"github.com/signedin/signedin/geo/embedded"
	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/risk"
	"github.com/signedin/signedin/store/memstore"
)

var (
	cookieKey  = []byte("an example key of 32 bytes, made up")
	profileKey = []byte("another example key of 32 bytes too")
)

// wholeSite is a host with everything on: sealed cookies, a device cookie, places,
// profiles, risk, touches.
func wholeSite(t testing.TB, store session.Store, clock func() time.Time) (site, *session.Manager) {
	t.Helper()
	assessor, err := risk.New(risk.Config{Key: session.NewKeys(profileKey)})
	if err != nil {
		t.Fatal(err)
	}
	manager, err := session.New(store, session.Config{
		Locator: embedded.New(), Assessor: assessor, ProfileKeys: session.NewKeys(profileKey), Now: clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	mw, err := middleware.New(manager, middleware.Config{CookieKeys: session.NewKeys(cookieKey)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); manager.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	var users atomic.Int64
	return site{
		in: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ticket, err := manager.BeginSignIn(r.Context(), fmt.Sprint("user", users.Add(1)))
			if err == nil {
				_, _, err = mw.SignIn(w, r, ticket, session.StartOptions{Persistent: true})
			}
			if err != nil {
				t.Error(err)
			}
		}),
		me: mw.Load(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if s, ok := session.FromContext(r.Context()); ok && strings.HasPrefix(s.UserID, "user") {
				w.WriteHeader(http.StatusNoContent)
			}
		})),
	}, manager
}

func scsSite(store scs.Store, idle time.Duration) site {
	m := scs.New()
	m.Store, m.IdleTimeout = store, idle
	var users atomic.Int64
	return site{
		in: m.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			m.Put(r.Context(), "user", fmt.Sprint("user", users.Add(1)))
			_, _ = w.Write(nil) // or the cookie is not set
		})),
		me: m.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(m.GetString(r.Context(), "user"), "user") {
				w.WriteHeader(http.StatusNoContent)
			}
		})),
	}
}

func chiSite(t testing.TB) site {
	mw, err := chisession.Sessioner(chisession.Options{Provider: "memory", CookieName: "session", Maxlifetime: 24 * 3600})
	if err != nil {
		t.Fatal(err)
	}
	var users atomic.Int64
	return site{
		in: mw(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_ = chisession.GetSession(r).Set("user", fmt.Sprint("user", users.Add(1)))
		})),
		me: mw(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if user, _ := chisession.GetSession(r).Get("user").(string); strings.HasPrefix(user, "user") {
				w.WriteHeader(http.StatusNoContent)
			}
		})),
	}
}

// sessionupSite is set where the tag is that needs its source.
var sessionupSite func(t testing.TB) site

// TestTableOfHits measures an authenticated request in the process.
func TestTableOfHits(t *testing.T) {
	measured(t)
	us, _ := wholeSite(t, memstore.New(), nil)
	lines := us.signedIn(t, sessions)
	ours := us.visiting("signedin", 1, lines)
	oursParallel := us.visiting("signedin, parallel", -1, lines)
	// The others get a Cookie line as long as ours: browsers send what they have.
	as := func(s site) []string { return asLong(s.signedIn(t, sessions), len(lines[0])) }
	chi := chiSite(t)
	chiLines := as(chi)
	off, on := scsSite(scsmemstore.NewWithCleanupInterval(0), 0), scsSite(scsmemstore.NewWithCleanupInterval(0), 30*time.Minute)
	scsOff, scsOn := off.visiting("scs, touch off", 1, as(off)), on.visiting("scs, touch on", 1, as(on))
	bare := site{me: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })}.visiting("no library", 1, lines)
	chiOne, chiParallel := chi.visiting("go-chi/session", 1, chiLines), chi.visiting("go-chi/session, parallel", -1, chiLines)

	stranger, forger := newClient(), newClient()
	none := &contestant{name: "signedin, no cookie", ask: func(_, _ int) bool {
		stranger.ask(us.me, "")
		return stranger.w.status == 0
	}}
	forged := []byte(lines[0])
	at := strings.Index(lines[0], "session=") + len("session=") + 30
	forgery := &contestant{name: "signedin, forged cookie", ask: func(_, i int) bool {
		for d := range 4 {
			forged[at+d] = "abcdefghijklmnop"[i>>(4*d)&15]
		}
		forger.ask(us.me, unsafe.String(&forged[0], len(forged))) // until the next one
		return forger.w.status == 0
	}}

	all := []*contestant{bare, ours, oursParallel, chiOne, chiParallel, scsOff, scsOn, none, forgery}
	if sessionupSite != nil {
		s := sessionupSite(t)
		all = append(all, s.visiting("sessionup", 1, as(s)))
	}
	contest(t, all...)
	tab := newTable("an authenticated request")
	defer tab.end()
	for _, c := range all {
		tab.row(c)
	}
	tab.goal("/ go-chi/session", ratio(ours.cpu, chiOne.cpu), "x", "0.60")
	if sessionupSite != nil {
		tab.goal("/ sessionup", ratio(ours.cpu, all[len(all)-1].cpu), "x", "0.80")
	}
	tab.goal("/ scs, touch on", ratio(ours.cpu, scsOn.cpu), "x", "0.03")
	tab.goal("/ scs, touch off", ratio(ours.cpu, scsOff.cpu), "x", "0.04")
	tab.goal("bytes", ours.bytes, "", "384")
	tab.goal("allocations", ours.allocs, "", "2")
	tab.goal("parallel wall / go-chi/session's", ratio(oursParallel.wall, chiParallel.wall), "x", "0.40")
	tab.goal("no cookie, beyond no library", median(none.cpu)-median(bare.cpu), " ns", "100, 0 allocations")
	tab.goal("forged cookie", forgery.allocs, " allocations", "6")
}

// asLong returns the lines with another cookie, so that they have that length.
func asLong(lines []string, n int) []string {
	for i, line := range lines {
		lines[i] = line + "; o=" + strings.Repeat("x", max(0, n-len(line)-len("; o=")))
	}
	return lines
}

// TestTableOfTouches measures requests each of which is a minute after the one
// before: the writing of what they leave is in it.
func TestTableOfTouches(t *testing.T) {
	measured(t)
	var minutes atomic.Int64
	start := time.Now()
	us, manager := wholeSite(t, memstore.New(), func() time.Time { return start.Add(time.Duration(minutes.Load()) * time.Minute) })
	lines := us.signedIn(t, sessions)
	minutes.Add(3) // what was new has been seen
	us.signedInAgain(lines)
	touching := us.visiting("signedin, a touch with each request", 1, lines)
	ask := touching.ask
	touching.ask = func(w, i int) bool {
		if i%sessions == 0 {
			minutes.Add(1)
		}
		return ask(w, i)
	}
	before := manager.Stats()
	contest(t, touching)
	tab := newTable("a request that brings a touch")
	defer tab.end()
	tab.row(touching)
	tab.goal("touch", median(touching.cpu)/1000, " us", "3")
	tab.goal("touch", touching.allocs, " allocations", "4")
	if n := manager.Stats().Touches - before.Touches; n < touching.total.Load()*9/10 {
		t.Errorf("%d of %d requests were written", n, touching.total.Load())
	}
}

func (s site) signedInAgain(lines []string) {
	for _, line := range lines {
		newClient().ask(s.me, line)
	}
}

// TestTableOfOne measures 64 connections of one session, beside as many of 1,000.
func TestTableOfOne(t *testing.T) {
	measured(t)
	us, _ := wholeSite(t, memstore.New(), nil)
	lines := us.signedIn(t, 1000)
	many, one := us.visiting("1,000 sessions, 64 connections", 64, lines), us.visiting("1 session, 64 connections", 64, lines[:1])
	contest(t, many, one)
	tab := newTable("connections of one session")
	defer tab.end()
	tab.row(many)
	tab.row(one)
	tab.goal("one / 1,000", ratio(one.cpu, many.cpu), "x", "1.1")
}

// TestTableOfMemory measures a million sessions in memory, each of a user, with a
// device, a place and an address; scs keeps the address and the User-Agent as text.
func TestTableOfMemory(t *testing.T) {
	measured(t)
	const n = 1_000_000
	tab := newTable("a million sessions in memory")
	defer tab.end()
	measure := func(name string, fill func() any) (bytes, gc float64) {
		before := inUse()
		keep := fill()
		bytes = float64(inUse()-before) / n
		var all []float64
		for range *rounds {
			used := cpu()
			runtime.GC()
			all = append(all, float64(cpu()-used)/1e6)
		}
		runtime.KeepAlive(keep)
		fmt.Fprintf(tab.w, "%s\t%.0f B a session\ta full collection %.0f ms of processor time\n", name, bytes, median(all))
		return bytes, median(all)
	}
	ours, ourGC := measure("signedin memstore", func() any { return ourMillion(t, n) })
	_, theirGC := measure("scs memstore", func() any { return scsMillion(t, n) })
	tab.goal("bytes a session", ours, "", "450")
	tab.goal("a full collection / scs", ourGC/theirGC, "x", "0.8")
}

func inUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
