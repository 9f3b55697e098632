package activity_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/session"
)

// next returns where the host's page would lead back to, from a page that asks
// for a proof, or from a redirect to the sign-in.
func next(t testing.TB, res *http.Response, page string) string {
	t.Helper()
	at := res.Header.Get("Location")
	if at == "" {
		m := regexp.MustCompile(`http-equiv="refresh" content="0; url=([^"]*)"`).FindStringSubmatch(page)
		if m == nil {
			t.Fatalf("it leads nowhere: %d %s", res.StatusCode, page)
		}
		at = strings.ReplaceAll(m[1], "&amp;", "&")
	}
	u, err := url.Parse(at)
	if err != nil || u.Query().Get("next") == "" {
		t.Fatalf("no next in %q", at)
	}
	return u.Query().Get("next")
}

// What was clicked is done after the proof that it takes, within a minute, once,
// and by the same session; else it is asked.
func TestClickSurvivesTheProof(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, action string
		fields       []string
		done         func(s *site, other string) bool
	}{
		{"sign out", "/act", []string{"sign-out", "%other"}, ended},
		{"sign out several", "/act", []string{"sign-out-several", "1", "id", "%other"}, ended},
		{"not me", "/act", []string{"not-me", "%other"}, ended},
		{"all others", "/sign-out-others", nil, ended},
		{"rename", "/rename", []string{"id", "%other", "name", "Kitchen & Co."}, func(s *site, other string) bool {
			for _, o := range s.sessions("alice") {
				if o.ID.String() == other {
					return o.Name == "Kitchen & Co."
				}
			}
			return false
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, activity.Config{Reauthenticate: "/confirm"}, session.Config{})
			start := func() (me *client, other, next1 string) {
				me = s.signIn(t, "alice")
				o := s.signIn(t, "alice")
				other = o.id()
				s.pass(16 * time.Minute)
				fields := append([]string{}, tt.fields...)
				for i := range fields {
					fields[i] = strings.ReplaceAll(fields[i], "%other", other)
				}
				res, page := me.submit(tt.action, fields...)
				want(t, res, http.StatusUnauthorized)
				if tt.done(s, other) {
					t.Fatal("done without a proof")
				}
				return me, other, next(t, res, page)
			}
			me, other, back := start()
			s.pass(30 * time.Second)
			me.prove("pwd")
			if res, page := me.do("GET", back, ""); res.StatusCode != http.StatusSeeOther || !tt.done(s, other) {
				t.Errorf("after the proof: got %d %s %s", res.StatusCode, res.Header.Get("Location"), page)
			}
			if res, page := me.do("GET", back, ""); strings.HasSuffix(res.Header.Get("Location"), "#done") && notice(page) != "" {
				t.Errorf("once more: got %d", res.StatusCode)
			}

			me, other, back = start() // too late
			s.pass(61 * time.Second)
			me.prove("pwd")
			res, page := me.do("GET", back, "")
			if res.StatusCode == http.StatusSeeOther {
				_, page = me.do("GET", res.Header.Get("Location"), "")
			}
			if tt.done(s, other) || !strings.Contains(page, "<form") {
				t.Errorf("after a minute it is not asked: %d %s", res.StatusCode, page)
			}

			me, other, back = start() // no proof
			if me.do("GET", back, ""); tt.done(s, other) {
				t.Error("done without a proof")
			}

			_, other, back = start() // another session of the same user
			thief := s.signIn(t, "alice")
			if thief.do("GET", back, ""); tt.done(s, other) {
				t.Error("done in another session")
			}
		})
	}
}

// So are the answers, whose words come back as well.
func TestAnswersSurviveTheProof(t *testing.T) {
	t.Parallel()
	cfg := activity.Config{Reauthenticate: "/confirm"}
	for _, tt := range []struct {
		name, said, later string
		click             func(a *account) (*client, *http.Response, string)
	}{
		{"was me", "Thank you. We will remember that", "Was Android (2) you?", func(a *account) (*client, *http.Response, string) {
			a.pass(16 * time.Minute)
			m := regexp.MustCompile(`name="was-me" value="([^"]+)"`).FindStringSubmatch(a.old.page(""))
			res, page := a.old.submit("/act", "was-me", m[1])
			return a.old, res, page
		}},
		{"sign out the unused", "The unused devices are signed out.", "not been used for a month", func(a *account) (*client, *http.Response, string) {
			for range 35 {
				a.pass(24 * time.Hour)
				a.old.page("")
			}
			res, page := a.old.submit("/review", "answer", "sign-out")
			return a.old, res, page
		}},
		{"forget", "The known browsers are forgotten.", "Forget them", func(a *account) (*client, *http.Response, string) {
			a.pass(16 * time.Minute)
			res, page := a.old.submit("/forget")
			return a.old, res, page
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, after := range []time.Duration{30 * time.Second, 61 * time.Second} {
				scfg := strangers()
				scfg.Limits = session.Limits{Idle: 1000 * time.Hour * 24, Absolute: 1000 * time.Hour * 24, Rotation: -1}
				a := newAccountOf(t, cfg, scfg)
				me, res, page := tt.click(a)
				want(t, res, http.StatusUnauthorized)
				back := next(t, res, page)
				a.pass(after)
				me.prove("pwd")
				res, page = me.do("GET", back, "")
				if res.StatusCode == http.StatusSeeOther {
					page = me.page("")
				}
				if done := strings.Contains(notice(page), tt.said); done != (after < time.Minute) || !done && !strings.Contains(page, tt.later) {
					t.Errorf("%v after the click: %d, the page says %q: %s", after, res.StatusCode, notice(page), page)
				}
			}
		})
	}
}

func (s *site) sessions(user string) []*session.Session {
	all, _ := s.manager.List(context.Background(), user)
	return all
}

func ended(s *site, id string) bool {
	for _, o := range s.sessions("alice") {
		if o.ID.String() == id {
			return false
		}
	}
	return true
}

// So it is after a sign-in, when the session of the page has ended meanwhile.
func TestClickSurvivesTheSession(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{Base: "/rss"}, session.Config{})
	start := func() (me *client, form, other string) {
		me = s.signIn(t, "alice")
		o := s.signIn(t, "alice")
		form, other = formField.FindStringSubmatch(me.page(""))[1], o.id()
		if err := s.manager.Revoke(t.Context(), "alice", uuid.MustParse(me.id()), session.ReasonSignedOutRemote); err != nil {
			t.Fatal(err)
		}
		return me, form, other
	}
	click := func(me *client, form, other string) string {
		res, page := me.do("POST", base+"/act", url.Values{"form": {form}, "sign-out": {other}}.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Mode", "navigate")
		want(t, res, http.StatusSeeOther)
		return next(t, res, page)
	}
	again := func(me *client) {
		s.pass(20 * time.Second)
		want(t, first(me.do("POST", "/login?user=alice", "")), http.StatusOK)
	}
	back := func(me *client, at string) (*http.Response, string) {
		at, ok := strings.CutPrefix(at, "/rss")
		if !ok {
			t.Fatalf("next is %q", at)
		}
		return me.do("GET", at, "")
	}
	me, form, other := start()
	at := click(me, form, other)
	again(me)
	if res, page := back(me, at); res.Header.Get("Location") != "/rss"+base+"/#done" || !ended(s, other) {
		t.Errorf("got %d %s %s", res.StatusCode, res.Header.Get("Location"), page)
	}

	// Of a form that we did not make, it is asked.
	me, _, other = start()
	at = click(me, "x", other)
	again(me)
	if res, page := back(me, at); res.StatusCode != http.StatusOK || ended(s, other) || !strings.Contains(page, "Sign out Go (command line)") {
		t.Errorf("a form of somebody else: got %d %s", res.StatusCode, page)
	}
	// Somebody else who signs in there ends nothing.
	me, form, other = start()
	at = click(me, form, other)
	want(t, first(me.do("POST", "/login?user=bob", "")), http.StatusOK)
	if back(me, at); ended(s, other) {
		t.Error("another user has ended it")
	}
	// Nor does a session that was there before.
	me, form, other = start()
	at = click(me, form, other)
	old := s.signIn(t, "alice")
	old.do("GET", base+"/", "")
	if back(old, at); ended(s, other) {
		t.Error("done by a link")
	}
}

// Nobody is led to an address that shows nothing.
func TestNextIsAPage(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{})
	me := s.signIn(t, "alice")
	for _, path := range []string{"/act", "/sign-out", "/was-me", "/forget", "/nothing", "/do", "/do?do=x", "/do?do=sign-out&id=x"} {
		res, page := me.do("GET", base+path, "", "Sec-Fetch-Mode", "navigate", "Accept", "text/html")
		if res.StatusCode == http.StatusSeeOther {
			continue
		}
		if !strings.HasPrefix(page, "<!DOCTYPE html>") || !strings.Contains(page, `href="/account/devices/"`) {
			t.Errorf("%s: %d %s", path, res.StatusCode, page)
		}
	}
}

// Under a prefix that the host takes away, everything leads below it.
func TestBase(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{Base: "/rss", Reauthenticate: "/rss/confirm"}, session.Config{})
	inner := s.Config.Handler
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/rss/") {
			http.StripPrefix("/rss", inner).ServeHTTP(w, r)
			return
		}
		inner.ServeHTTP(w, r)
	})
	me, other := s.signIn(t, "alice"), s.signIn(t, "alice")
	s.signInApp(t, "alice")
	id := other.id()
	pages := me.page("")
	for _, path := range []string{"/rename?id=" + id, "/sign-out-others", "/do?do=sign-out&id=" + id, "/nothing"} {
		_, page := me.do("GET", "/rss"+base+path, "", "Sec-Fetch-Mode", "navigate")
		pages += page
	}
	for _, m := range regexp.MustCompile(`(?:href|action|src|data-base)="([^#"][^"]*)"`).FindAllStringSubmatch(pages, -1) {
		if !strings.HasPrefix(m[1]+"/", "/rss/") {
			t.Errorf("%s leads out of the base", m[0])
		}
	}
	res, _ := me.submit("/act", "sign-out", id)
	wantRedirect(t, res, "/rss"+base+"/#done")
	s.pass(time.Hour)
	res, page := me.submit("/sign-out-others")
	if got := next(t, res, page); !strings.HasPrefix(got, "/rss"+base+"/do?") {
		t.Errorf("next is %q", got)
	}
}
