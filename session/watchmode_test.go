package session_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

// watcher is one instance of a site, whose events are kept.
type watcher struct {
	*session.Manager
	events []session.Event
	log    bytes.Buffer
}

// unusual finds everything worth a notice.
var unusual = session.AssessorFunc(func(_ context.Context, c session.Case) (session.Verdict, error) {
	return session.Verdict{Level: session.LevelNotice, Signals: []session.Signal{{Code: "test", Text: "A test.", Level: session.LevelNotice, At: c.Visit.At}}}, nil
})

func watching(t *testing.T, store session.Store, now func() time.Time, cfg session.Config) *watcher {
	t.Helper()
	w := &watcher{}
	cfg.Assessor, cfg.ProfileKeys, cfg.Now = unusual, session.NewKeys(profileKey), now
	cfg.Logger = slog.New(slog.NewTextHandler(&w.log, nil))
	cfg.Observers = []session.Observer{session.ObserverFunc(func(_ context.Context, e session.Event) { w.events = append(w.events, e) })}
	var err error
	if w.Manager, err = session.New(store, cfg); err != nil {
		t.Fatal(err)
	}
	return w
}

// isWatched signs somebody in and reports what the event said.
func (w *watcher) isWatched(t *testing.T) bool {
	t.Helper()
	ticket, err := w.BeginSignIn(t.Context(), "ada")
	if err == nil {
		_, _, err = w.Start(t.Context(), ticket, session.Origin{}, session.StartOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return w.events[len(w.events)-1].Watched
}

// A site watches for 14 days from its first visit on, whichever instance it came
// to, and whatever is restarted.
func TestWatchMode(t *testing.T) {
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	began := now
	clock := func() time.Time { return now }
	store := memstore.New()
	one := watching(t, store, clock, session.Config{})
	if w, err := one.WatchMode(t.Context()); err != nil || !w.Since.IsZero() || w.On(now) {
		t.Errorf("before: got %+v, %v", w, err)
	}
	for _, c := range []struct {
		after time.Duration
		on    bool
	}{{0, true}, {10 * 24 * time.Hour, true}, {14*24*time.Hour - time.Minute, true}, {14 * 24 * time.Hour, false}, {15 * 24 * time.Hour, false}} {
		now = began.Add(c.after)
		// The first instance first: it says for how long.
		for i, w := range []*watcher{one, watching(t, store, clock, session.Config{WatchMode: time.Hour})} {
			if got := w.isWatched(t); got != c.on {
				t.Errorf("instance %d after %v: watched %v", i, c.after, got)
			}
		}
		if w, err := one.WatchMode(t.Context()); err != nil || !w.Since.Equal(began) || w.On(now) != c.on {
			t.Errorf("after %v: got %+v, %v", c.after, w, err)
		}
	}
}

// The host ends it for all instances.
func TestEndWatchMode(t *testing.T) {
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	store := memstore.New()
	one, other := watching(t, store, clock, session.Config{}), watching(t, store, clock, session.Config{})
	if !one.isWatched(t) || !other.isWatched(t) {
		t.Fatal("not watched")
	}
	now = now.Add(time.Hour)
	if err := one.EndWatchMode(t.Context()); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Minute)
	if one.isWatched(t) || other.isWatched(t) {
		t.Error("still watched")
	}
	if watching(t, store, clock, session.Config{}).isWatched(t) {
		t.Error("watched again after a restart")
	}
	if never := watching(t, memstore.New(), clock, session.Config{WatchMode: -1}); never.isWatched(t) {
		t.Error("watched by a host that does not want it")
	}
	if _, err := session.New(store, session.Config{WatchMode: 400 * 24 * time.Hour}); err == nil {
		t.Error("a watch of more than a year was accepted")
	}
}

// Run says in the log that the site watches, and what would have been told.
func TestRunTellsWatchMode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watching(t, memstore.New(), time.Now, session.Config{WatchMode: 30 * time.Minute})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { w.Run(ctx); close(done) }()
		synctest.Wait()
		w.isWatched(t)
		time.Sleep(2 * time.Hour)
		cancel()
		<-done
		log := w.log.String()
		for _, want := range []string{"nobody is told of what is below high", "sign-ins=1", `"would have been told"=1`, "over=true"} {
			if !strings.Contains(log, want) {
				t.Errorf("%q is missing in %s", want, log)
			}
		}
		if n := strings.Count(log, "over=true"); n != 1 {
			t.Errorf("told %d times that it is over", n)
		}
	})
}
