package activity_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/session"
)

const jsonType = "application/json"

func TestAPIList(t *testing.T) {
	t.Parallel()
	scfg := described()
	scfg.Addresses = session.AddressesTruncated
	s := newSite(t, activity.Config{}, scfg)
	app := s.signInApp(t, "alice", "User-Agent", "phone Immich", "X-Test-IP", "198.51.100.7")
	s.pass(time.Minute)
	me := s.signIn(t, "alice", "User-Agent", "desktop")
	s.pass(time.Minute)
	app.id() // the other is the most recently active now
	all := me.list("/api/sessions")
	if len(all) != 2 || all[0]["current"] != true || all[1]["current"] != false {
		t.Fatalf("got %v", all)
	}
	got := all[1]
	if got["id"] != app.id() {
		t.Errorf("id %v", got["id"])
	}
	delete(got, "id")
	expected := map[string]any{
		"current": false, "name": "", "label": "Unknown device",
		"device": map[string]any{"kind": "phone", "browser": "", "browserVersion": "", "os": "Android", "osVersion": "16",
			"model": "", "app": "Immich", "appVersion": ""},
		"location": map[string]any{"label": "Amsterdam, Netherlands", "countryCode": "NL", "city": "Amsterdam", "approximate": true},
		"ip":       "198.51.100.0/24", "carrier": "bearer", "shared": false, "bound": false, "boundSince": nil,
		"signedInAt": "2026-05-04T03:02:01.001Z", "lastActiveAt": "2026-05-04T03:04:01.002Z",
		"expiresAt": "2026-06-03T03:02:01.001Z", "idleExpiresAt": "2026-05-11T03:04:01.002Z",
		"badges": []any{}, "signals": []any{}, "suspended": false, "canConfirm": false, "canDeny": false,
	}
	// The label is package device's affair.
	expected["label"] = got["label"]
	if !reflect.DeepEqual(got, expected) {
		t.Errorf("got  %v\nwant %v", got, expected)
	}
}

func TestAPIHistory(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, described())
	me, other := s.signIn(t, "alice"), s.signIn(t, "alice")
	s.pass(time.Minute)
	id := other.id()
	want(t, first(me.do("DELETE", base+"/api/sessions/"+id, "")), http.StatusNoContent)
	got := me.list("/api/history")
	if len(got) != 1 || got[0]["id"] != id || got[0]["reason"] != "signed-out-remote" || got[0]["endedBy"] != me.id() ||
		got[0]["endedAt"] != "2026-05-04T03:03:01.002Z" || got[0]["ip"] != "203.0.113.0/24" {
		t.Fatalf("got %v", got)
	}
}

func TestAPISignals(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{Assessor: session.AssessorFunc(newCountry)})
	me := s.signIn(t, "alice")
	s.pass(time.Second)
	s.signIn(t, "alice")
	unusual := me.list("/api/sessions")[1]
	data, _ := json.Marshal(unusual["signals"])
	const expected = `[{"args":{"country":"Brazil"},"at":"2026-05-04T03:02:02.002Z","code":"country.new","level":"alert","text":"First sign-in from Brazil."}]`
	if string(data) != expected {
		t.Errorf("got  %s\nwant %s", data, expected)
	}
	if got := fmt.Sprint(unusual["badges"], unusual["canConfirm"], unusual["canDeny"]); got != "[map[code:check text:Check this] map[code:new-location text:New location]] true true" {
		t.Errorf("got %s", got)
	}
}

func TestAPIRename(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{})
	me := s.signIn(t, "alice")
	path := base + "/api/sessions/" + me.id()
	for _, tt := range []struct {
		contentType, body string
		status            int
	}{
		{jsonType, `{"name":"Kitchen"}`, 200},
		{jsonType + "; charset=utf-8", ` {"name":"` + strings.Repeat("é", 64) + `"} `, 200},
		{jsonType, `{"name":""}`, 200},
		{jsonType, `{"name":"` + strings.Repeat("a", 65) + `"}`, 400},
		{jsonType, `{"name":"a\u0000b"}`, 400},
		{jsonType, `{"name":"a\nb"}`, 400},
		{jsonType, `{"name":"\u202egnp.exe"}`, 400},
		{jsonType, `{"name":"\u2066x"}`, 400},
		{jsonType, `{"name":"x","admin":true}`, 400},
		{jsonType, `{"name":"x"}{"name":"y"}`, 400},
		{jsonType, `{"name":"x"} x`, 400},
		{jsonType, `{"NAME":"x"}`, 400},
		{jsonType, `{"name":1}`, 400},
		{jsonType, `{"name":null}`, 400},
		{jsonType, `["name"]`, 400},
		{jsonType, `"name"`, 400},
		{jsonType, `null`, 400},
		{jsonType, `{}`, 400},
		{jsonType, ``, 400},
		{jsonType, `{"name":"` + strings.Repeat("a", 4<<10) + `"}`, 413},
		{"text/plain", `{"name":"x"}`, 415},
		{"application/x-www-form-urlencoded", `name=x`, 415},
		{"", `{"name":"x"}`, 415},
	} {
		res, body := me.do("PATCH", path, tt.body, "Content-Type", tt.contentType)
		if res.StatusCode != tt.status {
			t.Errorf("%.40s (%s): got %d, want %d: %s", tt.body, tt.contentType, res.StatusCode, tt.status, body)
		}
		if tt.status != 200 {
			wantProblem(t, res, body)
		}
	}
}

func TestAPIRenameAnswersTheSession(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{})
	me := s.signIn(t, "alice")
	res, body := me.do("PATCH", base+"/api/sessions/"+me.id(), `{"name":"Kitchen"}`, "Content-Type", jsonType)
	want(t, res, 200)
	wantInOrder(t, body, `"id":"`+me.id(), `"current":true`, `"name":"Kitchen","label":"Kitchen"`)
}

func wantProblem(t testing.TB, res *http.Response, body string) {
	t.Helper()
	var p struct{ Status int }
	if err := json.Unmarshal([]byte(body), &p); err != nil || p.Status != res.StatusCode ||
		res.Header.Get("Content-Type") != "application/problem+json" || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s %s: no problem: %v %v %s", res.Request.Method, res.Request.URL.Path, err, res.Header, body)
	}
}

func TestAPISignOut(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{})
	me, other, app := s.signIn(t, "alice"), s.signIn(t, "alice"), s.signInApp(t, "alice")
	path := base + "/api/sessions/" + other.id()
	want(t, first(me.do("DELETE", path, "")), 204)
	want(t, first(me.do("DELETE", path, "")), 204) // again is safe
	if other.signedIn() {
		t.Fatal("still signed in")
	}
	res, body := app.do("POST", base+"/api/sessions/revoke-others", "")
	want(t, res, 200)
	if body != `{"revoked":1}`+"\n" {
		t.Errorf("got %s", body)
	}
	want(t, first(me.do("GET", base+"/api/sessions", "")), 401)
	s.pass(time.Hour) // no recent proof is asked for
	want(t, first(app.do("DELETE", base+"/api/sessions/"+app.id(), "")), 204)
	want(t, first(app.do("GET", base+"/api/sessions", "")), 401)
}

// Whoever guesses learns nothing: a session of somebody else, one that never
// was, and nonsense give the same bytes.
func TestAPIForeignSessions(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{})
	me, bob := s.signIn(t, "alice"), s.signIn(t, "bob")
	ids := []string{
		bob.id(), "01890a5d-ac96-774b-bcce-b302099a8057", "00000000-0000-0000-0000-000000000000", "x", "%2e%2e%2f", "%00", "'%20or%201=1",
		"urn:uuid:" + me.id(), "{" + me.id() + "}", strings.ReplaceAll(me.id(), "-", ""), strings.Repeat("a", 1000),
	}
	for _, stale := range []bool{false, true} {
		status := http.StatusNotFound
		if stale {
			s.pass(16 * time.Minute)
			status = http.StatusUnauthorized
		}
		for _, method := range []string{"DELETE", "PATCH"} {
			var before string
			for _, id := range ids {
				res, body := me.do(method, base+"/api/sessions/"+id, `{"name":"x"}`, "Content-Type", jsonType)
				want(t, res, status)
				wantProblem(t, res, body)
				res.Header.Del("Date")
				var dump strings.Builder
				_ = res.Header.Write(&dump)
				if answer := dump.String() + body; before == "" {
					before = answer
				} else if answer != before {
					t.Errorf("%s %s:\n%s\nwant\n%s", method, id, answer, before)
				}
			}
		}
	}
	if got := bob.list("/api/sessions"); len(got) != 1 || got[0]["name"] != "" {
		t.Fatalf("bob's sessions: %v", got)
	}
}

func TestAPIStaleProof(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{Reauthenticate: "/confirm"}, session.Config{})
	me, other := s.signIn(t, "alice"), s.signInApp(t, "alice")
	id := other.id()
	s.pass(16 * time.Minute)
	for _, tt := range [][2]string{{"DELETE", "/" + id}, {"PATCH", "/" + id}, {"POST", "/revoke-others"}} {
		for _, c := range []*client{me, other} {
			if c == other && tt[0] != "POST" {
				continue // its own
			}
			res, body := c.do(tt[0], base+"/api/sessions"+tt[1], `{"name":"x"}`, "Content-Type", jsonType)
			want(t, res, 401)
			wantProblem(t, res, body)
			if got := res.Header.Get("WWW-Authenticate"); !strings.Contains(got, `error="insufficient_user_authentication"`) || !strings.Contains(got, `max_age="900"`) {
				t.Errorf("WWW-Authenticate: %q", got)
			}
		}
	}
	want(t, first(other.do("PATCH", base+"/api/sessions/"+id, `{"name":"mine"}`, "Content-Type", jsonType)), 200)
	if !other.signedIn() {
		t.Fatal("signed out")
	}
}

func TestAPIOrigin(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{})
	me, other := s.signIn(t, "alice"), s.signIn(t, "alice")
	id := other.id()
	for _, site := range []string{"cross-site", "same-site", ""} {
		for _, tt := range [][2]string{{"DELETE", "/" + id}, {"PATCH", "/" + id}, {"POST", "/revoke-others"}} {
			res, body := me.do(tt[0], base+"/api/sessions"+tt[1], "{}", "Sec-Fetch-Site", site, "Content-Type", jsonType)
			want(t, res, 403)
			wantProblem(t, res, body)
		}
	}
	if !other.signedIn() {
		t.Fatal("signed out")
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{})
	me := s.signIn(t, "alice")
	for path, allow := range map[string]string{
		"/": "GET, HEAD", "/sign-out": "POST", "/rename": "GET, HEAD, POST", "/act": "POST", "/do": "GET, HEAD", "/sign-out-several": "POST", "/sign-out-others": "GET, HEAD, POST",
		"/was-me": "POST", "/not-me": "POST", "/review": "POST", "/forget": "POST",
		"/api/sessions/x/confirm": "POST", "/api/sessions/x/deny": "POST", "/api/review": "GET, HEAD, POST", "/api/known-devices": "DELETE",
		"/api/sessions": "GET, HEAD", "/api/sessions/x": "PATCH, DELETE", "/api/sessions/revoke-others": "POST",
		"/api/history": "GET, HEAD", "/api/openapi.yaml": "GET, HEAD",
	} {
		allowed := strings.Split(allow, ", ")
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"} {
			res, body := me.do(method, base+path, "")
			if slices.Contains(allowed, method) {
				if res.StatusCode == http.StatusMethodNotAllowed {
					t.Errorf("%s %s: 405", method, path)
				}
				continue
			}
			if res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != allow {
				t.Errorf("%s %s: %d, Allow %q, want %q", method, path, res.StatusCode, res.Header.Get("Allow"), allow)
			} else if method != "HEAD" {
				wantProblem(t, res, body)
			}
		}
	}
	for _, path := range []string{"/x", "/api", "/api/", "/api/sessions/", "/api/sessions/x/y", "/sign-out/"} {
		res, body := me.do("GET", base+path, "")
		want(t, res, 404)
		wantProblem(t, res, body)
	}
}

func TestHead(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{})
	me := s.signIn(t, "alice")
	for _, path := range []string{"/", "/sign-out-others", "/api/sessions", "/api/history", "/api/openapi.yaml"} {
		get, _ := me.do("GET", base+path, "")
		head, body := me.do("HEAD", base+path, "")
		want(t, head, 200)
		if body != "" || head.Header.Get("Content-Type") != get.Header.Get("Content-Type") {
			t.Errorf("HEAD %s: %v %q", path, head.Header, body)
		}
	}
}

func TestAPITrouble(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{})
	me, other := s.signIn(t, "alice"), s.signIn(t, "alice")
	mine, theirs := me.id(), other.id()
	s.store.list.Store(true)
	s.store.revoke.Store(true)
	s.store.update.Store(true)
	for _, tt := range [][2]string{
		{"GET", "/sessions"}, {"GET", "/history"}, {"DELETE", "/sessions/" + mine}, {"DELETE", "/sessions/" + theirs},
		{"PATCH", "/sessions/" + mine}, {"POST", "/sessions/revoke-others"},
	} {
		res, body := me.do(tt[0], base+"/api"+tt[1], `{"name":"x"}`, "Content-Type", jsonType)
		want(t, res, 503)
		wantProblem(t, res, body)
		if res.Header.Get("Retry-After") == "" || res.Header.Get("Set-Cookie") != "" || strings.Contains(body, "fire") {
			t.Errorf("%s %s: %v %s", tt[0], tt[1], res.Header, body)
		}
	}
}
