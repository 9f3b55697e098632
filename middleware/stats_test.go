package middleware_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
)

// What an operator may have to look at is counted apart, and the first of a minute is
// logged.
func TestStats(t *testing.T) {
	var log bytes.Buffer
	a := newAging(t, session.Config{}, middleware.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	cookie := a.signIn(t, "&remember")
	bearer := func(token string) []string { return []string{"Authorization", "Bearer " + token} }
	forged := session.TokenPrefix + strings.Repeat("A", 64)
	var before middleware.Stats
	for _, step := range []struct {
		what   string
		header []string
		want   middleware.Stats
		say    string
	}{
		{"a bearer that nobody has", bearer(forged), middleware.Stats{UnknownBearers: 1}, "level=WARN msg=\"middleware: a bearer token is of no session"},
		{"a bearer that is malformed", bearer(session.TokenPrefix + "x"), middleware.Stats{UnknownBearers: 1}, ""},
		{"a cookie that holds nothing", []string{"Cookie", "__Host-session=x"}, middleware.Stats{Unopened: 1}, "does not open"},
		{"two cookies", []string{"Cookie", cookie + "; " + cookie}, middleware.Stats{Tossed: 1}, "two cookies of one name"},
		{"a good one", []string{"Cookie", cookie}, middleware.Stats{}, ""},
	} {
		log.Reset()
		a.do(t, a.client(t), "GET", "/me", step.header...)
		got := a.mw.Stats()
		diff := middleware.Stats{Unopened: got.Unopened - before.Unopened, Tossed: got.Tossed - before.Tossed, UnknownBearers: got.UnknownBearers - before.UnknownBearers,
			Reused: got.Reused - before.Reused, Expired: got.Expired - before.Expired, Public: got.Public - before.Public, Unavailable: got.Unavailable}
		if before = got; diff != step.want {
			t.Errorf("%s: got %+v", step.what, diff)
		}
		if said := log.String(); (said != "") != (step.say != "") || !strings.Contains(said, step.say) || strings.Contains(said, forged) {
			t.Errorf("%s: the log says %q", step.what, said)
		}
	}
	// A minute later it is news again.
	a.later(time.Minute)
	log.Reset()
	a.do(t, a.client(t), "GET", "/me", bearer(forged)...)
	if !strings.Contains(log.String(), "\"so far\"=3") {
		t.Errorf("the log says %q", log.String())
	}
	a.later(60 * 24 * time.Hour)
	a.wantStatus(t, "expired", cookie, 401)
	if got := a.mw.Stats().Expired; got != 1 || !strings.Contains(log.String(), "level=INFO") {
		t.Errorf("%d expired, the log says %q", got, log.String())
	}
	cookie = a.signIn(t, "")
	b := newBrowser(a.site)
	name, value, _ := strings.Cut(cookie, "=")
	b.jar[name] = value
	a.later(25 * time.Hour)
	for range 3 {
		b.send(t, "GET", "/me", pages...).deliver()
		a.later(session.RotationGrace)
	}
	a.wantStatus(t, "replaced", cookie, 401)
	if got := a.mw.Stats().Reused; got != 1 || !strings.Contains(log.String(), "had been replaced") {
		t.Errorf("%d reused, the log says %q", got, log.String())
	}
}

// Each cause of a 503 is counted and logged apart.
func TestStatsOfTrouble(t *testing.T) {
	var log bytes.Buffer
	var status error
	store := &storetest.Hooked{Store: memstore.New()}
	s := newSite(t, store, session.Config{UserStatus: func(context.Context, string) error { return status }},
		middleware.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	cookie := pairOf(t, first(s.do(t, s.client(t), "POST", "/login?user=alice")))
	fail := func(err error) { store.Before = func(string) error { return err } }
	ask := func(ctx context.Context) int {
		log.Reset()
		r := httptest.NewRequestWithContext(ctx, "GET", "https://example.com/me", nil)
		r.Header.Set("Cookie", cookie)
		w := httptest.NewRecorder()
		s.Config.Handler.ServeHTTP(w, r)
		return w.Code
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	var want middleware.Unavailable
	for _, c := range []struct {
		what  string
		fail  error
		say   string
		count *int64
	}{
		{"store", errors.New("the disk is on fire"), "on fire", &want.Store},
		{"timeout", context.DeadlineExceeded, "in time", &want.Timeout},
		{"UserStatus", nil, "UserStatus", &want.UserStatus},
		{"gone", context.Canceled, "", &want.Gone},
	} {
		fail(c.fail)
		ctx := t.Context()
		if status = nil; c.fail == nil {
			status = errors.New("the directory is down")
		}
		if c.what == "gone" {
			ctx = gone
		}
		*c.count++
		if code := ask(ctx); code != http.StatusServiceUnavailable {
			t.Errorf("%s: got %d", c.what, code)
		}
		if got := s.mw.Stats().Unavailable; got != want {
			t.Errorf("%s: got %+v, want %+v", c.what, got, want)
		}
		if said := log.String(); (said != "") != (c.say != "") || !strings.Contains(said, c.say) {
			t.Errorf("%s: the log says %q", c.what, said)
		}
	}
}

func first(res *http.Response, _ string) *http.Response { return res }

// The Manager's log is told where the Middleware has none of its own; a path that may
// be a shared link is not logged.
func TestPathsAreNotLogged(t *testing.T) {
	for _, path := range []string{"/s/sharedlinksecret", "/sharedlinksecretsharedlinksecret", "/share/album/sharedlinksecret"} {
		var log bytes.Buffer
		s := newSite(t, nil, session.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}, middleware.Config{})
		cookie := pairOf(t, first(s.do(t, s.client(t), "POST", "/login?user=alice")))
		s.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Cache-Control", "public") })
		s.do(t, s.client(t), "GET", path, "Cookie", cookie)
		if said := log.String(); !strings.Contains(said, "public") || strings.Contains(said, "secret") {
			t.Errorf("%s: the log says %q", path, said)
		}
	}
}
