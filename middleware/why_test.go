package middleware_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

// The device that was signed out is told why, at once and on the page to which it is
// sent, and nothing of whose session it was or where that was done.
func TestWhyItEnded(t *testing.T) {
	a := newAging(t, session.Config{MaxPerUser: 2}, middleware.Config{})
	a.mux.HandleFunc("GET /why", func(w http.ResponseWriter, r *http.Request) {
		var ended *session.EndedError
		if errors.As(a.mw.LoadError(r), &ended) {
			io.WriteString(w, string(ended.Reason))
		}
	})
	for reason, end := range map[session.Reason]func(me *session.Session){
		session.ReasonPasswordChanged: func(me *session.Session) {
			_, err := a.manager.RevokeAll(t.Context(), "alice", session.ReasonPasswordChanged)
			check(t, err)
		},
		session.ReasonSignedOutRemote: func(me *session.Session) {
			check(t, a.manager.Revoke(t.Context(), "alice", me.ID, session.ReasonSignedOutRemote))
		},
		session.ReasonEvicted: func(*session.Session) {
			for range 2 {
				a.later(time.Second)
				a.signIn(t, "")
			}
		},
		session.ReasonExpired: func(*session.Session) { a.later(100 * 24 * time.Hour) },
	} {
		_, err := a.manager.RevokeAll(t.Context(), "alice", session.ReasonAdmin)
		check(t, err)
		cookie := a.signIn(t, "")
		all, err := a.manager.List(t.Context(), "alice")
		check(t, err)
		end(all[0])
		if res, body := a.do(t, a.client(t), "GET", "/why", "Cookie", cookie); body != string(reason) || res.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: a script is told %q", reason, body)
		}
		_, body := a.do(t, a.client(t), "GET", "/me", "Cookie", cookie)
		var problem map[string]any
		check(t, json.Unmarshal([]byte(body), &problem))
		if problem["reason"] != string(reason) || problem["code"] != "sign-in-required" || strings.Contains(body, "alice") || strings.Contains(body, all[0].ID.String()) {
			t.Errorf("%s: a program gets %s", reason, body)
		}
		b := newBrowser(a.site)
		name, value, _ := strings.Cut(cookie, "=")
		b.jar[name] = value
		away := b.send(t, "GET", "/why", pages...)
		if away.deliver(); away.StatusCode != http.StatusFound || b.jar[name] != "" {
			t.Fatalf("%s: got %d, cookies %v", reason, away.StatusCode, b.jar)
		}
		page, _ := io.ReadAll(b.send(t, "GET", "/why", pages...).Body)
		if string(page) != string(reason) {
			t.Errorf("%s: the page after it is told %q", reason, page)
		}
		page, _ = io.ReadAll(b.send(t, "GET", "/me", pages...).Body)
		if reason == session.ReasonPasswordChanged && !strings.Contains(string(page), "because the password was changed") {
			t.Errorf("a person reads %s", page)
		}
		b.send(t, "POST", "/login?user=alice", own...).deliver()
		if page, _ = io.ReadAll(b.send(t, "GET", "/why", pages...).Body); len(page) != 0 {
			t.Errorf("%s: signed in, and told %q", reason, page)
		}
	}
	for what, cookie := range map[string]string{
		"no cookie": "", "of no session": alien, "what is no reason": "__Host-session-ended=<b>x</b>", "a long one": "__Host-session-ended=" + strings.Repeat("a", 60),
	} {
		if _, body := a.do(t, a.client(t), "GET", "/why", "Cookie", cookie); body != "" {
			t.Errorf("%s: told %q", what, body)
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
